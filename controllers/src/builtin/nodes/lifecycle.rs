//! Which nodes are alive.
//!
//! In: nodes, and the Leases that their agents renew. Out: the `Ready` condition of silent nodes set to `Unknown`, taints
//! that keep pods away, pods of dead nodes marked as not ready. Invariants: silence is measured by our own monotonic
//! clock, from when a sign of life was seen; a controller that just started gives every node the whole grace time.
//! Source: Kubernetes concepts, "Nodes" ("Node controller"), "Taints and Tolerations".

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::api::coordination::v1::Lease;
use pintle_object_model::api::core::v1::{Node, NodeCondition, Pod, Taint};
use pintle_object_model::{MicroTime, ObjectRef, Time};

use crate::error::{Doing, gone_is_fine};
use crate::{Action, Context, Controller, ControllerError, ControllerOptions, Reconciler, condition};

pub(super) const NOT_READY: &str = "node.kubernetes.io/not-ready";
pub(super) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// Name of the index of pods by node.
pub(super) const BY_NODE: &str = "node";
const LEASES: &str = "kube-node-lease";
/// Conditions that only the node's agent can know.
const REPORTED: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

pub(super) fn by_node(pod: &Pod) -> Vec<String> {
    if pod.spec.node_name.is_empty() { vec![] } else { vec![pod.spec.node_name.clone()] }
}

/// The `nodelifecycle` controller.
pub(crate) fn controller(options: &ControllerOptions) -> Controller {
    let signs = Arc::new(Signs::default());
    let (of_lease, grace) = (Arc::clone(&signs), options.node_grace);
    Controller::new("nodelifecycle")
        .component("node-controller")
        .index::<Pod>(BY_NODE, by_node)
        .for_::<Node>()
        .on::<Lease>(move |delta, ctx, enqueue| {
            let lease = delta.object();
            if lease.metadata.namespace == LEASES {
                let was_silent =
                    of_lease.renewed(&lease.metadata.name, lease.spec.renew_time, ctx.clock().now(), grace);
                if was_silent {
                    enqueue.add(ObjectRef::new("", lease.metadata.name.as_str()));
                }
            }
        })
        .build(Lifecycle { signs, grace })
}

/// The last sign of life of each node.
#[derive(Default)]
struct Signs {
    nodes: Mutex<HashMap<String, Sign>>,
}

#[derive(Default)]
struct Sign {
    renewed: Option<MicroTime>,
    heartbeat: Option<Time>,
    seen: Duration,
}

impl Signs {
    /// A Lease says when it was renewed. Answers whether the node had been silent for too long.
    fn renewed(&self, node: &str, at: Option<MicroTime>, now: Duration, grace: Duration) -> bool {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let sign = nodes.entry(node.to_owned()).or_insert(Sign { seen: now, ..Sign::default() });
        let was_silent = now >= sign.seen + grace;
        if sign.renewed != at {
            sign.renewed = at;
            sign.seen = now;
            return was_silent;
        }
        false
    }

    /// The node's status says when its agent last reported. Answers how long the node has been silent.
    fn silence(&self, node: &str, heartbeat: Option<Time>, now: Duration) -> Duration {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let sign = nodes.entry(node.to_owned()).or_insert(Sign { heartbeat, seen: now, ..Sign::default() });
        if sign.heartbeat != heartbeat {
            sign.heartbeat = heartbeat;
            sign.seen = now;
        }
        now.saturating_sub(sign.seen)
    }

    fn forget(&self, node: &str) {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).remove(node);
    }
}

struct Lifecycle {
    signs: Arc<Signs>,
    grace: Duration,
}

#[async_trait]
impl Reconciler for Lifecycle {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(node) = ctx.cached::<Node>().get("", &key.name) else {
            self.signs.forget(&key.name);
            return Ok(Action::done());
        };
        let heartbeat = condition::find(&node.status.conditions, "Ready").and_then(|ready| ready.last_heartbeat_time);
        let silence = self.signs.silence(&key.name, heartbeat, ctx.clock().now());
        let silent = silence >= self.grace;
        let node = if silent { mark_unknown(ctx, &node).await? } else { node };
        let ready = condition::find(&node.status.conditions, "Ready").map_or("Unknown", |ready| ready.status.as_str());
        // A node that has never reported has said nothing bad yet.
        let never = condition::find(&node.status.conditions, "Ready").is_none();
        let ready = if never { "False" } else { ready };
        taint(ctx, &node, ready).await?;
        if ready != "True" && !never {
            mark_pods(ctx, &key.name).await?;
        }
        if silent { Ok(Action::done()) } else { Ok(Action::requeue_after(self.grace - silence)) }
    }
}

async fn mark_unknown(ctx: &Context, node: &Arc<Node>) -> Result<Arc<Node>, ControllerError> {
    let mut changed = (**node).clone();
    let now = ctx.now();
    for type_ in REPORTED {
        let conditions = &mut changed.status.conditions;
        match conditions.iter_mut().find(|condition| condition.type_ == type_) {
            Some(current) if current.status != "Unknown" => {
                current.status = "Unknown".into();
                current.reason = "NodeStatusUnknown".into();
                current.message = "Kubelet stopped posting node status.".into();
                current.last_transition_time = Some(now);
            }
            Some(_) => {}
            None => conditions.push(NodeCondition {
                type_: type_.into(),
                status: "Unknown".into(),
                reason: "NodeStatusNeverUpdated".into(),
                message: "Kubelet never posted node status.".into(),
                last_heartbeat_time: node.metadata.creation_timestamp,
                last_transition_time: Some(now),
            }),
        }
    }
    if changed.status == node.status {
        return Ok(Arc::clone(node));
    }
    let name = &node.metadata.name;
    let written =
        ctx.api::<Node>("").replace_status(&changed).await.doing(|| format!("marking node {name} as silent"))?;
    tracing::info!(node = %name, "the node is silent");
    ctx.events().normal(&*written, "NodeNotReady", format!("Node {name} status is now: NodeNotReady"));
    Ok(written)
}

/// Taints the node as its `Ready` condition asks for.
async fn taint(ctx: &Context, node: &Node, ready: &str) -> Result<(), ControllerError> {
    let key = match ready {
        "True" => None,
        "False" => Some(NOT_READY),
        _ => Some(UNREACHABLE),
    };
    let mut taints = node.spec.taints.clone();
    taints.retain(|taint| (taint.key != NOT_READY && taint.key != UNREACHABLE) || Some(taint.key.as_str()) == key);
    for effect in ["NoSchedule", "NoExecute"] {
        let Some(key) = key else { continue };
        if !taints.iter().any(|taint| taint.key == key && taint.effect == effect) {
            let time_added = Some(ctx.now());
            taints.push(Taint { key: key.into(), effect: effect.into(), time_added, ..Taint::default() });
        }
    }
    if taints == node.spec.taints {
        return Ok(());
    }
    let mut changed = node.clone();
    changed.spec.taints = taints;
    gone_is_fine(ctx.api::<Node>("").replace(&changed).await).doing(|| format!("tainting node {}", node.metadata.name))
}

/// Nobody can say any more that the pods of the node are ready.
async fn mark_pods(ctx: &Context, node: &str) -> Result<(), ControllerError> {
    for pod in ctx.cached::<Pod>().indexed(BY_NODE, node) {
        if !crate::pods::is_ready(&pod) {
            continue;
        }
        let mut changed = (*pod).clone();
        let now = ctx.now();
        let message = String::new();
        condition::set(&mut changed.status.conditions, "Ready", "False", "NodeNotReady", &message, now);
        let written = ctx.api::<Pod>(&pod.metadata.namespace).replace_status(&changed).await;
        gone_is_fine(written).doing(|| format!("marking pod {} as not ready", pod.metadata.name))?;
    }
    Ok(())
}
