//! Nothing is made in a namespace that is missing or being deleted; the system's namespaces stay.

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::Namespace;
use pintle_object_model::api::meta::v1::StatusCause;
use pintle_object_model::{AnyResource, GroupResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

/// See the module documentation. Source: Kubernetes admission controllers reference, "NamespaceLifecycle".
#[derive(Debug)]
pub struct NamespaceLifecycle {
    namespaces: Arc<Storage>,
}

const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

impl NamespaceLifecycle {
    pub(crate) fn new(namespaces: Arc<Storage>) -> Self {
        Self { namespaces }
    }
}

#[async_trait]
impl AdmissionPlugin for NamespaceLifecycle {
    fn name(&self) -> &'static str {
        "NamespaceLifecycle"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation != Operation::Connect
    }

    async fn mutate(&self, attributes: &Attributes<'_>, _object: &mut dyn AnyResource) -> Result<(), Status> {
        if attributes.namespace.is_empty() || attributes.kind.kind == "Namespace" {
            return Ok(());
        }
        // Reviews are asked about namespaces; they are not in them.
        if attributes.kind.group == "authorization.k8s.io" {
            return Ok(());
        }
        let found = match self.namespaces.cache.get("", attributes.namespace) {
            Some(found) => Some(found),
            // The cache may be a moment behind a namespace that was just made.
            None => self.namespaces.get("", attributes.namespace).await?.map(|versioned| versioned.value),
        };
        let Some(object) = found else {
            return Err(Status::not_found(&GroupResource::new("", "namespaces"), attributes.namespace));
        };
        if attributes.operation != Operation::Create {
            return Ok(());
        }
        let terminating = object.downcast::<Namespace>().is_some_and(|namespace| {
            namespace.metadata.deletion_timestamp.is_some() || namespace.status.phase == "Terminating"
        });
        if !terminating {
            return Ok(());
        }
        let mut status = refuse(
            attributes,
            format!(
                "unable to create new content in namespace {} because it is being terminated",
                attributes.namespace
            ),
        );
        status.details.get_or_insert_default().causes.push(StatusCause {
            reason: "NamespaceTerminating".into(),
            message: format!("namespace {} is being terminated", attributes.namespace),
            field: "metadata.namespace".into(),
        });
        Err(status)
    }

    async fn validate(&self, attributes: &Attributes<'_>, _object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let deletes_namespace = attributes.operation == Operation::Delete && attributes.kind.kind == "Namespace";
        if deletes_namespace && IMMORTAL.contains(&attributes.name) {
            return Err(refuse(attributes, "this namespace may not be deleted"));
        }
        Ok(())
    }
}
