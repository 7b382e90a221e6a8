//! One version of a definition, ready to be served.
//!
//! In: a CustomResourceDefinition. Out: a [`CustomKind`] for each served version and the stored one. Invariant: all
//! versions of a definition name the same hub, the one that is stored.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use super::columns::CustomColumn;
use super::info::{Names, intern};
use super::path::FieldPath;
use super::structural::Structural;
use super::{CustomObject, table};
use crate::api::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion, CustomResourceSubresourceScale, WebhookConversion,
};
use crate::schema::StructSchema;
use crate::{AnyResource, GroupVersionKind, KindInfo};

/// Why the versions of a definition cannot be served.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DefinitionError {
    /// No version is marked as the one that is stored.
    #[error("the definition {name} has no stored version")]
    NoStoredVersion {
        /// Name of the definition.
        name: String,
    },
    /// A path is not understood.
    #[error("the definition {name} has an unusable path: {why}")]
    Path {
        /// Name of the definition.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Where the scale of an object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// Replicas wanted.
    pub wanted: FieldPath,
    /// The same as the definition writes it.
    pub wanted_text: String,
    /// Replicas there.
    pub there: FieldPath,
    /// The selector as text.
    pub selector: Option<FieldPath>,
}

/// A kind at one version of a definition.
#[derive(Debug)]
pub struct CustomKind {
    pub(super) info: &'static KindInfo,
    pub(super) gvk: Arc<GroupVersionKind>,
    pub(super) hub: GroupVersionKind,
    pub(super) list_kind: String,
    pub(super) schema: Structural,
    pub(super) table: StructSchema,
    pub(super) keeps_unknown: bool,
    pub(super) has_defaults: bool,
    columns: Arc<[CustomColumn]>,
    scale: Option<ScalePaths>,
    selectable: Vec<(String, FieldPath)>,
    deprecation: Option<String>,
    served: bool,
    terminating: bool,
    conversion: Option<Box<WebhookConversion>>,
    attached: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl CustomKind {
    /// Names and scope.
    pub fn info(&self) -> &'static KindInfo {
        self.info
    }
    /// The version that is stored.
    pub fn hub(&self) -> &GroupVersionKind {
        &self.hub
    }
    /// Kind of lists of it.
    pub fn list_kind(&self) -> &str {
        &self.list_kind
    }
    /// What is said about its fields.
    pub fn schema(&self) -> &Structural {
        &self.schema
    }
    /// The same as a table, for patches and server-side apply.
    pub fn table(&self) -> &StructSchema {
        &self.table
    }
    /// The columns that are printed beside the name.
    pub fn columns(&self) -> &Arc<[CustomColumn]> {
        &self.columns
    }
    /// Where its scale stands, if it has one.
    pub fn scale(&self) -> Option<&ScalePaths> {
        self.scale.as_ref()
    }
    /// The fields by which it can be selected, without the first dot.
    pub fn selectable(&self) -> impl Iterator<Item = &str> {
        self.selectable.iter().map(|(text, _)| text.as_str())
    }
    /// What users of this version are warned of.
    pub fn deprecation(&self) -> Option<&str> {
        self.deprecation.as_deref()
    }
    /// Is the version offered to clients?
    pub fn is_served(&self) -> bool {
        self.served
    }
    /// What a server makes of the schema once for each state of the definition, such as compiled rules.
    ///
    /// # Panics
    /// If it is asked for as another type than before.
    pub fn attached<T: Any + Send + Sync>(&self, make: impl FnOnce(&Structural) -> T) -> Arc<T> {
        let attached = self.attached.get_or_init(|| Arc::new(make(&self.schema)));
        Arc::clone(attached).downcast().expect("one type is attached to a kind")
    }
    /// The webhook that converts between versions; without one they differ in their names only.
    pub fn conversion(&self) -> Option<&WebhookConversion> {
        self.conversion.as_deref()
    }
    /// Is the definition being deleted?
    pub fn is_terminating(&self) -> bool {
        self.terminating
    }
    /// Does reading an object mean to fill in defaults?
    pub fn has_defaults(&self) -> bool {
        self.has_defaults
    }
    /// An object with nothing in it.
    pub fn create(self: &Arc<Self>) -> Box<dyn AnyResource> {
        Box::new(CustomObject::empty(Arc::clone(self)))
    }
}

/// The versions of a definition that are served or stored.
///
/// # Errors
/// If no version is stored.
pub fn definition_kinds(definition: &CustomResourceDefinition) -> Result<Vec<Arc<CustomKind>>, DefinitionError> {
    let spec = &definition.spec;
    let name = || definition.metadata.name.clone();
    let kind = &spec.names.kind;
    let stored = spec.versions.iter().find(|version| version.storage);
    let stored = stored.ok_or_else(|| DefinitionError::NoStoredVersion { name: name() })?;
    let hub = GroupVersionKind::new(spec.group.as_str(), stored.name.as_str(), kind.as_str());
    let wanted = spec.versions.iter().filter(|version| version.served || version.storage);
    wanted
        .map(|version| {
            one(definition, version, hub.clone())
                .map(Arc::new)
                .map_err(|why| DefinitionError::Path { name: name(), why })
        })
        .collect()
}

fn one(
    definition: &CustomResourceDefinition,
    version: &CustomResourceDefinitionVersion,
    hub: GroupVersionKind,
) -> Result<CustomKind, String> {
    let spec = &definition.spec;
    let names = &definition.status.accepted_names;
    let subresources = version.subresources.as_deref();
    let status = subresources.is_some_and(|subresources| !subresources.status.text().is_empty());
    let scale = subresources.and_then(|subresources| subresources.scale.as_deref());
    let mut known = vec![];
    if scale.is_some() {
        known.push("scale");
    }
    if status {
        known.push("status");
    }
    let info = intern(Names {
        group: spec.group.clone(),
        version: version.name.clone(),
        kind: spec.names.kind.clone(),
        plural: spec.names.plural.clone(),
        singular: names.singular.clone(),
        namespaced: spec.scope == "Namespaced",
        short_names: names.short_names.clone(),
        categories: names.categories.clone(),
        subresources: known,
    });
    let schema = version.schema.as_deref().and_then(|schema| schema.open_apiv3_schema.as_deref());
    let schema = schema.map_or_else(Structural::default, Structural::new);
    let deprecation = version.deprecated.then(|| {
        version
            .deprecation_warning
            .clone()
            .unwrap_or_else(|| format!("{}/{} {} is deprecated", spec.group, version.name, spec.names.kind))
    });
    Ok(CustomKind {
        info,
        gvk: Arc::new(info.gvk()),
        hub,
        list_kind: if names.list_kind.is_empty() { format!("{}List", info.kind) } else { names.list_kind.clone() },
        table: table::of(info, &schema),
        keeps_unknown: spec.preserve_unknown_fields,
        has_defaults: schema.has_defaults(),
        schema,
        columns: super::columns::of(version)?,
        scale: scale.map(scale_paths).transpose()?,
        selectable: version
            .selectable_fields
            .iter()
            .map(|field| Ok((field.json_path.trim_start_matches('.').to_owned(), FieldPath::parse(&field.json_path)?)))
            .collect::<Result<_, String>>()?,
        deprecation,
        served: version.served,
        terminating: definition.metadata.deletion_timestamp.is_some(),
        conversion: spec
            .conversion
            .as_deref()
            .filter(|conversion| conversion.strategy == "Webhook")
            .map(|conversion| conversion.webhook.clone().unwrap_or_default()),
        attached: OnceLock::new(),
    })
}

fn scale_paths(scale: &CustomResourceSubresourceScale) -> Result<ScalePaths, String> {
    let selector = scale.label_selector_path.as_deref().unwrap_or_default();
    ScalePaths::parse(&scale.spec_replicas_path, &scale.status_replicas_path, selector)
}

impl ScalePaths {
    /// From their texts; the selector is empty for none.
    ///
    /// # Errors
    /// What is not understood of a path.
    pub fn parse(wanted: &str, there: &str, selector: &str) -> Result<Self, String> {
        Ok(Self {
            wanted: FieldPath::parse(wanted)?,
            wanted_text: wanted.to_owned(),
            there: FieldPath::parse(there)?,
            selector: (!selector.is_empty()).then(|| FieldPath::parse(selector)).transpose()?,
        })
    }
}
