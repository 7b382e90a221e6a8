//! Types of API group `coordination`, version `v1alpha2`.

use crate::{Reflect, Resource};

/// A lease candidate.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "coordination.k8s.io", version = "v1alpha2", plural = "leasecandidates")]
pub struct LeaseCandidate {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: LeaseCandidateSpec,
}

/// A lease candidate spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LeaseCandidateSpec {
    /// Lease name.
    #[field(tag = 1, always, required)]
    pub lease_name: String,
    /// Ping time.
    #[field(tag = 2, value, always)]
    pub ping_time: Option<crate::MicroTime>,
    /// Renew time.
    #[field(tag = 3, value, always)]
    pub renew_time: Option<crate::MicroTime>,
    /// Binary version.
    #[field(tag = 4, always, required)]
    pub binary_version: String,
    /// Emulation version.
    #[field(tag = 5)]
    pub emulation_version: String,
    /// Strategy.
    #[field(tag = 6, always, required)]
    pub strategy: String,
}
