//! Types of API group `apiextensions`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// CustomResourceDefinition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "apiextensions.k8s.io",
    version = "v1",
    plural = "customresourcedefinitions",
    scope = "Cluster",
    short = "crd,crds",
    categories = "api-extensions",
    subresources = "status"
)]
pub struct CustomResourceDefinition {
    /// Standard object metadata.
    #[field(always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(always, required)]
    pub spec: CustomResourceDefinitionSpec,
    /// What was last seen; written by the system.
    pub status: Option<Box<CustomResourceDefinitionStatus>>,
}

/// CustomResourceColumnDefinition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceColumnDefinition {
    /// See the API reference.
    pub description: String,
    /// See the API reference.
    pub format: String,
    /// See the API reference.
    #[field(always, required)]
    pub json_path: String,
    /// See the API reference.
    #[field(always, required)]
    pub name: String,
    /// See the API reference.
    pub priority: i32,
    /// See the API reference.
    #[field(always, required)]
    pub type_: String,
}

/// CustomResourceConversion as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceConversion {
    /// See the API reference.
    #[field(always, required)]
    pub strategy: String,
    /// See the API reference.
    pub webhook: Option<Box<WebhookConversion>>,
}

/// CustomResourceDefinitionCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionCondition {
    /// See the API reference.
    #[field(value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    pub message: String,
    /// See the API reference.
    pub observed_generation: i64,
    /// See the API reference.
    pub reason: String,
    /// See the API reference.
    #[field(always, required)]
    pub status: String,
    /// See the API reference.
    #[field(always, required)]
    pub type_: String,
}

/// CustomResourceDefinitionNames as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionNames {
    /// See the API reference.
    #[field(list = "atomic")]
    pub categories: Vec<String>,
    /// Kind of the object.
    #[field(always, required)]
    pub kind: String,
    /// See the API reference.
    pub list_kind: String,
    /// See the API reference.
    #[field(always, required)]
    pub plural: String,
    /// See the API reference.
    #[field(list = "atomic")]
    pub short_names: Vec<String>,
    /// See the API reference.
    pub singular: String,
}

/// CustomResourceDefinitionSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionSpec {
    /// See the API reference.
    pub conversion: Option<Box<CustomResourceConversion>>,
    /// See the API reference.
    #[field(always, required)]
    pub group: String,
    /// See the API reference.
    #[field(always, required)]
    pub names: CustomResourceDefinitionNames,
    /// See the API reference.
    pub preserve_unknown_fields: bool,
    /// See the API reference.
    #[field(always, required)]
    pub scope: String,
    /// See the API reference.
    #[field(always, required, list = "atomic")]
    pub versions: Vec<CustomResourceDefinitionVersion>,
}

/// CustomResourceDefinitionStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionStatus {
    /// See the API reference.
    pub accepted_names: Option<Box<CustomResourceDefinitionNames>>,
    /// See the API reference.
    #[field(list = "map", keys = "type")]
    pub conditions: Vec<CustomResourceDefinitionCondition>,
    /// See the API reference.
    pub observed_generation: i64,
    /// See the API reference.
    #[field(list = "atomic")]
    pub stored_versions: Vec<String>,
}

/// CustomResourceDefinitionVersion as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceDefinitionVersion {
    /// See the API reference.
    #[field(list = "atomic")]
    pub additional_printer_columns: Vec<CustomResourceColumnDefinition>,
    /// See the API reference.
    pub deprecated: bool,
    /// See the API reference.
    pub deprecation_warning: String,
    /// See the API reference.
    #[field(always, required)]
    pub name: String,
    /// See the API reference.
    pub schema: Option<Box<CustomResourceValidation>>,
    /// See the API reference.
    #[field(list = "atomic")]
    pub selectable_fields: Vec<SelectableField>,
    /// See the API reference.
    #[field(always, required)]
    pub served: bool,
    /// See the API reference.
    #[field(always, required)]
    pub storage: bool,
    /// See the API reference.
    pub subresources: Option<Box<CustomResourceSubresources>>,
}

/// CustomResourceSubresourceScale as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceSubresourceScale {
    /// See the API reference.
    pub label_selector_path: String,
    /// See the API reference.
    #[field(always, required)]
    pub spec_replicas_path: String,
    /// See the API reference.
    #[field(always, required)]
    pub status_replicas_path: String,
}

/// CustomResourceSubresources as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceSubresources {
    /// See the API reference.
    pub scale: Option<Box<CustomResourceSubresourceScale>>,
    /// See the API reference.
    pub status: crate::Json,
}

/// CustomResourceValidation as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct CustomResourceValidation {
    /// See the API reference.
    #[field(name = "openAPIV3Schema")]
    pub open_apiv3_schema: Option<Box<JSONSchemaProps>>,
}

/// ExternalDocumentation as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExternalDocumentation {
    /// See the API reference.
    pub description: String,
    /// See the API reference.
    pub url: String,
}

/// JSONSchemaProps as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct JSONSchemaProps {
    /// See the API reference.
    #[field(name = "$ref")]
    pub ref_: String,
    /// See the API reference.
    #[field(name = "$schema")]
    pub schema: String,
    /// See the API reference.
    pub additional_items: crate::Json,
    /// See the API reference.
    pub additional_properties: crate::Json,
    /// See the API reference.
    #[field(list = "atomic")]
    pub all_of: Vec<JSONSchemaProps>,
    /// See the API reference.
    #[field(list = "atomic")]
    pub any_of: Vec<JSONSchemaProps>,
    /// See the API reference.
    pub default: crate::Json,
    /// See the API reference.
    pub definitions: BTreeMap<String, JSONSchemaProps>,
    /// See the API reference.
    pub dependencies: BTreeMap<String, crate::Json>,
    /// See the API reference.
    pub description: String,
    /// See the API reference.
    #[field(list = "atomic")]
    pub enum_: Vec<crate::Json>,
    /// See the API reference.
    pub example: crate::Json,
    /// See the API reference.
    pub exclusive_maximum: bool,
    /// See the API reference.
    pub exclusive_minimum: bool,
    /// See the API reference.
    pub external_docs: Option<Box<ExternalDocumentation>>,
    /// See the API reference.
    pub format: String,
    /// See the API reference.
    pub id: String,
    /// See the API reference.
    pub items: crate::Json,
    /// See the API reference.
    pub max_items: i64,
    /// See the API reference.
    pub max_length: i64,
    /// See the API reference.
    pub max_properties: i64,
    /// See the API reference.
    pub maximum: f64,
    /// See the API reference.
    pub min_items: i64,
    /// See the API reference.
    pub min_length: i64,
    /// See the API reference.
    pub min_properties: i64,
    /// See the API reference.
    pub minimum: f64,
    /// See the API reference.
    pub multiple_of: f64,
    /// See the API reference.
    pub not: Option<Box<JSONSchemaProps>>,
    /// See the API reference.
    pub nullable: bool,
    /// See the API reference.
    #[field(list = "atomic")]
    pub one_of: Vec<JSONSchemaProps>,
    /// See the API reference.
    pub pattern: String,
    /// See the API reference.
    pub pattern_properties: BTreeMap<String, JSONSchemaProps>,
    /// See the API reference.
    pub properties: BTreeMap<String, JSONSchemaProps>,
    /// See the API reference.
    #[field(list = "atomic")]
    pub required: Vec<String>,
    /// See the API reference.
    pub title: String,
    /// See the API reference.
    pub type_: String,
    /// See the API reference.
    pub unique_items: bool,
    /// See the API reference.
    #[field(name = "x-kubernetes-embedded-resource")]
    pub x_kubernetes_embedded_resource: bool,
    /// See the API reference.
    #[field(name = "x-kubernetes-int-or-string")]
    pub x_kubernetes_int_or_string: bool,
    /// See the API reference.
    #[field(name = "x-kubernetes-list-map-keys", list = "atomic")]
    pub x_kubernetes_list_map_keys: Vec<String>,
    /// See the API reference.
    #[field(name = "x-kubernetes-list-type")]
    pub x_kubernetes_list_type: String,
    /// See the API reference.
    #[field(name = "x-kubernetes-map-type")]
    pub x_kubernetes_map_type: String,
    /// See the API reference.
    #[field(name = "x-kubernetes-preserve-unknown-fields")]
    pub x_kubernetes_preserve_unknown_fields: bool,
    /// See the API reference.
    #[field(
        name = "x-kubernetes-validations",
        list = "map",
        keys = "rule",
        patch = "merge",
        merge_key = "rule"
    )]
    pub x_kubernetes_validations: Vec<ValidationRule>,
}

/// SelectableField as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SelectableField {
    /// See the API reference.
    #[field(always, required)]
    pub json_path: String,
}

/// ServiceReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceReference {
    /// See the API reference.
    #[field(always, required)]
    pub name: String,
    /// See the API reference.
    #[field(always, required)]
    pub namespace: String,
    /// See the API reference.
    pub path: String,
    /// See the API reference.
    pub port: i32,
}

/// ValidationRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ValidationRule {
    /// See the API reference.
    pub field_path: String,
    /// See the API reference.
    pub message: String,
    /// See the API reference.
    pub message_expression: String,
    /// See the API reference.
    pub optional_old_self: bool,
    /// See the API reference.
    pub reason: String,
    /// See the API reference.
    #[field(always, required)]
    pub rule: String,
}

/// WebhookClientConfig as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WebhookClientConfig {
    /// See the API reference.
    pub ca_bundle: crate::ByteString,
    /// See the API reference.
    pub service: Option<Box<ServiceReference>>,
    /// See the API reference.
    pub url: String,
}

/// WebhookConversion as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct WebhookConversion {
    /// See the API reference.
    pub client_config: Option<Box<WebhookClientConfig>>,
    /// See the API reference.
    #[field(always, required, list = "atomic")]
    pub conversion_review_versions: Vec<String>,
}
