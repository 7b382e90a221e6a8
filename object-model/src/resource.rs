//! What makes a struct a kind: its names, its metadata, its rules.
//!
//! In: `#[derive(Resource)]`. Out: the [`Resource`] trait for typed code and the object-safe
//! [`AnyResource`] for code that handles every kind alike. Elsewhere: which kinds a server knows
//! (`scheme`), immutable shared objects (`object`).

use std::any::Any;
use std::sync::Arc;

use crate::api::meta::v1::ObjectMeta;
use crate::reflect::{StaticSchema, Struct};
use crate::validation::FieldErrors;

/// A column of the tables that `kubectl get` prints, beside the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrinterColumn {
    /// Heading.
    pub name: &'static str,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub kind: &'static str,
    /// OpenAPI format; mostly empty.
    pub format: &'static str,
    /// Where the value stands, such as `.spec.size`.
    pub path: &'static str,
    /// 0 is always shown; others only with `-o wide`.
    pub priority: i32,
    /// What the column shows.
    pub description: &'static str,
}

/// Where the scale of a kind stands: paths of member names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleInfo {
    /// Replicas wanted, below `.spec`.
    pub spec: &'static str,
    /// Replicas there, below `.status`.
    pub status: &'static str,
    /// The selector as text; empty for none.
    pub selector: &'static str,
}

/// The fixed facts about a kind.
#[derive(Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// API version.
    pub version: &'static str,
    /// Kind, in CamelCase.
    pub kind: &'static str,
    /// Resource name in URLs.
    pub plural: &'static str,
    /// Singular resource name.
    pub singular: &'static str,
    /// Lives in a namespace.
    pub namespaced: bool,
    /// Abbreviations such as `po`.
    pub short_names: &'static [&'static str],
    /// Groups of resources such as `all`.
    pub categories: &'static [&'static str],
    /// Subresources the kind has beyond itself (`status`, `scale`, ...).
    pub subresources: &'static [&'static str],
    /// Columns of tables; empty where the columns are known to the program or are the usual ones.
    pub columns: &'static [PrinterColumn],
    /// Where the scale stands, if the `scale` subresource is not that of a built-in workload.
    pub scale: Option<ScaleInfo>,
    /// What the kind is.
    pub doc: &'static str,
}

impl KindInfo {
    /// `apiVersion` as it stands in a manifest: `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        api_version(self.group, self.version)
    }

    /// Group, version and kind as a value.
    pub fn gvk(&self) -> crate::GroupVersionKind {
        crate::GroupVersionKind::new(self.group, self.version, self.kind)
    }

    /// Group, version and resource as a value.
    pub fn gvr(&self) -> crate::GroupVersionResource {
        crate::GroupVersionResource::new(self.group, self.version, self.plural)
    }

    /// Has it this subresource?
    pub fn has(&self, subresource: &str) -> bool {
        self.subresources.contains(&subresource)
    }
}

pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// Defaults and validation of a kind: pure functions of the object.
pub trait Rules: Sized {
    /// Fills in what the author left out, as the API server does on every read of a body.
    fn set_defaults(&mut self) {}
    /// Everything that is wrong with a new object. Metadata is checked by the caller for all kinds alike.
    fn validate(&self) -> FieldErrors {
        FieldErrors::default()
    }
    /// Everything that is wrong with changing `old` into this, including the checks of [`validate`](Self::validate).
    fn validate_update(&self, old: &Self) -> FieldErrors {
        let _ = old;
        self.validate()
    }
    /// Everything that is wrong with writing this to the `status` subresource.
    fn validate_status_update(&self, old: &Self) -> FieldErrors {
        let _ = old;
        FieldErrors::default()
    }
    /// What its author should know about a valid object. Asked for new objects, and when what is wanted has changed.
    fn warnings(&self) -> Vec<String> {
        vec![]
    }
    /// Do the rules of this version take the place of those of the stored version?
    fn stands_alone(&self) -> bool {
        false
    }
}

/// A kind with metadata. Implemented by `#[derive(Resource)]`.
pub trait Resource:
    Struct + StaticSchema + Rules + Clone + Default + PartialEq + serde::Serialize + serde::de::DeserializeOwned
{
    /// Names and scope.
    const INFO: &'static KindInfo;
    /// Standard metadata.
    fn metadata(&self) -> &ObjectMeta;
    /// Standard metadata, to write.
    fn metadata_mut(&mut self) -> &mut ObjectMeta;
}

/// Any [`Resource`] behind a pointer.
pub trait AnyResource: Struct {
    /// Names and scope.
    fn info(&self) -> &'static KindInfo;
    /// Standard metadata.
    fn metadata(&self) -> &ObjectMeta;
    /// Standard metadata, to write.
    fn metadata_mut(&mut self) -> &mut ObjectMeta;
    /// A copy on the heap.
    fn clone_box(&self) -> Box<dyn AnyResource>;
    /// Equal to another object of the same type?
    fn equals(&self, other: &dyn AnyResource) -> bool;
    /// See [`Rules::set_defaults`].
    fn set_defaults(&mut self);
    /// See [`Rules::validate`].
    fn validate(&self) -> FieldErrors;
    /// See [`Rules::validate_update`]; `old` must be of the same type.
    fn validate_update(&self, old: &dyn AnyResource) -> FieldErrors;
    /// See [`Rules::validate_status_update`]; `old` must be of the same type.
    fn validate_status_update(&self, old: &dyn AnyResource) -> FieldErrors;
    /// See [`Rules::warnings`].
    fn warnings(&self) -> Vec<String>;
    /// See [`Rules::stands_alone`].
    fn stands_alone(&self) -> bool;
    /// For downcasts.
    fn as_any(&self) -> &dyn Any;
    /// For downcasts, to write.
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// For downcasts of shared objects.
    fn into_any_arc(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    /// The struct view, to walk its fields.
    fn as_struct(&self) -> &dyn Struct;
    /// The struct view, to write.
    fn as_struct_mut(&mut self) -> &mut dyn Struct;
}

impl<K: Resource> AnyResource for K {
    fn info(&self) -> &'static KindInfo {
        K::INFO
    }
    fn metadata(&self) -> &ObjectMeta {
        Resource::metadata(self)
    }
    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        Resource::metadata_mut(self)
    }
    fn clone_box(&self) -> Box<dyn AnyResource> {
        Box::new(self.clone())
    }
    fn equals(&self, other: &dyn AnyResource) -> bool {
        other.as_any().downcast_ref::<K>().is_some_and(|other| self == other)
    }
    fn set_defaults(&mut self) {
        Rules::set_defaults(self);
    }
    fn validate(&self) -> FieldErrors {
        Rules::validate(self)
    }
    fn validate_update(&self, old: &dyn AnyResource) -> FieldErrors {
        match old.as_any().downcast_ref::<K>() {
            Some(old) => Rules::validate_update(self, old),
            None => Rules::validate(self),
        }
    }
    fn validate_status_update(&self, old: &dyn AnyResource) -> FieldErrors {
        match old.as_any().downcast_ref::<K>() {
            Some(old) => Rules::validate_status_update(self, old),
            None => Rules::validate(self),
        }
    }
    fn warnings(&self) -> Vec<String> {
        Rules::warnings(self)
    }
    fn stands_alone(&self) -> bool {
        Rules::stands_alone(self)
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

/// A struct as JSON text with its fields in their order: for error messages, not for hot paths.
pub(crate) fn json_text(value: &dyn Struct) -> String {
    let mut text = Vec::new();
    crate::json::encode(value, &mut text);
    String::from_utf8(text).expect("our own encoder writes valid UTF-8")
}

/// A struct as a JSON tree: for error messages and tests, not for hot paths.
pub(crate) fn json_value(value: &dyn Struct) -> serde_json::Value {
    serde_json::from_str(&json_text(value)).expect("our own encoder writes valid JSON")
}
