//! Ingresses that name no class get the default one.
//!
//! Source: Kubernetes admission controllers reference, "DefaultIngressClass".

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::networking::v1::{Ingress, IngressClass};
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation};
use crate::storage::Storage;

/// See the module documentation.
#[derive(Debug)]
pub struct DefaultIngressClass {
    classes: Arc<Storage>,
}

impl DefaultIngressClass {
    pub(crate) fn new(classes: Arc<Storage>) -> Self {
        Self { classes }
    }
}

#[async_trait]
impl AdmissionPlugin for DefaultIngressClass {
    fn name(&self) -> &'static str {
        "DefaultIngressClass"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let Some(ingress) = object.as_any_mut().downcast_mut::<Ingress>() else { return Ok(()) };
        let named = ingress.spec.ingress_class_name.is_some()
            || ingress.metadata.annotations.contains_key("kubernetes.io/ingress.class");
        if !attributes.subresource.is_empty() || named {
            return Ok(());
        }
        let snapshot = self.classes.cache.snapshot();
        let defaults =
            snapshot.iter("", None).filter_map(|(_, object)| object.downcast::<IngressClass>()).filter(|class| {
                class
                    .metadata
                    .annotations
                    .get("ingressclass.kubernetes.io/is-default-class")
                    .is_some_and(|value| value == "true")
            });
        let chosen = defaults.min_by_key(|class| {
            let made = class.metadata.creation_timestamp.map_or(0, |time| time.unix());
            (std::cmp::Reverse(made), class.metadata.name.clone())
        });
        ingress.spec.ingress_class_name = chosen.map(|class| class.metadata.name.clone());
        Ok(())
    }
}
