//! Types of API group `autoscaling`, version `v2`.

use crate::{Reflect, Resource};

/// HorizontalPodAutoscaler as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "autoscaling",
    version = "v2",
    plural = "horizontalpodautoscalers",
    short = "hpa",
    categories = "all",
    subresources = "status",
    rules
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

/// ContainerResourceMetricSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerResourceMetricSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub container: String,
}

/// ContainerResourceMetricStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerResourceMetricStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub container: String,
}

/// CrossVersionObjectReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
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

/// ExternalMetricSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExternalMetricSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
}

/// ExternalMetricStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExternalMetricStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
}

/// HPAScalingPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HPAScalingPolicy {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub value: i32,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub period_seconds: i32,
}

/// HPAScalingRules as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HPAScalingRules {
    /// See the API reference.
    #[field(tag = 1)]
    pub select_policy: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub policies: Vec<HPAScalingPolicy>,
    /// See the API reference.
    #[field(tag = 3)]
    pub stabilization_window_seconds: i32,
    /// See the API reference.
    #[field(tag = 4)]
    pub tolerance: crate::Quantity,
}

/// HorizontalPodAutoscalerBehavior as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HorizontalPodAutoscalerBehavior {
    /// See the API reference.
    #[field(tag = 1)]
    pub scale_up: Option<Box<HPAScalingRules>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub scale_down: Option<Box<HPAScalingRules>>,
}

/// HorizontalPodAutoscalerCondition as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HorizontalPodAutoscalerCondition {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// See the API reference.
    #[field(tag = 3, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 4)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub message: String,
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
    #[field(tag = 4, list = "atomic")]
    pub metrics: Vec<MetricSpec>,
    /// See the API reference.
    #[field(tag = 5)]
    pub behavior: Option<Box<HorizontalPodAutoscalerBehavior>>,
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
    #[field(tag = 3)]
    pub current_replicas: i32,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub desired_replicas: i32,
    /// See the API reference.
    #[field(tag = 5, list = "atomic")]
    pub current_metrics: Vec<MetricStatus>,
    /// See the API reference.
    #[field(
        tag = 6,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<HorizontalPodAutoscalerCondition>,
}

/// MetricIdentifier as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricIdentifier {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
}

/// MetricSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub object: Option<Box<ObjectMetricSource>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub pods: Option<Box<PodsMetricSource>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub resource: Option<Box<ResourceMetricSource>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub external: Option<Box<ExternalMetricSource>>,
    /// See the API reference.
    #[field(tag = 7)]
    pub container_resource: Option<Box<ContainerResourceMetricSource>>,
}

/// MetricStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub object: Option<Box<ObjectMetricStatus>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub pods: Option<Box<PodsMetricStatus>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub resource: Option<Box<ResourceMetricStatus>>,
    /// See the API reference.
    #[field(tag = 5)]
    pub external: Option<Box<ExternalMetricStatus>>,
    /// See the API reference.
    #[field(tag = 7)]
    pub container_resource: Option<Box<ContainerResourceMetricStatus>>,
}

/// MetricTarget as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricTarget {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub value: crate::Quantity,
    /// See the API reference.
    #[field(tag = 3)]
    pub average_value: crate::Quantity,
    /// See the API reference.
    #[field(tag = 4)]
    pub average_utilization: i32,
}

/// MetricValueStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricValueStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub value: crate::Quantity,
    /// See the API reference.
    #[field(tag = 2)]
    pub average_value: crate::Quantity,
    /// See the API reference.
    #[field(tag = 3)]
    pub average_utilization: i32,
}

/// ObjectMetricSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ObjectMetricSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub described_object: CrossVersionObjectReference,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub metric: MetricIdentifier,
}

/// ObjectMetricStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ObjectMetricStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub described_object: CrossVersionObjectReference,
}

/// PodsMetricSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodsMetricSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
}

/// PodsMetricStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodsMetricStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
}

/// ResourceMetricSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceMetricSource {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
}

/// ResourceMetricStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceMetricStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
}
