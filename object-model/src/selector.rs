//! Label and field selectors.
//!
//! In: text from queries, objects from specs. Out: matching. Invariant: the texts of errors are those that clients
//! of Kubernetes see. Source: Kubernetes concepts, "Labels and Selectors", "Field Selectors".

mod field;
mod label;
mod parse;

pub use field::{FieldSelector, FieldTerm};
pub use label::{Operator, Requirement, Selector};
