//! Which resources the server serves, for controllers that handle every kind alike.
//!
//! In: the client's scheme, and discovery for kinds that it does not know (custom resources). Out: each kind once, at one
//! version.

use std::collections::BTreeMap;

use pintle_client::{Content, Request, Target, Verb};
use pintle_object_model::{GroupKind, GroupVersionKind, GroupVersionResource, KindInfo};
use serde_json::Value;

use crate::{Context, ControllerError};

/// A resource of the server that can be listed, watched and deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) gvr: GroupVersionResource,
    pub(crate) kind: GroupVersionKind,
    pub(crate) namespaced: bool,
}

/// Kinds that are questions or bodies, not things.
fn is_kept(info: &KindInfo) -> bool {
    !matches!(
        (info.group, info.kind),
        ("authentication.k8s.io" | "authorization.k8s.io", _)
            | ("autoscaling", "Scale")
            | ("policy", "Eviction")
            | ("", "Binding" | "ComponentStatus")
    )
}

/// Every kind that is stored, ordered by name.
pub(crate) async fn served(ctx: &Context) -> Result<Vec<Served>, ControllerError> {
    let mut found: BTreeMap<GroupKind, Served> = BTreeMap::new();
    for entry in ctx.client.scheme().kinds().filter(|entry| entry.is_hub() && is_kept(entry.info())) {
        let info = entry.info();
        let served = Served { gvr: info.gvr(), kind: info.gvk(), namespaced: info.namespaced };
        found.insert(info.gvk().group_kind(), served);
    }
    let known: Vec<GroupKind> = ctx.client.scheme().kinds().map(|entry| entry.info().gvk().group_kind()).collect();
    if let Some(document) = discovery(ctx).await? {
        for served in custom(&document) {
            if !known.contains(&served.kind.group_kind()) {
                found.entry(served.kind.group_kind()).or_insert(served);
            }
        }
    }
    Ok(found.into_values().collect())
}

/// The aggregated discovery document, if the server has one.
async fn discovery(ctx: &Context) -> Result<Option<Value>, ControllerError> {
    let mut request = Request::new(Verb::Get, Target::Path("/apis".into()));
    request.params.other.push(("as".into(), "APIGroupDiscoveryList".into()));
    match ctx.client.send(request).await?.content {
        Content::Document(document) => Ok(serde_json::from_slice(&document.body).ok()),
        _ => Ok(None),
    }
}

/// The resources of an aggregated discovery document, each group at its first (preferred) version that has it.
fn custom(document: &Value) -> Vec<Served> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found = vec![];
    for group in list(document, "items") {
        let name = text(&group["metadata"]["name"]);
        for version in list(&group, "versions") {
            for resource in list(&version, "resources") {
                let verbs: Vec<String> = list(&resource, "verbs").iter().map(&text).collect();
                if !["list", "watch", "delete"].iter().all(|verb| verbs.iter().any(|has| has == verb)) {
                    continue;
                }
                let kind = GroupVersionKind::new(
                    name.as_str(),
                    text(&version["version"]),
                    text(&resource["responseKind"]["kind"]),
                );
                let gvr =
                    GroupVersionResource::new(name.as_str(), text(&version["version"]), text(&resource["resource"]));
                let is_new = !found.iter().any(|one: &Served| one.kind.group_kind() == kind.group_kind());
                if is_new {
                    found.push(Served { gvr, kind, namespaced: resource["scope"] == "Namespaced" });
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discovery_names_each_kind_once_at_its_preferred_version() {
        let resource = |verbs: &[&str]| serde_json::json!({"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Namespaced", "verbs": verbs});
        let all = ["list", "watch", "delete"];
        let document = serde_json::json!({"items": [{"metadata": {"name": "example.com"}, "versions": [
            {"version": "v2", "resources": [resource(&all)]},
            {"version": "v1", "resources": [resource(&all)]},
        ]}, {"metadata": {"name": "read.only"}, "versions": [{"version": "v1", "resources": [resource(&["get"])]}]}]});
        let found = custom(&document);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].gvr.version.as_str(), found[0].namespaced), ("v2", true));
    }
}
