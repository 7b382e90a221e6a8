//! Types of API group `autoscaling`, version `v1`.

use crate::{Reflect, Resource};

/// A horizontal pod autoscaler.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "autoscaling",
    version = "v1",
    plural = "horizontalpodautoscalers",
    short = "hpa",
    categories = "all",
    subresources = "status"
)]
pub struct HorizontalPodAutoscaler {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: HorizontalPodAutoscalerSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: HorizontalPodAutoscalerStatus,
}

/// A scale.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "autoscaling", version = "v1", rules)]
pub struct Scale {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: ScaleSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ScaleStatus,
}

/// A cross version object reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct CrossVersionObjectReference {
    /// Kind of the object.
    #[field(tag = 1, always, required)]
    pub kind: String,
    /// Name.
    #[field(tag = 2, always, required)]
    pub name: String,
    /// API version of the object.
    #[field(tag = 3)]
    pub api_version: String,
}

/// A horizontal pod autoscaler spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HorizontalPodAutoscalerSpec {
    /// Scale target reference.
    #[field(tag = 1, always, required)]
    pub scale_target_ref: CrossVersionObjectReference,
    /// Min replicas.
    #[field(tag = 2)]
    pub min_replicas: Option<i32>,
    /// Max replicas.
    #[field(tag = 3, always, required)]
    pub max_replicas: i32,
    /// Target CPU utilization percentage.
    #[field(tag = 4, name = "targetCPUUtilizationPercentage")]
    pub target_cpu_utilization_percentage: i32,
}

/// A horizontal pod autoscaler status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HorizontalPodAutoscalerStatus {
    /// Observed generation.
    #[field(tag = 1)]
    pub observed_generation: Option<i64>,
    /// Last scale time.
    #[field(tag = 2)]
    pub last_scale_time: Option<crate::Time>,
    /// Current replicas.
    #[field(tag = 3, always, required)]
    pub current_replicas: i32,
    /// Desired replicas.
    #[field(tag = 4, always, required)]
    pub desired_replicas: i32,
    /// Current CPU utilization percentage.
    #[field(tag = 5, name = "currentCPUUtilizationPercentage")]
    pub current_cpu_utilization_percentage: Option<i32>,
}

/// A scale spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScaleSpec {
    /// Replicas.
    #[field(tag = 1)]
    pub replicas: i32,
}

/// A scale status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScaleStatus {
    /// Replicas.
    #[field(tag = 1, always, required)]
    pub replicas: i32,
    /// Selector.
    #[field(tag = 2)]
    pub selector: String,
}
