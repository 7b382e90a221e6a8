//! Operations and their parameters, in either version of OpenAPI.

use serde_json::{Map, Value, json};

use super::Version;

/// Parameters of lists and watches.
pub(super) const LIST: &[&str] = &[
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "shardSelector",
    "timeoutSeconds",
    "watch",
];
/// Parameters of creations and replacements.
pub(super) const WRITE: &[&str] = &["dryRun", "fieldManager", "fieldValidation"];
/// Parameters of patches.
pub(super) const PATCH: &[&str] = &["dryRun", "fieldManager", "fieldValidation", "force"];
/// Parameters of deletions.
pub(super) const DELETE: &[&str] = &[
    "dryRun",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "orphanDependents",
    "propagationPolicy",
];
/// Parameters of the deletion of a collection.
pub(super) const DELETE_COLLECTION: &[&str] = &[
    "continue",
    "dryRun",
    "fieldSelector",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "labelSelector",
    "limit",
    "orphanDependents",
    "propagationPolicy",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "shardSelector",
    "timeoutSeconds",
];

/// Media types of objects.
pub(super) const OBJECTS: &[&str] = &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
/// Media types of lists, which can be watches.
pub(super) const STREAMS: &[&str] = &[
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
];
/// Whatever stands behind a connection.
pub(super) const ANY: &[&str] = &["*/*"];
/// Media types of logs.
pub(super) const LOGS: &[&str] =
    &["text/plain", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

/// What an operation takes as its body.
pub(super) enum Takes<'a> {
    Nothing,
    /// This definition.
    Object(&'a str),
    Patch,
    DeleteOptions,
}

/// What an operation answers with.
pub(super) enum Gives<'a> {
    Text,
    /// This definition.
    Object(&'a str),
}

/// One operation.
pub(super) struct Operation<'a> {
    pub(super) id: String,
    pub(super) tag: &'a str,
    /// `x-kubernetes-action`, with the kind it is about; both empty for documents.
    pub(super) action: &'static str,
    pub(super) gvk: Option<(&'a str, &'a str, &'a str)>,
    pub(super) query: &'static [&'static str],
    pub(super) takes: Takes<'a>,
    pub(super) gives: Gives<'a>,
    pub(super) codes: &'static [u16],
    pub(super) produces: &'static [&'static str],
}

pub(super) const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

impl Operation<'_> {
    pub(super) fn to_value(&self, version: Version) -> Value {
        let mut value = json!({"operationId": self.id, "tags": [self.tag], "description": self.describe()});
        if let Some((group, of, kind)) = self.gvk {
            value["x-kubernetes-action"] = self.action.into();
            value["x-kubernetes-group-version-kind"] = json!({"group": group, "version": of, "kind": kind});
        }
        let mut parameters: Vec<Value> = self.query.iter().map(|name| parameter(name, version)).collect();
        let (body, consumes, required) = match &self.takes {
            Takes::Nothing => (None, ANY, false),
            Takes::Object(name) => (Some(reference(name, version)), ANY, true),
            Takes::Patch => (Some(reference(&format!("{META}Patch"), version)), PATCHES, true),
            Takes::DeleteOptions => (Some(reference(&format!("{META}DeleteOptions"), version)), ANY, false),
        };
        let schema = match &self.gives {
            Gives::Text => json!({"type": "string"}),
            Gives::Object(name) => reference(name, version),
        };
        match version {
            Version::V2 => {
                value["consumes"] = json!(consumes);
                value["produces"] = json!(self.produces);
                value["schemes"] = json!(["https"]);
                if let Some(body) = body {
                    let mut parameter = json!({"name": "body", "in": "body", "schema": body});
                    if required {
                        parameter["required"] = true.into();
                    }
                    parameters.push(parameter);
                }
            }
            Version::V3 => {
                if let Some(body) = body {
                    value["requestBody"] = json!({"content": content(consumes, &body)});
                    if required {
                        value["requestBody"]["required"] = true.into();
                    }
                }
            }
        }
        if !parameters.is_empty() {
            value["parameters"] = parameters.into();
        }
        let mut responses = Map::new();
        for code in self.codes {
            let description = match code {
                201 => "Created",
                202 => "Accepted",
                _ => "OK",
            };
            let answer = match version {
                Version::V2 => json!({"description": description, "schema": schema}),
                Version::V3 => json!({"description": description, "content": content(self.produces, &schema)}),
            };
            responses.insert(code.to_string(), answer);
        }
        responses.insert("401".into(), json!({"description": "Unauthorized"}));
        value["responses"] = responses.into();
        value
    }

    fn describe(&self) -> String {
        match self.gvk {
            None => "What the server offers.".to_owned(),
            Some((_, _, kind)) => format!("The action {:?} on {kind}.", self.action),
        }
    }
}

fn content(media_types: &[&str], schema: &Value) -> Value {
    media_types.iter().map(|media| ((*media).to_owned(), json!({"schema": schema}))).collect::<Map<_, _>>().into()
}

pub(super) fn reference(name: &str, version: Version) -> Value {
    json!({"$ref": format!("{}{name}", version.prefix())})
}

/// A parameter of a path or query, by name.
pub(super) fn parameter(name: &str, version: Version) -> Value {
    let ty = match name {
        "limit" | "gracePeriodSeconds" | "timeoutSeconds" | "limitBytes" | "sinceSeconds" | "tailLines" | "ports" => {
            "integer"
        }
        "watch"
        | "force"
        | "allowWatchBookmarks"
        | "sendInitialEvents"
        | "orphanDependents"
        | "follow"
        | "previous"
        | "timestamps"
        | "stdin"
        | "stdout"
        | "stderr"
        | "tty"
        | "insecureSkipTLSVerifyBackend"
        | "ignoreStoreReadErrorWithClusterBreakingPotential" => "boolean",
        _ => "string",
    };
    // `{path}` stands in the path; the option of the same name in the query.
    let (name, place) = match name {
        "name" | "namespace" => (name, "path"),
        "{path}" => ("path", "path"),
        _ => (name, "query"),
    };
    let mut value = json!({"name": name, "in": place, "description": describe(name)});
    match version {
        Version::V2 => {
            value["type"] = ty.into();
            value["uniqueItems"] = true.into();
        }
        Version::V3 => value["schema"] = json!({"type": ty, "uniqueItems": true}),
    }
    if place == "path" {
        value["required"] = true.into();
    }
    value
}

fn describe(name: &str) -> &'static str {
    match name {
        "name" => "Name of the object.",
        "namespace" => "Namespace of the object.",
        "pretty" => "Laid out for reading.",
        "labelSelector" => "Selects by labels; everything if empty.",
        "fieldSelector" => "Selects by fields; everything if empty.",
        "limit" => "Most items of a page.",
        "continue" => "Where the page before ended.",
        "resourceVersion" => "The state that is asked for, or from which to watch.",
        "resourceVersionMatch" => "Whether exactly that state is wanted, or one not older.",
        "timeoutSeconds" => "Longest duration of the call, in seconds.",
        "watch" => "Follow changes instead of listing.",
        "allowWatchBookmarks" => "Bookmarks are welcome among the events of a watch.",
        "sendInitialEvents" => "Start a watch with the current state.",
        "shardSelector" => "Selects a part of all objects.",
        "dryRun" => "Check and answer, but store nothing; the only value is All.",
        "fieldManager" => "Who owns the fields that are written.",
        "fieldValidation" => "What happens to unknown and repeated fields: Ignore, Warn or Strict.",
        "force" => "Take over fields that others own.",
        "gracePeriodSeconds" => "Time to end in, in seconds.",
        "propagationPolicy" => "What happens to dependents: Orphan, Background or Foreground.",
        "orphanDependents" => "Older form of the propagation policy.",
        _ => "An option of the operation.",
    }
}
