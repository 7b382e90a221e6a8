//! JSON, YAML and protobuf of whole objects, lists and watch events.

use std::sync::LazyLock;

use pintle_object_model::json::{self, DecodeOptions};
use pintle_object_model::{
    AnyResource, Format, GroupVersionKind, Object, Scheme, Status, protobuf as proto, yaml as yaml_text,
};
use serde_json::Value;

use crate::bounded;

/// The kinds of Kubernetes.
pub(crate) static SCHEME: LazyLock<Scheme> = LazyLock::new(Scheme::builtin);

/// The kind that a text names; a Pod if it names none that is known.
pub(crate) fn kind_of(names: Option<(String, String)>) -> GroupVersionKind {
    names
        .map(|(api_version, kind)| GroupVersionKind::parse(&api_version, &kind))
        .filter(|gvk| SCHEME.kind(gvk).is_some())
        .unwrap_or_else(|| GroupVersionKind::new("", "v1", "Pod"))
}

/// Decodes JSON leniently and strictly; both agree, and every encoding gives the object back.
pub(crate) fn json(data: &[u8]) {
    let gvk = kind_of(json::type_meta(data));
    let lenient = SCHEME.decode_json(&gvk, data, &DecodeOptions { strict: false });
    let strict = SCHEME.decode_json(&gvk, data, &DecodeOptions { strict: true });
    let valid = json::check_syntax(data).is_ok();
    match (lenient, strict) {
        (Ok(lenient), Ok(strict)) => {
            assert!(valid, "what is no JSON was decoded");
            assert!(lenient.object.equals(&*strict.object), "strict decoding changed the object");
            assert!(lenient.issues.is_empty(), "lenient decoding found issues");
            whole(data.len(), lenient.object);
        }
        (Err(_), Err(_)) => {}
        (lenient, _) => panic!("lenient decoding ended with {:?}, strict decoding did not", lenient.map(|_| ())),
    }
    status(data);
    tree(&gvk, data);
}

/// An object that was decoded: every encoding gives it back, and nothing that looks at it panics.
pub(crate) fn whole(input: usize, object: Box<dyn AnyResource>) {
    let gvk = object.info().gvk();
    let first = Object::from_box(object.clone_box());
    let text = first.encode(Format::Json);
    bounded(input, text.len());
    let again = SCHEME.decode_json(&gvk, &text, &DecodeOptions { strict: true });
    let again = again.unwrap_or_else(|error| panic!("our own JSON is not understood: {error}"));
    assert_eq!(again.issues, [], "our own JSON has issues");
    same(Format::Json, &text, again.object);

    let bytes = first.encode(Format::Protobuf);
    bounded(input, bytes.len());
    let envelope = proto::decode_envelope(&bytes).expect("our own envelope is understood");
    match SCHEME.decode_protobuf(&gvk, envelope.raw) {
        Ok(again) => same(Format::Protobuf, &bytes, again),
        Err(error) => panic!("our own protobuf is not understood: {error}"),
    }
    let mut defaulted = object;
    defaulted.set_defaults();
    let _ = defaulted.validate();
    let _ = defaulted.warnings();
    if let Ok(hub) = SCHEME.to_hub(defaulted) {
        let _ = SCHEME.from_hub(hub, &gvk);
    }
}

fn same(format: Format, before: &[u8], after: Box<dyn AnyResource>) {
    let after = Object::from_box(after).encode(format);
    assert!(
        before == &after[..],
        "{:?}\nbecame\n{:?}",
        String::from_utf8_lossy(before),
        String::from_utf8_lossy(&after)
    );
}

/// A `Status`, which is no kind of the scheme.
fn status(data: &[u8]) {
    let mut status = Status::default();
    if json::decode_kind(data, &mut status, &DecodeOptions { strict: true }).is_err() {
        return;
    }
    let mut text = vec![];
    json::encode(&status, &mut text);
    let mut again = Status::default();
    json::decode(&text, &mut again, &DecodeOptions::default()).expect("our own status is understood");
    assert_eq!(status, again);
}

/// The same text as an object without a Rust type.
fn tree(gvk: &GroupVersionKind, data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let Ok(object) = Object::from_value(gvk.clone().into(), &value) else { return };
    bounded(data.len(), object.encode(Format::Json).len());
    bounded(data.len(), object.encode(Format::Protobuf).len());
    let _ = (object.to_value(), object.field_text("metadata.name"), object.field_text("spec.a.b"));
}

/// Reads every document; what is written as YAML is read as the same tree.
pub(crate) fn yaml(data: &[u8]) {
    let _ = yaml_text::document_to_json(data);
    let _ = yaml_text::first_to_json(data);
    let Ok(documents) = yaml_text::to_json(data) else { return };
    for document in documents {
        let Ok(text) = serde_json::to_vec(&document) else { continue };
        // An alias may stand for much; the library's limit is on the whole.
        assert!(text.len() <= (16 << 20) + data.len() * 256, "{} bytes became {}", data.len(), text.len());
        if text.len() > 1 << 20 {
            continue;
        }
        let written = yaml_text::from_json(&text);
        let (again, twice) = yaml_text::document_to_json(&written)
            .unwrap_or_else(|error| panic!("our own YAML is not understood: {error}\n{written:?}"));
        assert_eq!(twice, None);
        assert_eq!(again, document, "{:?}", String::from_utf8_lossy(&written));
        let gvk = kind_of(json::type_meta(&text));
        if let Ok(decoded) = SCHEME.decode_json(&gvk, &text, &DecodeOptions { strict: true }) {
            whole(text.len(), decoded.object);
        }
    }
}

/// Decodes protobuf, in its envelope or without one.
pub(crate) fn protobuf(data: &[u8]) {
    let (gvk, body) = match proto::decode_envelope(data) {
        Ok(envelope) => (kind_of(Some((envelope.api_version, envelope.kind))), envelope.raw),
        Err(_) => (kind_of(None), data),
    };
    if let Ok(object) = SCHEME.decode_protobuf(&gvk, body) {
        whole(data.len(), object);
    }
    let mut status = Status::default();
    if proto::decode(body, &mut status).is_ok() {
        let mut bytes = vec![];
        proto::encode(&status, &mut bytes);
        let mut again = Status::default();
        proto::decode(&bytes, &mut again).expect("our own status is understood");
        assert_eq!(status, again);
    }
    if let Ok((_, items)) = proto::split_list(body) {
        bounded(body.len(), items.iter().map(|item| item.len()).sum());
    }
}

/// Takes lists and watch events apart, as clients do.
pub(crate) fn lists(data: &[u8]) {
    if let Ok((_, items)) = json::split_list(data) {
        bounded(data.len(), items.iter().map(|item| item.len()).sum());
        let named = items.first().and_then(|item| json::type_meta(item));
        let gvk = kind_of(named);
        let _ = pintle_client::http::decode_list(&SCHEME, &gvk, data);
    }
    if let Ok((_, object)) = json::split_watch_event(data) {
        assert!(object.len() <= data.len().max(4));
        let gvk = kind_of(json::type_meta(object));
        if let Ok(decoded) = SCHEME.decode_json(&gvk, object, &DecodeOptions::default()) {
            whole(object.len(), decoded.object);
        }
    }
    let _ = json::describe(data);
}
