//! Permission and admission where the request itself does not show what is made: objects that a PUT or an apply makes,
//! and what is created through a subresource (a binding, an eviction, a token).
//!
//! In: the request's identity and body. Out: the body as plugins have changed it, or a refusal.

use pintle_object_model::{Resource, Status};

use super::{Call, Registry};
use crate::admission::{Attributes, Operation};
use crate::authz::ResourceAction;
use crate::layers::permit;

impl Registry {
    /// PUT and apply were authorized as changes; where they make an object, the right to create is needed as well.
    pub(super) async fn permit_create(&self, call: &Call<'_>) -> Result<(), Status> {
        // A request to create names no object.
        if call.name.is_empty() {
            return Ok(());
        }
        let resource = call.resource;
        let mut action = ResourceAction::new("create", &resource.group, &resource.resource);
        action.version.clone_from(&resource.version);
        permit(&*self.parts.reviews.authorizer, call.identity, &action.on(call.namespace, call.name).into()).await
    }

    /// Runs all plugins over the body.
    pub(super) async fn admit_part<K: Resource>(
        &self,
        call: &Call<'_>,
        object: &mut K,
        dry_run: bool,
    ) -> Result<(), Status> {
        let attributes = Attributes {
            operation: Operation::Create,
            resource: call.resource,
            kind: K::INFO.gvk(),
            subresource: call.subresource,
            namespace: call.namespace,
            name: call.name,
            identity: call.identity,
            old: None,
            dry_run,
            warnings: call.warnings,
        };
        self.parts.admission.mutate(&attributes, object).await?;
        self.parts.admission.validate(&attributes, Some(object)).await
    }
}
