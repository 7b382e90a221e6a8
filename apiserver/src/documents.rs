//! What is served that is not an object: discovery, OpenAPI, version, and what others make (health, metrics).
//!
//! In: paths. Out: documents. Invariant: a document that clients keep carries the hash of its content.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use pintle_client::{Content, Document, Params, Response, Verb};
use pintle_object_model::{
    GroupVersion, KUBERNETES_VERSION, Scheme, Status, openapi_v2, openapi_v3, openapi_v3_groups,
};
use serde_json::{Value, json};

use crate::discovery::Discovery;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::tokens::SigningKeys;

/// Where the keys that sign service-account tokens are published, and the only form in which they are.
pub(crate) const KEYS_PATH: &str = "/openid/v1/jwks";
pub(crate) const KEYS_TYPE: &str = "application/jwk-set+json";

/// Answers for paths.
#[derive(Debug)]
pub(crate) struct Documents {
    scheme: Scheme,
    discovery: Discovery,
    health: Health,
    metrics: Arc<Metrics>,
    address: String,
    /// The answers of OpenID Connect discovery.
    issuer: Value,
    keys: Value,
    v2: OnceLock<Bytes>,
    v3: BTreeMap<String, OnceLock<Bytes>>,
}

/// What documents are made from.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) scheme: Scheme,
    pub(crate) health: Health,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) keys: Arc<SigningKeys>,
    /// Where the server is reached; empty if it does not listen.
    pub(crate) address: String,
}

impl Documents {
    pub(crate) fn new(sources: Sources) -> Self {
        let discovery = Discovery::new(&sources.scheme);
        let groups = discovery.group_names().filter(|name| !name.is_empty()).map(|name| format!("apis/{name}"));
        let v3 = discovery
            .group_versions()
            .map(|gv| v3_path(&gv))
            .chain(groups)
            .chain(["api".to_owned(), "apis".to_owned()])
            .map(|path| (path, OnceLock::new()))
            .collect();
        let Sources { scheme, health, metrics, keys, address } = sources;
        let (issuer, keys) = (keys.configuration(&address), keys.key_set());
        Self { scheme, discovery, health, metrics, issuer, keys, address, v2: OnceLock::new(), v3 }
    }

    pub(crate) fn answer(&self, verb: Verb, path: &str, params: &Params) -> Result<Response, Status> {
        let trimmed = if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path };
        let parts: Vec<&str> = trimmed.strip_prefix('/').unwrap_or(trimmed).split('/').collect();
        let aggregated = params.other("as").is_some_and(|form| form == "APIGroupDiscoveryList");
        let value = match parts.as_slice() {
            [""] => Some(self.paths()),
            // The lists of groups answer whatever the method.
            ["api"] if aggregated => return Ok(aggregated_json(&self.discovery.aggregated(true))),
            ["apis"] if aggregated => return Ok(aggregated_json(&self.discovery.aggregated(false))),
            ["apis"] => Some(self.discovery.apis()),
            ["openapi", "v2"] => return Ok(hashed(self.v2.get_or_init(|| text(&openapi_v2(&self.scheme))).clone())),
            ["openapi", "v3"] if trimmed.len() == path.len() => Some(self.v3_index()),
            ["openapi", "v3", rest @ ..] => return Ok(self.v3_document(&rest.join("/"))),
            ["healthz" | "livez" | "readyz", rest @ ..] if trimmed.len() == path.len() => {
                return Ok(self.health.answer(parts[0], rest, params).unwrap_or_else(page_not_found));
            }
            [".well-known", "openid-configuration"] if verb == Verb::Get => {
                return Ok(published("application/json", &self.issuer));
            }
            ["openid", "v1", "jwks"] if verb == Verb::Get => return Ok(published(KEYS_TYPE, &self.keys)),
            ["metrics"] => return Ok(document("text/plain; version=0.0.4; charset=utf-8", self.metrics.encode())),
            _ => {
                let found = self.routed(&parts);
                if found.is_some() && verb != Verb::Get {
                    return Err(crate::registry::method_not_allowed());
                }
                found
            }
        };
        match (value, parts.as_slice()) {
            (Some(value), _) => Ok(document("application/json", text(&value))),
            // What a known group does not have is missed by the API; the rest is no part of it.
            (None, ["api", ..]) => Err(crate::registry::no_such_resource()),
            (None, ["apis", group, ..]) if self.discovery.is_built_in(group) => {
                Err(crate::registry::no_such_resource())
            }
            (None, _) => Ok(page_not_found()),
        }
    }

    /// Documents that are there to be read only.
    fn routed(&self, parts: &[&str]) -> Option<Value> {
        match parts {
            ["api"] => Some(self.discovery.api(&self.address)),
            ["api", version] => self.discovery.resources(&GroupVersion::new("", *version)),
            ["apis", group] => self.discovery.group(group),
            ["apis", group, version] => self.discovery.resources(&GroupVersion::new(*group, *version)),
            ["version"] => Some(version()),
            _ => None,
        }
    }

    fn paths(&self) -> Value {
        let known = [
            "/.well-known/openid-configuration",
            "/healthz",
            "/livez",
            "/metrics",
            "/openapi/v2",
            "/openapi/v3",
            "/openid/v1/jwks",
            "/readyz",
            "/version",
        ];
        let mut paths: Vec<String> = known.iter().map(|path| (*path).to_owned()).collect();
        for endpoint in ["healthz", "livez", "readyz"] {
            paths.extend(self.health.names(endpoint).map(|name| format!("/{endpoint}/{name}")));
        }
        paths.extend(self.v3.keys().map(|path| format!("/{path}")));
        paths.sort();
        json!({"paths": paths})
    }

    fn v3_index(&self) -> Value {
        // Documents depend on nothing but the kinds, which this names.
        let hash = crate::discovery::hash_hex(&self.v3.keys().map(String::as_str).collect::<Vec<_>>().join(" "));
        let entry = |path: &String| {
            (path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={KUBERNETES_VERSION}-{hash}")}))
        };
        json!({"paths": self.v3.keys().map(entry).collect::<serde_json::Map<_, _>>()})
    }

    fn v3_document(&self, path: &str) -> Response {
        let Some(slot) = self.v3.get(path) else { return nothing() };
        let make = || match path.split('/').collect::<Vec<_>>().as_slice() {
            ["api", version] => openapi_v3(&self.scheme, &GroupVersion::new("", *version)),
            ["apis", group, version] => openapi_v3(&self.scheme, &GroupVersion::new(*group, *version)),
            ["api"] => openapi_v3_groups(&self.scheme, Some("")),
            ["apis", group] => openapi_v3_groups(&self.scheme, Some(group)),
            _ => openapi_v3_groups(&self.scheme, None),
        };
        hashed(slot.get_or_init(|| text(&make())).clone())
    }
}

/// What is answered where there is nothing, not even an API.
pub(crate) fn page_not_found() -> Response {
    Response::new(Content::Document(Document {
        code: 404,
        content_type: "text/plain; charset=utf-8".into(),
        body: "404 page not found\n".into(),
        headers: vec![("x-content-type-options".into(), "nosniff".into())],
    }))
}

fn v3_path(gv: &GroupVersion) -> String {
    if gv.group.is_empty() { format!("api/{}", gv.version) } else { format!("apis/{}/{}", gv.group, gv.version) }
}

fn text(value: &Value) -> Bytes {
    value.to_string().into()
}

fn document(content_type: &str, body: Bytes) -> Response {
    Response::new(Content::Document(Document { code: 200, content_type: content_type.into(), body, headers: vec![] }))
}

/// A document that clients keep and ask about by its hash.
fn tagged(content_type: &str, body: Bytes) -> Response {
    let tag = crate::discovery::hash_hex_bytes(&body).to_uppercase();
    let headers = vec![("etag".into(), format!("\"{tag}\"")), ("vary".into(), "Accept".into())];
    Response::new(Content::Document(Document { code: 200, content_type: content_type.into(), body, headers }))
}

fn hashed(body: Bytes) -> Response {
    tagged("application/json", body)
}

/// A document that anybody may keep for an hour.
fn published(content_type: &str, value: &Value) -> Response {
    Response::new(Content::Document(Document {
        code: 200,
        content_type: content_type.into(),
        body: text(value),
        headers: vec![("cache-control".into(), "public, max-age=3600".into())],
    }))
}

fn aggregated_json(value: &Value) -> Response {
    tagged("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", text(value))
}

/// 404 without a word.
fn nothing() -> Response {
    Response::new(Content::Document(Document {
        code: 404,
        content_type: String::new(),
        body: Bytes::new(),
        headers: vec![],
    }))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": format!("{KUBERNETES_VERSION}+pintle"), "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "", "goVersion": "", "compiler": "rustc", "platform": "linux/amd64",
    })
}
