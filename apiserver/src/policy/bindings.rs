//! From a write to the policies that are bound to it, and their parameters.

use std::sync::Arc;

use pintle_object_model::api::admissionregistration::v1::{ParamKind, ParamRef};
use pintle_object_model::selector::Selector;
use pintle_object_model::{GroupVersionKind, Object, Resource, Scheme};

use crate::authz::Authorizer;
use crate::kinds::Kinds;
use crate::storage::{Storage, Storages};

/// Where policies, bindings, parameters and namespaces are read.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(super) kinds: Arc<Kinds>,
    pub(super) storages: Storages,
    pub(super) policies: Arc<Storage>,
    pub(super) bindings: Arc<Storage>,
    pub(super) namespaces: Arc<Storage>,
    pub(super) authorizer: Arc<dyn Authorizer>,
}

impl Sources {
    pub(crate) fn new(
        kinds: Arc<Kinds>,
        storages: Storages,
        (policies, bindings, namespaces): (Arc<Storage>, Arc<Storage>, Arc<Storage>),
        authorizer: Arc<dyn Authorizer>,
    ) -> Self {
        Self { kinds, storages, policies, bindings, namespaces, authorizer }
    }

    /// The objects of a cache, by name.
    pub(super) fn all<K: Resource>(storage: &Storage) -> Vec<Arc<K>> {
        storage.cache.snapshot().iter("", None).filter_map(|(_, object)| object.downcast_arc()).collect()
    }

    pub(super) fn namespace(&self, name: &str) -> Option<Object> {
        if name.is_empty() { None } else { self.namespaces.cache.get("", name) }
    }

    /// The parameters of a binding: one evaluation each. `None` stands for no parameters.
    pub(super) fn parameters(
        &self,
        scheme: &Scheme,
        kind: Option<&ParamKind>,
        reference: Option<&ParamRef>,
        namespace: &str,
    ) -> Result<Vec<Option<Object>>, Missing> {
        let (Some(kind), Some(reference)) = (kind, reference) else { return Ok(vec![None]) };
        let gvk = GroupVersionKind::parse(&kind.api_version, &kind.kind);
        let storage = scheme.kind(&gvk).and_then(|entry| self.storages.get(entry.hub()));
        let Some(storage) = storage else { return Err(Missing::Kind(gvk)) };
        let place = match (storage.info.namespaced, reference.namespace.as_str()) {
            (false, "") => "",
            (false, _) => {
                return Err(Missing::Parameters(
                    "paramRef.namespace must not be provided for a cluster-scoped `paramKind`".into(),
                ));
            }
            (true, "") if namespace.is_empty() => {
                return Err(Missing::Parameters(
                    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".into(),
                ));
            }
            (true, "") => namespace,
            (true, given) => given,
        };
        let found: Vec<Object> = match reference.selector.as_deref() {
            Some(selector) => {
                let Ok(selector) = Selector::from_object(selector) else { return Ok(vec![]) };
                let snapshot = storage.cache.snapshot();
                let all = snapshot.iter(place, None).map(|(_, object)| object);
                all.filter(|object| selector.matches(&object.metadata().labels)).cloned().collect()
            }
            None => storage.cache.get(place, &reference.name).into_iter().collect(),
        };
        if found.is_empty() && reference.parameter_not_found_action.as_deref() != Some("Allow") {
            return Err(Missing::Parameters(
                "no params found for policy binding with `Deny` parameterNotFoundAction".into(),
            ));
        }
        let shown = |object: Object| scheme.convert(&object, &gvk).unwrap_or(object);
        Ok(found.into_iter().map(|object| Some(shown(object))).collect())
    }
}

/// Why there are no parameters.
pub(super) enum Missing {
    /// The kind is not served.
    Kind(GroupVersionKind),
    /// The binding leads to nothing.
    Parameters(String),
}

impl Missing {
    /// The words, and whether they are about the policy itself rather than about the binding.
    pub(super) fn told(&self) -> (String, bool) {
        match self {
            Self::Kind(gvk) => {
                let what = format!("{}, Kind={}", gvk.api_version(), gvk.kind);
                let why = format!("failed to find resource referenced by paramKind: '{what}'");
                (format!("failed to configure policy: {why}"), true)
            }
            Self::Parameters(why) => (format!("failed to configure binding: {why}"), false),
        }
    }
}
