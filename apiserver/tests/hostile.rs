//! Requests that mean harm, or were made by a broken program: whatever arrives, the answer is a client's error or a
//! success, never a panic, and never a 500 but where kube-apiserver has one, too.
//!
//! The requests are made from the scheme's own tables, so that bodies get past decoding and into defaulting,
//! admission, validation and storage; the seed is fixed, so that a failure comes back.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use http_body_util::{BodyExt, Full};
use pintle_apiserver::{ApiServer, ApiServerConfig, HttpService};
use pintle_client::{Caller, Identity};
use pintle_object_model::clock::{Random, SystemClock};
use pintle_object_model::schema::{StructSchema, Type};
use pintle_object_model::{KindInfo, Scheme};
use pintle_store::{MemoryConfig, MemoryStore};
use serde_json::{Map, Value, json};
use tower::ServiceExt;

/// How many requests of each sort are made.
const REQUESTS: usize = 3000;

async fn start() -> ApiServer {
    let clock = SystemClock::shared();
    let store = Arc::new(MemoryStore::new(MemoryConfig::default(), Arc::clone(&clock)));
    ApiServer::start(store, ApiServerConfig { clock, random: Random::seeded(1), ..ApiServerConfig::default() })
        .await
        .unwrap()
}

struct Hostile {
    method: &'static str,
    uri: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// Asks, and holds that the answer is one that a client may get. Answers with the code.
async fn ask(server: &ApiServer, hostile: &Hostile) -> u16 {
    let caller = Caller::trusted(Identity::master("admin"));
    let service = HttpService::new(server.service(), Arc::clone(server.clock()), caller);
    let mut request = http::Request::builder().method(hostile.method).uri(&hostile.uri);
    for (name, value) in &hostile.headers {
        request = request.header(*name, value);
    }
    // What no HTTP library lets through does not reach a server either.
    let Ok(request) = request.body(Full::new(Bytes::from(hostile.body.clone()))) else { return 0 };
    let shown = || {
        let body: String = String::from_utf8_lossy(&hostile.body).chars().take(3000).collect();
        format!("{} {} {:?}\n{body}", hostile.method, hostile.uri, hostile.headers)
    };
    let answered = std::panic::AssertUnwindSafe(service.oneshot(request)).catch_unwind().await;
    let Ok(Ok(answer)) = answered else { panic!("no answer: {}", shown()) };
    let code = answer.status().as_u16();
    // A watch goes on, its refusal does not.
    let endless = code < 400 && hostile.uri.contains("watch");
    let body = if endless { Bytes::new() } else { answer.into_body().collect().await.unwrap().to_bytes() };
    let told = String::from_utf8_lossy(&body);
    let may = code < 500
        || matches!(code, 501 | 503 | 504)
        // What kube-apiserver answers so, too.
        || [
            "resourceVersion should not be set on objects to be created",
            "resourceVersion: Invalid value",
            "failed to create typed patch object",
            "failed to convert new typed object",
            "does not contain declared merge key",
        ]
        .iter()
        .any(|known| told.contains(known));
    assert!(may, "{code} {told}\n{}", shown());
    code
}

fn pick<T: Copy>(random: &Random, from: &[T]) -> T {
    from[usize::try_from(random.below(from.len() as u64)).unwrap()]
}

const TEXTS: &[&str] = &[
    "",
    "a",
    "default",
    "x.example.com",
    "example.com/thing",
    "-",
    "..",
    "%",
    "/",
    "*",
    "0",
    "-1",
    "None",
    "True",
    "Always",
    "ClusterIP",
    "Exists",
    "1",
    "1Gi",
    "100m",
    "1e400",
    "9223372036854775807",
    "10.0.0.1",
    "::1",
    "10.0.0.0/8",
    "2024-01-01T00:00:00Z",
    "* * * * *",
    "@every 0s",
    "self == oldSelf",
    "[].all(x, x)",
    "{{",
    "$(A)",
    "\u{0}",
    "\u{202e}é€😀",
    "ReadWriteOnce",
    "http",
    "TCP",
    "matchLabels",
    "spec.nodeName",
    ".spec.x",
    "$.x[?(@.y)]",
    "v1",
    "apps/v1",
    "Pod",
];
const NUMBERS: &[i64] =
    &[0, 1, -1, 2, 80, 443, 65535, 65536, 1000, i32::MAX as i64, i32::MIN as i64, i64::MAX, i64::MIN];

/// Some text, mostly a short one.
fn text(random: &Random) -> String {
    match random.below(40) {
        0 => "a".repeat(300),
        1 => "é".repeat(70_000),
        _ => pick(random, TEXTS).to_owned(),
    }
}

/// A value that a field of this type could have, or, now and then, one that it could not.
fn value(random: &Random, ty: &Type, depth: usize) -> Value {
    if random.below(60) == 0 {
        return match random.below(5) {
            0 => Value::Null,
            1 => json!([]),
            2 => json!({}),
            3 => json!(text(random)),
            _ => json!(1.5),
        };
    }
    let number = || pick(random, NUMBERS);
    match ty {
        Type::Bool => json!(random.below(2) == 0),
        Type::Int32 => json!(i32::try_from(number()).unwrap_or(7)),
        Type::Int64 => json!(number()),
        Type::Float => json!(random.fraction() * 1e12 - 5e11),
        Type::Time => {
            json!(pick(random, &["2024-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "x"]))
        }
        Type::MicroTime => json!(pick(random, &["2024-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z", ""])),
        Type::Duration => json!(pick(random, &["1s", "-1h", "0", "100000000h", "1.5ms", "x"])),
        Type::Quantity => match random.below(3) {
            0 => json!(number()),
            _ => json!(pick(
                random,
                &["0", "-1", "1Ei", "9999999999999999999E", "1n", "100m", "1.0000000000001", "", "x"]
            )),
        },
        Type::IntOrString => match random.below(2) {
            0 => json!(number()),
            _ => json!(pick(random, &["50%", "200%", "http", "-1", ""])),
        },
        Type::Bytes => json!(pick(random, &["", "YQ==", "!", "YQ"])),
        Type::Struct(table) => object(random, table, depth),
        Type::List(of) if depth > 0 => (0..random.below(3)).map(|_| value(random, of, depth - 1)).collect(),
        Type::Map(of) if depth > 0 => {
            (0..random.below(3)).map(|_| (text(random), value(random, of, depth - 1))).collect::<Map<_, _>>().into()
        }
        Type::List(_) => json!([]),
        Type::Map(_) | Type::Fields => json!({}),
        Type::Object => json!({"apiVersion": "v1", "kind": "ConfigMap", "a": [1, {"b": null}]}),
        Type::Any => json!({"a": [1, {"b": null}], "c": text(random)}),
        // Texts, and what is added to the list of types.
        _ => json!(text(random)),
    }
}

fn object(random: &Random, table: &StructSchema, depth: usize) -> Value {
    if depth == 0 {
        return json!({});
    }
    // Some objects have nearly everything, some nearly nothing: unions are broken by the former, required by the latter.
    let chance = [20, 50, 90][usize::try_from(random.below(3)).unwrap()];
    let fields = table.fields.iter().filter(|field| random.below(100) < if field.required { 97 } else { chance });
    fields
        .map(|field| {
            let list = field.checks.map_or(&[][..], |checks| checks.one_of);
            let made = match list.is_empty() || random.below(10) == 0 {
                true => value(random, &field.ty, depth - 1),
                false => json!(pick(random, list)),
            };
            (field.name.to_string(), made)
        })
        .collect::<Map<_, _>>()
        .into()
}

/// A body of this kind whose metadata would mostly do.
fn body(random: &Random, info: &KindInfo, table: &StructSchema, name: &str) -> Value {
    let mut made = object(random, table, 7);
    let Some(members) = made.as_object_mut() else { return made };
    let kind = if random.below(50) == 0 { text(random) } else { info.kind.to_owned() };
    members.insert("kind".into(), kind.into());
    members.insert("apiVersion".into(), info.gvk().api_version().into());
    if random.below(10) != 0 {
        let labels = json!({"app": "a", "x/y": "b"});
        let mut metadata = json!({"name": name, "labels": labels, "annotations": {"a": text(random)}});
        if random.below(8) == 0 {
            metadata["finalizers"] = json!(["example.com/stay"]);
        }
        if random.below(8) == 0 {
            metadata["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]);
        }
        members.insert("metadata".into(), metadata);
    }
    made
}

fn path(info: &KindInfo, name: &str, subresource: &str) -> String {
    let mut path = if info.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", info.group) };
    let _ = write!(path, "/{}", info.version);
    if info.namespaced {
        path += "/namespaces/default";
    }
    let _ = write!(path, "/{}", info.plural);
    for part in [name, subresource].into_iter().filter(|part| !part.is_empty()) {
        let _ = write!(path, "/{part}");
    }
    path
}

const QUERIES: &[&str] = &[
    "",
    "",
    "",
    "dryRun=All",
    "fieldValidation=Strict",
    "fieldValidation=Warn",
    "force=true&fieldManager=m",
    "limit=1",
    "limit=-1",
    "continue=x",
    "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiLi4vIn0",
    "resourceVersion=0",
    "resourceVersion=99999999999999999999",
    "resourceVersion=1&resourceVersionMatch=Exact",
    "labelSelector=a%20in%20(b%2Cc",
    "labelSelector=%21a",
    "fieldSelector=metadata.name%3Da",
    "fieldSelector=%3D",
    "propagationPolicy=Foreground",
    "propagationPolicy=x",
    "gracePeriodSeconds=-5",
    "gracePeriodSeconds=0",
    "orphanDependents=true",
    "timeout=0s",
    "timeout=1h",
    "pretty=true",
    "watch=1&timeoutSeconds=1",
    "watch=true&sendInitialEvents=true",
    "%",
    "%ff=%00",
    "=&=&&",
    "a;b",
    "container=%2e%2e",
    "tailLines=-1",
    "command=a&stdin=1&tty=1",
    "fieldManager=",
    "ports=99999",
    "sinceTime=x",
    "path=../..",
];
const ACCEPTS: &[&str] = &[
    "",
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "*/*;q=0",
    "x",
    "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,*/*",
    "application/json;as=;v=;g=",
];
const CONTENT_TYPES: &[&str] = &[
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "",
    "text/plain",
    "application/json; charset=\"",
];
const NAMES: &[&str] =
    &["one", "two", "three", "default", "%2e%2e", "a%2fb", "%00", "UPPER", "system:x", "http:one:80"];

fn headers(random: &Random, content_type: &str) -> Vec<(&'static str, String)> {
    let mut headers = vec![("content-type", content_type.to_owned())];
    let accept = pick(random, ACCEPTS);
    if !accept.is_empty() {
        headers.push(("accept", accept.to_owned()));
    }
    match random.below(20) {
        0 => headers.push(("impersonate-user", text(random))),
        1 => headers.push(("impersonate-group", "g".into())),
        2 => headers.push(("accept-encoding", "gzip".into())),
        3 => headers.push(("connection", "Upgrade".into())),
        4 => headers.push(("if-none-match", "\"x\"".into())),
        _ => {}
    }
    headers
}

/// Spoils some bytes, so that decoders see what is almost right.
fn spoil(random: &Random, body: &mut Vec<u8>) {
    for _ in 0..=random.below(4) {
        let Some(last) = body.len().checked_sub(1) else { return };
        let at = usize::try_from(random.below(last as u64 + 1)).unwrap();
        match random.below(4) {
            0 => body[at] = u8::try_from(random.below(256)).unwrap(),
            1 => body.truncate(at),
            2 => body.insert(at, pick(random, &[b'{', b'[', b'"', b'\\', b',', 0xff])),
            _ => drop(body.remove(at)),
        }
    }
}

fn patch(random: &Random, whole: Value) -> (&'static str, Value) {
    match random.below(4) {
        0 => {
            let place =
                pick(random, &["/spec", "/metadata/labels/app", "/spec/template/spec/containers/0", "", "/x/-", "/~2"]);
            let what = pick(random, &["add", "remove", "replace", "move", "copy", "test", "x"]);
            ("application/json-patch+json", json!([{"op": what, "path": place, "from": place, "value": whole["spec"]}]))
        }
        1 => ("application/merge-patch+json", whole),
        2 => ("application/strategic-merge-patch+json", whole),
        _ => ("application/apply-patch+yaml", whole),
    }
}

#[tokio::test]
async fn no_body_breaks_the_server() {
    let server = start().await;
    let scheme = Scheme::builtin();
    let kinds: Vec<_> = scheme.kinds().filter(|entry| !entry.info().plural.is_empty()).collect();
    let random = Random::seeded(5);
    let mut codes = std::collections::BTreeMap::<u16, usize>::new();
    for _ in 0..REQUESTS {
        let entry = pick(&random, &kinds);
        let info = entry.info();
        // A server without its namespace would answer 404 to everything else.
        if info.kind == "Namespace" {
            continue;
        }
        let name = pick(&random, &NAMES[..4]);
        let whole = body(&random, info, entry.schema(), name);
        let mut subresources: Vec<&str> = vec!["", "", ""];
        subresources.extend(info.subresources);
        let subresource = pick(&random, &subresources);
        let (method, uri, content_type, whole) = match random.below(10) {
            0..=4 => ("POST", path(info, "", ""), "application/json", whole),
            5 | 6 => ("PUT", path(info, name, subresource), "application/json", whole),
            7 | 8 => {
                let (content_type, whole) = patch(&random, whole);
                ("PATCH", path(info, name, subresource), content_type, whole)
            }
            _ if subresource.is_empty() => ("DELETE", path(info, name, ""), "application/json", json!({})),
            _ => ("POST", path(info, name, subresource), "application/json", whole),
        };
        let mut body = whole.to_string().into_bytes();
        if random.below(10) == 0 {
            spoil(&random, &mut body);
        }
        let query =
            pick(&random, &["", "", "", "?dryRun=All", "?fieldValidation=Strict", "?force=true&fieldManager=m"]);
        let headers = headers(&random, content_type);
        let code = ask(&server, &Hostile { method, uri: format!("{uri}{query}"), headers, body }).await;
        *codes.entry(code / 100 * 100).or_default() += 1;
    }
    // Otherwise the generator tests nothing but the decoder.
    assert!(codes.get(&200).is_some_and(|found| *found > REQUESTS / 20), "{codes:?}");
}

#[tokio::test]
async fn no_path_query_or_header_breaks_the_server() {
    let server = start().await;
    let scheme = Scheme::builtin();
    let infos: Vec<_> = scheme.kinds().map(pintle_object_model::KindEntry::info).collect();
    let random = Random::seeded(6);
    let mut codes = std::collections::BTreeMap::<u16, usize>::new();
    for _ in 0..REQUESTS {
        let info = pick(&random, &infos);
        let mut subresources =
            vec!["", "", "log", "exec", "proxy", "proxy/a/../b", "token", "eviction", "portforward", "scale"];
        subresources.extend(info.subresources);
        let mut uri = path(info, pick(&random, NAMES), pick(&random, &subresources));
        match random.below(12) {
            0 => uri = path(info, "", ""),
            1 => uri = uri.replace("default", "none"),
            2 => uri = uri.replace('/', "//"),
            3 => uri += "/",
            4 => {
                uri = (pick(
                    &random,
                    &[
                        "/",
                        "/api",
                        "/apis",
                        "/apis/",
                        "/api/v1/watch",
                        "/openapi/v2",
                        "/openapi/v3/",
                        "/metrics",
                        "/readyz/x",
                        "/livez?exclude=",
                        "/version/",
                        "/api/v1/namespaces/a/b/c/d/e",
                        "/apis/apps/v1/watch/namespaces/x",
                        "/.well-known/openid-configuration",
                        "/openid/v1/jwks",
                        "/debug/pprof",
                        "/logs/",
                        "/apis/%2f/v1",
                    ],
                ))
                .to_owned()
            }
            _ => {}
        }
        let separator = if uri.contains('?') { '&' } else { '?' };
        let uri = format!("{uri}{separator}{}&{}", pick(&random, QUERIES), pick(&random, QUERIES));
        let method =
            pick(&random, &["GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FOO"]);
        // Deleting every object of a kind is allowed, and would leave little to ask for.
        if method == "DELETE" && (info.kind == "Namespace" || uri == path(info, "", "")) {
            continue;
        }
        let body = pick(
            &random,
            &["", "{}", "null", "[]", "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\"}", "\u{0}", "k8s\u{0}"],
        );
        let hostile = Hostile {
            method,
            uri,
            headers: headers(&random, pick(&random, CONTENT_TYPES)),
            body: body.as_bytes().to_vec(),
        };
        *codes.entry(ask(&server, &hostile).await / 100 * 100).or_default() += 1;
    }
    assert!(codes.get(&200).is_some_and(|found| *found > REQUESTS / 40), "{codes:?}");
}

/// A body that a few bytes blow up, or that is deeper than any stack.
#[tokio::test]
async fn bombs_are_refused() {
    let server = start().await;
    let deep_json = format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{}1{}}}"#,
        "[".repeat(500_000),
        "]".repeat(500_000)
    );
    let deep_yaml =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {}{}", "[".repeat(500_000), "]".repeat(500_000));
    let mut laughs =
        String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let line: Vec<_> = (0..10).map(|_| format!("*a{}", level - 1)).collect();
        let _ = writeln!(laughs, "a{level}: &a{level} [{}]", line.join(","));
    }
    let mut protobuf = b"k8s\0".to_vec();
    protobuf.extend([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x12]);
    let selector = format!("/api/v1/pods?labelSelector={}", "a,".repeat(20_000));
    let cel = format!("{}1{} == 1", "(".repeat(100_000), ")".repeat(100_000));
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "bs.example.com"},
        "spec": {"group": "example.com", "scope": "Cluster", "names": {"plural": "bs", "kind": "B"}, "versions": [{
            "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-validations": [{"rule": cel}]}}}]}
    });
    let maps = "/api/v1/namespaces/default/configmaps";
    let bombs: [(&'static str, &str, &str, Vec<u8>); 6] = [
        ("POST", maps, "application/json", deep_json.into_bytes()),
        ("POST", maps, "application/yaml", deep_yaml.into_bytes()),
        ("POST", maps, "application/yaml", laughs.into_bytes()),
        ("POST", maps, "application/vnd.kubernetes.protobuf", protobuf),
        ("GET", &selector, "application/json", vec![]),
        (
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            "application/json",
            definition.to_string().into_bytes(),
        ),
    ];
    for (method, uri, content_type, body) in bombs {
        let headers = vec![("content-type", content_type.to_owned())];
        let code = ask(&server, &Hostile { method, uri: uri.to_owned(), headers, body }).await;
        assert!((400..500).contains(&code), "{code} for {method} {content_type}");
    }
}
