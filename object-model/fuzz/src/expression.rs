//! CEL: parse, check, estimate, evaluate within a budget.

use pintle_cel::{Activation, Budget, Env, Type, Value};
use serde_json::json;

use crate::bounded;

/// What an evaluation may cost here: little, so that inputs are many.
const COST_MAX: u64 = 20_000;

/// Compiles and evaluates an expression.
pub(crate) fn cel(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else { return };
    let env = Env::new().with_variable("self", Type::Dyn).with_variable("x", Type::Dyn).with_mutation_types();
    let program = match env.compile(source) {
        Ok(program) => program,
        Err(errors) => {
            let _ = errors.to_string();
            return;
        }
    };
    let tree = json!({"a": [1, 2.5, "s", null, {"b": true}], "b": {"c": "2024-01-01T00:00:00Z"}, "c": -1});
    let activation = Activation::new().with("self", Value::json(&tree, &Type::Dyn)).with("x", Value::Int(i64::MIN));
    let mut budget = Budget::new(COST_MAX);
    if let Ok(value) = program.eval(&activation, &mut budget).and_then(|value| value.to_json()) {
        bounded(source.len() + (1 << 20), value.to_string().len());
    }
    let _ = program.estimate();
}
