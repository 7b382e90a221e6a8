//! Who manages which fields.
//!
//! In: the field manager of a write. Out: `metadata.managedFields`. Source: Kubernetes API concepts,
//! "Server-Side Apply". Elsewhere: the sets and merges themselves (`object-model`, `patch`).

use pintle_client::Params;
use pintle_object_model::{AnyResource, Time};

use super::Call;

/// The name under which a writer's fields are filed.
#[derive(Clone, Debug)]
pub(crate) struct Manager {
    pub(crate) name: String,
}

/// The manager that a request names, or else its program: the user agent up to the first `/`.
pub(super) fn manager(params: &Params, user_agent: &str) -> Manager {
    let name = if params.field_manager.is_empty() {
        user_agent.split('/').next().unwrap_or_default().chars().take(128).collect()
    } else {
        params.field_manager.clone()
    };
    Manager { name }
}

/// Managed fields are kept by the server alone: what a client sends is dropped.
pub(super) fn on_create(object: &mut dyn AnyResource, _call: &Call<'_>, _manager: &Manager, _now: Time) {
    object.metadata_mut().managed_fields.clear();
}

/// As [`on_create`], for a change.
pub(super) fn on_update(
    object: &mut dyn AnyResource,
    _old: &dyn AnyResource,
    _call: &Call<'_>,
    _manager: &Manager,
    _now: Time,
) {
    object.metadata_mut().managed_fields.clear();
}
