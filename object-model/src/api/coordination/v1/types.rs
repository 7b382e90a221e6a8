//! Types of API group `coordination`, version `v1`.

use crate::{Reflect, Resource};

/// A lease.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "coordination.k8s.io", version = "v1", plural = "leases", rules)]
pub struct Lease {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: LeaseSpec,
}

/// A lease spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct LeaseSpec {
    /// Holder identity.
    #[field(tag = 1)]
    pub holder_identity: Option<String>,
    /// Lease duration, in seconds.
    #[field(tag = 2)]
    pub lease_duration_seconds: Option<i32>,
    /// Acquire time.
    #[field(tag = 3)]
    pub acquire_time: Option<crate::MicroTime>,
    /// Renew time.
    #[field(tag = 4)]
    pub renew_time: Option<crate::MicroTime>,
    /// Lease transitions.
    #[field(tag = 5)]
    pub lease_transitions: Option<i32>,
    /// Strategy.
    #[field(tag = 6)]
    pub strategy: Option<String>,
    /// Preferred holder.
    #[field(tag = 7)]
    pub preferred_holder: Option<String>,
}
