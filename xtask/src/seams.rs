//! Which crate may depend on which (`docs/architecture.md`), checked from `cargo metadata`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::output;

/// Each crate with the crates of ours that it may depend on.
const ALLOWED: [(&str, &[&str]); 15] = [
    ("pintle-object-model-derive", &[]),
    ("pintle-object-model", &["pintle-object-model-derive"]),
    ("pintle-cel", &["pintle-object-model"]),
    ("pintle-store", &["pintle-object-model"]),
    ("pintle-client", &["pintle-object-model"]),
    ("pintle-watch", &["pintle-object-model", "pintle-client"]),
    ("pintle-apiserver", &["pintle-object-model", "pintle-cel", "pintle-store", "pintle-client", "pintle-watch"]),
    ("pintle-scheduler", MIDDLE),
    ("pintle-controllers", MIDDLE),
    ("pintle-proxy", MIDDLE),
    ("pintle-ingress", MIDDLE),
    ("pintle-runtime", MIDDLE),
    (
        "pintle",
        &[
            "pintle-object-model",
            "pintle-store",
            "pintle-client",
            "pintle-watch",
            "pintle-apiserver",
            "pintle-scheduler",
            "pintle-controllers",
            "pintle-proxy",
            "pintle-ingress",
            "pintle-runtime",
        ],
    ),
    // Looks into every parser; nothing depends on it.
    ("pintle-fuzz", &["pintle-object-model", "pintle-cel", "pintle-client"]),
    ("xtask", &[]),
];

/// The components see a `Client`, and never each other, the store or the API server.
const MIDDLE: &[&str] = &["pintle-object-model", "pintle-client", "pintle-watch"];

/// Crates of other projects that no library of ours may use.
const FOREIGN: [&str; 3] = ["kube", "kube-core", "kube-client"];

pub(crate) fn run() -> Result<()> {
    let text = output("cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&text).context("reading cargo's metadata")?;
    let problems = check(&metadata);
    if problems.is_empty() {
        println!("every crate depends only on what is below it");
        return Ok(());
    }
    bail!("{}", problems.join("\n"))
}

fn check(metadata: &Value) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let mut problems = vec![];
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = dependency["name"].as_str().unwrap_or_default();
            // Tests may look sideways; what users compile may not.
            if dependency["kind"].as_str() == Some("dev") {
                continue;
            }
            if FOREIGN.contains(&on) {
                problems.push(format!("{name} depends on {on}: only tests and examples may, as a dev-dependency"));
            }
            let ours = on.starts_with("pintle");
            if ours && allowed.get(name).is_some_and(|may| !may.contains(&on)) {
                problems.push(format!("{name} depends on {on}, which is not below it"));
            }
        }
        if name.starts_with("pintle") && name != "pintle-examples" && !allowed.contains_key(name) {
            problems.push(format!("{name} has no place in the house: add it to xtask/src/seams.rs"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, on: &str, kind: Option<&str>) -> Value {
        json!({"packages": [{"name": name, "dependencies": [{"name": on, "kind": kind}]}]})
    }

    #[test]
    fn a_component_may_not_see_another_one_or_the_store() {
        assert_eq!(check(&package("pintle-scheduler", "pintle-store", None)).len(), 1);
        assert_eq!(check(&package("pintle-proxy", "pintle-ingress", None)).len(), 1);
        assert!(check(&package("pintle-proxy", "pintle-ingress", Some("dev"))).is_empty());
        assert!(check(&package("pintle-proxy", "pintle-client", None)).is_empty());
    }

    #[test]
    fn no_library_uses_kube() {
        assert_eq!(check(&package("pintle-watch", "kube-core", None)).len(), 1);
        assert!(check(&package("pintle-examples", "kube", Some("dev"))).is_empty());
    }
}
