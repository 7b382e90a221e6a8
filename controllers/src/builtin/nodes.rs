//! Nodes: life signs, taints and evictions; address ranges for their pods; pods that nobody runs any more.

mod eviction;
mod ipam;
mod lifecycle;
mod podgc;

pub(crate) use eviction::{controller as eviction_controller, tolerates};
pub(crate) use ipam::controller as ipam_controller;
pub(crate) use lifecycle::controller as lifecycle_controller;
pub(crate) use podgc::PodCollector;
