//! What is served that is not an object: discovery, OpenAPI, health, version.
//!
//! In: paths. Out: documents. Invariant: readiness is told by what was checked, never assumed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use pintle_client::{Content, Document, Response, Verb};
use pintle_object_model::{GroupVersion, KUBERNETES_VERSION, Scheme, Status, openapi_v2, openapi_v3};
use serde_json::{Value, json};

use crate::discovery::Discovery;
use crate::storage::Storages;

/// Answers for paths.
#[derive(Debug)]
pub(crate) struct Documents {
    scheme: Scheme,
    discovery: Discovery,
    storages: Storages,
    address: String,
    v2: OnceLock<Bytes>,
    v3: BTreeMap<String, OnceLock<Bytes>>,
}

impl Documents {
    pub(crate) fn new(scheme: Scheme, storages: Storages, address: String) -> Self {
        let discovery = Discovery::new(&scheme);
        let v3 = discovery.group_versions().map(|gv| (v3_path(&gv), OnceLock::new())).collect();
        Self { scheme, discovery, storages, address, v2: OnceLock::new(), v3 }
    }

    pub(crate) fn answer(&self, verb: Verb, path: &str, aggregated: bool, verbose: bool) -> Result<Response, Status> {
        let reads = matches!(verb, Verb::Get | Verb::List | Verb::Watch);
        let health = ["/healthz", "/livez", "/readyz"].iter().any(|endpoint| path.starts_with(endpoint));
        if !reads && !health {
            return Err(crate::registry::method_not_allowed());
        }
        let trimmed = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        let parts: Vec<&str> = trimmed.trim_start_matches('/').split('/').collect();
        let value = match parts.as_slice() {
            [""] => Some(self.paths()),
            ["api"] if aggregated => return Ok(aggregated_json(&self.discovery.aggregated(true))),
            ["apis"] if aggregated => return Ok(aggregated_json(&self.discovery.aggregated(false))),
            ["api"] => Some(self.discovery.api(&self.address)),
            ["apis"] => Some(self.discovery.apis()),
            ["api", version] => self.discovery.resources(&GroupVersion::new("", *version)),
            ["apis", group] => self.discovery.group(group),
            ["apis", group, version] => self.discovery.resources(&GroupVersion::new(*group, *version)),
            ["version"] => Some(version()),
            ["openapi", "v2"] => {
                return Ok(document(
                    "application/json",
                    self.v2.get_or_init(|| text(&openapi_v2(&self.scheme))).clone(),
                ));
            }
            ["openapi", "v3"] => Some(self.v3_index()),
            ["openapi", "v3", rest @ ..] => return self.v3_document(&rest.join("/")),
            ["healthz" | "livez" | "readyz", rest @ ..] if trimmed.len() == path.len() => {
                return self.health(parts[0], rest, verbose);
            }
            _ => None,
        };
        match (value, parts.as_slice()) {
            (Some(value), _) => Ok(document("application/json", text(&value))),
            // What a known group does not have is missed by the API; the rest is no part of it.
            (None, ["api", ..]) => Err(crate::registry::no_such_resource()),
            (None, ["apis", group, ..]) if self.discovery.group(group).is_some() => {
                Err(crate::registry::no_such_resource())
            }
            (None, _) => Ok(page_not_found()),
        }
    }

    fn paths(&self) -> Value {
        let mut paths = vec![
            "/.well-known/openid-configuration".to_owned(),
            "/api".into(),
            "/apis".into(),
            "/healthz".into(),
            "/livez".into(),
            "/openapi/v2".into(),
            "/openapi/v3".into(),
            "/openid/v1/jwks".into(),
            "/readyz".into(),
            "/version".into(),
        ];
        paths.extend(self.v3.keys().map(|path| format!("/{path}")));
        paths.sort();
        json!({"paths": paths})
    }

    fn v3_index(&self) -> Value {
        let version = KUBERNETES_VERSION;
        let entry =
            |path: &String| (path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={version}")}));
        json!({"paths": self.v3.keys().map(entry).collect::<serde_json::Map<_, _>>()})
    }

    fn v3_document(&self, path: &str) -> Result<Response, Status> {
        let slot = self.v3.get(path).ok_or_else(crate::registry::no_such_resource)?;
        let gv = match path.split('/').collect::<Vec<_>>().as_slice() {
            ["api", version] => GroupVersion::new("", *version),
            ["apis", group, version] => GroupVersion::new(*group, *version),
            _ => return Err(crate::registry::no_such_resource()),
        };
        Ok(document("application/json", slot.get_or_init(|| text(&openapi_v3(&self.scheme, &gv))).clone()))
    }

    fn health(&self, endpoint: &str, checks: &[&str], verbose: bool) -> Result<Response, Status> {
        let ready = self.storages.is_ready();
        let known = [("ping", true), ("log", true), ("etcd", ready), ("informer-sync", ready)];
        let asked: Vec<_> = match checks {
            [] => known.to_vec(),
            [name] => known.iter().filter(|(known, _)| known == name).copied().collect(),
            _ => vec![],
        };
        if asked.is_empty() {
            return Ok(page_not_found());
        }
        let fine = asked.iter().all(|(_, fine)| *fine);
        let report = || {
            let lines = asked.iter().map(|(name, fine)| {
                if *fine { format!("[+]{name} ok\n") } else { format!("[-]{name} failed: reason withheld\n") }
            });
            lines.collect::<String>()
        };
        let (code, body) = match (fine, verbose) {
            (true, false) => (200, "ok".to_owned()),
            (true, true) => (200, format!("{}{endpoint} check passed\n", report())),
            (false, _) => (500, format!("{}{endpoint} check failed\n", report())),
        };
        let document = Document {
            code,
            content_type: "text/plain; charset=utf-8".into(),
            body: body.into(),
            headers: vec![("x-content-type-options".into(), "nosniff".into())],
        };
        Ok(Response::new(Content::Document(document)))
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

fn aggregated_json(value: &Value) -> Response {
    document("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", text(value))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": format!("{KUBERNETES_VERSION}+pintle"), "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "", "goVersion": "", "compiler": "rustc", "platform": "linux/amd64",
    })
}
