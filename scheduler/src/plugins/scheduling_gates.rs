//! `SchedulingGates`: pods wait until their gates are removed. Source: KEP-3521.

use crate::{ClusterEvent, EnqueueExtensions, Hint, Plugin, PodInfo, PreEnqueue, Rejection};

/// Holds back pods with `spec.schedulingGates`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchedulingGates;

impl Plugin for SchedulingGates {
    fn name(&self) -> &'static str {
        "SchedulingGates"
    }
}

impl PreEnqueue for SchedulingGates {
    fn pre_enqueue(&self, pod: &PodInfo) -> Result<(), Rejection> {
        let gates: Vec<&str> = pod.pod().spec.scheduling_gates.iter().map(|gate| gate.name.as_str()).collect();
        if gates.is_empty() {
            return Ok(());
        }
        Err(Rejection::unresolvable(format!("waiting for scheduling gates: [{}]", gates.join(" "))))
    }
}

impl EnqueueExtensions for SchedulingGates {
    fn hint(&self, _pod: &PodInfo, event: &ClusterEvent) -> Hint {
        match event {
            ClusterEvent::SelfUpdated { new, .. } => new.pod().spec.scheduling_gates.is_empty().into(),
            _ => Hint::Skip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{info, pod};
    use pintle_object_model::api::core::v1::PodSchedulingGate;

    #[test]
    fn gates_hold_a_pod_back() {
        let mut gated = pod("p");
        assert_eq!(SchedulingGates.pre_enqueue(&info(&gated)), Ok(()));
        gated.spec.scheduling_gates =
            ["a", "b"].map(|name| PodSchedulingGate { name: name.into() }).into_iter().collect();
        let why = SchedulingGates.pre_enqueue(&info(&gated)).unwrap_err();
        assert_eq!(why.reasons, ["waiting for scheduling gates: [a b]"]);
    }
}
