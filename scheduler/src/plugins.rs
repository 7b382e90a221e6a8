//! The default plugins, under their Kubernetes names.

mod balanced_allocation;
mod default_binder;
mod default_preemption;
mod image_locality;
mod inter_pod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_fit;
mod node_selector;
mod node_unschedulable;
mod normalize;
mod pod_topology_spread;
mod priority_sort;
mod scheduling_gates;
mod taint_toleration;
mod volume_binding;

use std::sync::Arc;

pub use balanced_allocation::NodeResourcesBalancedAllocation;
pub use default_binder::DefaultBinder;
pub use default_preemption::DefaultPreemption;
pub use image_locality::ImageLocality;
pub use inter_pod_affinity::InterPodAffinity;
pub use node_affinity::NodeAffinity;
pub use node_name::NodeName;
pub use node_ports::NodePorts;
pub use node_resources_fit::{NodeResourcesFit, ScoringStrategy, ShapePoint};
pub use node_unschedulable::NodeUnschedulable;
pub use pod_topology_spread::{DefaultConstraints, PodTopologySpread};
pub use priority_sort::PrioritySort;
pub use scheduling_gates::SchedulingGates;
pub use taint_toleration::TaintToleration;
pub use volume_binding::VolumeBinding;

use crate::{Profile, ProfileBuilder};

/// Arguments of the default plugins.
#[derive(Clone, Debug, Default)]
pub struct DefaultPlugins {
    /// How free resources are scored. Default: the emptier the better.
    pub scoring: ScoringStrategy,
    /// How pods that say nothing about spreading are spread. Default: as Kubernetes does it.
    pub spread: DefaultConstraints,
}

impl DefaultPlugins {
    /// A profile of these plugins, in Kubernetes' order and with its weights.
    pub fn profile(&self, scheduler_name: &str) -> ProfileBuilder {
        let fit = Arc::new(NodeResourcesFit::new(self.scoring.clone()));
        let balanced = Arc::new(NodeResourcesBalancedAllocation);
        let spread = Arc::new(PodTopologySpread::new(self.spread.clone()));
        let (taints, affinity) = (Arc::new(TaintToleration), Arc::new(NodeAffinity));
        let (unschedulable, name, ports) = (Arc::new(NodeUnschedulable), Arc::new(NodeName), Arc::new(NodePorts));
        let volumes = Arc::new(VolumeBinding::default());
        let (between, gates) = (Arc::new(InterPodAffinity), Arc::new(SchedulingGates));
        Profile::empty(scheduler_name)
            .queue_sort(Arc::new(PrioritySort))
            .pre_enqueue(gates.clone())
            .pre_filter(affinity.clone())
            .pre_filter(ports.clone())
            .pre_filter(fit.clone())
            .pre_filter(volumes.clone())
            .pre_filter(spread.clone())
            .pre_filter(between.clone())
            .filter(unschedulable.clone())
            .filter(name.clone())
            .filter(taints.clone())
            .filter(affinity.clone())
            .filter(ports.clone())
            .filter(fit.clone())
            .filter(volumes.clone())
            .filter(spread.clone())
            .filter(between.clone())
            .post_filter(Arc::new(DefaultPreemption::default()))
            .pre_score(taints.clone())
            .pre_score(affinity.clone())
            .pre_score(spread.clone())
            .pre_score(between.clone())
            .pre_score(balanced.clone())
            .score(taints.clone(), 3)
            .score(affinity.clone(), 2)
            .score(fit.clone(), 1)
            .score(spread.clone(), 2)
            .score(between.clone(), 2)
            .score(balanced, 1)
            .score(Arc::new(ImageLocality), 1)
            .pre_bind(volumes.clone())
            .bind(Arc::new(DefaultBinder))
            .enqueue(gates)
            .enqueue(unschedulable)
            .enqueue(name)
            .enqueue(taints)
            .enqueue(affinity)
            .enqueue(ports)
            .enqueue(fit)
            .enqueue(volumes)
            .enqueue(spread)
            .enqueue(between)
    }
}
