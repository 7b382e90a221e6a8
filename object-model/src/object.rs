//! Immutable, shared API objects, encoded at most once per format.
//!
//! In: typed kinds (`Arc<Pod>`) or custom resources (JSON bytes plus parsed metadata). Out: cheap
//! clones whose encodings every response, watcher and store write share. Invariant: after
//! [`Object::stamp`] nothing about an object changes. Elsewhere: decoding (`scheme`), text formats
//! (`json`, `protobuf`).

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::api::meta::v1::ObjectMeta;
use crate::custom::CustomObject;
use crate::{AnyResource, GroupVersionKind, Resource, json, protobuf};

/// An encoding of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// `application/json`
    Json,
    /// `application/vnd.kubernetes.protobuf`, with the `k8s\0` envelope.
    Protobuf,
    /// `application/yaml`; not cached.
    Yaml,
}

/// An API object: a pointer to shared, immutable content.
#[derive(Clone)]
pub struct Object {
    inner: Arc<Inner>,
}

struct Inner {
    body: Body,
    json: OnceLock<Bytes>,
    protobuf: OnceLock<Bytes>,
}

#[derive(Clone)]
enum Body {
    Typed(Arc<dyn AnyResource>),
    Dynamic(Dynamic),
}

/// A custom resource: its JSON without the metadata, which is parsed.
#[derive(Clone)]
struct Dynamic {
    gvk: Arc<GroupVersionKind>,
    metadata: Box<ObjectMeta>,
    /// The members of the JSON object other than `apiVersion`, `kind` and `metadata`, as text
    /// (`"spec":{...},"status":{...}`), possibly empty.
    members: Bytes,
}

impl Object {
    /// An object of a Rust type.
    pub fn new<K: Resource>(kind: K) -> Self {
        Self::from_arc(Arc::new(kind))
    }

    /// An object of a Rust type that is already shared.
    pub fn from_arc(kind: Arc<dyn AnyResource>) -> Self {
        Self::from_body(Body::Typed(kind))
    }

    /// An object of a Rust type behind a box, as decoders make it.
    pub fn from_box(kind: Box<dyn AnyResource>) -> Self {
        // What has no Rust type of its own is kept in its compact form.
        match kind.as_any().downcast_ref::<CustomObject>() {
            Some(custom) => custom.clone().into_object(),
            None => Self::from_arc(Arc::from(kind)),
        }
    }

    /// A custom resource. `members` are the other members of its JSON object, as text without braces.
    pub fn dynamic(gvk: Arc<GroupVersionKind>, metadata: ObjectMeta, members: Bytes) -> Self {
        Self::from_body(Body::Dynamic(Dynamic { gvk, metadata: Box::new(metadata), members }))
    }

    /// A custom resource from a JSON tree; members `apiVersion` and `kind` are replaced by `gvk`.
    ///
    /// # Errors
    /// If `metadata` is not metadata, or the tree is no object.
    pub fn from_value(gvk: Arc<GroupVersionKind>, value: &serde_json::Value) -> Result<Self, json::DecodeError> {
        let (metadata, members) = json::split_members(value)?;
        Ok(Self::dynamic(gvk, metadata, members))
    }

    fn from_body(body: Body) -> Self {
        Self { inner: Arc::new(Inner { body, json: OnceLock::new(), protobuf: OnceLock::new() }) }
    }

    /// Standard metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        match &self.inner.body {
            Body::Typed(kind) => kind.metadata(),
            Body::Dynamic(dynamic) => &dynamic.metadata,
        }
    }

    /// Group, version and kind of this representation.
    pub fn gvk(&self) -> GroupVersionKind {
        match &self.inner.body {
            Body::Typed(kind) => kind.info().gvk(),
            Body::Dynamic(dynamic) => (*dynamic.gvk).clone(),
        }
    }

    /// The typed content, if this object has a Rust type.
    pub fn typed(&self) -> Option<&dyn AnyResource> {
        match &self.inner.body {
            Body::Typed(kind) => Some(&**kind),
            Body::Dynamic(_) => None,
        }
    }

    /// The text of the members other than `apiVersion`, `kind` and `metadata`, if this is a custom resource.
    pub fn members(&self) -> Option<&Bytes> {
        match &self.inner.body {
            Body::Typed(_) => None,
            Body::Dynamic(dynamic) => Some(&dynamic.members),
        }
    }

    /// The content as a Rust type, if it is one of `K`.
    pub fn downcast<K: Resource>(&self) -> Option<&K> {
        self.typed()?.as_any().downcast_ref()
    }

    /// The shared content as a Rust type, if it is one of `K`.
    pub fn downcast_arc<K: Resource>(&self) -> Option<Arc<K>> {
        match &self.inner.body {
            Body::Typed(kind) => Arc::clone(kind).into_any_arc().downcast().ok(),
            Body::Dynamic(_) => None,
        }
    }

    /// The encoding, made at the first request and shared from then on (YAML is made anew).
    pub fn encode(&self, format: Format) -> Bytes {
        match format {
            Format::Json => self.inner.json.get_or_init(|| self.write_json()).clone(),
            Format::Protobuf => self.inner.protobuf.get_or_init(|| self.write_protobuf()).clone(),
            Format::Yaml => crate::yaml::from_json(&self.encode(Format::Json)),
        }
    }

    /// The object as a JSON tree.
    pub fn to_value(&self) -> serde_json::Value {
        let text = self.encode(Format::Json);
        // Protobuf can be nested deeper than the library reads JSON.
        serde_json::from_slice(&text)
            .unwrap_or_else(|_| json::read_deep(&text).expect("our own encoder writes valid JSON"))
    }

    /// The value at a dotted JSON path (`spec.nodeName`, `status.podIPs[0]` is not supported) as text, as field
    /// selectors compare it; empty if it is absent or not a scalar.
    pub fn field_text(&self, path: &str) -> String {
        match &self.inner.body {
            Body::Typed(kind) => text_at(kind.as_struct(), path),
            Body::Dynamic(dynamic) => match path.strip_prefix("metadata.") {
                Some(rest) => text_at(&*dynamic.metadata, rest),
                None => {
                    let tree = self.to_value();
                    let found = path.split('.').try_fold(&tree, |node, part| node.get(part));
                    match found {
                        Some(serde_json::Value::String(text)) => text.clone(),
                        Some(value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_))) => value.to_string(),
                        _ => String::new(),
                    }
                }
            },
        }
    }

    /// Sets `metadata.resourceVersion`. The store calls it once, before anybody else sees the object;
    /// on an object that is already shared it copies first.
    pub fn stamp(&mut self, resource_version: u64) {
        let version = resource_version.to_string();
        self.edit_metadata(|metadata| metadata.resource_version = version);
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.share_text();
        }
    }

    /// Changes the metadata of this handle's object; copies first if it is shared.
    pub fn edit_metadata(&mut self, edit: impl FnOnce(&mut ObjectMeta)) {
        if Arc::get_mut(&mut self.inner).is_none() {
            *self = Self::from_body(self.inner.body.clone());
        }
        let inner = Arc::get_mut(&mut self.inner).expect("the handle was just made unique");
        inner.json.take();
        inner.protobuf.take();
        match &mut inner.body {
            Body::Typed(kind) => {
                if Arc::get_mut(kind).is_none() {
                    *kind = Arc::from(kind.clone_box());
                }
                edit(Arc::get_mut(kind).expect("the content was just made unique").metadata_mut());
            }
            Body::Dynamic(dynamic) => edit(&mut dynamic.metadata),
        }
    }

    fn write_json(&self) -> Bytes {
        let mut out = Vec::with_capacity(1024);
        match &self.inner.body {
            Body::Typed(kind) => {
                let info = kind.info();
                json::write_kind(&mut out, &info.api_version(), info.kind, kind.as_struct());
            }
            Body::Dynamic(dynamic) => {
                json::write_dynamic(&mut out, &dynamic.gvk, &dynamic.metadata, &dynamic.members);
            }
        }
        out.into()
    }

    fn write_protobuf(&self) -> Bytes {
        match &self.inner.body {
            Body::Typed(kind) => {
                let info = kind.info();
                protobuf::encode_kind(&info.api_version(), info.kind, kind.as_struct())
            }
            // Custom resources have no protobuf form; the envelope carries their JSON.
            Body::Dynamic(_) => self.encode(Format::Json),
        }
    }
}

impl Inner {
    /// Encodes a custom resource, whose members are from then on part of that text: it is kept once.
    fn share_text(&mut self) {
        let Body::Dynamic(dynamic) = &mut self.body else { return };
        let mut out = Vec::with_capacity(dynamic.members.len() + 512);
        json::write_dynamic(&mut out, &dynamic.gvk, &dynamic.metadata, &dynamic.members);
        out.shrink_to_fit();
        let text = Bytes::from(out);
        let end = text.len() - 1;
        dynamic.members = text.slice(end - dynamic.members.len()..end);
        self.json = OnceLock::from(text);
    }
}

/// Walks a dotted path through structs to a scalar.
fn text_at(root: &dyn crate::reflect::Struct, path: &str) -> String {
    use crate::reflect::Ref;
    let mut node = Ref::Struct(root);
    for part in path.split('.') {
        node = match node {
            Ref::Struct(value) => match value.schema().find(part) {
                Some((index, _)) => value.field(index).get(),
                None => return String::new(),
            },
            Ref::Map(value) => value.get(part).unwrap_or(Ref::Absent),
            _ => return String::new(),
        };
    }
    match node {
        Ref::Bool(value) => value.to_string(),
        Ref::I32(value) => value.to_string(),
        Ref::I64(value) => value.to_string(),
        Ref::Str(value) => value.to_owned(),
        _ => String::new(),
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metadata = self.metadata();
        f.debug_struct("Object")
            .field("gvk", &self.gvk())
            .field("namespace", &metadata.namespace)
            .field("name", &metadata.name)
            .field("resource_version", &metadata.resource_version)
            .finish()
    }
}

impl PartialEq for Object {
    /// Equal content, resource version included.
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.inner, &other.inner) {
            return true;
        }
        match (&self.inner.body, &other.inner.body) {
            (Body::Typed(a), Body::Typed(b)) => a.equals(&**b),
            (Body::Dynamic(a), Body::Dynamic(b)) => {
                a.gvk == b.gvk && a.metadata == b.metadata && a.members == b.members
            }
            _ => false,
        }
    }
}
