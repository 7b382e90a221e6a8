//! Discovery: which groups, versions and resources there are, legacy and aggregated.
//!
//! In: the scheme. Out: documents, made once. Source: Kubernetes API concepts, "API Discovery"; KEP-3352.

use std::collections::BTreeMap;

use pintle_object_model::{GroupVersion, KindEntry, Scheme, has_resource, subresource, verbs};
use serde_json::{Value, json};

/// Groups that come first, in this order; the others follow by name.
const ORDER: [&str; 12] = [
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
];

/// The documents of one scheme.
#[derive(Debug)]
pub(crate) struct Discovery {
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    name: String,
    /// Not made of definitions alone.
    built_in: bool,
    /// The preferred one first.
    versions: Vec<(String, Vec<Value>)>,
}

impl Discovery {
    pub(crate) fn new(scheme: &Scheme) -> Self {
        let mut found: BTreeMap<&str, BTreeMap<&str, Vec<Value>>> = BTreeMap::new();
        let served = |entry: &&KindEntry| entry.custom().is_none_or(|kind| kind.is_served());
        for entry in scheme.kinds().filter(|entry| has_resource(entry.info())).filter(served) {
            let info = entry.info();
            found.entry(info.group).or_default().entry(info.version).or_default().push(resource(entry));
        }
        let mut groups: Vec<Group> = found
            .into_iter()
            .map(|(name, versions)| {
                let mut versions: Vec<_> =
                    versions.into_iter().map(|(version, list)| (version.to_owned(), list)).collect();
                versions.sort_by_key(|(version, _)| std::cmp::Reverse(priority(version)));
                for (_, list) in &mut versions {
                    list.sort_by(|a, b| a["resource"].as_str().cmp(&b["resource"].as_str()));
                }
                let built_in = scheme.kinds().any(|entry| entry.info().group == name && entry.custom().is_none());
                Group { name: name.to_owned(), built_in, versions }
            })
            .collect();
        groups.sort_by_key(|group| {
            (ORDER.iter().position(|name| *name == group.name).unwrap_or(ORDER.len()), group.name.clone())
        });
        Self { groups }
    }

    /// `/api` or `/apis` in the aggregated form.
    pub(crate) fn aggregated(&self, core: bool) -> Value {
        let groups = self.groups.iter().filter(|group| group.name.is_empty() == core);
        let items: Vec<_> = groups
            .map(|group| {
                let versions = group.versions.iter().map(|(version, resources)| {
                    let resources: Vec<Value> =
                        resources.iter().map(|resource| relative(resource, &group.name, version)).collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                });
                let metadata = if core { json!({}) } else { json!({"name": group.name}) };
                json!({"metadata": metadata, "versions": versions.collect::<Vec<_>>()})
            })
            .collect();
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
    }

    /// `/api` in the legacy form.
    pub(crate) fn api(&self, address: &str) -> Value {
        json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
        })
    }

    /// `/apis` in the legacy form.
    pub(crate) fn apis(&self) -> Value {
        let groups: Vec<_> = self.groups.iter().filter(|group| !group.name.is_empty()).map(group_value).collect();
        json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    }

    /// Is this a group of the server's own, whose missing parts are missed by the API?
    pub(crate) fn is_built_in(&self, name: &str) -> bool {
        self.groups.iter().any(|group| group.name == name && group.built_in && !name.is_empty())
    }

    /// `/apis/GROUP`.
    pub(crate) fn group(&self, name: &str) -> Option<Value> {
        let group = self.groups.iter().find(|group| group.name == name && !name.is_empty())?;
        let mut value = group_value(group);
        value["kind"] = "APIGroup".into();
        value["apiVersion"] = "v1".into();
        Some(value)
    }

    /// `/api/v1` or `/apis/GROUP/VERSION`.
    pub(crate) fn resources(&self, gv: &GroupVersion) -> Option<Value> {
        let group = self.groups.iter().find(|group| group.name == gv.group)?;
        let (_, resources) = group.versions.iter().find(|(version, _)| *version == gv.version)?;
        let list: Vec<_> = resources.iter().flat_map(legacy_resources).collect();
        let mut value = json!({"kind": "APIResourceList", "groupVersion": gv.to_string(), "resources": list});
        if !gv.group.is_empty() {
            value["apiVersion"] = "v1".into();
        }
        Some(value)
    }

    /// All groups; the core group's name is empty.
    pub(crate) fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    /// All groups and versions.
    pub(crate) fn group_versions(&self) -> impl Iterator<Item = GroupVersion> {
        self.groups.iter().flat_map(|group| {
            group.versions.iter().map(|(version, _)| GroupVersion::new(group.name.as_str(), version.as_str()))
        })
    }
}

/// A resource as it stands in its own group and version: kinds of that group and version do not repeat them.
fn relative(resource: &Value, group: &str, version: &str) -> Value {
    let shorten = |kind: &mut Value| {
        if kind["group"] == group && kind["version"] == version {
            kind["group"] = "".into();
            kind["version"] = "".into();
        }
    };
    let mut resource = resource.clone();
    if let Some(members) = resource.as_object_mut() {
        members.remove("storageVersionHash");
    }
    shorten(&mut resource["responseKind"]);
    for subresource in resource.get_mut("subresources").and_then(Value::as_array_mut).into_iter().flatten() {
        shorten(&mut subresource["responseKind"]);
    }
    resource
}

fn group_value(group: &Group) -> Value {
    let version = |version: &str| json!({"groupVersion": format!("{}/{version}", group.name), "version": version});
    let versions: Vec<_> = group.versions.iter().map(|(name, _)| version(name)).collect();
    json!({"name": group.name, "versions": versions, "preferredVersion": versions.first()})
}

/// GA before beta before alpha, newer before older. The legacy groups are never preferred.
fn priority(version: &str) -> (u8, u32, u32) {
    let rest = version.strip_prefix('v').unwrap_or(version);
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let major = rest[..digits].parse().unwrap_or(0);
    let (stage, minor) = match &rest[digits..] {
        "" => (3, ""),
        tail => match (tail.strip_prefix("beta"), tail.strip_prefix("alpha")) {
            (Some(minor), _) => (2, minor),
            (_, Some(minor)) => (1, minor),
            _ => (0, ""),
        },
    };
    (stage, major, minor.parse().unwrap_or(0))
}

/// A resource in the aggregated form.
fn resource(entry: &KindEntry) -> Value {
    let info = entry.info();
    let kind = |kind: &str, group: &str, version: &str| json!({"group": group, "version": version, "kind": kind});
    let mut value = json!({
        "resource": info.plural,
        "responseKind": kind(info.kind, info.group, info.version),
        "scope": if info.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": info.singular,
        "verbs": verbs(info),
    });
    if verbs(info).len() > 2 {
        // Kinds stored as the same one share the hash; it is no part of the aggregated form.
        let hub = entry.hub();
        value["storageVersionHash"] = hash(&format!("{}/{}/{}", hub.group, hub.version, hub.kind)).into();
    }
    // A short name must not stand for two resources; the old group's are not the ones that are meant.
    if !info.short_names.is_empty() && info.group != "extensions" {
        value["shortNames"] = json!(info.short_names);
    }
    if !info.categories.is_empty() {
        value["categories"] = json!(info.categories);
    }
    let subresources: Vec<_> = info
        .subresources
        .iter()
        .map(|name| {
            let about = subresource(info, name);
            json!({
                "subresource": name,
                "responseKind": kind(&about.kind, about.group, about.version),
                "verbs": about.verbs,
            })
        })
        .collect();
    if !subresources.is_empty() {
        value["subresources"] = json!(subresources);
    }
    value
}

/// A resource and its subresources in the legacy form.
fn legacy_resources(resource: &Value) -> Vec<Value> {
    let namespaced = resource["scope"] == "Namespaced";
    let own = &resource["responseKind"];
    let mut main = json!({
        "name": resource["resource"],
        "singularName": resource["singularResource"],
        "namespaced": namespaced,
        "kind": own["kind"],
        "verbs": resource["verbs"],
    });
    for key in ["shortNames", "categories", "storageVersionHash"] {
        if let Some(list) = resource.get(key) {
            main[key] = list.clone();
        }
    }
    let mut list = vec![main];
    for subresource in resource.get("subresources").and_then(Value::as_array).into_iter().flatten() {
        let kind = &subresource["responseKind"];
        let name = format!(
            "{}/{}",
            resource["resource"].as_str().unwrap_or_default(),
            subresource["subresource"].as_str().unwrap_or_default()
        );
        let mut value = json!({
            "name": name, "singularName": "", "namespaced": namespaced, "kind": kind["kind"], "verbs": subresource["verbs"],
        });
        if kind["group"] != own["group"] || kind["version"] != own["version"] {
            value["group"] = kind["group"].clone();
            value["version"] = kind["version"].clone();
        }
        list.push(value);
    }
    list
}

fn hash(text: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    base64::engine::general_purpose::STANDARD.encode(&sha2::Sha256::digest(text.as_bytes())[..8])
}

/// A short name for a content.
pub(crate) fn hash_hex(text: &str) -> String {
    hash_hex_bytes(text.as_bytes())
}

/// A short name for a content.
pub(crate) fn hash_hex_bytes(content: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(content).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
