//! Admission of what is created through a subresource: a binding, an eviction, a token.
//!
//! In: the body of the request. Out: the body as plugins have changed it, or a refusal.

use pintle_object_model::{Resource, Status};

use super::{Call, Registry};
use crate::admission::{Attributes, Operation};

impl Registry {
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
