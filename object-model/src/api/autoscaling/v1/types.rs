//! Types of API group `autoscaling`, version `v1`.

use crate::{Reflect, Resource};

/// HorizontalPodAutoscaler as of the API group it belongs to.
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
    #[field(tag = 3)]
    pub status: Option<Box<HorizontalPodAutoscalerStatus>>,
}

/// Scale as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "autoscaling", version = "v1", rules)]
pub struct Scale {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<ScaleSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<ScaleStatus>>,
}

/// CrossVersionObjectReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct CrossVersionObjectReference {
    /// Kind of the object.
    #[field(tag = 1, always, required)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub name: String,
    /// API version of the object.
    #[field(tag = 3)]
    pub api_version: String,
}

/// HorizontalPodAutoscalerSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HorizontalPodAutoscalerSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub scale_target_ref: CrossVersionObjectReference,
    /// See the API reference.
    #[field(tag = 2)]
    pub min_replicas: i32,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub max_replicas: i32,
    /// See the API reference.
    #[field(tag = 4, name = "targetCPUUtilizationPercentage")]
    pub target_cpu_utilization_percentage: i32,
}

/// HorizontalPodAutoscalerStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HorizontalPodAutoscalerStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub observed_generation: i64,
    /// See the API reference.
    #[field(tag = 2, value, always)]
    pub last_scale_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub current_replicas: i32,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub desired_replicas: i32,
    /// See the API reference.
    #[field(tag = 5, name = "currentCPUUtilizationPercentage")]
    pub current_cpu_utilization_percentage: i32,
}

/// ScaleSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScaleSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub replicas: i32,
}

/// ScaleStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ScaleStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub replicas: i32,
    /// See the API reference.
    #[field(tag = 2)]
    pub selector: String,
}
