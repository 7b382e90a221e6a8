//! Webhooks that refuse.

use async_trait::async_trait;
use futures::future::join_all;
use pintle_object_model::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use pintle_object_model::{AnyResource, Status};

use super::configured::{Hook, Hooks};
use crate::admission::{AdmissionPlugin, Attributes, Operation};

/// The plugin `ValidatingAdmissionWebhook`: all webhooks that a write concerns are asked at once.
pub struct ValidatingWebhooks {
    hooks: Hooks,
}

impl std::fmt::Debug for ValidatingWebhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ValidatingWebhooks")
    }
}

impl ValidatingWebhooks {
    pub(crate) fn new(hooks: Hooks) -> Self {
        Self { hooks }
    }
}

#[async_trait]
impl AdmissionPlugin for ValidatingWebhooks {
    fn name(&self) -> &'static str {
        "ValidatingAdmissionWebhook"
    }

    fn handles(&self, _operation: Operation) -> bool {
        true
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let configurations = self.hooks.all::<ValidatingWebhookConfiguration>();
        let mut asked = vec![];
        for webhook in configurations.iter().flat_map(|configuration| &configuration.webhooks) {
            let hook = Hook::from(webhook);
            if self.hooks.concerns(&hook, attributes, object)? {
                asked.push(hook);
            }
        }
        let answers = join_all(asked.iter().map(|hook| self.hooks.ask(hook, attributes, object))).await;
        answers.into_iter().try_for_each(|answer| answer.map(drop))
    }
}
