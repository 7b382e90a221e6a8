//! Pods get the number of their priority class.

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::api::scheduling::v1::PriorityClass;
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

/// See the module documentation. Source: Kubernetes admission controllers reference, "Priority".
#[derive(Debug)]
pub struct Priority {
    classes: Arc<Storage>,
}

impl Priority {
    pub(crate) fn new(classes: Arc<Storage>) -> Self {
        Self { classes }
    }

    fn global_default(&self) -> Option<Arc<PriorityClass>> {
        let snapshot = self.classes.cache.snapshot();
        let defaults = snapshot.iter("", None).filter_map(|(_, object)| object.downcast_arc::<PriorityClass>());
        defaults.filter(|class| class.global_default).min_by_key(|class| class.value)
    }
}

#[async_trait]
impl AdmissionPlugin for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        if !attributes.subresource.is_empty() {
            return Ok(());
        }
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else { return Ok(()) };
        let (name, value, policy) = if pod.spec.priority_class_name.is_empty() {
            match self.global_default() {
                Some(class) => (class.metadata.name.clone(), class.value, class.preemption_policy.clone()),
                None => (String::new(), 0, None),
            }
        } else {
            let name = pod.spec.priority_class_name.clone();
            let found =
                self.classes.get("", &name).await?.and_then(|found| found.value.downcast_arc::<PriorityClass>());
            let Some(class) = found else {
                return Err(refuse(attributes, format!("no PriorityClass with name {name} was found")));
            };
            (name, class.value, class.preemption_policy.clone())
        };
        if pod.spec.priority.is_some_and(|given| given != value) {
            return Err(refuse(
                attributes,
                "the integer value of priority must not be provided in pod spec; priority admission controller computed \
                 another value from the given PriorityClass name",
            ));
        }
        pod.spec.priority_class_name = name;
        pod.spec.priority = Some(value);
        if pod.spec.preemption_policy.is_none() {
            pod.spec.preemption_policy = Some(policy.unwrap_or_else(|| "PreemptLowerPriority".into()));
        }
        Ok(())
    }
}
