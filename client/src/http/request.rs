//! Requests: from HTTP to plain data and back.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, header, request::Parts};
use pintle_object_model::{Format, GoDuration, Object, Status};

use super::{Accept, JSON, PROTOBUF, Subject};
use crate::{Body, Caller, Identity, Patch, PatchKind, Request, Target, UpgradeRequest, Verb};

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The representation that a request wants, before its body is read. The second value of a refusal is how to say so.
///
/// # Errors
/// 406 if there is no such representation.
pub fn request_meta(parts: &Parts) -> Result<Accept, (Status, Accept)> {
    let subject = subject(parts);
    Accept::negotiate(text(&parts.headers, "accept"), text(&parts.headers, "accept-encoding"), subject)
}

fn subject(parts: &Parts) -> Subject {
    let parsed = super::path::parse(&super::query::unescape(parts.uri.path(), false));
    let reads = parts.method == Method::GET;
    match &parsed.target {
        Target::Resource { name, .. } if name.is_empty() && reads => {
            let watch = super::query::parse(parts.uri.query().unwrap_or_default()).is_ok_and(|(_, watch)| watch);
            if watch || parsed.watch { Subject::Watch } else { Subject::List }
        }
        Target::Resource { .. } if parsed.watch && reads => Subject::Watch,
        Target::Resource { subresource, .. } => match subresource.as_str() {
            // What stands behind a connection, or a log, is what it is.
            "proxy" | "exec" | "attach" | "portforward" | "log" => Subject::Other,
            _ => Subject::Object,
        },
        Target::Path(path) => match path.trim_matches('/').split('/').next() {
            Some("api" | "apis") => Subject::Discovery,
            Some("version" | ".well-known") => Subject::Version,
            Some("openid") => Subject::Keys,
            _ => Subject::Other,
        },
    }
}

/// Longest duration of a request that is not a watch or a connection, and what is taken if it says none.
const TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// How long the request may take: what its `timeout` says, within limits; `None` for watches and connections, which
/// last as long as they are wanted.
///
/// # Errors
/// 400 for a malformed `timeout`.
pub fn request_timeout(parts: &Parts) -> Result<Option<Duration>, Status> {
    let parsed = super::path::parse(&super::query::unescape(parts.uri.path(), false));
    let (params, watch) = super::query::parse(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let long_running = match &parsed.target {
        Target::Resource { subresource, .. } => {
            watch || parsed.watch || matches!(subresource.as_str(), "proxy" | "exec" | "attach" | "portforward" | "log")
        }
        Target::Path(_) => false,
    };
    let asked = params.other("timeout").unwrap_or_default();
    if long_running || asked.is_empty() {
        return Ok((!long_running).then_some(TIMEOUT_MAX));
    }
    let asked: GoDuration = asked
        .parse()
        .map_err(|why| Status::bad_request(format!("invalid timeout specified in the request URL - {why}")))?;
    let asked = u64::try_from(asked.nanos()).map(Duration::from_nanos).unwrap_or_default();
    Ok(Some(if asked.is_zero() || asked > TIMEOUT_MAX { TIMEOUT_MAX } else { asked }))
}

/// Turns an HTTP request into a plain one. Who asks comes from the headers; a client certificate is for the
/// caller to put in.
///
/// # Errors
/// 400 for a malformed query, 405 for an unknown method, 415 for an unknown patch type.
pub fn decode_request(parts: &Parts, body: Bytes) -> Result<Request, Status> {
    let parsed = super::path::parse(&super::query::unescape(parts.uri.path(), false));
    let (params, watch) = super::query::parse(parts.uri.query().unwrap_or_default())?;
    let (named, connects, is_path) = match &parsed.target {
        Target::Resource { name, subresource, .. } => (!name.is_empty(), subresource == "proxy", false),
        Target::Path(_) => (false, false, true),
    };
    // Whoever names an object reads it, unless by one of the old paths.
    let watch = watch && !named || parsed.watch;
    let verb = match parts.method {
        Method::HEAD if is_path => Verb::Head,
        Method::OPTIONS if is_path => Verb::Options,
        Method::GET | Method::HEAD if is_path => Verb::Get,
        Method::GET if watch => Verb::Watch,
        Method::GET if named => Verb::Get,
        Method::HEAD if connects => Verb::Get,
        Method::GET => Verb::List,
        Method::POST => Verb::Create,
        Method::PUT => Verb::Update,
        Method::PATCH => Verb::Patch,
        Method::DELETE if named || is_path => Verb::Delete,
        Method::DELETE => Verb::DeleteCollection,
        _ if is_path => Verb::Unknown,
        _ => {
            let why = "the server does not allow this method on the requested resource";
            let mut status = Status::failure(405, "MethodNotAllowed", why);
            status.details = Some(Box::default());
            return Err(status);
        }
    };
    let content_type = text(&parts.headers, "content-type");
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let body = match verb {
        _ if is_path => Body::Empty,
        Verb::Patch => Body::Patch(Patch { kind: patch_kind(media_type)?, text: body }),
        _ if body.is_empty() && verb != Verb::Update && verb != Verb::Create => Body::Empty,
        _ => Body::Encoded { media_type: media_type.to_owned(), bytes: body },
    };
    let mut request = Request::new(verb, parsed.target).with_params(params).with_body(body);
    request.caller = caller(&parts.headers);
    request.impersonate = impersonated(&parts.headers);
    request.user_agent = text(&parts.headers, "user-agent").to_owned();
    request.upgrade = upgrade(&parts.headers);
    Ok(request)
}

fn patch_kind(media_type: &str) -> Result<PatchKind, Status> {
    match media_type {
        "application/json-patch+json" => Ok(PatchKind::Json),
        "application/merge-patch+json" => Ok(PatchKind::Merge),
        "application/strategic-merge-patch+json" => Ok(PatchKind::Strategic),
        "application/apply-patch+yaml" => Ok(PatchKind::Apply),
        _ => Err(Status::unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, \
             application/strategic-merge-patch+json",
        )),
    }
}

fn caller(headers: &HeaderMap) -> Caller {
    let authorization = text(headers, "authorization").trim();
    let bearer = authorization.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if let Some((_, token)) = bearer {
        return Caller::Token(token.trim().into());
    }
    // A browser's websocket can send no header, so the token may come as a protocol.
    let protocols = headers.get_all("sec-websocket-protocol").iter().filter_map(|value| value.to_str().ok());
    for protocol in protocols.flat_map(|list| list.split(',')) {
        if let Some(encoded) = protocol.trim().strip_prefix("base64url.bearer.authorization.k8s.io.") {
            use base64::Engine as _;
            let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('='));
            if let Some(token) = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                return Caller::Token(token.into());
            }
        }
    }
    Caller::Anonymous
}

fn impersonated(headers: &HeaderMap) -> Option<Identity> {
    let user = text(headers, "impersonate-user");
    let groups: Vec<String> = headers
        .get_all("impersonate-group")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::to_owned)
        .collect();
    let uid = text(headers, "impersonate-uid");
    let mut identity = Identity { user: user.to_owned(), uid: uid.to_owned(), groups, ..Identity::default() };
    for (name, value) in headers {
        if let (Some(key), Ok(value)) = (name.as_str().strip_prefix("impersonate-extra-"), value.to_str()) {
            identity.extra.entry(super::query::unescape(key, false)).or_default().push(value.to_owned());
        }
    }
    let given = !user.is_empty() || !uid.is_empty() || !identity.groups.is_empty() || !identity.extra.is_empty();
    given.then_some(identity)
}

fn upgrade(headers: &HeaderMap) -> Option<UpgradeRequest> {
    let connection = text(headers, "connection").to_ascii_lowercase();
    if !connection.split(',').any(|token| token.trim() == "upgrade") || text(headers, "upgrade").is_empty() {
        return None;
    }
    let belongs = |name: &str| {
        name == "upgrade"
            || name == "connection"
            || name.starts_with("sec-websocket-")
            || name == "x-stream-protocol-version"
    };
    let headers = headers
        .iter()
        .filter(|(name, _)| belongs(name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        // The token is for us alone.
        .map(|(name, value)| {
            let kept =
                value.split(',').map(str::trim).filter(|p| !p.starts_with("base64url.bearer.authorization.k8s.io."));
            let value =
                if name == "sec-websocket-protocol" { kept.collect::<Vec<_>>().join(", ") } else { value.clone() };
            (name, value)
        })
        .collect();
    Some(UpgradeRequest { headers })
}

/// Path and query of a request, as they stand in its URL.
pub fn request_uri(request: &Request) -> String {
    let query = super::query::format(&request.params, request.verb == Verb::Watch);
    let path = super::path::format(&request.target);
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

/// Turns a plain request into HTTP, with a path relative to `base`. Objects are sent in `format`.
///
/// # Errors
/// If the request cannot be expressed, such as an identity that a host vouches for.
pub fn encode_request(base: &str, request: &Request, format: Format) -> Result<http::Request<Bytes>, Status> {
    let uri = format!("{}{}", base.trim_end_matches('/'), request_uri(request));
    let method = match request.verb {
        Verb::Get | Verb::List | Verb::Watch => Method::GET,
        Verb::Head => Method::HEAD,
        Verb::Options => Method::OPTIONS,
        Verb::Unknown => return Err(Status::bad_request("a request without a known verb cannot be sent")),
        Verb::Create => Method::POST,
        Verb::Update => Method::PUT,
        Verb::Patch => Method::PATCH,
        Verb::Delete | Verb::DeleteCollection => Method::DELETE,
    };
    let mut builder = http::Request::builder().method(method).uri(uri).header(header::ACCEPT, accepted(format));
    if !request.user_agent.is_empty() {
        builder = builder.header(header::USER_AGENT, &request.user_agent);
    }
    match &request.caller {
        Caller::Token(token) => {
            let mut value =
                http::HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Status::unauthorized())?;
            value.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, value);
        }
        Caller::Identity(identity) => {
            return Err(Status::bad_request(format!(
                "a connection speaks with its own credentials; to act as {:?}, impersonate",
                identity.user
            )));
        }
        Caller::Anonymous | Caller::Certificate(_) => {}
    }
    if let Some(identity) = &request.impersonate {
        for (name, value) in [("Impersonate-User", &identity.user), ("Impersonate-Uid", &identity.uid)] {
            if !value.is_empty() {
                builder = builder.header(name, value);
            }
        }
        for group in &identity.groups {
            builder = builder.header("Impersonate-Group", group);
        }
        for (key, values) in &identity.extra {
            for value in values {
                builder = builder.header(format!("Impersonate-Extra-{}", super::query::escape(key)), value);
            }
        }
    }
    for (name, value) in request.upgrade.iter().flat_map(|upgrade| &upgrade.headers) {
        builder = builder.header(name, value);
    }
    let (media_type, bytes) = encode_body(&request.body, format);
    if !media_type.is_empty() {
        builder = builder.header(header::CONTENT_TYPE, media_type);
    }
    builder.body(bytes).map_err(|error| Status::bad_request(format!("the request cannot be sent over HTTP: {error}")))
}

fn accepted(format: Format) -> String {
    match format {
        Format::Protobuf => format!("{PROTOBUF}, {JSON}"),
        _ => JSON.to_owned(),
    }
}

fn encode_body(body: &Body, format: Format) -> (&str, Bytes) {
    match body {
        Body::Empty => ("", Bytes::new()),
        Body::Object(object) => encode_object(object, format),
        Body::Encoded { media_type, bytes } => (media_type, bytes.clone()),
        Body::Patch(patch) => (patch.kind.media_type(), patch.text.clone()),
        Body::Delete(options) => {
            let mut text = Vec::new();
            pintle_object_model::json::write_kind(&mut text, "v1", "DeleteOptions", &**options);
            (JSON, text.into())
        }
    }
}

fn encode_object(object: &Object, format: Format) -> (&'static str, Bytes) {
    // Custom resources have no protobuf form.
    match (format, object.typed()) {
        (Format::Protobuf, Some(_)) => (PROTOBUF, object.encode(Format::Protobuf)),
        _ => (JSON, object.encode(Format::Json)),
    }
}
