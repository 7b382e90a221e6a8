//! Admission policies: what cluster administrators say in CEL about writes.
//!
//! In: policies and bindings in the store, a write. Out: refusals and warnings (validating), changes (mutating).
//! Invariants: an expression is compiled once for each state of its policy; nothing here waits for anything, since
//! policies, parameters and namespaces come from the caches. Source: Kubernetes documentation, "Validating Admission
//! Policy", "Mutating Admission Policy"; KEP-3488, KEP-3962. Elsewhere: the language (`pintle-cel`), webhooks.

mod bindings;
mod check;
mod compiled;
mod conditions;
mod environment;
mod matching;
mod mutating;
mod validating;

pub(crate) use bindings::Sources;
pub(crate) use check::check;
pub(crate) use conditions::Conditions;
pub(crate) use matching::{Rule, Subject};
pub use mutating::MutatingPolicies;
pub use validating::ValidatingPolicies;
