//! Answers of a server: from JSON or protobuf to plain data.
//!
//! Invariant: what cannot be understood is a failure that says so, never an object with something missing.

use pintle_object_model::api::meta::v1::Status as StatusKind;
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::{Format, GroupVersionKind, Object, Scheme, Status, json, protobuf};

use super::{JSON, PROTOBUF};
use crate::{ObjectList, WatchEvent};

/// The encoding that a content type names.
pub(super) fn format_of(content_type: &str) -> Format {
    if content_type.starts_with(PROTOBUF) { Format::Protobuf } else { Format::Json }
}

/// Decodes the JSON of a list of this kind.
///
/// # Errors
/// If it is no such list.
pub fn decode_list(scheme: &Scheme, gvk: &GroupVersionKind, text: &[u8]) -> Result<ObjectList, Status> {
    let (metadata, items) = json::split_list(text).map_err(|error| undecodable(gvk, &error))?;
    let items = items.into_iter().map(|item| decode_one(scheme, gvk, item)).collect::<Result<_, _>>()?;
    Ok(ObjectList { gvk: gvk.clone(), metadata, items })
}

/// Decodes a list in protobuf.
pub(super) fn decode_list_message(scheme: &Scheme, gvk: &GroupVersionKind, bytes: &[u8]) -> Result<ObjectList, Status> {
    let failed = |error| undecodable(gvk, &error);
    let envelope = protobuf::decode_envelope(bytes).map_err(failed)?;
    let (metadata, bodies) = protobuf::split_list(envelope.raw).map_err(failed)?;
    let items = bodies.into_iter().map(|body| decode_body(scheme, gvk, body)).collect::<Result<_, _>>()?;
    Ok(ObjectList { gvk: gvk.clone(), metadata, items })
}

/// Decodes an object in its protobuf envelope; `expected` is the kind if the envelope does not say.
pub(super) fn decode_message(scheme: &Scheme, expected: &GroupVersionKind, bytes: &[u8]) -> Result<Object, Status> {
    let envelope = protobuf::decode_envelope(bytes).map_err(|error| undecodable(expected, &error))?;
    if envelope.kind.is_empty() {
        return decode_body(scheme, expected, envelope.raw);
    }
    decode_body(scheme, &GroupVersionKind::parse(&envelope.api_version, &envelope.kind), envelope.raw)
}

fn decode_body(scheme: &Scheme, gvk: &GroupVersionKind, body: &[u8]) -> Result<Object, Status> {
    scheme.decode_protobuf(gvk, body).map(Object::from_box).map_err(|error| undecodable(gvk, &error))
}

/// Decodes the JSON of an object; `expected` is the kind if the text does not say.
pub(super) fn decode_one(scheme: &Scheme, expected: &GroupVersionKind, text: &[u8]) -> Result<Object, Status> {
    let gvk = json::type_meta(text)
        .filter(|(_, kind)| !kind.is_empty())
        .map_or_else(|| expected.clone(), |(api_version, kind)| GroupVersionKind::parse(&api_version, &kind));
    if scheme.kind(&gvk).is_some() {
        let decoded =
            scheme.decode_json(&gvk, text, &DecodeOptions::default()).map_err(|error| undecodable(&gvk, &error))?;
        return Ok(Object::from_box(decoded.object));
    }
    let tree = serde_json::from_slice(text).map_err(|error| undecodable(&gvk, &error))?;
    Object::from_value(std::sync::Arc::new(gvk.clone()), &tree).map_err(|error| undecodable(&gvk, &error))
}

fn undecodable(gvk: &GroupVersionKind, error: &dyn std::fmt::Display) -> Status {
    Status::internal(format!("decoding the server's {}: {error}", gvk.kind))
}

/// Decodes a refusal; one that is no Status becomes one.
pub(super) fn decode_failure(code: u16, content_type: &str, body: &[u8]) -> Status {
    let mut status = StatusKind::default();
    let understood = if content_type.starts_with(PROTOBUF) {
        protobuf::decode_envelope(body).is_ok_and(|envelope| protobuf::decode(envelope.raw, &mut status).is_ok())
    } else {
        json::decode_kind(body, &mut status, &DecodeOptions::default()).is_ok()
    };
    if understood && !status.status.is_empty() {
        return status;
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(2048)]).trim().to_owned();
    let reason = match code {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "Unknown",
    };
    Status::failure(i32::from(code), reason, text)
}

/// Decodes one event of a watch: a line of JSON, or a message of protobuf.
pub(super) fn decode_event(scheme: &Scheme, expected: &GroupVersionKind, format: Format, frame: &[u8]) -> WatchEvent {
    let decoded = match format {
        Format::Protobuf => protobuf_event(scheme, expected, frame),
        _ => json::split_watch_event(frame)
            .map_err(|error| undecodable(expected, &error))
            .and_then(|(kind, object)| event(&kind, object, JSON, || decode_one(scheme, expected, object))),
    };
    decoded.unwrap_or_else(|status| WatchEvent::Error(Box::new(status)))
}

fn protobuf_event(scheme: &Scheme, expected: &GroupVersionKind, frame: &[u8]) -> Result<WatchEvent, Status> {
    let field = |body, tag| protobuf::last_bytes_field(body, tag).map_err(|error| undecodable(expected, &error));
    let kind = String::from_utf8_lossy(field(frame, 1)?.unwrap_or_default()).into_owned();
    let object = field(field(frame, 2)?.unwrap_or_default(), 1)?.unwrap_or_default();
    event(&kind, object, PROTOBUF, || decode_message(scheme, expected, object))
}

fn event(
    kind: &str,
    object: &[u8],
    media_type: &str,
    decode: impl FnOnce() -> Result<Object, Status>,
) -> Result<WatchEvent, Status> {
    Ok(match kind {
        "ADDED" => WatchEvent::Added(decode()?),
        "MODIFIED" => WatchEvent::Modified(decode()?),
        "DELETED" => WatchEvent::Deleted(decode()?),
        "BOOKMARK" => {
            let object = decode()?;
            let metadata = object.metadata();
            let end = metadata.annotations.get("k8s.io/initial-events-end").is_some_and(|value| value == "true");
            let resource_version = metadata.resource_version.parse().unwrap_or(0);
            WatchEvent::Bookmark { resource_version, initial_events_end: end }
        }
        "ERROR" => WatchEvent::Error(Box::new(decode_failure(500, media_type, object))),
        other => {
            let why = format!("the server sent a watch event of type {other:?}");
            WatchEvent::Error(Box::new(Status::internal(why)))
        }
    })
}
