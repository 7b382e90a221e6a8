//! Rules in CEL: compiled from definitions, held against custom resources.
//!
//! In: `x-kubernetes-validations`. Out: what is wrong with a rule, or with an object by a rule. Invariants: a rule is
//! compiled once for each state of its definition; what all rules of one object may cost is bounded.
//! Source: Kubernetes documentation, "Validation rules"; KEP-2876, KEP-4008. Elsewhere: the language (`pintle-cel`).

mod compile;
mod evaluate;
mod types;

pub(crate) use compile::{CompiledRules, check_definition};
pub(crate) use evaluate::evaluate;
