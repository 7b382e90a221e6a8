//! Webhooks that change what is written.

use async_trait::async_trait;
use pintle_object_model::api::admissionregistration::v1::MutatingWebhookConfiguration;
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::patch::{self, PatchKind};
use pintle_object_model::{AnyResource, Status};

use super::configured::{Hook, Hooks};
use super::review;
use crate::admission::{AdmissionPlugin, Attributes, Operation};

/// The plugin `MutatingAdmissionWebhook`: webhooks are asked one after the other, in the order of their names; those
/// that want it are asked again about what later ones changed.
pub struct MutatingWebhooks {
    hooks: Hooks,
}

impl std::fmt::Debug for MutatingWebhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MutatingWebhooks")
    }
}

impl MutatingWebhooks {
    pub(crate) fn new(hooks: Hooks) -> Self {
        Self { hooks }
    }

    /// Asks one webhook; answers whether it changed the object.
    async fn ask(
        &self,
        hook: &Hook<'_>,
        attributes: &Attributes<'_>,
        object: &mut dyn AnyResource,
    ) -> Result<bool, Status> {
        let before = object.clone_box();
        if !self.hooks.concerns(hook, attributes, Some(&*before))? {
            return Ok(false);
        }
        let Some(answer) = self.hooks.ask(hook, attributes, Some(&*before)).await? else { return Ok(false) };
        let Some(operations) = answer.patch else { return Ok(false) };
        let scheme = self.hooks.kinds().current();
        let failed =
            |why: String| Status::internal(format!("failed to apply the patch of webhook {:?}: {why}", hook.name));
        let gvk = before.info().gvk();
        let entry = scheme.kind(&gvk).ok_or_else(|| failed("the kind is not served".into()))?;
        let mut tree = review::tree_of(&*before);
        patch::apply_any(&mut tree, PatchKind::Json, &operations, entry.schema())
            .map_err(|error| failed(error.to_string()))?;
        let text = serde_json::to_vec(&tree).map_err(Status::internal)?;
        let decoded = scheme.decode_json(&gvk, &text, &DecodeOptions::default());
        let mut changed = decoded.map_err(|error| failed(error.to_string()))?.object;
        changed.set_defaults();
        object.as_struct_mut().assign(changed.as_struct());
        Ok(!object.equals(&*before))
    }
}

#[async_trait]
impl AdmissionPlugin for MutatingWebhooks {
    fn name(&self) -> &'static str {
        "MutatingAdmissionWebhook"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    fn reinvokes(&self) -> bool {
        self.hooks.any()
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let configurations = self.hooks.all::<MutatingWebhookConfiguration>();
        let webhooks: Vec<_> = configurations.iter().flat_map(|configuration| &configuration.webhooks).collect();
        // The last one that changed something: those before it that want to are asked again.
        let mut last_change = None;
        for (index, webhook) in webhooks.iter().enumerate() {
            if self.ask(&Hook::from(*webhook), attributes, object).await? {
                last_change = Some(index);
            }
        }
        let Some(last_change) = last_change else { return Ok(()) };
        for webhook in webhooks.iter().take(last_change) {
            if webhook.reinvocation_policy.as_deref() == Some("IfNeeded") {
                self.ask(&Hook::from(*webhook), attributes, object).await?;
            }
        }
        Ok(())
    }
}
