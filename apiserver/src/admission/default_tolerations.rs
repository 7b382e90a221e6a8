//! Pods tolerate an unreachable or not-ready node for five minutes unless they say otherwise.

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{Pod, Toleration};
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation};

/// See the module documentation. Source: Kubernetes admission controllers reference, "DefaultTolerationSeconds".
#[derive(Debug, Default)]
pub struct DefaultTolerationSeconds;

const SECONDS: i64 = 300;

#[async_trait]
impl AdmissionPlugin for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        "DefaultTolerationSeconds"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        if !attributes.subresource.is_empty() {
            return Ok(());
        }
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else { return Ok(()) };
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let tolerated = pod.spec.tolerations.iter().any(|toleration| {
                (toleration.key == key || toleration.key.is_empty())
                    && (toleration.effect == "NoExecute" || toleration.effect.is_empty())
            });
            if !tolerated {
                pod.spec.tolerations.push(Toleration {
                    key: key.into(),
                    operator: "Exists".into(),
                    effect: "NoExecute".into(),
                    toleration_seconds: Some(SECONDS),
                    ..Toleration::default()
                });
            }
        }
        Ok(())
    }
}
