//! The default plugins, under their Kubernetes names.

mod balanced_allocation;
mod default_binder;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_fit;
mod node_selector;
mod node_unschedulable;
mod normalize;
mod priority_sort;
mod scheduling_gates;
mod taint_toleration;

use std::sync::Arc;

pub use balanced_allocation::NodeResourcesBalancedAllocation;
pub use default_binder::DefaultBinder;
pub use node_affinity::NodeAffinity;
pub use node_name::NodeName;
pub use node_ports::NodePorts;
pub use node_resources_fit::{NodeResourcesFit, ScoringStrategy, ShapePoint};
pub use node_unschedulable::NodeUnschedulable;
pub use priority_sort::PrioritySort;
pub use scheduling_gates::SchedulingGates;
pub use taint_toleration::TaintToleration;

use crate::{Profile, ProfileBuilder};

/// Arguments of the default plugins.
#[derive(Clone, Debug, Default)]
pub struct DefaultPlugins {
    /// How free resources are scored. Default: the emptier the better.
    pub scoring: ScoringStrategy,
}

impl DefaultPlugins {
    /// A profile of these plugins, in Kubernetes' order and with its weights.
    pub fn profile(&self, scheduler_name: &str) -> ProfileBuilder {
        let fit = Arc::new(NodeResourcesFit::new(self.scoring.clone()));
        let balanced = Arc::new(NodeResourcesBalancedAllocation);
        let (taints, affinity) = (Arc::new(TaintToleration), Arc::new(NodeAffinity));
        let (unschedulable, name, ports) = (Arc::new(NodeUnschedulable), Arc::new(NodeName), Arc::new(NodePorts));
        let gates = Arc::new(SchedulingGates);
        Profile::empty(scheduler_name)
            .queue_sort(Arc::new(PrioritySort))
            .pre_enqueue(gates.clone())
            .pre_filter(affinity.clone())
            .pre_filter(ports.clone())
            .pre_filter(fit.clone())
            .filter(unschedulable.clone())
            .filter(name.clone())
            .filter(taints.clone())
            .filter(affinity.clone())
            .filter(ports.clone())
            .filter(fit.clone())
            .pre_score(taints.clone())
            .pre_score(affinity.clone())
            .pre_score(balanced.clone())
            .score(taints.clone(), 3)
            .score(affinity.clone(), 2)
            .score(fit.clone(), 1)
            .score(balanced, 1)
            .bind(Arc::new(DefaultBinder))
            .enqueue(gates)
            .enqueue(unschedulable)
            .enqueue(name)
            .enqueue(taints)
            .enqueue(affinity)
            .enqueue(ports)
            .enqueue(fit)
    }
}
