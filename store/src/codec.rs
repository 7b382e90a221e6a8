//! The codecs that this crate brings: bytes as they are, and API objects as Kubernetes stores them.
//!
//! In: values. Out: the bytes under their keys. Invariants: the bytes hold no resource version, since the revision is
//! the store's to tell; what was read and is put back unchanged is the same content. Source: Kubernetes API concepts,
//! "Kubernetes Protobuf encoding"; the storage paths and versions of Kubernetes 1.36.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use pintle_object_model::api::meta::v1::ObjectMeta;
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::protobuf::{self, Envelope};
use pintle_object_model::{AnyResource, Format, GroupVersionKind, Object, Scheme};

use crate::{Codec, Key};

/// Bytes as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct BytesCodec;

impl Codec<Bytes> for BytesCodec {
    fn encode(&self, _key: &Key, value: &Bytes) -> Result<Bytes, String> {
        Ok(value.clone())
    }
    fn decode(&self, _key: &Key, bytes: &Bytes) -> Result<Bytes, String> {
        // A copy of its own, so that one small value does not hold on to the answer that it came in.
        Ok(Bytes::copy_from_slice(bytes))
    }
}

/// API objects as kube-apiserver stores them: built-in kinds as protobuf in its `k8s\0` envelope, definitions of
/// custom resources, API services and custom resources themselves as JSON.
///
/// Reading takes either form for every kind, and any version that the scheme can convert to the one that is stored.
/// An enveloped object of a kind that the scheme does not know (`RangeAllocation`, say) is read as a dynamic object
/// of kind `Unknown` without a version that has its metadata; putting it back writes the bytes that were read.
#[derive(Clone, Debug)]
pub struct ObjectCodec {
    scheme: Scheme,
}

/// Kind of what the scheme does not know. It has no version, which no object that a client sends can have.
const UNKNOWN: &str = "Unknown";
/// Groups without a dot that are Kubernetes' own.
const SHORT_GROUPS: [&str; 6] = ["", "apps", "autoscaling", "batch", "extensions", "policy"];
/// Groups of servers that kube-apiserver brings along and that store JSON.
const JSON_GROUPS: [&str; 2] = ["apiextensions.k8s.io", "apiregistration.k8s.io"];

impl ObjectCodec {
    /// A codec for the kinds of a scheme.
    pub fn new(scheme: Scheme) -> Self {
        Self { scheme }
    }

    fn read_protobuf(&self, bytes: &Bytes) -> Result<Object, String> {
        let envelope = protobuf::decode_envelope(bytes).map_err(|error| error.to_string())?;
        if envelope.content_type == "application/json" {
            return self.read_json(envelope.raw);
        }
        let gvk = GroupVersionKind::parse(&envelope.api_version, &envelope.kind);
        if self.scheme.kind(&gvk).is_none() {
            return Ok(unknown(&envelope, bytes));
        }
        let decoded = self.scheme.decode_protobuf(&gvk, envelope.raw).map_err(|error| error.to_string())?;
        self.stored(decoded)
    }

    fn read_json(&self, text: &[u8]) -> Result<Object, String> {
        let invalid = |error: serde_json::Error| format!("neither protobuf nor JSON: {error}");
        let tree: serde_json::Value = serde_json::from_slice(text).map_err(invalid)?;
        let member = |name| tree.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
        let (Some(version), Some(kind)) = (member("apiVersion"), member("kind")) else {
            return Err("the JSON names no apiVersion and kind".into());
        };
        let gvk = GroupVersionKind::parse(version, kind);
        if self.scheme.kind(&gvk).is_none() {
            return Object::from_value(Arc::new(gvk), &tree).map_err(|error| error.to_string());
        }
        let decoded =
            self.scheme.decode_json(&gvk, text, &DecodeOptions::default()).map_err(|error| error.to_string())?;
        self.stored(decoded.object)
    }

    fn stored(&self, object: Box<dyn AnyResource>) -> Result<Object, String> {
        self.scheme.to_hub(object).map(Object::from_box).map_err(|error| error.to_string())
    }
}

impl Codec<Object> for ObjectCodec {
    fn encode(&self, _key: &Key, object: &Object) -> Result<Bytes, String> {
        if let Some(bytes) = unknown_bytes(object) {
            return Ok(bytes);
        }
        let mut object = object.clone();
        if !object.metadata().resource_version.is_empty() {
            object.edit_metadata(|metadata| metadata.resource_version.clear());
        }
        let format = match object.typed() {
            Some(typed) if has_protobuf(typed) => Format::Protobuf,
            _ => Format::Json,
        };
        Ok(object.encode(format))
    }

    fn decode(&self, _key: &Key, bytes: &Bytes) -> Result<Object, String> {
        if bytes.starts_with(protobuf::MAGIC) { self.read_protobuf(bytes) } else { self.read_json(bytes) }
    }
}

/// Does Kubernetes store this kind as protobuf? A host's own typed kinds have no field numbers to write it with.
fn has_protobuf(typed: &dyn AnyResource) -> bool {
    let group = typed.info().group;
    let is_kubernetes = SHORT_GROUPS.contains(&group) || group.ends_with(".k8s.io") && !JSON_GROUPS.contains(&group);
    is_kubernetes && typed.as_struct().schema().fields.iter().all(|field| field.tag != 0)
}

fn unknown(envelope: &Envelope<'_>, bytes: &Bytes) -> Object {
    let mut metadata = ObjectMeta::default();
    // Every Kubernetes object has its metadata as field 1; what else it may be does not matter here.
    if let Ok(Some(body)) = protobuf::last_bytes_field(envelope.raw, 1)
        && protobuf::decode(body, &mut metadata).is_err()
    {
        metadata = ObjectMeta::default();
    }
    let type_meta = serde_json::json!({ "apiVersion": envelope.api_version, "kind": envelope.kind });
    let members = format!("\"typeMeta\":{type_meta},\"raw\":\"{}\"", BASE64.encode(bytes));
    Object::dynamic(Arc::new(GroupVersionKind::new("", "", UNKNOWN)), metadata, members.into())
}

/// The bytes from which an [`unknown`] object was read.
fn unknown_bytes(object: &Object) -> Option<Bytes> {
    if object.typed().is_some() {
        return None;
    }
    let gvk = object.gvk();
    if gvk.kind != UNKNOWN || !gvk.version.is_empty() {
        return None;
    }
    let tree = object.to_value();
    BASE64.decode(tree.get("raw")?.as_str()?).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::core::v1::{ConfigMap, Pod};
    use serde_json::json;

    use super::*;

    fn codec() -> ObjectCodec {
        ObjectCodec::new(Scheme::builtin())
    }

    fn key() -> Key {
        Key::new("/registry/x")
    }

    fn config_map() -> Object {
        let mut map = ConfigMap::default();
        map.metadata.name = "m".into();
        map.data.insert("k".into(), "v".into());
        Object::new(map)
    }

    #[test]
    fn builtin_kinds_are_stored_as_protobuf_without_their_version() {
        let mut object = config_map();
        let plain = codec().encode(&key(), &object).unwrap();
        object.stamp(77);
        let bytes = codec().encode(&key(), &object).unwrap();
        assert!(bytes.starts_with(b"k8s\0"));
        assert_eq!(bytes, plain, "the version leaves no trace");
        assert_eq!(object.metadata().resource_version, "77", "encoding changes nothing");
        let back = codec().decode(&key(), &bytes).unwrap();
        assert_eq!(back, config_map());
    }

    #[test]
    fn custom_resources_are_stored_as_json() {
        let gvk = Arc::new(GroupVersionKind::new("example.com", "v1", "Widget"));
        let tree = json!({"metadata": {"name": "w", "resourceVersion": "5"}, "spec": {"size": 3}});
        let widget = Object::from_value(gvk, &tree).unwrap();
        let bytes = codec().encode(&key(), &widget).unwrap();
        let stored: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(stored["apiVersion"], "example.com/v1");
        assert_eq!(stored["metadata"].get("resourceVersion"), None);
        let back = codec().decode(&key(), &bytes).unwrap();
        assert_eq!((back.gvk(), &back.to_value()["spec"]["size"]), (widget.gvk(), &json!(3)));
    }

    #[test]
    fn every_stored_builtin_kind_has_a_protobuf_form_unless_kubernetes_stores_json() {
        let scheme = Scheme::builtin();
        for entry in scheme.kinds().filter(|entry| entry.is_hub() && !JSON_GROUPS.contains(&entry.info().group)) {
            assert!(has_protobuf(&*entry.create()), "{:?}", entry.info().gvk());
        }
    }

    #[test]
    fn builtin_kinds_are_read_from_json_and_from_older_versions_too() {
        let json = br#"{"apiVersion":"extensions/v1beta1","kind":"Deployment","metadata":{"name":"d"}}"#;
        let object = codec().decode(&key(), &Bytes::from_static(json)).unwrap();
        assert_eq!(object.gvk(), GroupVersionKind::new("apps", "v1", "Deployment"));
        assert_eq!(object.metadata().name, "d");
        let pod = br#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}"#;
        assert!(codec().decode(&key(), &Bytes::from_static(pod)).unwrap().downcast::<Pod>().is_some());
    }

    #[test]
    fn kinds_that_nobody_knows_survive_a_round_trip() {
        let bytes = codec().encode(&key(), &config_map()).unwrap();
        let empty = ObjectCodec::new(Scheme::empty());
        let mut object = empty.decode(&key(), &bytes).unwrap();
        assert_eq!(object.metadata().name, "m");
        object.stamp(9);
        assert_eq!(empty.encode(&key(), &object).unwrap(), bytes);
    }

    #[test]
    fn damage_is_told() {
        for (bytes, why) in [
            (&b"\x00\x01"[..], "neither protobuf nor JSON"),
            (b"{}", "names no apiVersion"),
            (b"k8s\0\xff\xff", ""),
            (b"", "neither protobuf nor JSON"),
        ] {
            let error = codec().decode(&key(), &Bytes::from_static(bytes)).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
