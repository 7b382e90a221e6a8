//! Types of API group `autoscaling`, version `v2`.

use crate::{Reflect, Resource};

/// A horizontal pod autoscaler.
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
    #[field(tag = 3, always)]
    pub status: HorizontalPodAutoscalerStatus,
}

/// A container resource metric source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerResourceMetricSource {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Target.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
    /// Container.
    #[field(tag = 3, always, required)]
    pub container: String,
}

/// A container resource metric status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ContainerResourceMetricStatus {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Current.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
    /// Container.
    #[field(tag = 3, always, required)]
    pub container: String,
}

/// A cross version object reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
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

/// An external metric source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExternalMetricSource {
    /// Metric.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// Target.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
}

/// An external metric status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ExternalMetricStatus {
    /// Metric.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// Current.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
}

/// A hpa scaling policy.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HPAScalingPolicy {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Value.
    #[field(tag = 2, always, required)]
    pub value: i32,
    /// Period, in seconds.
    #[field(tag = 3, always, required)]
    pub period_seconds: i32,
}

/// A hpa scaling rules.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HPAScalingRules {
    /// Select policy.
    #[field(tag = 1)]
    pub select_policy: Option<String>,
    /// Policies.
    #[field(tag = 2, list = "atomic")]
    pub policies: Option<Vec<HPAScalingPolicy>>,
    /// Stabilization window, in seconds.
    #[field(tag = 3)]
    pub stabilization_window_seconds: Option<i32>,
    /// Tolerance.
    #[field(tag = 4)]
    pub tolerance: Option<crate::Quantity>,
}

/// A horizontal pod autoscaler behavior.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HorizontalPodAutoscalerBehavior {
    /// Scale up.
    #[field(tag = 1)]
    pub scale_up: Option<Box<HPAScalingRules>>,
    /// Scale down.
    #[field(tag = 2)]
    pub scale_down: Option<Box<HPAScalingRules>>,
}

/// A horizontal pod autoscaler condition.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HorizontalPodAutoscalerCondition {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Status.
    #[field(tag = 2, always, required)]
    pub status: String,
    /// Last transition time.
    #[field(tag = 3, value, always)]
    pub last_transition_time: Option<crate::Time>,
    /// Reason.
    #[field(tag = 4)]
    pub reason: String,
    /// Message.
    #[field(tag = 5)]
    pub message: String,
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
    /// Metrics.
    #[field(tag = 4, list = "atomic")]
    pub metrics: Vec<MetricSpec>,
    /// Behavior.
    #[field(tag = 5)]
    pub behavior: Option<Box<HorizontalPodAutoscalerBehavior>>,
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
    #[field(tag = 3)]
    pub current_replicas: i32,
    /// Desired replicas.
    #[field(tag = 4, always, required)]
    pub desired_replicas: i32,
    /// Current metrics.
    #[field(tag = 5, list = "atomic", always)]
    pub current_metrics: Vec<MetricStatus>,
    /// Conditions.
    #[field(tag = 6, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<HorizontalPodAutoscalerCondition>,
}

/// A metric identifier.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricIdentifier {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Selector.
    #[field(tag = 2)]
    pub selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
}

/// A metric spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricSpec {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Object.
    #[field(tag = 2)]
    pub object: Option<Box<ObjectMetricSource>>,
    /// Pods.
    #[field(tag = 3)]
    pub pods: Option<Box<PodsMetricSource>>,
    /// Resource.
    #[field(tag = 4)]
    pub resource: Option<Box<ResourceMetricSource>>,
    /// External.
    #[field(tag = 5)]
    pub external: Option<Box<ExternalMetricSource>>,
    /// Container resource.
    #[field(tag = 7)]
    pub container_resource: Option<Box<ContainerResourceMetricSource>>,
}

/// A metric status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricStatus {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Object.
    #[field(tag = 2)]
    pub object: Option<Box<ObjectMetricStatus>>,
    /// Pods.
    #[field(tag = 3)]
    pub pods: Option<Box<PodsMetricStatus>>,
    /// Resource.
    #[field(tag = 4)]
    pub resource: Option<Box<ResourceMetricStatus>>,
    /// External.
    #[field(tag = 5)]
    pub external: Option<Box<ExternalMetricStatus>>,
    /// Container resource.
    #[field(tag = 7)]
    pub container_resource: Option<Box<ContainerResourceMetricStatus>>,
}

/// A metric target.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricTarget {
    /// Type.
    #[field(tag = 1, always, required)]
    pub type_: String,
    /// Value.
    #[field(tag = 2)]
    pub value: Option<crate::Quantity>,
    /// Average value.
    #[field(tag = 3)]
    pub average_value: Option<crate::Quantity>,
    /// Average utilization.
    #[field(tag = 4)]
    pub average_utilization: Option<i32>,
}

/// A metric value status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct MetricValueStatus {
    /// Value.
    #[field(tag = 1)]
    pub value: Option<crate::Quantity>,
    /// Average value.
    #[field(tag = 2)]
    pub average_value: Option<crate::Quantity>,
    /// Average utilization.
    #[field(tag = 3)]
    pub average_utilization: Option<i32>,
}

/// An object metric source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ObjectMetricSource {
    /// Described object.
    #[field(tag = 1, always, required)]
    pub described_object: CrossVersionObjectReference,
    /// Target.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
    /// Metric.
    #[field(tag = 3, always, required)]
    pub metric: MetricIdentifier,
}

/// An object metric status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ObjectMetricStatus {
    /// Metric.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// Current.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
    /// Described object.
    #[field(tag = 3, always, required)]
    pub described_object: CrossVersionObjectReference,
}

/// A pods metric source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodsMetricSource {
    /// Metric.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// Target.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
}

/// A pods metric status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct PodsMetricStatus {
    /// Metric.
    #[field(tag = 1, always, required)]
    pub metric: MetricIdentifier,
    /// Current.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
}

/// A resource metric source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceMetricSource {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Target.
    #[field(tag = 2, always, required)]
    pub target: MetricTarget,
}

/// A resource metric status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ResourceMetricStatus {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Current.
    #[field(tag = 2, always, required)]
    pub current: MetricValueStatus,
}
