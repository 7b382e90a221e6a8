//! OpenAPI documents of a scheme.
//!
//! In: the tables of all kinds. Out: the documents that kubectl explains and validates with. Invariant: every
//! reference in a document leads to a definition in the same document. Source: Kubernetes docs, "The Kubernetes API",
//! OpenAPI V2 and V3.

mod paths;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::schema::{FieldSchema, ListType, StructSchema, Type};
use crate::{GroupVersion, KindEntry, Scheme};

/// Where references point to.
#[derive(Clone, Copy)]
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
    let mut definitions = Definitions { version: Version::V2, found: BTreeMap::new() };
    let mut all = Map::new();
    for entry in scheme.kinds() {
        definitions.kind(entry);
        all.extend(paths::of(entry, &definition_name(entry.schema()), Version::V2));
    }
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": crate::KUBERNETES_VERSION},
        "paths": all,
        "definitions": definitions.found,
    })
}

/// The OpenAPI v3 document of one group and version.
pub fn openapi_v3(scheme: &Scheme, gv: &GroupVersion) -> Value {
    let mut definitions = Definitions { version: Version::V3, found: BTreeMap::new() };
    let mut all = Map::new();
    for entry in scheme.kinds().filter(|entry| entry.info().group == gv.group && entry.info().version == gv.version) {
        definitions.kind(entry);
        all.extend(paths::of(entry, &definition_name(entry.schema()), Version::V3));
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": crate::KUBERNETES_VERSION},
        "paths": all,
        "components": {"schemas": definitions.found},
    })
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
    fn kind(&mut self, entry: &KindEntry) {
        let info = entry.info();
        let gvk = json!([{"group": info.group, "version": info.version, "kind": info.kind}]);
        let name = definition_name(entry.schema());
        self.structure(entry.schema());
        if let Some(definition) = self.found.get_mut(&name) {
            definition["x-kubernetes-group-version-kind"] = gvk;
            let properties = &mut definition["properties"];
            properties["apiVersion"] = json!({"type": "string", "description": "Version of the representation."});
            properties["kind"] = json!({"type": "string", "description": "Kind of the object."});
        }
        let item = json!({"$ref": format!("{}{name}", self.version.prefix())});
        let list_meta = <crate::api::meta::v1::ListMeta as crate::reflect::StaticSchema>::static_schema();
        self.structure(list_meta);
        let list = json!({
            "type": "object",
            "description": format!("Several objects of kind {}.", info.kind),
            "required": ["items"],
            "properties": {
                "apiVersion": {"type": "string", "description": "Version of the representation."},
                "kind": {"type": "string", "description": "Kind of the list."},
                "metadata": self.reference(list_meta),
                "items": {"type": "array", "items": item, "description": "The objects."},
            },
            "x-kubernetes-group-version-kind": [{"group": info.group, "version": info.version, "kind": format!("{}List", info.kind)}],
        });
        self.found.insert(format!("{name}List"), list);
    }

    fn reference(&self, schema: &StructSchema) -> Value {
        let target = json!({"$ref": format!("{}{}", self.version.prefix(), definition_name(schema))});
        match self.version {
            Version::V2 => target,
            // In v3 a reference can have no neighbours.
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
            properties.insert(row.name.to_string(), self.property(row));
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
        self.found.insert(name, definition);
    }

    fn property(&mut self, row: &FieldSchema) -> Value {
        let mut value = self.of_type(&row.ty);
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
        if !row.patch.is_empty() {
            value["x-kubernetes-patch-strategy"] = row.patch.as_ref().into();
        }
        if !row.merge_key.is_empty() {
            value["x-kubernetes-patch-merge-key"] = row.merge_key.as_ref().into();
        }
        value
    }

    fn of_type(&mut self, ty: &Type) -> Value {
        match ty {
            Type::Bool => json!({"type": "boolean"}),
            Type::Int32 => json!({"type": "integer", "format": "int32"}),
            Type::Int64 => json!({"type": "integer", "format": "int64"}),
            Type::Float => json!({"type": "number", "format": "double"}),
            Type::String | Type::Duration => json!({"type": "string"}),
            Type::Bytes => json!({"type": "string", "format": "byte"}),
            Type::Time | Type::MicroTime => json!({"type": "string", "format": "date-time"}),
            Type::Quantity => match self.version {
                Version::V2 => json!({"type": "string"}),
                Version::V3 => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
            },
            Type::IntOrString => match self.version {
                Version::V2 => json!({"type": "string", "format": "int-or-string"}),
                Version::V3 => json!({"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"}),
            },
            Type::Fields | Type::Object => json!({"type": "object"}),
            Type::Any => json!({}),
            Type::Struct(table) => {
                self.structure(table);
                self.reference(table)
            }
            Type::List(element) => json!({"type": "array", "items": self.of_type(element)}),
            Type::Map(value) => json!({"type": "object", "additionalProperties": self.of_type(value)}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match member.as_str() {
                        Some(target) if key == "$ref" => into.push(target),
                        _ => references(member, into),
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| references(element, into)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = openapi_v2(&Scheme::builtin());
        let mut found = vec![];
        references(&document, &mut found);
        assert!(found.len() > 500, "{}", found.len());
        for target in found {
            let name = target.strip_prefix("#/definitions/").unwrap();
            assert!(document["definitions"][name].is_object(), "{target}");
        }
    }
}
