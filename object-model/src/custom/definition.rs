//! The definition of a Rust kind, for clusters that do not know the type.
//!
//! In: the tables of a kind. Out: a CustomResourceDefinition that an API server takes. Invariant: one version, served and
//! stored. Elsewhere: its schema (`render`).

use super::{columns, render};
use crate::api::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion, CustomResourceSubresourceScale,
    CustomResourceSubresources, CustomResourceValidation,
};
use crate::{Json, Resource};

/// The definition by which any cluster serves objects of `K`: the same names, fields, defaults, checks, columns and
/// subresources (`status` and `scale`; definitions have no others).
///
/// ```
/// use pintle_object_model::api::meta::v1::ObjectMeta;
/// use pintle_object_model::{Resource, custom};
///
/// /// Something that turns.
/// #[derive(Clone, Debug, Default, PartialEq, Resource)]
/// #[resource(group = "example.com", version = "v1", kind = "Rudder")]
/// struct Rudder {
///     metadata: ObjectMeta,
///     /// Degrees.
///     #[field(default = "0", minimum = -35, maximum = 35)]
///     angle: Option<i32>,
/// }
///
/// let definition = custom::definition_of::<Rudder>();
/// assert_eq!(definition.metadata.name, "rudders.example.com");
/// ```
pub fn definition_of<K: Resource>() -> CustomResourceDefinition {
    let info = K::INFO;
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let mut definition = CustomResourceDefinition::default();
    definition.metadata.name = format!("{}.{}", info.plural, info.group);
    let spec = &mut definition.spec;
    spec.group = info.group.to_owned();
    spec.scope = if info.namespaced { "Namespaced" } else { "Cluster" }.to_owned();
    spec.names.kind = info.kind.to_owned();
    spec.names.list_kind = format!("{}List", info.kind);
    spec.names.plural = info.plural.to_owned();
    spec.names.singular = info.singular.to_owned();
    spec.names.short_names = own(info.short_names);
    spec.names.categories = own(info.categories);
    spec.versions.push(CustomResourceDefinitionVersion {
        name: info.version.to_owned(),
        served: true,
        storage: true,
        additional_printer_columns: columns::definitions(info),
        subresources: subresources::<K>(),
        schema: Some(Box::new(CustomResourceValidation {
            open_apiv3_schema: Some(Box::new(render::root(K::static_schema()))),
        })),
        ..CustomResourceDefinitionVersion::default()
    });
    definition
}

fn subresources<K: Resource>() -> Option<Box<CustomResourceSubresources>> {
    let status = if K::INFO.has("status") { Json::from_text("{}") } else { Json::default() };
    let scale = K::INFO.scale.map(|scale| {
        Box::new(CustomResourceSubresourceScale {
            spec_replicas_path: scale.spec.to_owned(),
            status_replicas_path: scale.status.to_owned(),
            label_selector_path: (!scale.selector.is_empty()).then(|| scale.selector.to_owned()),
        })
    });
    let any = scale.is_some() || !status.text().is_empty();
    any.then(|| Box::new(CustomResourceSubresources { scale, status }))
}
