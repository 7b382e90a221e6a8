//! What a kind's resource answers to: its verbs and the bodies of its subresources.
//!
//! Source: the discovery documents of a 1.36 server.

use crate::KindInfo;

/// A subresource as discovery and OpenAPI tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubresourceInfo {
    /// Kind of the body or of the options.
    pub kind: String,
    /// Group of that kind.
    pub group: &'static str,
    /// Version of that kind.
    pub version: &'static str,
    /// Verbs, as authorization names them.
    pub verbs: &'static [&'static str],
    /// The verbs connect to a backend instead of reading and writing objects.
    pub connects: bool,
}

/// Has the kind a resource of its own? Some kinds are the bodies of subresources only.
pub fn has_resource(info: &KindInfo) -> bool {
    !matches!(
        (info.group, info.kind),
        ("autoscaling", "Scale") | ("policy", "Eviction") | ("authentication.k8s.io", "TokenRequest")
    )
}

/// The verbs of a kind's resource.
pub fn verbs(info: &KindInfo) -> &'static [&'static str] {
    match (info.group, info.kind) {
        ("authorization.k8s.io" | "authentication.k8s.io", _) | ("", "Binding") => &["create"],
        ("", "ComponentStatus") => &["get", "list"],
        ("", "Namespace") => &["create", "delete", "get", "list", "patch", "update", "watch"],
        _ => &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    }
}

/// Kind, group, version and verbs of a subresource.
pub fn subresource(info: &KindInfo, name: &str) -> SubresourceInfo {
    const WRITE: &[&str] = &["get", "patch", "update"];
    const CREATE: &[&str] = &["create"];
    const STREAM: &[&str] = &["create", "get"];
    let own = |kind: &str, verbs, connects| SubresourceInfo {
        kind: kind.to_owned(),
        group: info.group,
        version: info.version,
        verbs,
        connects,
    };
    let of = |group, kind: &str, verbs| SubresourceInfo {
        kind: kind.to_owned(),
        group,
        version: "v1",
        verbs,
        connects: false,
    };
    match name {
        "scale" => of("autoscaling", "Scale", WRITE),
        "binding" => own("Binding", CREATE, false),
        "eviction" => of("policy", "Eviction", CREATE),
        "token" => of("authentication.k8s.io", "TokenRequest", CREATE),
        "exec" => own("PodExecOptions", STREAM, true),
        "attach" => own("PodAttachOptions", STREAM, true),
        "portforward" => own("PodPortForwardOptions", STREAM, true),
        "finalize" => own(info.kind, &["update"], false),
        "status" | "approval" | "ephemeralcontainers" | "resize" => own(info.kind, WRITE, false),
        "proxy" => own(&format!("{}ProxyOptions", info.kind), &["create", "delete", "get", "patch", "update"], true),
        _ => own(info.kind, &["get"], false),
    }
}
