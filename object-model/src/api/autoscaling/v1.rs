//! API group `autoscaling`, version `v1`.

mod types;

pub use types::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, HorizontalPodAutoscalerStatus,
    Scale, ScaleSpec, ScaleStatus,
};
