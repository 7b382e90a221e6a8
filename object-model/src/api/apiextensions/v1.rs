//! API group `apiextensions`, version `v1`.

mod types;

pub use types::{
    CustomResourceColumnDefinition, CustomResourceConversion, CustomResourceDefinition,
    CustomResourceDefinitionCondition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec,
    CustomResourceDefinitionStatus, CustomResourceDefinitionVersion, CustomResourceSubresourceScale,
    CustomResourceSubresources, CustomResourceValidation, ExternalDocumentation, JSONSchemaProps, SelectableField,
    ServiceReference, ValidationRule, WebhookClientConfig, WebhookConversion,
};
