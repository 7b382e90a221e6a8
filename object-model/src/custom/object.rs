//! A custom resource while it is being written.
//!
//! In: text, or the compact form in which [`Object`] keeps it. Out: the same as an [`AnyResource`], so that writing
//! custom resources goes the way of all kinds. Invariant: the metadata is not among the members.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::kind::CustomKind;
use super::{check, defaults, prune, tree};
use crate::api::meta::v1::ObjectMeta;
use crate::json::{self, DecodeError, DecodeOptions, StrictIssue};
use crate::reflect::{Field, Mut, Ref, StaticSchema, Struct};
use crate::schema::{FieldSchema, ListType, StructRef, StructSchema, Type};
use crate::validation::{FieldErrors, Path};
use crate::{AnyResource, KindInfo, Object};

/// A custom resource with its fields at hand.
#[derive(Clone, Debug)]
pub struct CustomObject {
    kind: Arc<CustomKind>,
    metadata: ObjectMeta,
    members: Map<String, Value>,
}

impl CustomObject {
    pub(super) fn empty(kind: Arc<CustomKind>) -> Self {
        Self { kind, metadata: ObjectMeta::default(), members: Map::new() }
    }

    /// Decodes the JSON text of a custom resource. Members that the schema does not know are left out, and among the
    /// issues.
    ///
    /// # Errors
    /// Bad syntax, or metadata that is none.
    pub fn decode(
        kind: &Arc<CustomKind>,
        text: &[u8],
        options: &DecodeOptions,
    ) -> Result<(Self, Vec<StrictIssue>), DecodeError> {
        let (tree, mut issues) = tree::read_tree(text)?;
        let mut object = Self::from_tree(kind, tree, &mut issues)?;
        object.prune(&mut issues);
        if !options.strict {
            issues.clear();
        }
        Ok((object, issues))
    }

    fn from_tree(kind: &Arc<CustomKind>, tree: Value, issues: &mut Vec<StrictIssue>) -> Result<Self, DecodeError> {
        let Value::Object(mut members) = tree else {
            return Err(DecodeError::new("a custom resource is an object"));
        };
        let mut object = Self::empty(Arc::clone(kind));
        if let Some(metadata) = members.remove("metadata") {
            object.metadata = decode_metadata(&metadata, "metadata", issues)?;
        }
        members.remove("apiVersion");
        members.remove("kind");
        embedded_metadata(&mut members, &kind.schema, "", issues)?;
        object.members = members;
        Ok(object)
    }

    /// A stored custom resource, of whatever version it was stored at, as one of `kind`.
    ///
    /// # Errors
    /// If the stored bytes are damaged.
    pub fn from_object(kind: &Arc<CustomKind>, object: &Object) -> Result<Self, DecodeError> {
        let mut opened = Self::empty(Arc::clone(kind));
        opened.metadata = object.metadata().clone();
        if let Some(members) = object.members() {
            let mut text = Vec::with_capacity(members.len() + 2);
            text.push(b'{');
            text.extend_from_slice(members);
            text.push(b'}');
            let (tree, _) = tree::read_tree(&text)?;
            if let Value::Object(members) = tree {
                opened.members = members;
            }
        }
        if object.gvk() != *kind.gvk {
            opened.prune(&mut vec![]);
        }
        // Reading fills in what the stored version gives; other versions show what conversion makes of that.
        if kind.info.version == kind.hub.version {
            defaults::fill_members(&mut opened.members, &kind.schema);
        }
        Ok(opened)
    }

    fn prune(&mut self, issues: &mut Vec<StrictIssue>) {
        if self.kind.keeps_unknown {
            return;
        }
        let mut removed = vec![];
        prune::prune_members(&mut self.members, &self.kind.schema, &mut removed);
        issues.extend(removed.into_iter().map(|path| StrictIssue::Unknown { path }));
    }

    /// The same object at another version of its definition.
    #[must_use]
    pub fn at(mut self, kind: &Arc<CustomKind>) -> Self {
        if !Arc::ptr_eq(&self.kind, kind) {
            self.kind = Arc::clone(kind);
            self.prune(&mut vec![]);
        }
        self
    }

    /// The kind and version.
    pub fn kind(&self) -> &Arc<CustomKind> {
        &self.kind
    }

    /// The members other than `apiVersion`, `kind` and `metadata`.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The members other than `apiVersion`, `kind` and `metadata`, to write.
    pub fn members_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.members
    }

    /// The object as a tree, without managed fields.
    pub fn to_tree(&self) -> Value {
        let mut members = self.members.clone();
        let mut metadata = self.metadata.clone();
        metadata.managed_fields.clear();
        let mut text = vec![];
        json::encode(&metadata, &mut text);
        members.insert("metadata".into(), serde_json::from_slice(&text).unwrap_or_default());
        Value::Object(members)
    }

    /// The compact form.
    pub fn into_object(self) -> Object {
        let mut members = vec![];
        tree::write_members(&self.members, &mut members);
        Object::dynamic(Arc::clone(&self.kind.gvk), self.metadata, Bytes::from(members))
    }

    /// The object as a tree as validation sees it: with `apiVersion` and `kind`.
    pub fn whole(&self) -> Value {
        let mut tree = self.to_tree();
        if let Value::Object(members) = &mut tree {
            members.insert("apiVersion".into(), self.kind.info.api_version().into());
            members.insert("kind".into(), self.kind.info.kind.into());
        }
        tree
    }
}

fn decode_metadata(value: &Value, path: &str, issues: &mut Vec<StrictIssue>) -> Result<ObjectMeta, DecodeError> {
    let mut text = vec![];
    tree::write_tree(value, &mut text);
    let mut metadata = ObjectMeta::default();
    let found = json::decode(&text, &mut metadata, &DecodeOptions { strict: true })?;
    issues.extend(found.into_iter().map(|issue| match issue {
        StrictIssue::Unknown { path: below } => StrictIssue::Unknown { path: format!("{path}.{below}") },
        StrictIssue::Duplicate { path: below } => StrictIssue::Duplicate { path: format!("{path}.{below}") },
    }));
    Ok(metadata)
}

/// Brings the metadata of embedded resources into form.
fn embedded_metadata(
    members: &mut Map<String, Value>,
    schema: &super::Structural,
    path: &str,
    issues: &mut Vec<StrictIssue>,
) -> Result<(), DecodeError> {
    for (name, value) in members.iter_mut() {
        let Some(below) = schema.member(name) else { continue };
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        embedded_in(value, below, &path, issues)?;
    }
    Ok(())
}

fn embedded_in(
    value: &mut Value,
    schema: &super::Structural,
    path: &str,
    issues: &mut Vec<StrictIssue>,
) -> Result<(), DecodeError> {
    match value {
        Value::Object(members) => {
            if schema.embedded
                && let Some(metadata) = members.get_mut("metadata")
            {
                let at = format!("{path}.metadata");
                let decoded = decode_metadata(metadata, &at, issues).map_err(|error| {
                    DecodeError::new(format!("{at}: Invalid value: {}: {error}", check::shown(metadata)))
                })?;
                let mut text = vec![];
                json::encode(&decoded, &mut text);
                *metadata = serde_json::from_slice(&text).unwrap_or_default();
            }
            embedded_metadata(members, schema, path, issues)
        }
        Value::Array(elements) => {
            let Some(items) = &schema.items else { return Ok(()) };
            for (index, element) in elements.iter_mut().enumerate() {
                embedded_in(element, items, &format!("{path}[{index}]"), issues)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Code that walks the fields of Rust types sees the metadata; everything else is in the tree.
impl Struct for CustomObject {
    fn schema(&self) -> &'static StructSchema {
        static FIELDS: [FieldSchema; 1] = [FieldSchema {
            name: std::borrow::Cow::Borrowed("metadata"),
            doc: std::borrow::Cow::Borrowed("Standard object metadata."),
            tag: 0,
            within: 0,
            ty: Type::Struct(StructRef::Static(ObjectMeta::static_schema)),
            pointer: false,
            always: true,
            value: false,
            required: false,
            atomic: false,
            list: ListType::Unset,
            keys: std::borrow::Cow::Borrowed(&[]),
            patch: std::borrow::Cow::Borrowed(""),
            merge_key: std::borrow::Cow::Borrowed(""),
            default: "",
            checks: None,
        }];
        static SCHEMA: StructSchema = StructSchema::fixed("CustomObject", module_path!(), "", false, &FIELDS);
        &SCHEMA
    }
    fn field(&self, _index: usize) -> &dyn Field {
        &self.metadata
    }
    fn field_mut(&mut self, _index: usize) -> &mut dyn Field {
        &mut self.metadata
    }
}

impl Field for CustomObject {
    fn get(&self) -> Ref<'_> {
        Ref::Struct(self)
    }
    fn get_mut(&mut self) -> Mut<'_> {
        Mut::Struct(self)
    }
    fn clear(&mut self) {
        self.metadata = ObjectMeta::default();
        self.members.clear();
    }
    fn assign(&mut self, from: &dyn Field) {
        if let Some(from) = (from as &dyn Any).downcast_ref::<Self>() {
            self.clone_from(from);
        }
    }
    fn same(&self, other: &dyn Field) -> bool {
        (other as &dyn Any)
            .downcast_ref::<Self>()
            .is_some_and(|other| self.metadata == other.metadata && self.members == other.members)
    }
}

impl AnyResource for CustomObject {
    fn info(&self) -> &'static KindInfo {
        self.kind.info
    }
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
    fn clone_box(&self) -> Box<dyn AnyResource> {
        Box::new(self.clone())
    }
    fn equals(&self, other: &dyn AnyResource) -> bool {
        self.same(other.as_struct())
    }
    fn set_defaults(&mut self) {
        defaults::fill_members(&mut self.members, &self.kind.schema);
    }
    fn validate(&self) -> FieldErrors {
        check::check(&self.whole(), None, &self.kind.schema)
    }
    fn validate_update(&self, old: &dyn AnyResource) -> FieldErrors {
        let old = old.as_any().downcast_ref::<Self>().map(Self::whole);
        check::check(&self.whole(), old.as_ref(), &self.kind.schema)
    }
    fn validate_status_update(&self, old: &dyn AnyResource) -> FieldErrors {
        let old = old.as_any().downcast_ref::<Self>().and_then(|old| old.members.get("status"));
        match (self.members.get("status"), self.kind.schema.properties.get("status")) {
            (Some(status), Some(schema)) => check::check(status, old, schema).below(&Path::new("status")),
            _ => FieldErrors::default(),
        }
    }
    fn warnings(&self) -> Vec<String> {
        vec![]
    }
    fn stands_alone(&self) -> bool {
        false
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
    fn into_any_arc(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
    fn as_struct(&self) -> &dyn Struct {
        self
    }
    fn as_struct_mut(&mut self) -> &mut dyn Struct {
        self
    }
}
