//! API group `scheduling`, version `v1alpha2`.

mod types;

pub use types::{
    BasicSchedulingPolicy, GangSchedulingPolicy, PodGroup, PodGroupResourceClaim, PodGroupResourceClaimStatus,
    PodGroupSchedulingConstraints, PodGroupSchedulingPolicy, PodGroupSpec, PodGroupStatus, PodGroupTemplate,
    PodGroupTemplateReference, TopologyConstraint, TypedLocalObjectReference, Workload,
    WorkloadPodGroupTemplateReference, WorkloadSpec,
};
