//! Costs of rules over structural schemas: estimates against the limits of Kubernetes, and what evaluation costs.

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
        "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k.", "k!"],
            "items": {"type": "object", "properties": {"k.": {"type": "string"}, "k!": {"type": "string"}, "v": {"type": "integer"}}}},
        "a-b": {"type": "string", "format": "duration"},
        "unknown": {"x-kubernetes-preserve-unknown-fields": true},
    }});
    let ty = declared(&schema, true).expect("declared").ty;
    let env = Env::new().with_variable("self", ty.clone());
    let tree = json!({"metadata": {"name": "n"}, "port": "http", "tags": ["a", "b"], "a-b": "90s",
        "items": [{"k.": "x", "k!": "y", "v": 1}, {"k.": "y", "v": 2}]});
    for (rule, expected) in [
        ("type(self.port) == string", json!(true)),
        ("self.tags == ['b', 'a']", json!(true)),
        ("self.tags + ['a', 'c']", json!(["a", "b", "c"])),
        ("(self.items + [self.items[0]]).size()", json!(2)),
        ("self.items == [self.items[1], self.items[0]]", json!(true)),
        ("self.items[0].k__dot__", json!("x")),
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

#[test]
fn evaluation_costs_what_it_costs_upstream() {
    let item = json!({"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "string"}}});
    let schema = json!({"type": "object", "properties": {
        "s": {"type": "string"}, "n": {"type": "integer"}, "day": {"type": "string", "format": "date"},
        "nothing": {"type": "string", "nullable": true},
        "ints": {"type": "array", "items": {"type": "integer"}},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "items": {"type": "array", "items": item},
    }});
    let tree = json!({"s": "twelve chars", "n": 5, "day": "1997-07-16", "nothing": null, "ints": [1, 1, 2, 2, 3, 3, 4, 5],
        "map": {"b": 1, "d": 2}, "items": [{"k": "a1"}, {"k": "a2"}, {"k": "a3", "v": "z"}]});
    let ty = declared(&schema, false).expect("declared").ty;
    let env = Env::new().with_variable("self", ty.clone());
    for (rule, cost) in [
        ("self.n == self.n", 5),
        ("type(self.n) == int", 4),
        ("self.s.startsWith('twel')", 4),
        ("self.s.matches('^[^0-9]*$')", 8),
        ("self.s.indexOf('w') == 1", 4),
        ("self.s.replace(' ', 'x') == 'twelvexchars'", 7),
        ("self.s.upperAscii() == 'TWELVE CHARS'", 6),
        ("self.day.getDate() == 16", 4),
        ("!has(self.nothing)", 2),
        ("3 in self.ints", 10),
        ("self.ints.all(e, e > 0)", 43),
        ("!self.ints.all(e, e < 2)", 21),
        ("self.ints.exists(e, e > 2)", 36),
        ("self.map.all(k, self.map[k] > 0)", 17),
        ("self.items.all(m, m.k.startsWith('a'))", 21),
        ("self.items.all(m, !has(m.v) || m.v == 'z')", 21),
        ("self.items.exists(m, m.v == 'z')", 24),
        ("self.items.map(m, m.k).exists(v, v == 'a1')", 55),
        ("self.items[0] == self.items[0]", 7),
        ("self.?s.orValue('v') == 'twelve chars'", 2 + 2),
        ("optional.none().or(optional.of('a')).hasValue()", 3),
    ] {
        let program = env.compile(rule).unwrap_or_else(|errors| panic!("{rule}: {errors}"));
        let mut budget = Budget::default();
        let activation = Activation::new().with("self", Value::json(&tree, &ty));
        let value = program.eval(&activation, &mut budget).unwrap_or_else(|error| panic!("{rule}: {error}"));
        assert_eq!((value.as_bool(), budget.last_call()), (Some(true), cost), "{rule}");
    }
}
