//! Whatever is compiled and evaluated, nothing panics, overflows the stack or runs without bound.
//!
//! Method: random expressions from a grammar, random characters, and expressions built to be deep.

use pintle_cel::{Activation, Budget, Env, Type, Value};
use proptest::prelude::*;
use serde_json::json;

fn evaluate(source: &str) {
    let env = Env::new().with_variable("self", Type::Dyn).with_variable("x", Type::Dyn).with_mutation_types();
    let Ok(program) = env.compile(source) else { return };
    let tree = json!({"a": [1, 2.5, "s", null, {"b": true}], "b": {"c": "2024-01-01T00:00:00Z"}, "c": -1});
    let activation = Activation::new().with("self", Value::json(&tree, &Type::Dyn)).with("x", Value::Int(i64::MIN));
    let mut budget = Budget::new(20_000);
    let _ = program.eval(&activation, &mut budget).and_then(|value| value.to_json());
    let _ = program.estimate();
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "self",
        "x",
        "self.a",
        "self.b.c",
        "1",
        "-9223372036854775808",
        "0u",
        "1.5",
        "'é'",
        "b'x'",
        "''",
        "null",
        "true",
        "[]",
        "{}",
        "[1, 2]",
        "duration('1h')",
        "timestamp('2024-01-01T00:00:00Z')",
        "quantity('1')",
        "'['",
        "'%s%d'",
        "optional.none()",
        "semver('1.2.3')",
        "ip('::1')",
        "cidr('10.0.0.0/8')",
        "url('https://h/p')",
        "int",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 24, 3, |inner| {
        let binary = prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "<", "in", "&&", "||"]);
        let member = prop::sample::select(vec![
            "size()",
            "matches(@)",
            "find(@)",
            "split(@)",
            "substring(@)",
            "charAt(@)",
            "replace(@, 'b')",
            "format([@])",
            "getHours()",
            "getFullYear('+01:00')",
            "isSorted()",
            "sum()",
            "indexOf(@)",
            "lastIndexOf(@, 1)",
            "join()",
            "all(i, i == @)",
            "map(i, @)",
            "filter(i, @)",
            "exists_one(i, @)",
            "transformMap(k, v, @)",
            "orValue(@)",
            "hasValue()",
            "optMap(v, @)",
            "add(@)",
            "compareTo(@)",
            "contains(@)",
            "b",
            "?b.c",
            "reverse()",
            "slice(0, 1)",
            "lowerAscii()",
            "distinct()",
            "sort()",
            "containsIP(@)",
            "getQuery()",
            "value()",
        ]);
        let call = prop::sample::select(vec![
            "int(@)",
            "string(@)",
            "type(@)",
            "dyn(@)",
            "size(@)",
            "uint(@)",
            "timestamp(@)",
            "duration(@)",
            "!@",
            "-@",
            "has(self.@)",
            "math.greatest(@, 1)",
            "base64.decode(@)",
            "sets.contains(@, @)",
            "[@, @]",
            "{'k': @}",
            "@ ? @ : @",
            "self[@]",
            "self.a[?@]",
            "cel.bind(v, @, v)",
            "Object{a: @}",
            "quantity(@)",
            "url(@)",
            "math.bitShiftLeft(@, 3)",
            "lists.range(@)",
            "strings.quote(@)",
            "double(@)",
            "bytes(@)",
            "dyn(@).?b",
        ]);
        prop_oneof![
            (inner.clone(), binary, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), member, inner.clone()).prop_map(|(a, op, b)| format!("dyn({a}).{}", op.replace('@', &b))),
            (call, inner).prop_map(|(call, a)| call.replace('@', &a)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expressions_do_no_harm(source in expression()) {
        evaluate(&source);
    }

    #[test]
    fn any_text_does_no_harm(source in "[ -~é\n]{0,40}") {
        evaluate(&source);
    }
}

#[test]
fn deep_and_long_expressions_are_refused_or_evaluated() {
    let work = || {
        for depth in [50, 240, 7_900] {
            evaluate(&format!("{}1{}", "(".repeat(depth), ")".repeat(depth)));
            evaluate(&format!("{}1{}", "[".repeat(depth), "]".repeat(depth)));
            evaluate(&format!("{}1", "!".repeat(depth)));
            evaluate(&format!("1{}", " + 1".repeat(depth)));
            evaluate(&format!("self{}", ".a".repeat(depth)));
            evaluate(&format!("true{}", " && true".repeat(depth)));
            evaluate(&format!("{}true{}", "[1].all(x, ".repeat(depth), ")".repeat(depth)));
            evaluate(&format!("{}1", "true ? 1 : ".repeat(depth)));
        }
        evaluate(&"a".repeat(100_001));
    };
    // Half the stack of a worker of the server.
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
}
