//! CEL, the expression language, as Kubernetes 1.36 speaks it: in the rules of custom resources, in admission policies,
//! in the match conditions of webhooks.
//!
//! ```
//! use pintle_cel::{Activation, Budget, Env, Type, Value};
//! use serde_json::json;
//!
//! let env = Env::new().with_variable("self", Type::object("Widget", [("size".into(), Type::Int)]));
//! let program = env.compile("self.size < 10")?;
//! assert_eq!(program.result_type(), &Type::Bool);
//!
//! let ty = Type::object("Widget", [("size".into(), Type::Int)]);
//! let widget = json!({"size": 12});
//! let activation = Activation::new().with("self", Value::json(&widget, &ty));
//! assert_eq!(program.eval(&activation, &mut Budget::default())?.as_bool(), Some(false));
//!
//! let wrong = env.compile("self.sise < 10").unwrap_err();
//! assert_eq!(wrong.to_string(), "ERROR: <input>:1:5: undefined field 'sise'\n | self.sise < 10\n | ....^");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Env`]: which variables and types there are; compiles text into a [`Program`], or says why not ([`CompileErrors`]).
//! - [`Type`]: declared types, with the sizes that schemas allow.
//! - [`Value`]: what programs read and yield; a view of a JSON tree where it can be.
//! - [`Activation`], [`Budget`]: the variables of an evaluation, and what it may cost.
//! - [`declared`]: the type of a structural schema; [`Program::estimate`] and [`excess`]: what a rule may cost at most.
//!
//! In: expressions and JSON. Out: values, errors worded as cel-go words them. Invariants: no input panics or runs without
//! bound; the same input gives the same result. Absent: I/O, clocks, the network, knowledge of any kind or policy.

mod activation;
mod admission;
mod ast;
mod budget;
mod check;
mod compare;
mod cost;
mod env;
mod errors;
mod estimate;
mod eval;
mod join;
mod json;
mod key;
mod library;
mod literals;
mod macros;
mod mutation;
mod names;
mod overload;
mod parse;
mod program;
mod schema;
mod signature;
mod ty;
mod unify;
mod value;

pub use activation::Activation;
pub use admission::{namespace_type, request_type};
pub use budget::{Budget, CALL_COST_MAX, TOTAL_COST_MAX};
pub use env::Env;
pub use errors::{CompileErrors, EvalError};
pub use estimate::{Estimate, RULE_ESTIMATE_MAX, SCHEMA_ESTIMATE_MAX, excess};
pub use library::authorizer::{
    AUTHORIZER, Authorizer, Decision, Question, RESOURCE_CHECK, Resource, Target, authorizer_value,
    resource_check_value,
};
pub use library::opaque::Opaque;
pub use mutation::{check_object_names, json_patch_result, object_result};
pub use names::{escape, is_identifier, unescape};
pub use program::Program;
pub use schema::{Declared, declared};
pub use ty::{ListKind, ObjectType, SchemaType, Type};
pub use value::{Built, Fields, Key, List, Map, Object, Text, Value};
