//! URLs of the API: from paths to targets and back.
//!
//! Source: Kubernetes API concepts, "Resource URIs".

use pintle_object_model::GroupVersionResource;

use crate::Target;

/// What a path names, and whether it is one of the old `/watch/` paths.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) target: Target,
    pub(super) watch: bool,
}

/// Parses a decoded path.
pub(super) fn parse(path: &str) -> Parsed {
    let other = || Parsed { target: Target::Path(path.to_owned()), watch: false };
    let trimmed = path.strip_prefix('/').unwrap_or(path).trim_end_matches('/');
    let mut parts: Vec<&str> = trimmed.split('/').collect();
    let proxied = parts.iter().position(|part| *part == "proxy").unwrap_or(parts.len());
    // An empty or relative part names nothing, except behind `proxy`, where others understand it.
    if parts.iter().take(proxied).any(|part| matches!(*part, "" | "." | "..")) {
        return other();
    }
    let (group, version) = match parts.as_slice() {
        ["api", version, _, ..] => {
            let version = *version;
            parts.drain(..2);
            ("", version)
        }
        ["apis", group, version, _, ..] => {
            let (group, version) = (*group, *version);
            parts.drain(..3);
            (group, version)
        }
        _ => return other(),
    };
    let watch = parts.first() == Some(&"watch") && parts.len() > 1;
    if watch {
        parts.remove(0);
    }
    let (namespace, rest): (&str, &[&str]) = match parts.as_slice() {
        // `namespaces/x` and its own subresources are about the namespace itself.
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => ("", parts.as_slice()),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (namespace, rest),
        rest => ("", rest),
    };
    let (resource, rest) = rest.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
    if resource.is_empty() {
        return other();
    }
    let name = rest.first().copied().unwrap_or_default();
    let subresource = rest.get(1).copied().unwrap_or_default();
    let tail = match rest.get(2..) {
        Some(tail) if !tail.is_empty() => format!("/{}", tail.join("/")),
        // A trailing slash behind `proxy` is part of what is proxied.
        _ if subresource == "proxy" && path.ends_with('/') => "/".to_owned(),
        _ => String::new(),
    };
    if !tail.is_empty() && subresource != "proxy" {
        return other();
    }
    Parsed {
        target: Target::Resource {
            resource: GroupVersionResource::new(group, version, resource),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
            tail,
        },
        watch,
    }
}

/// The path of a target.
pub(super) fn format(target: &Target) -> String {
    match target {
        Target::Path(path) => path.clone(),
        Target::Resource { resource, namespace, name, subresource, tail } => {
            let mut path = if resource.group.is_empty() {
                format!("/api/{}", resource.version)
            } else {
                format!("/apis/{}/{}", resource.group, resource.version)
            };
            let mut push = |part: &str| {
                if !part.is_empty() {
                    path.push('/');
                    path.push_str(&super::query::escape(part));
                }
            };
            if !namespace.is_empty() {
                push("namespaces");
                push(namespace);
            }
            push(&resource.resource);
            push(name);
            push(subresource);
            path.push_str(&super::query::escape_but(tail, stands_in_tail));
            path
        }
    }
}

/// May this byte of what follows a subresource stand in a URL as it is? Slashes are its own.
fn stands_in_tail(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"#%<>?\\^`{|}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_behind_a_proxy_is_escaped() {
        let path = "/api/v1/namespaces/d/services/s/proxy/a b/\u{2}?%\u{e9}";
        let written = format(&parse(path).target);
        assert_eq!(written, "/api/v1/namespaces/d/services/s/proxy/a%20b/%02%3F%25%C3%A9");
        assert_eq!(parse(&super::super::query::unescape(&written, false)).target, parse(path).target);
    }

    fn resource(group: &str, version: &str, plural: &str, rest: [&str; 3]) -> Target {
        Target::resource(GroupVersionResource::new(group, version, plural), rest[0], rest[1], rest[2])
    }

    #[test]
    fn paths_parse_and_print() {
        let cases = [
            ("/api/v1/pods", resource("", "v1", "pods", ["", "", ""])),
            ("/api/v1/namespaces/a/pods/b/log", resource("", "v1", "pods", ["a", "b", "log"])),
            ("/api/v1/namespaces/a", resource("", "v1", "namespaces", ["", "a", ""])),
            ("/api/v1/namespaces/a/status", resource("", "v1", "namespaces", ["", "a", "status"])),
            ("/apis/apps/v1/namespaces/a/deployments", resource("apps", "v1", "deployments", ["a", "", ""])),
            ("/healthz", Target::Path("/healthz".into())),
            ("/apis/apps", Target::Path("/apis/apps".into())),
            ("/apis/apps/v1", Target::Path("/apis/apps/v1".into())),
        ];
        for (path, target) in cases {
            let parsed = parse(path);
            assert_eq!(parsed.target, target, "{path}");
            assert!(!parsed.watch, "{path}");
            assert_eq!(format(&target), path);
        }
        assert!(parse("/api/v1/watch/namespaces/a/pods").watch);
        for path in ["//api/v1/pods", "/api/v1/namespaces/a/pods//b", "/api/v1/../v1/pods"] {
            assert_eq!(parse(path).target, Target::Path(path.into()));
        }
        assert_eq!(parse("/api/v1/namespaces/a/pods/").target, resource("", "v1", "pods", ["a", "", ""]));
    }
}
