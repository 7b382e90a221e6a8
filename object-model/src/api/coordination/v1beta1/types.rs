//! Types of API group `coordination`, version `v1beta1`.

use crate::{Reflect, Resource};

/// LeaseCandidate as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "coordination.k8s.io",
    version = "v1beta1",
    plural = "leasecandidates"
)]
pub struct LeaseCandidate {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: LeaseCandidateSpec,
}

/// LeaseCandidateSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LeaseCandidateSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub lease_name: String,
    /// See the API reference.
    #[field(tag = 2, value, always)]
    pub ping_time: Option<crate::MicroTime>,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub renew_time: Option<crate::MicroTime>,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub binary_version: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub emulation_version: String,
    /// See the API reference.
    #[field(tag = 6, always, required)]
    pub strategy: String,
}
