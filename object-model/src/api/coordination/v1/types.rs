//! Types of API group `coordination`, version `v1`.

use crate::{Reflect, Resource};

/// Lease as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "coordination.k8s.io",
    version = "v1",
    plural = "leases",
    rules
)]
pub struct Lease {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<LeaseSpec>>,
}

/// LeaseSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LeaseSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub holder_identity: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub lease_duration_seconds: i32,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub acquire_time: Option<crate::MicroTime>,
    /// See the API reference.
    #[field(tag = 4, value, always)]
    pub renew_time: Option<crate::MicroTime>,
    /// See the API reference.
    #[field(tag = 5)]
    pub lease_transitions: i32,
    /// See the API reference.
    #[field(tag = 6)]
    pub strategy: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub preferred_holder: String,
}
