//! API group `coordination`, version `v1beta1`.

mod types;

pub use types::{LeaseCandidate, LeaseCandidateSpec};
