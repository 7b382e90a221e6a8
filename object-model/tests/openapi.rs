//! Our OpenAPI document against that of a 1.36 server: every definition and every operation that we have as well.
//!
//! The document lies beside the repository (`../shared/kubernetes-1.36`, or `PINTLE_FACTS`), so the comparison runs only
//! when asked: `cargo nextest run -p pintle-object-model --test openapi --run-ignored all`.

use std::collections::BTreeSet;

use pintle_object_model::{Scheme, openapi_v2};
use serde_json::Value;

fn upstream() -> Value {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/kubernetes-1.36");
    let place = std::env::var("PINTLE_FACTS").unwrap_or_else(|_| beside.to_owned());
    let text =
        std::fs::read_to_string(format!("{place}/openapi-v2.json")).expect("the facts are beside the repository");
    serde_json::from_str(&text).expect("the facts are JSON")
}

/// Names every place where the two differ. Descriptions are free, and required fields have no order.
fn differ(place: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for key in keys {
                if key == "description" && !place.ends_with("properties") {
                    continue;
                }
                match (ours.get(key), theirs.get(key)) {
                    (Some(ours), Some(theirs)) => differ(&format!("{place}.{key}"), ours, theirs, found),
                    (ours, theirs) => found.push(format!("{place}.{key}: ours {ours:?}, theirs {theirs:?}")),
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if place.ends_with(".required") => {
            let set = |list: &[Value]| list.iter().map(Value::to_string).collect::<BTreeSet<_>>();
            if set(ours) != set(theirs) {
                found.push(format!("{place}: ours {ours:?}, theirs {theirs:?}"));
            }
        }
        _ if ours == theirs => {}
        _ => found.push(format!("{place}: ours {ours}, theirs {theirs}")),
    }
}

#[test]
#[ignore = "needs the facts beside the repository"]
fn definitions_are_those_of_upstream() {
    let (ours, theirs) = (openapi_v2(&Scheme::builtin()), upstream());
    let mut found = vec![];
    let mut compared = 0;
    for (name, definition) in ours["definitions"].as_object().unwrap() {
        let Some(other) = theirs["definitions"].get(name) else { continue };
        let (mut definition, mut other) = (definition.clone(), other.clone());
        // These stand in every group version that a server has registered, served or not.
        if name.ends_with(".DeleteOptions") || name.ends_with(".WatchEvent") {
            definition["x-kubernetes-group-version-kind"].take();
            other["x-kubernetes-group-version-kind"].take();
        }
        // Upstream marks only some of the documents about the API.
        if name.contains(".meta.v1.API") && other.get("x-kubernetes-group-version-kind").is_none() {
            definition.as_object_mut().unwrap().remove("x-kubernetes-group-version-kind");
        }
        compared += 1;
        differ(name, &definition, &other, &mut found);
    }
    assert!(compared > 500, "only {compared} definitions were compared");
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

/// Name, method, id, action, kind, parameters and answers of every operation below a version.
fn operations(document: &Value) -> BTreeSet<String> {
    let parameters = |list: &Value| -> BTreeSet<String> {
        let resolve = |parameter: &Value| match parameter["$ref"].as_str() {
            Some(target) => document.pointer(target.trim_start_matches('#')).unwrap()["name"].to_string(),
            None => parameter["name"].to_string(),
        };
        list.as_array().into_iter().flatten().map(resolve).collect()
    };
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(method, _)| *method != "parameters") {
            let answers: Vec<String> = operation["responses"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(code, answer)| format!("{code} {}", answer["schema"]))
                .collect();
            all.insert(format!(
                "{method} {path} {} {} {} at path {:?} at operation {:?} answers {answers:?}",
                operation["operationId"],
                operation["x-kubernetes-action"],
                operation["x-kubernetes-group-version-kind"]["kind"],
                parameters(&item["parameters"]),
                parameters(&operation["parameters"]),
            ));
        }
    }
    all
}

#[test]
#[ignore = "needs the facts beside the repository"]
fn operations_are_those_of_upstream() {
    let (ours, theirs) = (openapi_v2(&Scheme::builtin()), upstream());
    let known = |operation: &&String| {
        let path = operation.split(' ').nth(1).unwrap();
        ours["paths"].get(path).is_some() && theirs["paths"].get(path).is_some()
    };
    let (ours_all, theirs_all) = (operations(&ours), operations(&theirs));
    let only_ours: Vec<_> = ours_all.difference(&theirs_all).filter(known).collect();
    let only_theirs: Vec<_> = theirs_all.difference(&ours_all).filter(known).collect();
    assert!(ours_all.intersection(&theirs_all).count() > 700);
    assert!(only_ours.is_empty() && only_theirs.is_empty(), "ours {only_ours:#?}\ntheirs {only_theirs:#?}");
    // Paths of upstream that we lack, in stable groups and versions that we serve.
    let absent: Vec<_> = theirs["paths"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|path| ours["paths"].get(path.as_str()).is_none())
        .filter(|path| !path.contains("alpha") && !path.contains("beta"))
        .filter(|path| {
            let version = path.split('/').take(4).collect::<Vec<_>>().join("/") + "/";
            path.starts_with("/apis/") && ours["paths"].get(&version).is_some() || path.starts_with("/api/v1/")
        })
        .collect();
    assert!(absent.is_empty(), "{absent:#?}");
}
