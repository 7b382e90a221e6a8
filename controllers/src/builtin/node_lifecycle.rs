//! Nodes that fall silent: marked, tainted, and their pods sent elsewhere.
//!
//! In: nodes, their Leases, pods. Out: the Ready condition set to Unknown, taints, deletions of pods. Invariant: silence is
//! measured by our own clock from when a Lease was last seen to change, so that clocks that differ do no harm. Source: the
//! Nodes concept, "Heartbeats" and "Node controller"; taint-based evictions.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::{Params, Patch};
use pintle_object_model::api::coordination::v1::Lease;
use pintle_object_model::api::core::v1::{Node, NodeCondition, Pod, Taint, Toleration};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_object_model::{MicroTime, ObjectRef, Time};
use pintle_watch::Delta;

use crate::{Action, Context, Controller, ControllerError, Reconciler};

/// How long a node may be silent. Source: `--node-monitor-grace-period`.
const GRACE: Duration = Duration::from_secs(40);
const LEASES: &str = "kube-node-lease";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// Conditions of the node's resources, with the taint that each brings.
const PRESSURES: [(&str, &str); 4] = [
    ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
];
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

pub(super) fn controller() -> Controller {
    Controller::builder("nodelifecycle")
        .for_each::<Node>()
        .watches::<Lease>(|delta, _| {
            let metadata = &delta.object().metadata;
            (metadata.namespace == LEASES).then(|| ObjectRef::new("", metadata.name.as_str())).into_iter().collect()
        })
        .watches::<Pod>(|delta, _| match delta {
            Delta::Added(pod) if !pod.spec.node_name.is_empty() => {
                vec![ObjectRef::new("", pod.spec.node_name.as_str())]
            }
            Delta::Updated { old, new } if old.spec.node_name != new.spec.node_name => {
                vec![ObjectRef::new("", new.spec.node_name.as_str())]
            }
            _ => vec![],
        })
        .build(NodeLifecycle::default())
}

/// When a node last gave a sign of life.
#[derive(Clone, Copy)]
struct Seen {
    renewed: Option<MicroTime>,
    heartbeat: Option<Time>,
    at: Duration,
}

#[derive(Default)]
struct NodeLifecycle {
    seen: Mutex<HashMap<String, Seen>>,
}

#[async_trait]
impl Reconciler for NodeLifecycle {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let Some(node) = context.informer::<Node>().get("", &key.name) else {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&key.name);
            return Ok(Action::done());
        };
        let silent = self.silence(&node, context);
        let mut action = Action::done();
        if silent >= GRACE {
            mark_unknown(&node, context).await?;
        } else {
            action = Action::requeue_after(GRACE - silent);
        }
        let taints = wanted_taints(&node, context.now());
        if taints != node.spec.taints {
            write_taints(&node, &taints, context).await?;
        }
        Ok(action.or_sooner(evict(&node, &taints, context).await?))
    }
}

impl NodeLifecycle {
    /// How long the node has been silent, by our clock.
    fn silence(&self, node: &Node, context: &Context) -> Duration {
        let name = &node.metadata.name;
        let now = context.clock().now();
        let lease = context.informer::<Lease>().get(LEASES, name);
        let ready = node.status.conditions.iter().find(|condition| condition.type_ == "Ready");
        let renewed = lease.and_then(|lease| lease.spec.renew_time);
        let heartbeat = ready.and_then(|condition| condition.last_heartbeat_time);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = seen.entry(name.clone()).or_insert(Seen { renewed, heartbeat, at: now });
        if entry.renewed != renewed || entry.heartbeat != heartbeat {
            *entry = Seen { renewed, heartbeat, at: now };
        }
        now.saturating_sub(entry.at)
    }
}

async fn mark_unknown(node: &Node, context: &Context) -> Result<(), ControllerError> {
    let now = context.now();
    let mut changed = node.clone();
    for type_ in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
        match changed.status.conditions.iter_mut().find(|condition| condition.type_ == type_) {
            Some(known) if known.status == "Unknown" => {}
            Some(known) => {
                known.status = "Unknown".into();
                known.reason = "NodeStatusUnknown".into();
                known.message = "Kubelet stopped posting node status.".into();
                known.last_transition_time = Some(now);
            }
            None => changed.status.conditions.push(NodeCondition {
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
        return Ok(());
    }
    let name = &node.metadata.name;
    context.events().normal(node, "NodeNotReady", format!("Node {name} status is now: NodeNotReady"));
    match context.client().all::<Node>().replace_status(&changed).await {
        Err(status) if status.is_not_found() => Ok(()),
        other => other.map(drop).map_err(ControllerError::api(format!("marking node {name} as unknown"))),
    }
}

/// The taints that the node's conditions ask for, beside those that others have set.
fn wanted_taints(node: &Node, now: Time) -> Vec<Taint> {
    let status = |type_: &str| {
        let condition = node.status.conditions.iter().find(|condition| condition.type_ == type_);
        condition.map_or("", |condition| condition.status.as_str())
    };
    let mut wanted: Vec<(&str, &str)> = vec![];
    match status("Ready") {
        "True" => {}
        "Unknown" => wanted.extend([(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]),
        _ => wanted.extend([(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]),
    }
    wanted
        .extend(PRESSURES.iter().filter(|(type_, _)| status(type_) == "True").map(|(_, taint)| (*taint, "NoSchedule")));
    if node.spec.unschedulable {
        wanted.push((UNSCHEDULABLE, "NoSchedule"));
    }
    let ours = |taint: &Taint| {
        [UNREACHABLE, NOT_READY, UNSCHEDULABLE].contains(&taint.key.as_str())
            || PRESSURES.iter().any(|(_, key)| *key == taint.key)
    };
    let is_wanted = |taint: &Taint| wanted.contains(&(taint.key.as_str(), taint.effect.as_str()));
    let mut taints: Vec<Taint> =
        node.spec.taints.iter().filter(|taint| !ours(taint) || is_wanted(taint)).cloned().collect();
    for (key, effect) in &wanted {
        if !taints.iter().any(|taint| taint.key == *key && taint.effect == *effect) {
            let time_added = (*effect == "NoExecute").then_some(now);
            taints.push(Taint { key: (*key).into(), effect: (*effect).into(), time_added, value: String::new() });
        }
    }
    taints
}

async fn write_taints(node: &Node, taints: &[Taint], context: &Context) -> Result<(), ControllerError> {
    let list: Vec<serde_json::Value> = taints
        .iter()
        .map(|taint| {
            let mut value = serde_json::json!({"key": taint.key, "effect": taint.effect});
            if !taint.value.is_empty() {
                value["value"] = taint.value.clone().into();
            }
            if let Some(added) = taint.time_added {
                value["timeAdded"] = added.to_string().into();
            }
            value
        })
        .collect();
    let metadata = &node.metadata;
    let patch = serde_json::json!({
        "metadata": {"resourceVersion": metadata.resource_version},
        "spec": {"taints": list},
    });
    match context.client().all::<Node>().patch(&metadata.name, Patch::merge(&patch), Params::default()).await {
        Err(status) if status.is_not_found() => Ok(()),
        other => other.map(drop).map_err(ControllerError::api(format!("tainting node {}", metadata.name))),
    }
}

/// Deletes the pods that do not tolerate the node's taints (any longer); asks to be called when the next toleration ends.
async fn evict(node: &Node, taints: &[Taint], context: &Context) -> Result<Action, ControllerError> {
    let banning: Vec<&Taint> = taints.iter().filter(|taint| taint.effect == "NoExecute").collect();
    let mut action = Action::done();
    if banning.is_empty() {
        return Ok(action);
    }
    let pods = context.informer::<Pod>();
    pods.add_index("node", |pod| vec![pod.spec.node_name.clone()]);
    let now = context.now();
    for pod in pods.indexed("node", &node.metadata.name) {
        if pod.metadata.deletion_timestamp.is_some() {
            continue;
        }
        match stays_for(&pod, &banning, now) {
            Stay::Forever => {}
            Stay::Until(left) if !left.is_zero() => action = action.or_sooner(Action::requeue_after(left)),
            Stay::Until(_) => delete(&pod, context).await?,
        }
    }
    Ok(action)
}

/// How much longer a pod may stay.
#[derive(Debug, PartialEq, Eq)]
enum Stay {
    Forever,
    Until(Duration),
}

fn stays_for(pod: &Pod, taints: &[&Taint], now: Time) -> Stay {
    let mut shortest = Stay::Forever;
    for taint in taints {
        let fitting: Vec<&Toleration> = pod.spec.tolerations.iter().filter(|t| tolerates(t, taint)).collect();
        if fitting.is_empty() {
            return Stay::Until(Duration::ZERO);
        }
        let Some(seconds) = fitting.iter().filter_map(|toleration| toleration.toleration_seconds).min() else {
            continue;
        };
        let since = taint.time_added.unwrap_or(now);
        let allowed = Duration::from_secs(seconds.max(0).unsigned_abs());
        let left = allowed.saturating_sub(now.since(since));
        shortest = match shortest {
            Stay::Until(other) => Stay::Until(other.min(left)),
            Stay::Forever => Stay::Until(left),
        };
    }
    shortest
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.is_empty() || toleration.effect == taint.effect;
    let key = toleration.key.is_empty() || toleration.key == taint.key;
    let value = toleration.operator == "Exists" || toleration.value == taint.value;
    effect && key && value
}

async fn delete(pod: &Pod, context: &Context) -> Result<(), ControllerError> {
    let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
    let preconditions = Preconditions { uid: Some(pod.metadata.uid.clone()), ..Preconditions::default() };
    let options = DeleteOptions { preconditions: Some(Box::new(preconditions)), ..DeleteOptions::default() };
    context.events().normal(pod, "TaintManagerEviction", format!("Marking for deletion Pod {namespace}/{name}"));
    match context.client().namespaced::<Pod>(namespace).delete(name, options).await {
        Err(status) if !status.is_not_found() && !status.is_conflict() => {
            Err(ControllerError::api(format!("evicting pod {namespace}/{name}"))(status))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_node_is_tainted_and_a_ready_one_is_not() {
        let mut node = Node::default();
        node.spec.taints = vec![Taint { key: "mine".into(), effect: "NoSchedule".into(), ..Taint::default() }];
        let ready =
            |status: &str| NodeCondition { type_: "Ready".into(), status: status.into(), ..NodeCondition::default() };
        node.status.conditions = vec![ready("Unknown")];
        node.spec.taints = wanted_taints(&node, Time::from_unix(5));
        let keys: Vec<&str> = node.spec.taints.iter().map(|taint| taint.key.as_str()).collect();
        assert_eq!(keys, ["mine", UNREACHABLE, UNREACHABLE]);
        node.status.conditions = vec![ready("True")];
        assert_eq!(wanted_taints(&node, Time::from_unix(6)).len(), 1);
    }

    #[test]
    fn tolerations_end() {
        let taint = Taint {
            key: UNREACHABLE.into(),
            effect: "NoExecute".into(),
            time_added: Some(Time::from_unix(100)),
            ..Taint::default()
        };
        let mut pod = Pod::default();
        assert_eq!(stays_for(&pod, &[&taint], Time::from_unix(100)), Stay::Until(Duration::ZERO));
        let toleration = Toleration {
            key: UNREACHABLE.into(),
            operator: "Exists".into(),
            effect: "NoExecute".into(),
            toleration_seconds: Some(300),
            ..Toleration::default()
        };
        pod.spec.tolerations = vec![toleration];
        assert_eq!(stays_for(&pod, &[&taint], Time::from_unix(160)), Stay::Until(Duration::from_secs(240)));
        pod.spec.tolerations[0].toleration_seconds = None;
        assert_eq!(stays_for(&pod, &[&taint], Time::from_unix(999)), Stay::Forever);
    }
}
