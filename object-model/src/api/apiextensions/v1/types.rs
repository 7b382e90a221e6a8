//! Types of API group `apiextensions`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A custom resource definition.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "apiextensions.k8s.io",
    version = "v1",
    plural = "customresourcedefinitions",
    scope = "Cluster",
    short = "crd,crds",
    categories = "api-extensions",
    subresources = "status",
    rules
)]
pub struct CustomResourceDefinition {
    /// Standard object metadata.
    #[field(always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(always, required)]
    pub spec: CustomResourceDefinitionSpec,
    /// What was last seen; written by the system.
    #[field(always)]
    pub status: CustomResourceDefinitionStatus,
}

/// A custom resource column definition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceColumnDefinition {
    /// Description.
    pub description: String,
    /// Format.
    pub format: String,
    /// Json path.
    #[field(always, required)]
    pub json_path: String,
    /// Name.
    #[field(always, required)]
    pub name: String,
    /// Priority.
    pub priority: i32,
    /// Type.
    #[field(always, required)]
    pub type_: String,
}

/// A custom resource conversion.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceConversion {
    /// Strategy.
    #[field(always, required)]
    pub strategy: String,
    /// Webhook.
    pub webhook: Option<Box<WebhookConversion>>,
}

/// A custom resource definition condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionCondition {
    /// Last transition time.
    #[field(value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Message.
    pub message: String,
    /// Observed generation.
    pub observed_generation: i64,
    /// Reason.
    pub reason: String,
    /// Status.
    #[field(always, required)]
    pub status: String,
    /// Type.
    #[field(always, required)]
    pub type_: String,
}

/// A custom resource definition names.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionNames {
    /// Categories.
    #[field(list = "atomic")]
    pub categories: Vec<String>,
    /// Kind of the object.
    #[field(always, required)]
    pub kind: String,
    /// List kind.
    pub list_kind: String,
    /// Plural.
    #[field(always, required)]
    pub plural: String,
    /// Short names.
    #[field(list = "atomic")]
    pub short_names: Vec<String>,
    /// Singular.
    pub singular: String,
}

/// A custom resource definition spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionSpec {
    /// Conversion.
    pub conversion: Option<Box<CustomResourceConversion>>,
    /// Group.
    #[field(always, required)]
    pub group: String,
    /// Names.
    #[field(always, required)]
    pub names: CustomResourceDefinitionNames,
    /// Preserve unknown fields.
    pub preserve_unknown_fields: bool,
    /// Scope.
    #[field(always, required)]
    pub scope: String,
    /// Versions.
    #[field(always, required, list = "atomic")]
    pub versions: Vec<CustomResourceDefinitionVersion>,
}

/// A custom resource definition status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionStatus {
    /// Accepted names.
    #[field(always)]
    pub accepted_names: CustomResourceDefinitionNames,
    /// Conditions.
    #[field(always, list = "map", keys = "type")]
    pub conditions: Vec<CustomResourceDefinitionCondition>,
    /// Observed generation.
    pub observed_generation: i64,
    /// Stored versions.
    #[field(always, list = "atomic")]
    pub stored_versions: Vec<String>,
}

/// A custom resource definition version.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionVersion {
    /// Additional printer columns.
    #[field(list = "atomic")]
    pub additional_printer_columns: Vec<CustomResourceColumnDefinition>,
    /// Deprecated.
    pub deprecated: bool,
    /// Deprecation warning.
    pub deprecation_warning: Option<String>,
    /// Name.
    #[field(always, required)]
    pub name: String,
    /// Schema.
    pub schema: Option<Box<CustomResourceValidation>>,
    /// Selectable fields.
    #[field(list = "atomic")]
    pub selectable_fields: Vec<SelectableField>,
    /// Served.
    #[field(always, required)]
    pub served: bool,
    /// Storage.
    #[field(always, required)]
    pub storage: bool,
    /// Subresources.
    pub subresources: Option<Box<CustomResourceSubresources>>,
}

/// A custom resource subresource scale.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceSubresourceScale {
    /// Label selector path.
    pub label_selector_path: Option<String>,
    /// Spec replicas path.
    #[field(always, required)]
    pub spec_replicas_path: String,
    /// Status replicas path.
    #[field(always, required)]
    pub status_replicas_path: String,
}

/// A custom resource subresources.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceSubresources {
    /// Scale.
    pub scale: Option<Box<CustomResourceSubresourceScale>>,
    /// Status.
    pub status: crate::Json,
}

/// A custom resource validation.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceValidation {
    /// Open APIV3 schema.
    #[field(name = "openAPIV3Schema")]
    pub open_apiv3_schema: Option<Box<JSONSchemaProps>>,
}

/// An external documentation.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExternalDocumentation {
    /// Description.
    pub description: String,
    /// Url.
    pub url: String,
}

/// A json schema props.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JSONSchemaProps {
    /// $ref.
    #[field(name = "$ref")]
    pub ref_: String,
    /// $schema.
    #[field(name = "$schema")]
    pub schema: String,
    /// Additional items.
    pub additional_items: crate::Json,
    /// Additional properties.
    pub additional_properties: crate::Json,
    /// All of.
    #[field(list = "atomic")]
    pub all_of: Vec<JSONSchemaProps>,
    /// Any of.
    #[field(list = "atomic")]
    pub any_of: Vec<JSONSchemaProps>,
    /// Default.
    pub default: Option<crate::Json>,
    /// Definitions.
    pub definitions: BTreeMap<String, JSONSchemaProps>,
    /// Dependencies.
    pub dependencies: BTreeMap<String, crate::Json>,
    /// Description.
    pub description: String,
    /// Enum.
    #[field(list = "atomic")]
    pub enum_: Vec<crate::Json>,
    /// Example.
    pub example: Option<crate::Json>,
    /// Exclusive maximum.
    pub exclusive_maximum: bool,
    /// Exclusive minimum.
    pub exclusive_minimum: bool,
    /// External docs.
    pub external_docs: Option<Box<ExternalDocumentation>>,
    /// Format.
    pub format: String,
    /// Id.
    pub id: String,
    /// Items.
    pub items: crate::Json,
    /// Max items.
    pub max_items: Option<i64>,
    /// Max length.
    pub max_length: Option<i64>,
    /// Max properties.
    pub max_properties: Option<i64>,
    /// Maximum.
    pub maximum: Option<f64>,
    /// Min items.
    pub min_items: Option<i64>,
    /// Min length.
    pub min_length: Option<i64>,
    /// Min properties.
    pub min_properties: Option<i64>,
    /// Minimum.
    pub minimum: Option<f64>,
    /// Multiple of.
    pub multiple_of: Option<f64>,
    /// Not.
    pub not: Option<Box<JSONSchemaProps>>,
    /// Nullable.
    pub nullable: bool,
    /// One of.
    #[field(list = "atomic")]
    pub one_of: Vec<JSONSchemaProps>,
    /// Pattern.
    pub pattern: String,
    /// Pattern properties.
    pub pattern_properties: BTreeMap<String, JSONSchemaProps>,
    /// Properties.
    pub properties: BTreeMap<String, JSONSchemaProps>,
    /// Required.
    #[field(list = "atomic")]
    pub required: Vec<String>,
    /// Title.
    pub title: String,
    /// Type.
    pub type_: String,
    /// Unique items.
    pub unique_items: bool,
    /// X-kubernetes-embedded-resource.
    #[field(name = "x-kubernetes-embedded-resource")]
    pub x_kubernetes_embedded_resource: bool,
    /// X-kubernetes-int-or-string.
    #[field(name = "x-kubernetes-int-or-string")]
    pub x_kubernetes_int_or_string: bool,
    /// X-kubernetes-list-map-keys.
    #[field(name = "x-kubernetes-list-map-keys", list = "atomic")]
    pub x_kubernetes_list_map_keys: Vec<String>,
    /// X-kubernetes-list-type.
    #[field(name = "x-kubernetes-list-type")]
    pub x_kubernetes_list_type: Option<String>,
    /// X-kubernetes-map-type.
    #[field(name = "x-kubernetes-map-type")]
    pub x_kubernetes_map_type: Option<String>,
    /// X-kubernetes-preserve-unknown-fields.
    #[field(name = "x-kubernetes-preserve-unknown-fields")]
    pub x_kubernetes_preserve_unknown_fields: Option<bool>,
    /// X-kubernetes-validations.
    #[field(name = "x-kubernetes-validations", list = "map", keys = "rule", patch = "merge", merge_key = "rule")]
    pub x_kubernetes_validations: Vec<ValidationRule>,
}

/// A selectable field.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SelectableField {
    /// Json path.
    #[field(always, required)]
    pub json_path: String,
}

/// A service reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceReference {
    /// Name.
    #[field(always, required)]
    pub name: String,
    /// Namespace.
    #[field(always, required)]
    pub namespace: String,
    /// Path.
    pub path: Option<String>,
    /// Port.
    pub port: Option<i32>,
}

/// A validation rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidationRule {
    /// Field path.
    pub field_path: String,
    /// Message.
    pub message: String,
    /// Message expression.
    pub message_expression: String,
    /// Optional old self.
    pub optional_old_self: Option<bool>,
    /// Reason.
    pub reason: Option<String>,
    /// Rule.
    #[field(always, required)]
    pub rule: String,
}

/// A webhook client config.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WebhookClientConfig {
    /// Ca bundle.
    pub ca_bundle: crate::ByteString,
    /// Service.
    pub service: Option<Box<ServiceReference>>,
    /// Url.
    pub url: Option<String>,
}

/// A webhook conversion.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WebhookConversion {
    /// Client config.
    pub client_config: Option<Box<WebhookClientConfig>>,
    /// Conversion review versions.
    #[field(always, required, list = "atomic")]
    pub conversion_review_versions: Vec<String>,
}
