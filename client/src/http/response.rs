//! Answers: from plain data to HTTP; the way back is `decode`.
//!
//! Invariant: an object's encoding is made once and shared; a list is a copy of shared encodings into one body.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, StatusCode, header};
use pintle_object_model::api::meta::v1::{self as meta, ListMeta};
use pintle_object_model::clock::Clock;
use pintle_object_model::custom::{CustomColumn, CustomKind};
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::table::{self, TableForm};
use pintle_object_model::{Format, GroupVersionKind, MicroTime, Object, Status, json, protobuf, yaml};

use super::body::frames;
use super::pieces::Pieces;
use super::{Accept, As, JSON, ResponseBody};
use crate::{Content, Document, ObjectList, Response, WatchEvent};

/// Bodies at least this large are compressed for clients that take it.
const GZIP_FROM_BYTES: usize = 128 * 1024;

/// Turns an answer into HTTP.
pub fn encode_response(
    answer: Result<Response, Status>,
    accept: &Accept,
    table_options: &str,
    clock: &dyn Clock,
) -> http::Response<ResponseBody> {
    let response = match answer {
        Ok(response) => response,
        Err(status) => return encode_status(&status, accept),
    };
    let now = clock.utc();
    let (custom, columns) = (response.custom.as_deref(), response.columns.as_deref());
    let mut encoded = match response.content {
        Content::Object { code, object } => encode_object(code, &object, columns, accept, table_options, now),
        Content::List(list) => encode_list(&list, (custom, columns), accept, table_options, now),
        Content::Watch { gvk, events } => encode_watch(events, &gvk, response.columns, accept, table_options, now),
        Content::Status(status) => encode_status(&status, accept),
        Content::Document(document) => encode_document(document, accept),
        Content::Bytes(bytes) => http::Response::builder()
            .header(header::CONTENT_TYPE, bytes.content_type)
            .body(ResponseBody::stream(bytes.stream))
            .expect("byte streams carry a valid media type"),
        Content::Upgrade(_) => encode_status(&Status::internal("a switched protocol cannot be sent as a body"), accept),
    };
    for warning in &response.warnings {
        if let Ok(value) =
            HeaderValue::try_from(format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\"")))
        {
            encoded.headers_mut().append(header::WARNING, value);
        }
    }
    encoded
}

fn encode_document(document: Document, accept: &Accept) -> http::Response<ResponseBody> {
    let document = represented(document, accept);
    let mut builder = http::Response::builder().status(document.code);
    if !document.content_type.is_empty() {
        builder = builder.header(header::CONTENT_TYPE, document.content_type);
    }
    for (name, value) in &document.headers {
        builder = builder.header(name, value);
    }
    let (body, gzip) = compressed(document.body, accept);
    if gzip {
        builder = builder.header(header::CONTENT_ENCODING, "gzip");
    }
    builder.body(ResponseBody::whole(body)).expect("documents carry valid headers")
}

/// Discovery documents are kinds of their own, which have all representations.
fn represented(mut document: Document, accept: &Accept) -> Document {
    if accept.format == Format::Json || document.content_type != JSON {
        return document;
    }
    let Some((api_version, kind)) = json::type_meta(&document.body) else { return document };
    let mut value: Box<dyn pintle_object_model::reflect::Struct> = match kind.as_str() {
        "APIVersions" => Box::new(meta::APIVersions::default()),
        "APIGroupList" => Box::new(meta::APIGroupList::default()),
        "APIGroup" => Box::new(meta::APIGroup::default()),
        "APIResourceList" => Box::new(meta::APIResourceList::default()),
        _ => return document,
    };
    let api_version = if api_version.is_empty() { "v1".to_owned() } else { api_version };
    if accept.format == Format::Yaml {
        document.body = yaml::from_json(&document.body);
    } else if json::decode_kind(&document.body, &mut *value, &DecodeOptions::default()).is_ok() {
        document.body = protobuf::encode_kind(&api_version, &kind, &*value);
    }
    document.content_type = accept.media_type().to_owned();
    document
}

fn answer(code: u16, accept: &Accept, body: Bytes) -> http::Response<ResponseBody> {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (body, gzip) = compressed(body, accept);
    let mut response = http::Response::new(ResponseBody::whole(body));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(accept.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn compressed(body: Bytes, accept: &Accept) -> (Bytes, bool) {
    if !accept.gzip || body.len() < GZIP_FROM_BYTES {
        return (body, false);
    }
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::fast());
    // Writing into memory does not fail; if it did, the plain body would be right as well.
    match encoder.write_all(&body).and_then(|()| encoder.finish()) {
        Ok(packed) => (packed.into(), true),
        Err(_) => (body, false),
    }
}

/// Turns a refusal (or a success without an object) into HTTP.
pub fn encode_status(status: &Status, accept: &Accept) -> http::Response<ResponseBody> {
    let code = if status.code == 0 { 200 } else { u16::try_from(status.code).unwrap_or(500) };
    // Tables and the like are for objects; an error is always a Status.
    let body = match accept.format {
        Format::Protobuf => protobuf::encode_kind("v1", "Status", status),
        Format::Json => status_json(status),
        Format::Yaml => yaml::from_json(&status_json(status)),
    };
    let mut response = answer(code, accept, body);
    if let Some(seconds) =
        status.details.as_deref().map(|details| details.retry_after_seconds).filter(|seconds| *seconds > 0)
    {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn status_json(status: &Status) -> Bytes {
    let mut out = Vec::with_capacity(256);
    json::write_kind(&mut out, "v1", "Status", status);
    out.into()
}

fn encode_object(
    code: u16,
    object: &Object,
    columns: Option<&[CustomColumn]>,
    accept: &Accept,
    options: &str,
    now: MicroTime,
) -> http::Response<ResponseBody> {
    let body = match accept.as_ {
        As::Table => match form(accept, options, now) {
            Ok(form) => {
                let items = std::slice::from_ref(object);
                as_format(table::encode(&object.gvk(), &ListMeta::default(), items, form.with(columns)), accept)
            }
            Err(status) => return encode_status(&status, accept),
        },
        As::PartialMetadata => partial(object, accept),
        As::PartialMetadataList => return encode_status(&not_of_form(&object.gvk(), accept, false), accept),
        As::Objects | As::Discovery => object.encode(effective(accept, object)),
    };
    let mut response = answer(code, accept, body);
    if accept.format == Format::Protobuf && object.typed().is_none() && accept.as_ == As::Objects {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    }
    response
}

/// Custom resources have no protobuf form.
fn effective(accept: &Accept, object: &Object) -> Format {
    if accept.format == Format::Protobuf && object.typed().is_none() { Format::Json } else { accept.format }
}

fn as_format(text: Vec<u8>, accept: &Accept) -> Bytes {
    match accept.format {
        Format::Yaml => yaml::from_json(&text),
        Format::Json | Format::Protobuf => text.into(),
    }
}

fn encode_list(
    list: &ObjectList,
    (custom, columns): (Option<&CustomKind>, Option<&[CustomColumn]>),
    accept: &Accept,
    options: &str,
    now: MicroTime,
) -> http::Response<ResponseBody> {
    let kind = custom.map_or_else(|| format!("{}List", list.gvk.kind), |kind| kind.list_kind().to_owned());
    let body: Bytes = match (accept.as_, accept.format) {
        (As::Table, _) => match form(accept, options, now) {
            Ok(form) => as_format(table::encode(&list.gvk, &list.metadata, &list.items, form.with(columns)), accept),
            Err(status) => return encode_status(&status, accept),
        },
        (As::PartialMetadata, _) => return encode_status(&not_of_form(&list.gvk, accept, true), accept),
        (As::PartialMetadataList, _) => {
            let (version, kind) = (accept.meta_version(), "PartialObjectMetadataList");
            let one = Accept { format: json_unless_protobuf(accept.format), ..*accept };
            let items: Vec<Bytes> = list.items.iter().map(|object| partial(object, &one)).collect();
            match accept.format {
                Format::Protobuf => protobuf::encode_list(version, kind, &list.metadata, &items),
                _ => {
                    let form = json::ListForm::Builtin;
                    as_format(json::encode_list(version, kind, &list.metadata, &items, b"", form), accept)
                }
            }
        }
        (_, Format::Protobuf) if list.items.iter().all(|object| object.typed().is_some()) => {
            let items: Vec<Bytes> = list.items.iter().map(|object| object.encode(Format::Protobuf)).collect();
            protobuf::encode_list(&list.gvk.api_version(), &kind, &list.metadata, &items)
        }
        _ => {
            // Built-in kinds name themselves once, in the list; custom resources also in each item.
            let named = format!("{{\"kind\":\"{}\",\"apiVersion\":\"{}\",", list.gvk.kind, list.gvk.api_version());
            let plain = custom.is_none() && list.items.iter().all(|object| object.typed().is_some());
            let named = if plain { named.as_str() } else { "" };
            if plain && accept.format == Format::Json && list.items.len() >= super::pieces::FROM_ITEMS {
                let pieces = Pieces::new(list, named.as_bytes(), accept.gzip);
                let mut response = answer(200, &Accept { gzip: false, ..*accept }, Bytes::new());
                if accept.gzip {
                    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                }
                *response.body_mut() = ResponseBody::pieces(pieces);
                return response;
            }
            let items: Vec<Bytes> = list.items.iter().map(|object| object.encode(Format::Json)).collect();
            let version = list.gvk.api_version();
            let form = if custom.is_some() { json::ListForm::Custom } else { json::ListForm::Builtin };
            as_format(json::encode_list(&version, &kind, &list.metadata, &items, named.as_bytes(), form), accept)
        }
    };
    answer(200, accept, body)
}

fn json_unless_protobuf(format: Format) -> Format {
    if format == Format::Protobuf { format } else { Format::Json }
}

fn form<'a>(accept: &Accept, include_object: &'a str, now: MicroTime) -> Result<TableForm<'a>, Status> {
    if !matches!(include_object, "" | "None" | "Metadata" | "Object") {
        return Err(Status::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: {include_object:?}: must be \
             'Metadata', 'Object', 'None', or empty"
        )));
    }
    Ok(TableForm { include_object, meta_version: accept.meta_version(), now: now.to_time(), columns: None })
}

/// Metadata of one object was asked of a list, or the reverse.
fn not_of_form(gvk: &GroupVersionKind, accept: &Accept, is_list: bool) -> Status {
    let package = match gvk.group.as_str() {
        "" | "events.k8s.io" => "core",
        group => group.split('.').next().unwrap_or_default(),
    };
    let asked = if accept.as_ == As::PartialMetadata { "PartialObjectMetadata" } else { "PartialObjectMetadataList" };
    let (what, kind) = if is_list { ("a list", format!("{}List", gvk.kind)) } else { ("not a list", gvk.kind.clone()) };
    Status::failure(
        406,
        "NotAcceptable",
        format!("you requested {asked}, but the requested object is {what} (*{package}.{kind})"),
    )
}

/// `PartialObjectMetadata` of an object.
fn partial(object: &Object, accept: &Accept) -> Bytes {
    if accept.format == Format::Protobuf {
        let version = accept.meta_version();
        return protobuf::encode_metadata_only(version, "PartialObjectMetadata", object.metadata());
    }
    let mut out = Vec::new();
    table::partial_object(object.metadata(), accept.meta_version(), &mut out);
    as_format(out, accept)
}

/// An object of the watched kind that carries nothing but a resource version.
fn bookmark(gvk: &GroupVersionKind, resource_version: u64, initial_events_end: bool, format: Format) -> Bytes {
    let mut metadata = pintle_object_model::api::meta::v1::ObjectMeta {
        resource_version: resource_version.to_string(),
        ..Default::default()
    };
    if initial_events_end {
        metadata.annotations.insert("k8s.io/initial-events-end".into(), "true".into());
    }
    if format == Format::Protobuf {
        return protobuf::encode_metadata_only(&gvk.api_version(), &gvk.kind, &metadata);
    }
    let mut out = Vec::new();
    json::write_dynamic(&mut out, gvk, &metadata, b"");
    out.into()
}

fn encode_watch(
    events: crate::WatchStream,
    gvk: &GroupVersionKind,
    columns: Option<Arc<[CustomColumn]>>,
    accept: &Accept,
    options: &str,
    now: MicroTime,
) -> http::Response<ResponseBody> {
    if !frames(accept.format) {
        return encode_status(&super::accept::not_framed(), accept);
    }
    if accept.as_ == As::Table
        && let Err(status) = form(accept, options, now)
    {
        return encode_status(&status, accept);
    }
    let accept = *accept;
    let gvk = gvk.clone();
    let options = options.to_owned();
    let content_type = match accept.format {
        Format::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
        _ => JSON,
    };
    // Only the first table of a watch carries the columns.
    let first = std::sync::atomic::AtomicBool::new(true);
    let encode = move |event: &WatchEvent, out: &mut BytesMut| {
        let (kind, object): (&str, Bytes) = match event {
            WatchEvent::Added(object) => {
                ("ADDED", frame_object(object, columns.as_deref(), &accept, &options, now, &first))
            }
            WatchEvent::Modified(object) => {
                ("MODIFIED", frame_object(object, columns.as_deref(), &accept, &options, now, &first))
            }
            WatchEvent::Deleted(object) => {
                ("DELETED", frame_object(object, columns.as_deref(), &accept, &options, now, &first))
            }
            WatchEvent::Error(status) => (
                "ERROR",
                match accept.format {
                    Format::Protobuf => protobuf::encode_kind("v1", "Status", &**status),
                    _ => status_json(status),
                },
            ),
            WatchEvent::Bookmark { resource_version, initial_events_end } => {
                ("BOOKMARK", bookmark(&gvk, *resource_version, *initial_events_end, accept.format))
            }
        };
        frame(accept.format, kind, &object, out);
    };
    let response = http::Response::builder()
        .header(header::CONTENT_TYPE, content_type)
        .header(header::CACHE_CONTROL, "no-cache, private");
    response.body(ResponseBody::watch(events, Box::new(encode))).expect("the headers are fixed and valid")
}

fn frame_object(
    object: &Object,
    columns: Option<&[CustomColumn]>,
    accept: &Accept,
    options: &str,
    now: MicroTime,
    first: &std::sync::atomic::AtomicBool,
) -> Bytes {
    match accept.as_ {
        As::Table => {
            let header = first.swap(false, std::sync::atomic::Ordering::Relaxed);
            let form = TableForm {
                include_object: options,
                meta_version: accept.meta_version(),
                now: now.to_time(),
                columns: None,
            };
            table::encode_row(&object.gvk(), object, form.with(columns), header).into()
        }
        As::PartialMetadata | As::PartialMetadataList => partial(object, accept),
        As::Objects | As::Discovery => object.encode(effective(accept, object)),
    }
}

fn frame(format: Format, kind: &str, object: &[u8], out: &mut BytesMut) {
    match format {
        Format::Protobuf => protobuf::frame_watch_event(kind, object, out),
        _ => {
            out.extend_from_slice(b"{\"type\":\"");
            out.extend_from_slice(kind.as_bytes());
            out.extend_from_slice(b"\",\"object\":");
            out.extend_from_slice(object);
            out.extend_from_slice(b"}\n");
        }
    }
}
