//! Claims and volumes: their default class, their protection while in use, their growth.
//!
//! Source: Kubernetes admission controllers reference, "DefaultStorageClass", "StorageObjectInUseProtection",
//! "PersistentVolumeClaimResize".

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use pintle_object_model::api::storage::v1::StorageClass;
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

/// Gives claims that name no class the default one: the newest that is marked so.
#[derive(Debug)]
pub struct DefaultStorageClass {
    classes: Arc<Storage>,
}

const DEFAULT: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

impl DefaultStorageClass {
    pub(crate) fn new(classes: Arc<Storage>) -> Self {
        Self { classes }
    }
}

#[async_trait]
impl AdmissionPlugin for DefaultStorageClass {
    fn name(&self) -> &'static str {
        "DefaultStorageClass"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let Some(claim) = object.as_any_mut().downcast_mut::<PersistentVolumeClaim>() else { return Ok(()) };
        let named = claim.spec.storage_class_name.is_some()
            || claim.metadata.annotations.contains_key("volume.beta.kubernetes.io/storage-class");
        if !attributes.subresource.is_empty() || named {
            return Ok(());
        }
        let snapshot = self.classes.cache.snapshot();
        let defaults =
            snapshot.iter("", None).filter_map(|(_, object)| object.downcast::<StorageClass>()).filter(|class| {
                DEFAULT.iter().any(|key| class.metadata.annotations.get(*key).is_some_and(|value| value == "true"))
            });
        // The newest; among those of one moment the first by name.
        let chosen = defaults.min_by_key(|class| {
            let made = class.metadata.creation_timestamp.map_or(0, |time| time.unix());
            (std::cmp::Reverse(made), class.metadata.name.clone())
        });
        claim.spec.storage_class_name = chosen.map(|class| class.metadata.name.clone());
        Ok(())
    }
}

/// Keeps claims and volumes from vanishing under those who use them.
#[derive(Debug, Default)]
pub struct StorageObjectInUseProtection;

#[async_trait]
impl AdmissionPlugin for StorageObjectInUseProtection {
    fn name(&self) -> &'static str {
        "StorageObjectInUseProtection"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let any = object.as_any();
        let finalizer = if any.is::<PersistentVolumeClaim>() {
            "kubernetes.io/pvc-protection"
        } else if any.is::<PersistentVolume>() {
            "kubernetes.io/pv-protection"
        } else {
            return Ok(());
        };
        let finalizers = &mut object.metadata_mut().finalizers;
        if attributes.subresource.is_empty() && !finalizers.iter().any(|name| name == finalizer) {
            finalizers.push(finalizer.into());
        }
        Ok(())
    }
}

/// Lets claims grow only where their class says so.
#[derive(Debug)]
pub struct PersistentVolumeClaimResize {
    classes: Arc<Storage>,
}

impl PersistentVolumeClaimResize {
    pub(crate) fn new(classes: Arc<Storage>) -> Self {
        Self { classes }
    }
}

#[async_trait]
impl AdmissionPlugin for PersistentVolumeClaimResize {
    fn name(&self) -> &'static str {
        "PersistentVolumeClaimResize"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Update
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let new = object.and_then(|object| object.as_any().downcast_ref::<PersistentVolumeClaim>());
        let old = attributes.old.and_then(|old| old.downcast::<PersistentVolumeClaim>());
        let (Some(new), Some(old)) = (new, old) else { return Ok(()) };
        let size = |claim: &PersistentVolumeClaim| claim.spec.resources.requests.get("storage").copied();
        if !attributes.subresource.is_empty() || size(new) <= size(old) || old.status.phase != "Bound" {
            return Ok(());
        }
        let class = new.spec.storage_class_name.as_deref().unwrap_or_default();
        let grows = self.classes.cache.get("", class).and_then(|object| {
            object.downcast::<StorageClass>().map(|class| class.allow_volume_expansion == Some(true))
        });
        if grows == Some(true) {
            return Ok(());
        }
        Err(refuse(
            attributes,
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
        ))
    }
}
