//! The paths of a kind's resource, with the parameters that clients look for.

use serde_json::{Map, Value, json};

use super::Version;
use crate::KindEntry;

/// Paths of a kind, whose definition has this name.
pub(super) fn of(entry: &KindEntry, definition: &str, version: Version) -> Map<String, Value> {
    let info = entry.info();
    let base = if info.group.is_empty() {
        format!("/api/{}", info.version)
    } else {
        format!("/apis/{}/{}", info.group, info.version)
    };
    let scope = if info.namespaced { "/namespaces/{namespace}" } else { "" };
    let gvk = json!({"group": info.group, "version": info.version, "kind": info.kind});
    let operation = |action: &str, of: &str, query: &[&str]| {
        let parameters: Vec<Value> = query.iter().map(|name| parameter(name, version)).collect();
        let schema = json!({"$ref": format!("{}{of}", version.prefix())});
        let answer = match version {
            Version::V2 => json!({"description": "OK", "schema": schema}),
            Version::V3 => json!({"description": "OK", "content": {"application/json": {"schema": schema}}}),
        };
        json!({
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": gvk,
            "parameters": parameters,
            "responses": {"200": answer},
        })
    };
    let list = format!("{definition}List");
    const WRITE: [&str; 4] = ["pretty", "dryRun", "fieldManager", "fieldValidation"];
    const PATCH: [&str; 5] = ["pretty", "dryRun", "fieldManager", "fieldValidation", "force"];
    const LIST: [&str; 6] = ["pretty", "labelSelector", "fieldSelector", "limit", "continue", "watch"];
    let collection = json!({
        "get": operation("list", &list, &LIST),
        "post": operation("post", definition, &WRITE),
        "delete": operation("deletecollection", definition, &LIST),
    });
    let one = json!({
        "get": operation("get", definition, &["pretty"]),
        "put": operation("put", definition, &WRITE),
        "patch": operation("patch", definition, &PATCH),
        "delete": operation("delete", definition, &["pretty", "dryRun"]),
    });
    let mut paths = Map::new();
    paths.insert(format!("{base}{scope}/{}", info.plural), collection);
    paths.insert(format!("{base}{scope}/{}/{{name}}", info.plural), one);
    if info.namespaced {
        paths.insert(format!("{base}/{}", info.plural), json!({"get": operation("list", &list, &LIST)}));
    }
    paths
}

fn parameter(name: &str, version: Version) -> Value {
    let ty = match name {
        "limit" => "integer",
        "watch" | "force" => "boolean",
        _ => "string",
    };
    match version {
        Version::V2 => json!({"name": name, "in": "query", "type": ty, "uniqueItems": true}),
        Version::V3 => json!({"name": name, "in": "query", "schema": {"type": ty, "uniqueItems": true}}),
    }
}
