//! `VolumeBinding`: pods with claims run where their volumes can be.
//!
//! What is there: claims must exist; bound volumes restrict the nodes by their node affinity; claims of a class with
//! `WaitForFirstConsumer` get their node announced to the class's provisioner, and the pod is bound once they are. What is
//! not: choosing among volumes that exist already for a claim that waits for its first consumer (classes without a
//! provisioner): such pods stay unschedulable, and the message says so. Capacity tracking is absent, too. Source:
//! Kubernetes concepts, "Storage Classes", "Volume binding mode".

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::{Params, Patch};
use pintle_object_model::api::core::v1::{PersistentVolumeClaim, Pod, Volume};
use pintle_object_model::api::storage::v1::StorageClass;
use pintle_object_model::{ObjectRef, Status};

use super::node_selector::CompiledNodeSelector;
use crate::{
    BindContext, ClusterEvent, Cycle, CycleState, EnqueueExtensions, Filter, Hint, LabelKey, NodeView, Plugin, PodInfo,
    PreBind, PreFilter, PreFilterOutcome, Rejection, Snapshot, Verdict,
};

/// The node that a provisioner should make the volume for.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// Checks claims and volumes.
#[derive(Clone, Debug)]
pub struct VolumeBinding {
    /// How long a pod with a node waits for its volumes. Default 10 min.
    pub bind_timeout: Duration,
    /// Between looks at the claims meanwhile. Default 1 s.
    pub poll: Duration,
}

impl Default for VolumeBinding {
    fn default() -> Self {
        Self { bind_timeout: Duration::from_secs(600), poll: Duration::from_secs(1) }
    }
}

/// Labels, each with the values that will do.
type TopologyTerm = Vec<(Option<LabelKey>, Vec<String>)>;

/// What the pod's volumes demand of a node.
#[derive(Clone, Default)]
struct Demands {
    /// One per bound volume with node affinity.
    bound: Vec<Arc<CompiledNodeSelector>>,
    /// A claim is bound to a volume that is not there.
    missing: bool,
    /// Claims that wait for a node, and for which nobody provisions.
    unprovisioned: bool,
    /// Topologies that are allowed for claims that wait for a node; any term of each list will do.
    allowed: Vec<Vec<TopologyTerm>>,
}

/// The name of the claim behind a volume, and whether it is made for this pod alone.
fn claim_name(pod: &Pod, volume: &Volume) -> Option<(String, bool)> {
    if let Some(source) = &volume.persistent_volume_claim {
        return Some((source.claim_name.clone(), false));
    }
    volume.ephemeral.is_some().then(|| (format!("{}-{}", pod.metadata.name, volume.name), true))
}

fn claim_names(pod: &Pod) -> impl Iterator<Item = (String, bool)> {
    pod.spec.volumes.iter().filter_map(|volume| claim_name(pod, volume))
}

fn waits_for_consumer(class: Option<&Arc<StorageClass>>) -> bool {
    class.is_some_and(|class| class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"))
}

impl Demands {
    fn of(snapshot: &Snapshot, pod: &Pod) -> Result<Self, Rejection> {
        let mut demands = Self::default();
        for (name, own) in claim_names(pod) {
            let claim = snapshot.cluster().claim(&ObjectRef::new(pod.metadata.namespace.as_str(), name.as_str()));
            let Some(claim) = claim else {
                return Err(Rejection::unresolvable(if own {
                    format!("waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\"")
                } else {
                    format!("persistentvolumeclaim \"{name}\" not found")
                }));
            };
            if claim.metadata.deletion_timestamp.is_some() {
                return Err(Rejection::unresolvable(format!("persistentvolumeclaim \"{name}\" is being deleted")));
            }
            demands.add(snapshot, claim)?;
        }
        Ok(demands)
    }

    fn add(&mut self, snapshot: &Snapshot, claim: &PersistentVolumeClaim) -> Result<(), Rejection> {
        if !claim.spec.volume_name.is_empty() {
            match snapshot.cluster().volume(&claim.spec.volume_name) {
                None => self.missing = true,
                Some(volume) => {
                    let required = volume.spec.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
                    self.bound
                        .extend(required.map(|selector| Arc::new(CompiledNodeSelector::of_terms(snapshot, selector))));
                }
            }
            return Ok(());
        }
        let class = claim.spec.storage_class_name.as_deref().and_then(|name| snapshot.cluster().class(name));
        if !waits_for_consumer(class) {
            return Err(Rejection::unresolvable("pod has unbound immediate PersistentVolumeClaims"));
        }
        if let Some(class) = class {
            self.unprovisioned |= class.provisioner == NO_PROVISIONER;
            let term = |term: &pintle_object_model::api::core::v1::TopologySelectorTerm| {
                let labels = term.match_label_expressions.iter();
                labels.map(|label| (snapshot.label_key(&label.key), label.values.clone())).collect()
            };
            if !class.allowed_topologies.is_empty() {
                self.allowed.push(class.allowed_topologies.iter().map(term).collect());
            }
        }
        Ok(())
    }

    fn check(&self, node: NodeView<'_>) -> Verdict {
        if self.missing {
            return Verdict::rejects_for_good(
                "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
            );
        }
        if !self.bound.iter().all(|selector| selector.matches(node)) {
            return Verdict::rejects_for_good("node(s) had volume node affinity conflict");
        }
        let has = |(key, values): &(Option<LabelKey>, Vec<String>)| {
            let value = key.and_then(|key| node.label(key)).map(|value| node.snapshot().label_text(value));
            value.is_some_and(|value| values.iter().any(|allowed| allowed == value))
        };
        let allowed = self.allowed.iter().all(|terms| terms.iter().any(|term| term.iter().all(has)));
        if self.unprovisioned || !allowed {
            return Verdict::rejects_for_good("node(s) didn't find available persistent volumes to bind");
        }
        Verdict::Fits
    }
}

impl Plugin for VolumeBinding {
    fn name(&self) -> &'static str {
        "VolumeBinding"
    }
}

impl PreFilter for VolumeBinding {
    fn pre_filter(&self, cycle: Cycle<'_>, state: &mut CycleState) -> PreFilterOutcome {
        if claim_names(cycle.pod.pod()).next().is_none() {
            return PreFilterOutcome::Skip;
        }
        match Demands::of(cycle.snapshot, cycle.pod.pod()) {
            Ok(demands) => {
                state.write(Arc::new(demands));
                PreFilterOutcome::Continue
            }
            Err(rejection) => PreFilterOutcome::Reject(rejection),
        }
    }
}

impl Filter for VolumeBinding {
    fn filter(&self, _cycle: Cycle<'_>, state: &CycleState, node: NodeView<'_>) -> Verdict {
        state.get::<Arc<Demands>>().map_or(Verdict::Fits, |demands| demands.check(node))
    }
}

#[async_trait]
impl PreBind for VolumeBinding {
    /// Announces the node to the provisioners and waits for the volumes.
    async fn pre_bind(&self, context: &BindContext) -> Result<(), Status> {
        let mut open: BTreeMap<String, bool> = claim_names(context.pod.pod()).map(|(name, _)| (name, false)).collect();
        if open.is_empty() {
            return Ok(());
        }
        let claims = context.client.namespaced::<PersistentVolumeClaim>(context.pod.namespace());
        let bind = async {
            loop {
                let names: Vec<String> = open.keys().cloned().collect();
                for name in names {
                    let claim = claims.get(&name).await?;
                    if !claim.spec.volume_name.is_empty() && claim.status.phase == "Bound" {
                        open.remove(&name);
                        continue;
                    }
                    let selected = claim.metadata.annotations.get(SELECTED_NODE);
                    if selected != Some(&context.node) {
                        if open.insert(name.clone(), true) == Some(true) {
                            // The provisioner took it away again: it cannot make a volume for this node.
                            return Err(Status::unavailable(format!("provisioning failed for PVC \"{name}\"")));
                        }
                        let node = serde_json::json!({"metadata": {"annotations": {SELECTED_NODE: context.node}}});
                        claims.patch(&name, Patch::merge(&node), Params::default()).await?;
                    }
                }
                if open.is_empty() {
                    return Ok(());
                }
                tokio::time::sleep(self.poll).await;
            }
        };
        match tokio::time::timeout(self.bind_timeout, bind).await {
            Ok(result) => result,
            Err(_) => Err(Status::timeout("binding volumes: context deadline exceeded")),
        }
    }
}

impl EnqueueExtensions for VolumeBinding {
    fn hint(&self, _pod: &PodInfo, event: &ClusterEvent) -> Hint {
        match event {
            ClusterEvent::Other("PersistentVolumeClaim" | "PersistentVolume" | "StorageClass")
            | ClusterEvent::NodeAdded(_) => Hint::Queue,
            ClusterEvent::NodeUpdated { change, .. } => change.labels.into(),
            _ => Hint::Skip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fits, node, node_labels, pod, rejection, requirement, snapshot_of};
    use pintle_object_model::api::core::v1::{
        NodeSelector, NodeSelectorTerm, PersistentVolume, PersistentVolumeClaimVolumeSource, VolumeNodeAffinity,
    };

    fn with_claim() -> Pod {
        let mut pod = pod("p");
        let source = PersistentVolumeClaimVolumeSource { claim_name: "data".into(), ..Default::default() };
        pod.spec.volumes =
            vec![Volume { name: "v".into(), persistent_volume_claim: Some(Box::new(source)), ..Volume::default() }];
        pod
    }

    fn claim(volume: &str) -> Arc<PersistentVolumeClaim> {
        let mut claim = PersistentVolumeClaim::default();
        claim.metadata.name = "data".into();
        claim.metadata.namespace = "default".into();
        claim.spec.storage_class_name = Some("fast".into());
        claim.spec.volume_name = volume.into();
        Arc::new(claim)
    }

    fn cluster() -> Snapshot {
        snapshot_of([node_labels(node("a"), &[("zone", "z1")]), node_labels(node("b"), &[("zone", "z2")])])
    }

    fn why(snapshot: &Snapshot) -> String {
        rejection(snapshot, &with_claim(), &VolumeBinding::default(), "a").expect("does not fit").reasons.join("; ")
    }

    #[test]
    fn a_bound_volume_says_where_the_pod_can_be() {
        let mut snapshot = cluster();
        assert_eq!(why(&snapshot), "persistentvolumeclaim \"data\" not found");
        snapshot.cluster_mut().set_claim(claim("pv"), true);
        assert_eq!(why(&snapshot), "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
        let mut volume = PersistentVolume::default();
        volume.metadata.name = "pv".into();
        let term = NodeSelectorTerm {
            match_expressions: vec![requirement("zone", "In", &["z2"])],
            ..NodeSelectorTerm::default()
        };
        volume.spec.node_affinity = Some(Box::new(VolumeNodeAffinity {
            required: Some(Box::new(NodeSelector { node_selector_terms: vec![term] })),
        }));
        snapshot.cluster_mut().set_volume(Arc::new(volume), true);
        assert_eq!(why(&snapshot), "node(s) had volume node affinity conflict");
        assert_eq!(fits(&snapshot, &with_claim(), &VolumeBinding::default()), [false, true]);
    }

    #[test]
    fn an_unbound_claim_needs_a_class_that_waits_and_provisions() {
        let mut snapshot = cluster();
        snapshot.cluster_mut().set_claim(claim(""), true);
        assert_eq!(why(&snapshot), "pod has unbound immediate PersistentVolumeClaims");
        let mut class = StorageClass::default();
        class.metadata.name = "fast".into();
        class.provisioner = "example.com/disk".into();
        class.volume_binding_mode = Some("WaitForFirstConsumer".into());
        snapshot.cluster_mut().set_class(Arc::new(class.clone()), true);
        assert_eq!(fits(&snapshot, &with_claim(), &VolumeBinding::default()), [true, true]);
        class.provisioner = NO_PROVISIONER.into();
        snapshot.cluster_mut().set_class(Arc::new(class), true);
        assert_eq!(why(&snapshot), "node(s) didn't find available persistent volumes to bind");
    }
}
