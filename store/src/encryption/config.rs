//! Kubernetes' `EncryptionConfiguration`, read from its tree.
//!
//! In: the tree. Out: rules in their order, or the path of what is wrong with it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use pintle_object_model::GroupResource;
use serde_json::{Map, Value as Tree};

use super::cipher::{CbcKey, GcmKey, Provider};

const API_VERSION: &str = "apiserver.config.k8s.io/v1";
const KIND: &str = "EncryptionConfiguration";

/// Some resources and their providers. The first rule that covers a resource counts.
#[derive(Debug)]
pub(super) struct Rule {
    resources: Vec<Pattern>,
    pub(super) providers: Vec<Provider>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pattern {
    /// `*.*`
    All,
    /// `*.GROUP`; `*.` for the core group.
    Group(String),
    One(GroupResource),
}

impl Rule {
    pub(super) fn covers(&self, resource: &GroupResource) -> bool {
        self.resources.iter().any(|pattern| match pattern {
            Pattern::All => true,
            Pattern::Group(group) => *group == resource.group,
            Pattern::One(one) => one == resource,
        })
    }
}

pub(super) fn rules(tree: &Tree) -> Result<Vec<Rule>, String> {
    let whole = members(tree, KIND, &["apiVersion", "kind", "resources"])?;
    for (name, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        let found = text(whole, KIND, name)?;
        if found != expected {
            return Err(format!("{name}: this is {found}, not {expected}"));
        }
    }
    let mut seen = BTreeSet::new();
    let mut rules = vec![];
    for (number, entry) in list(whole, "", "resources")?.iter().enumerate() {
        let path = format!("resources[{number}]");
        let entry = members(entry, &path, &["resources", "providers"])?;
        let mut resources = vec![];
        for name in list(entry, &path, "resources")? {
            let at = |why: &str| format!("{path}.resources: {name}: {why}");
            let pattern = pattern(name.as_str().ok_or_else(|| at("this is no text"))?).map_err(at)?;
            // Two lists for one resource would say two things of who writes it.
            if !seen.insert(pattern.clone()) {
                return Err(at("it stands here twice"));
            }
            resources.push(pattern);
        }
        let providers = list(entry, &path, "providers")?.iter().enumerate();
        let providers = providers.map(|(number, tree)| provider(tree, &format!("{path}.providers[{number}]")));
        rules.push(Rule { resources, providers: providers.collect::<Result<_, _>>()? });
    }
    Ok(rules)
}

fn pattern(name: &str) -> Result<Pattern, &'static str> {
    if name.contains('/') {
        return Err("a subresource is stored with its resource: name that");
    }
    if name.chars().any(|letter| letter.is_ascii_uppercase()) {
        return Err("resources have no capital letters");
    }
    let (resource, group) = name.split_once('.').unwrap_or((name, ""));
    match (resource, group) {
        ("", _) => Err("the name of a resource is missing"),
        (_, "extensions") => Err("nothing is stored in the group extensions"),
        ("*", "") if !name.ends_with('.') => Err("say `*.` for the core group or `*.*` for everything"),
        ("*", "*") => Ok(Pattern::All),
        (_, "*") => Err("`*` stands for a group only after `*.`"),
        ("*", group) => Ok(Pattern::Group(group.to_owned())),
        (resource, group) => Ok(Pattern::One(GroupResource::new(group, resource))),
    }
}

fn provider(tree: &Tree, path: &str) -> Result<Provider, String> {
    let entry = members(tree, path, &["aesgcm", "aescbc", "secretbox", "kms", "identity"])?;
    let mut present = entry.iter().filter(|(_, value)| !value.is_null());
    let (Some((name, value)), None) = (present.next(), present.next()) else {
        return Err(format!("{path}: there has to be one provider in each entry"));
    };
    let path = format!("{path}.{name}");
    match name.as_str() {
        "identity" => members(value, &path, &[]).map(|_| Provider::Identity),
        "aesgcm" => keys(value, &path, GcmKey::new).map(Provider::Gcm),
        "aescbc" => keys(value, &path, CbcKey::new).map(Provider::Cbc),
        "kms" => Err(format!("{path}: keys that another service holds are not supported; use aesgcm")),
        _ => Err(format!("{path}: this provider is not supported; use aesgcm")),
    }
}

fn keys<K>(tree: &Tree, path: &str, make: impl Fn(&str, &[u8]) -> Option<K>) -> Result<Vec<K>, String> {
    let entry = members(tree, path, &["keys"])?;
    let mut names = BTreeSet::new();
    let mut keys = vec![];
    for (number, key) in list(entry, path, "keys")?.iter().enumerate() {
        let path = format!("{path}.keys[{number}]");
        let key = members(key, &path, &["name", "secret"])?;
        let name = text(key, &path, "name")?;
        if !names.insert(name) {
            return Err(format!("{path}.name: there is a key {name} already"));
        }
        // What the secret is stays out of the message.
        let secret =
            BASE64.decode(text(key, &path, "secret")?).map_err(|_| format!("{path}.secret: this is no base64"))?;
        let made = make(name, &secret);
        keys.push(made.ok_or_else(|| format!("{path}.secret: {} bytes; it has to be 16, 24 or 32", secret.len()))?);
    }
    Ok(keys)
}

/// A map with no other members than these. `{}` may be left out in YAML.
fn members<'a>(tree: &'a Tree, path: &str, known: &[&str]) -> Result<&'a Map<String, Tree>, String> {
    static EMPTY: std::sync::LazyLock<Map<String, Tree>> = std::sync::LazyLock::new(Map::new);
    let map = match tree {
        Tree::Object(map) => map,
        Tree::Null => &EMPTY,
        _ => return Err(format!("{path}: this has to be a map")),
    };
    match map.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("{path}: nobody knows {name}")),
        None => Ok(map),
    }
}

fn list<'a>(map: &'a Map<String, Tree>, path: &str, name: &str) -> Result<&'a Vec<Tree>, String> {
    let found = map.get(name).and_then(Tree::as_array).filter(|list| !list.is_empty());
    found.ok_or_else(|| format!("{path}{}{name}: there has to be one at least", if path.is_empty() { "" } else { "." }))
}

fn text<'a>(map: &'a Map<String, Tree>, path: &str, name: &str) -> Result<&'a str, String> {
    let found = map.get(name).and_then(Tree::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| format!("{path}.{name}: this is missing"))
}
