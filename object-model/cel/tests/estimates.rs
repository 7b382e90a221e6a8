//! Estimates of rules over structural schemas: which are within the limits of Kubernetes, and which are not.

use pintle_cel::{Activation, Budget, Env, RULE_ESTIMATE_MAX, Value, declared, excess};
use serde_json::{Value as Json, json};

fn estimate(schema: &Json, rule: &str) -> u64 {
    let ty = declared(schema, false).expect("the schema is declared").ty;
    let program =
        Env::new().with_variable("self", ty).compile(rule).unwrap_or_else(|errors| panic!("{rule}: {errors}"));
    program.estimate().max
}

#[test]
fn limits_of_schemas_bound_what_rules_cost() {
    let text = json!({"type": "string"});
    let list = |items: Json| json!({"type": "array", "items": items});
    let short = json!({"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 10}});
    assert!(estimate(&list(list(text.clone())), "self.all(x, x.all(y, y.contains('a')))") > RULE_ESTIMATE_MAX * 100);
    assert!(estimate(&text, "self.size() < 10 && self != 'bad'") < RULE_ESTIMATE_MAX);
    assert!(estimate(&list(json!({"type": "integer"})), "self.all(x, x > 0)") < RULE_ESTIMATE_MAX);
    assert!(estimate(&list(text), "self.all(x, self.exists(y, x == y))") > RULE_ESTIMATE_MAX);
    assert_eq!(estimate(&short, "self.all(x, x.startsWith('ab'))"), 1 + 10 * (1 + 1 + 1 + 1 + 1) + 1);
    assert!(estimate(&short, "self.exists(x, self.exists(y, x == y))") < 2_000);
    assert!(estimate(&short, "self[0].matches('^[a-z]+$')") < 20);
    let object = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    assert!(estimate(&object, "self == self && self.?a.orValue('') != 'b'") < 1_000);
    let map = json!({"type": "object", "maxProperties": 5, "additionalProperties": {"type": "string"}});
    assert!(estimate(&map, "self.all(k, k.matches('^[a-z]+$'))") < 1_000);
    assert!(estimate(&map, "self.all(k, self[k].contains(self[k]))") > RULE_ESTIMATE_MAX);
}

#[test]
fn excess_is_told_in_factors() {
    let text = |cost| excess("estimated rule cost", cost, 100).unwrap_or_default();
    assert_eq!(text(100), "");
    assert!(text(101).starts_with("estimated rule cost exceeds budget by factor of 1.010000x (try"));
    assert!(text(250).contains("factor of 2.5x"));
    assert!(text(20_000).contains("factor of more than 100x"));
}

#[test]
fn schemas_give_types_and_values_follow_them() {
    let schema = json!({"type": "object", "properties": {
        "port": {"x-kubernetes-int-or-string": true},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}}},
        "a-b": {"type": "string", "format": "duration"},
        "unknown": {"x-kubernetes-preserve-unknown-fields": true},
    }});
    let ty = declared(&schema, true).expect("declared").ty;
    let env = Env::new().with_variable("self", ty.clone());
    let tree = json!({"metadata": {"name": "n"}, "port": "http", "tags": ["a", "b"], "a-b": "90s",
        "items": [{"k": "x", "v": 1}, {"k": "y", "v": 2}]});
    for (rule, expected) in [
        ("type(self.port) == string", json!(true)),
        ("self.tags == ['b', 'a']", json!(true)),
        ("self.tags + ['a', 'c']", json!(["a", "b", "c"])),
        ("(self.items + [self.items[0]]).size()", json!(2)),
        ("self.a__dash__b.getSeconds()", json!(90)),
        ("self.metadata.name.size() <= 8", json!(true)),
        ("has(self.metadata.generateName)", json!(false)),
    ] {
        let program = env.compile(rule).unwrap_or_else(|errors| panic!("{rule}: {errors}"));
        let activation = Activation::new().with("self", Value::json(&tree, &ty));
        let value = program.eval(&activation, &mut Budget::default()).and_then(|value| value.to_json());
        assert_eq!(value, Ok(expected), "{rule}");
    }
    let wrong = env.compile("self.unknown == 1").unwrap_err();
    assert_eq!(wrong.messages(), ["undefined field 'unknown'"]);
    let wrong = env.compile("self.metadata.labels.size() == 0").unwrap_err();
    assert_eq!(wrong.messages(), ["undefined field 'labels'"]);
}
