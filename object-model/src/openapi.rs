//! OpenAPI documents of a scheme.
//!
//! In: the tables of all kinds. Out: the documents that kubectl explains and validates with. Invariant: every
//! reference in a document leads to a definition in the same document. Source: Kubernetes docs, "The Kubernetes API",
//! OpenAPI V2 and V3.

mod facts;
mod operations;
mod paths;
mod served;

pub use served::{SubresourceInfo, has_resource, subresource, verbs};

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::api::meta::v1 as meta;
use crate::reflect::StaticSchema;
use crate::schema::{FieldSchema, ListType, StructSchema, Type};
use crate::{GroupVersion, KindEntry, Scheme};
use operations::META;

/// Which OpenAPI: where references point to, and how schemas are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V2,
    V3,
}

impl Version {
    fn prefix(self) -> &'static str {
        match self {
            Self::V2 => "#/definitions/",
            Self::V3 => "#/components/schemas/",
        }
    }
}

/// The OpenAPI v2 document of all kinds.
pub fn openapi_v2(scheme: &Scheme) -> Value {
    let versions: BTreeSet<GroupVersion> = versions(scheme).collect();
    let groups: BTreeSet<&str> = versions.iter().map(|gv| gv.group.as_str()).collect();
    let mut paths = Map::new();
    paths.extend([paths::of_groups(Version::V2)]);
    paths.extend(groups.iter().map(|group| paths::of_group(group, Version::V2)));
    paths.extend(versions.iter().flat_map(|gv| paths_of(scheme, gv, Version::V2)));
    let definitions = Definitions::all(scheme, Version::V2, &versions).reachable(&paths);
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": crate::KUBERNETES_VERSION},
        "paths": paths,
        "definitions": definitions,
        "securityDefinitions": {
            "BearerToken": {"type": "apiKey", "name": "authorization", "in": "header", "description": "A bearer token."},
        },
        "security": [{"BearerToken": []}],
    })
}

/// The OpenAPI v3 document of one group and version.
pub fn openapi_v3(scheme: &Scheme, gv: &GroupVersion) -> Value {
    let paths = paths_of(scheme, gv, Version::V3);
    let schemas = Definitions::all(scheme, Version::V3, &BTreeSet::from([gv.clone()])).reachable(&paths);
    document_v3(paths, schemas)
}

/// The OpenAPI v3 document of the list of groups: of one group (`""` for the core), or of all.
pub fn openapi_v3_groups(scheme: &Scheme, group: Option<&str>) -> Value {
    let path = match group {
        Some(group) => paths::of_group(group, Version::V3),
        None => paths::of_groups(Version::V3),
    };
    let paths = Map::from_iter([path]);
    let schemas = Definitions::all(scheme, Version::V3, &BTreeSet::new()).reachable(&paths);
    document_v3(paths, schemas)
}

fn document_v3(paths: Map<String, Value>, schemas: Map<String, Value>) -> Value {
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": crate::KUBERNETES_VERSION},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "BearerToken": {"type": "apiKey", "name": "authorization", "in": "header", "description": "A bearer token."},
            },
        },
    })
}

fn versions(scheme: &Scheme) -> impl Iterator<Item = GroupVersion> {
    scheme.kinds().map(|entry| GroupVersion::new(entry.info().group, entry.info().version))
}

fn paths_of(scheme: &Scheme, gv: &GroupVersion, version: Version) -> Map<String, Value> {
    let lookup = |group: &str, of: &str, kind: &str| {
        scheme.kind(&crate::GroupVersionKind::new(group, of, kind)).map(|entry| definition_name(entry.schema()))
    };
    let mut all = Map::from_iter([paths::of_version(&gv.group, &gv.version, version)]);
    for entry in scheme.kinds().filter(|entry| entry.info().group == gv.group && entry.info().version == gv.version) {
        all.extend(paths::of_kind(entry, &definition_name(entry.schema()), &lookup, version));
    }
    all
}

/// The name of a struct's definition, such as `io.k8s.api.core.v1.Pod`.
fn definition_name(schema: &StructSchema) -> String {
    let parts: Vec<&str> = schema.module.split("::").collect();
    match parts.as_slice() {
        ["pintle_object_model", "api", "meta", version, ..] => {
            format!("io.k8s.apimachinery.pkg.apis.meta.{version}.{}", schema.name)
        }
        ["pintle_object_model", "api", "apiextensions", version, ..] => {
            format!("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.{version}.{}", schema.name)
        }
        ["pintle_object_model", "api", "apiregistration", version, ..] => {
            format!("io.k8s.kube-aggregator.pkg.apis.apiregistration.{version}.{}", schema.name)
        }
        ["pintle_object_model", "api", group, version, ..] => format!("io.k8s.api.{group}.{version}.{}", schema.name),
        other => format!("{}.{}", other.join("."), schema.name),
    }
}

struct Definitions {
    version: Version,
    found: BTreeMap<String, Value>,
}

impl Definitions {
    /// Every definition that a path may lead to. `versions` are those whose markers are told.
    fn all(scheme: &Scheme, version: Version, versions: &BTreeSet<GroupVersion>) -> Self {
        let mut all = Self { version, found: BTreeMap::new() };
        for entry in scheme.kinds() {
            all.kind(entry);
        }
        all.common(versions);
        all
    }

    /// The definitions that these paths need, directly or through others.
    fn reachable(mut self, paths: &Map<String, Value>) -> Map<String, Value> {
        let mut wanted = vec![];
        paths.values().for_each(|path| references(path, &mut wanted));
        let mut kept = Map::new();
        while let Some(target) = wanted.pop() {
            let name = target.strip_prefix(self.version.prefix()).unwrap_or(&target).to_owned();
            if let Some(definition) = self.found.remove(&name) {
                references(&definition, &mut wanted);
                kept.insert(name, definition);
            }
        }
        kept
    }

    fn kind(&mut self, entry: &KindEntry) {
        let info = entry.info();
        let name = definition_name(entry.schema());
        self.structure(entry.schema());
        let marker = |kind: &str| json!([{"group": info.group, "version": info.version, "kind": kind}]);
        self.type_meta(&name, marker(info.kind));
        let list = json!({
            "type": "object",
            "description": format!("Several objects of kind {}.", info.kind),
            "required": ["items"],
            "properties": {
                "metadata": self.field_reference(&format!("{META}ListMeta")),
                "items": {"type": "array", "items": operations::reference(&name, self.version), "description": "The objects."},
            },
        });
        let name = format!("{name}List");
        self.found.insert(name.clone(), list);
        self.type_meta(&name, marker(&format!("{}List", info.kind)));
    }

    /// Adds `apiVersion` and `kind`, and the marker that says which they are.
    fn type_meta(&mut self, name: &str, marker: Value) {
        if let Some(definition) = self.found.get_mut(name) {
            let properties = &mut definition["properties"];
            properties["apiVersion"] = json!({"type": "string", "description": "Version of the representation."});
            properties["kind"] = json!({"type": "string", "description": "Kind of the object."});
            if !marker.is_null() {
                definition["x-kubernetes-group-version-kind"] = marker;
            }
        }
    }

    /// What all groups share: metadata, options, statuses, discovery, and scalars with a definition of their own.
    fn common(&mut self, versions: &BTreeSet<GroupVersion>) {
        for schema in [
            meta::DeleteOptions::static_schema(),
            meta::Status::static_schema(),
            meta::APIGroupList::static_schema(),
            meta::APIResourceList::static_schema(),
            meta::APIVersions::static_schema(),
            meta::ListMeta::static_schema(),
        ] {
            self.structure(schema);
        }
        let object = operations::reference("io.k8s.apimachinery.pkg.runtime.RawExtension", self.version);
        let event = json!({
            "type": "object",
            "description": "One event of a watch.",
            "required": ["type", "object"],
            "properties": {
                "type": {"type": "string", "description": "What happened."},
                "object": match self.version { Version::V2 => object, Version::V3 => json!({"allOf": [object]}) },
            },
        });
        self.found.insert(format!("{META}WatchEvent"), event);
        let everywhere = |kind: &str| {
            let marker =
                |gv: &GroupVersion| json!({"group": gv.group.as_str(), "version": gv.version.as_str(), "kind": kind});
            versions.iter().map(marker).collect::<Value>()
        };
        self.type_meta(&format!("{META}DeleteOptions"), everywhere("DeleteOptions"));
        if let Some(event) = self.found.get_mut(&format!("{META}WatchEvent")) {
            event["x-kubernetes-group-version-kind"] = everywhere("WatchEvent");
        }
        self.type_meta(&format!("{META}Status"), json!([{"group": "", "version": "v1", "kind": "Status"}]));
        for kind in ["APIGroup", "APIGroupList", "APIResourceList", "APIVersions"] {
            let marker = json!([{"group": "", "version": "v1", "kind": kind}]);
            self.type_meta(&format!("{META}{kind}"), marker);
        }
        let scalars = [
            (format!("{META}Time"), json!({"type": "string", "format": "date-time"})),
            (format!("{META}MicroTime"), json!({"type": "string", "format": "date-time"})),
            (format!("{META}FieldsV1"), json!({"type": "object"})),
            (format!("{META}Patch"), json!({"type": "object"})),
            ("io.k8s.apimachinery.pkg.runtime.RawExtension".to_owned(), json!({"type": "object"})),
            (
                "io.k8s.apimachinery.pkg.api.resource.Quantity".to_owned(),
                match self.version {
                    Version::V2 => json!({"type": "string"}),
                    Version::V3 => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
                },
            ),
            (
                "io.k8s.apimachinery.pkg.util.intstr.IntOrString".to_owned(),
                match self.version {
                    Version::V2 => json!({"type": "string", "format": "int-or-string"}),
                    Version::V3 => {
                        json!({"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"})
                    }
                },
            ),
        ];
        for (name, mut definition) in scalars {
            definition["description"] = "A value with a text form of its own.".into();
            self.found.insert(name, definition);
        }
    }

    /// A reference that can have neighbours.
    fn field_reference(&self, name: &str) -> Value {
        let target = operations::reference(name, self.version);
        match self.version {
            Version::V2 => target,
            Version::V3 => json!({"allOf": [target]}),
        }
    }

    fn structure(&mut self, schema: &StructSchema) {
        let name = definition_name(schema);
        if self.found.contains_key(&name) {
            return;
        }
        // Entered first, so that a struct that contains itself ends here.
        self.found.insert(name.clone(), Value::Null);
        let mut properties = Map::new();
        for row in schema.fields.iter() {
            properties.insert(row.name.to_string(), self.property(schema, row));
        }
        let required: Vec<&str> =
            schema.fields.iter().filter(|row| row.required).map(|row| row.name.as_ref()).collect();
        let mut definition = json!({"type": "object", "description": schema.doc, "properties": properties});
        if !required.is_empty() {
            definition["required"] = json!(required);
        }
        if schema.atomic {
            definition["x-kubernetes-map-type"] = "atomic".into();
        }
        if let Some(unions) = facts::unions(&schema.module, &schema.name) {
            definition["x-kubernetes-unions"] = unions;
        }
        self.found.insert(name, definition);
    }

    fn property(&mut self, schema: &StructSchema, row: &FieldSchema) -> Value {
        let mut value = match self.of_type(&row.ty) {
            // A reference can have no neighbours in v3.
            value if value.get("$ref").is_some() && self.version == Version::V3 => json!({"allOf": [value]}),
            value => value,
        };
        if self.version == Version::V3
            && let Some(values) = facts::enumeration(&schema.name, &row.name)
        {
            let inner = match row.ty {
                Type::List(_) => &mut value["items"],
                Type::Map(_) => &mut value["additionalProperties"],
                _ => &mut value,
            };
            inner["enum"] = json!(values);
        }
        value["description"] = row.doc.as_ref().into();
        match row.list {
            ListType::Unset => {}
            ListType::Atomic => value["x-kubernetes-list-type"] = "atomic".into(),
            ListType::Set => value["x-kubernetes-list-type"] = "set".into(),
            ListType::Map => {
                value["x-kubernetes-list-type"] = "map".into();
                value["x-kubernetes-list-map-keys"] = json!(row.keys);
            }
        }
        if row.atomic {
            value["x-kubernetes-map-type"] = "atomic".into();
        }
        if facts::is_granular(&schema.name, &row.name) {
            value["x-kubernetes-map-type"] = "granular".into();
        }
        if !row.patch.is_empty() {
            value["x-kubernetes-patch-strategy"] = row.patch.as_ref().into();
        }
        if !row.merge_key.is_empty() {
            value["x-kubernetes-patch-merge-key"] = row.merge_key.as_ref().into();
        }
        value
    }

    fn of_type(&mut self, ty: &Type) -> Value {
        let named = |name: &str| operations::reference(name, self.version);
        match ty {
            Type::Bool => json!({"type": "boolean"}),
            Type::Int32 => json!({"type": "integer", "format": "int32"}),
            Type::Int64 => json!({"type": "integer", "format": "int64"}),
            Type::Float => json!({"type": "number", "format": "double"}),
            Type::String | Type::Duration => json!({"type": "string"}),
            Type::Bytes => json!({"type": "string", "format": "byte"}),
            Type::Time => named(&format!("{META}Time")),
            Type::MicroTime => named(&format!("{META}MicroTime")),
            Type::Quantity => named("io.k8s.apimachinery.pkg.api.resource.Quantity"),
            Type::IntOrString => named("io.k8s.apimachinery.pkg.util.intstr.IntOrString"),
            Type::Fields => named(&format!("{META}FieldsV1")),
            Type::Object => named("io.k8s.apimachinery.pkg.runtime.RawExtension"),
            Type::Any => json!({}),
            Type::Struct(table) => {
                self.structure(table);
                operations::reference(&definition_name(table), self.version)
            }
            Type::List(element) => json!({"type": "array", "items": self.of_type(element)}),
            Type::Map(value) => json!({"type": "object", "additionalProperties": self.of_type(value)}),
        }
    }
}

/// The targets of all references in a value.
fn references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member.as_str() {
                    Some(target) if key == "$ref" => into.push(target.to_owned()),
                    _ => references(member, into),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| references(element, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let scheme = Scheme::builtin();
        let mut documents = vec![(openapi_v2(&scheme), "/definitions", Version::V2)];
        for gv in [GroupVersion::new("", "v1"), GroupVersion::new("apps", "v1")] {
            documents.push((openapi_v3(&scheme, &gv), "/components/schemas", Version::V3));
        }
        documents.push((openapi_v3_groups(&scheme, Some("apps")), "/components/schemas", Version::V3));
        for (document, place, version) in documents {
            let definitions = document.pointer(place).unwrap();
            let mut found = vec![];
            references(&document, &mut found);
            assert!(!found.is_empty());
            for target in found {
                let name = target.strip_prefix(version.prefix()).unwrap();
                assert!(definitions[name].is_object(), "{target}");
            }
        }
    }

    #[test]
    fn a_version_tells_of_what_its_paths_need_and_of_nothing_else() {
        let document = openapi_v3(&Scheme::builtin(), &GroupVersion::new("policy", "v1"));
        let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths.len(), 8, "{paths:?}");
        let schemas = &document["components"]["schemas"];
        assert!(schemas["io.k8s.api.policy.v1.PodDisruptionBudget"].is_object());
        // Evictions are the body of a path of the core group.
        assert!(schemas.get("io.k8s.api.policy.v1.Eviction").is_none());
        let budget = &schemas["io.k8s.api.policy.v1.PodDisruptionBudgetSpec"]["properties"];
        assert_eq!(budget["unhealthyPodEvictionPolicy"]["enum"], json!(["AlwaysAllow", "IfHealthyBudget"]));
    }
}
