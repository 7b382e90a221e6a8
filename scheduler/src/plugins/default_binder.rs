//! `DefaultBinder`: binds through the `binding` subresource.

use async_trait::async_trait;
use pintle_object_model::Status;
use pintle_object_model::api::core::v1::{Binding, Pod};

use crate::{Bind, BindContext, BindOutcome, Plugin};

/// Creates a Binding.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultBinder;

impl Plugin for DefaultBinder {
    fn name(&self) -> &'static str {
        "DefaultBinder"
    }
}

#[async_trait]
impl Bind for DefaultBinder {
    async fn bind(&self, context: &BindContext) -> Result<BindOutcome, Status> {
        let metadata = &context.pod.pod().metadata;
        let mut binding = Binding::default();
        binding.metadata.name.clone_from(&metadata.name);
        binding.metadata.namespace.clone_from(&metadata.namespace);
        // The uid makes sure that a pod of the same name that was made meanwhile is not bound in its place.
        binding.metadata.uid.clone_from(&metadata.uid);
        binding.target.kind = "Node".into();
        binding.target.name.clone_from(&context.node);
        let pods = context.client.namespaced::<Pod>(&metadata.namespace);
        // The answer is a Status, not a Binding, so its content is of no interest.
        let object = pintle_object_model::Object::new(binding);
        pods.as_dynamic().create_subresource(&metadata.name, "binding", object).await?;
        Ok(BindOutcome::Bound)
    }
}
