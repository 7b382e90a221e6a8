//! API group `coordination`, version `v1alpha2`.

mod types;

pub use types::{LeaseCandidate, LeaseCandidateSpec};
