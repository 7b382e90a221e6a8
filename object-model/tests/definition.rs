//! Rust kinds with everything that attributes can say, and the definitions that they give.
//!
//! Aim: a host's kind behaves alike with its Rust type and with the definition of it. Method: one kind, both ways.

use std::collections::BTreeMap;

use pintle_object_model::api::core::v1::PodTemplateSpec;
use pintle_object_model::api::meta::v1::{Condition, ObjectMeta};
use pintle_object_model::custom::{CustomObject, definition_kinds, definition_of};
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::{
    AnyResource, IntOrString, Json, Object, Quantity, RawExtension, Reflect, Resource, Rules, Scheme, Time, json,
};
use serde_json::{Value, json};

/// A fleet of boats.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "sea.example.com", version = "v1", kind = "Fleet", short = "fl", categories = "all,sea")]
#[resource(subresources = "status")]
#[resource(column(name = "Size", type = "integer", path = ".spec.replicas", description = "Boats wanted."))]
#[resource(column(name = "Age", type = "date", path = ".metadata.creationTimestamp", priority = 1))]
#[resource(scale(spec = ".spec.replicas", status = ".status.replicas", selector = ".status.selector"))]
struct Fleet {
    metadata: ObjectMeta,
    /// What is wanted.
    #[field(required)]
    spec: FleetSpec,
    status: FleetStatus,
}

/// What is wanted of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
struct FleetSpec {
    /// How many boats.
    #[field(default = "3", minimum = 1, maximum = 9)]
    replicas: Option<i32>,
    /// Port of registry.
    #[field(required, min_length = 2, max_length = 5, pattern = "^[a-z]+$")]
    home: String,
    #[field(one_of = "sail,motor", default = "\"sail\"")]
    drive: String,
    #[field(list = "map", keys = "name", max_length = 4)]
    crew: Vec<Sailor>,
    #[field(list = "set", pattern = "^v")]
    ports: Vec<String>,
    labels: BTreeMap<String, String>,
    depth: Option<IntOrString>,
    fuel: Option<Quantity>,
    launched: Option<Time>,
    config: RawExtension,
    anything: Json,
    rig: Rig,
    template: Option<Box<PodTemplateSpec>>,
}

#[derive(Clone, Debug, Default, PartialEq, Reflect)]
struct Sailor {
    name: String,
    #[field(default = "\"deck\"")]
    place: String,
}

#[derive(Clone, Debug, Default, PartialEq, Reflect)]
struct Rig {
    #[field(default = "2", minimum = -0.5)]
    masts: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Reflect)]
struct FleetStatus {
    #[field(always, maximum = 9)]
    replicas: i32,
    selector: String,
    #[field(list = "map", keys = "type")]
    conditions: Vec<Condition>,
    #[field(always)]
    seen: Option<Time>,
}

fn fleet(spec: &Value) -> Fleet {
    let mut fleet = Fleet::default();
    let text = json!({"metadata": {"name": "one"}, "spec": spec}).to_string();
    let issues = json::decode(text.as_bytes(), &mut fleet, &DecodeOptions { strict: true }).unwrap();
    assert_eq!(issues, []);
    fleet
}

/// What both ways object to, sorted: of a Rust type, and of its definition.
fn objections(spec: &Value) -> (Vec<String>, Vec<String>) {
    let told = |errors: &pintle_object_model::validation::FieldErrors| {
        let mut told: Vec<String> =
            errors.iter().map(|error| format!("{}: {}", error.path.as_str(), error.body())).collect();
        told.sort();
        told
    };
    let mut own = fleet(spec);
    Rules::set_defaults(&mut own);
    let kind = definition_kinds(&definition_of::<Fleet>()).unwrap().remove(0);
    let text = json!({"metadata": {"name": "one"}, "spec": spec}).to_string();
    let (mut custom, issues) = CustomObject::decode(&kind, text.as_bytes(), &DecodeOptions { strict: true }).unwrap();
    assert_eq!(issues, []);
    custom.set_defaults();
    (told(&Rules::validate(&own)), told(&custom.validate()))
}

#[test]
fn a_definition_is_taken_by_the_rules_of_definitions() {
    let mut definition = definition_of::<Fleet>();
    Rules::set_defaults(&mut definition);
    let errors = Rules::validate(&definition);
    assert!(errors.is_empty(), "{}", errors.summary());
    let kinds = definition_kinds(&definition).unwrap();
    assert_eq!(kinds[0].columns().len(), 2);
    assert_eq!(kinds[0].scale().unwrap().wanted_text, ".spec.replicas");
    assert!(kinds[0].info().has("status") && kinds[0].info().has("scale"));
}

#[test]
fn a_definition_says_what_the_attributes_say() {
    let text = Object::new(definition_of::<Fleet>()).to_value();
    let spec = &text["spec"];
    assert_eq!(text["metadata"]["name"], "fleets.sea.example.com");
    assert_eq!(
        spec["names"],
        json!({"kind": "Fleet", "listKind": "FleetList", "plural": "fleets", "singular": "fleet",
               "shortNames": ["fl"], "categories": ["all", "sea"]})
    );
    let version = &spec["versions"][0];
    assert_eq!(
        version["subresources"],
        json!({"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
                                       "labelSelectorPath": ".status.selector"}})
    );
    assert_eq!(
        version["additionalPrinterColumns"],
        json!([{"name": "Size", "type": "integer", "jsonPath": ".spec.replicas", "description": "Boats wanted."},
               {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp", "priority": 1}])
    );
    let schema = &version["schema"]["openAPIV3Schema"];
    assert_eq!(schema["description"], "A fleet of boats.");
    assert_eq!(schema["required"], json!(["spec"]));
    assert_eq!(schema["properties"]["metadata"], json!({"type": "object"}));
    let mut properties = schema["properties"]["spec"]["properties"].clone();
    let template = properties.as_object_mut().unwrap().remove("template").unwrap();
    let either = json!([{"type": "integer"}, {"type": "string"}]);
    let quantity = properties["fuel"]["pattern"].clone();
    assert_eq!(
        properties,
        json!({
            "replicas": {"description": "How many boats.", "type": "integer", "format": "int32", "default": 3,
                         "minimum": 1, "maximum": 9},
            "home": {"description": "Port of registry.", "type": "string", "minLength": 2, "maxLength": 5,
                     "pattern": "^[a-z]+$"},
            "drive": {"type": "string", "enum": ["sail", "motor"], "default": "sail"},
            "crew": {"type": "array", "maxItems": 4, "x-kubernetes-list-type": "map",
                     "x-kubernetes-list-map-keys": ["name"],
                     "items": {"type": "object", "properties": {"name": {"type": "string", "default": ""},
                                                                "place": {"type": "string", "default": "deck"}}}},
            "ports": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string", "pattern": "^v"}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "depth": {"x-kubernetes-int-or-string": true, "anyOf": either},
            "fuel": {"x-kubernetes-int-or-string": true, "anyOf": either, "pattern": quantity},
            "launched": {"type": "string", "format": "date-time"},
            "config": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "anything": {"x-kubernetes-preserve-unknown-fields": true},
            "rig": {"type": "object", "default": {},
                    "properties": {"masts": {"type": "number", "format": "double", "default": 2, "minimum": -0.5}}},
        })
    );
    assert!(template["properties"]["metadata"]["properties"]["labels"].is_object());
    let status = &schema["properties"]["status"]["properties"];
    assert_eq!(status["seen"], json!({"type": "string", "format": "date-time", "nullable": true}));
    assert_eq!(status["conditions"]["x-kubernetes-list-map-keys"], json!(["type"]));
}

#[test]
fn defaults_and_checks_work_without_the_definition() {
    let mut made = fleet(&json!({"home": "kiel", "crew": [{"name": "jo"}]}));
    Rules::set_defaults(&mut made);
    assert_eq!((made.spec.replicas, made.spec.drive.as_str(), made.spec.rig.masts), (Some(3), "sail", Some(2.0)));
    assert_eq!(made.spec.crew[0].place, "deck");
    let errors = Rules::validate(&made);
    assert!(errors.is_empty(), "{}", errors.summary());
    let mut late = made.clone();
    late.status.replicas = 10;
    assert_eq!(Rules::validate_status_update(&late, &made).len(), 1);
    // What was wrong before is not found fault with again.
    assert_eq!(Rules::validate_update(&late, &late).len(), 0);
}

#[test]
fn a_rust_type_and_its_definition_object_to_the_same() {
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "x", "ports": [{"containerPort": 80}]}]}});
    for (spec, count) in [
        (
            json!({"home": "kiel", "fuel": "3Gi", "depth": "7", "launched": "2026-01-02T03:04:05Z", "config": {"a": 1}}),
            0,
        ),
        (json!({"home": "Kiel"}), 1),
        (json!({"home": "k", "replicas": 10, "drive": "oars", "ports": ["vigo", "bari"]}), 4),
        (json!({"crew": [{"name": "a"}, {"name": "a"}]}), 2),
        (json!({"home": "kiel", "rig": {"masts": -1}, "template": template}), 1),
    ] {
        let (own, custom) = objections(&spec);
        assert_eq!(own, custom, "{spec}");
        assert_eq!(own.len(), count, "{own:?}");
    }
}

#[test]
fn the_columns_of_a_kind_are_in_its_entry() {
    let mut scheme = Scheme::empty();
    scheme.register::<Fleet>();
    let entry = scheme.kind(&Fleet::INFO.gvk()).unwrap();
    let mut fleet = fleet(&json!({"replicas": 4}));
    fleet.metadata.creation_timestamp = Some(Time::from_unix(100));
    let tree = Object::new(fleet).to_value();
    let cells: Vec<Value> =
        entry.columns().unwrap().iter().map(|column| column.cell(&tree, Time::from_unix(160))).collect();
    assert_eq!(cells, [json!(4), json!("60s")]);
}
