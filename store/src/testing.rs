//! The promises of [`Store`](crate::Store) as tests that any backend can run.
//!
//! In: a store of `Bytes`. Out: the broken promise, if there is one. Elsewhere: what only one backend promises.

mod checker;
mod conformance;
mod linearizability;

pub use conformance::conformance;
pub use linearizability::{Judged, Workload, check_history};
