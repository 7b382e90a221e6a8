//! Pods leave nodes with `NoExecute` taints that they do not tolerate, or no longer.
//!
//! In: nodes' taints, pods' tolerations. Out: deletions. Source: Kubernetes concepts, "Taints and Tolerations",
//! "Taint based Evictions".

use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{Node, Pod, Taint, Toleration};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};
use pintle_object_model::{ObjectRef, Resource, Time};

use super::lifecycle::{BY_NODE, by_node};
use crate::error::{Doing, gone_is_fine};
use crate::{Action, Context, Controller, ControllerError, Reconciler};

/// The `taint-eviction` controller.
pub(crate) fn controller() -> Controller {
    Controller::new("taint-eviction")
        .component("taint-eviction-controller")
        .index::<Pod>(BY_NODE, by_node)
        .for_::<Pod>()
        .on::<Node>(|delta, ctx, enqueue| {
            let of = |node: &Node| {
                node.spec.taints.iter().filter(|taint| taint.effect == "NoExecute").cloned().collect::<Vec<_>>()
            };
            let before = if let pintle_watch::Delta::Updated { old, .. } = delta { of(old) } else { vec![] };
            if of(delta.object()) != before {
                for pod in ctx.cached::<Pod>().indexed(BY_NODE, &delta.object().metadata.name) {
                    enqueue.add(ObjectRef::of(&*pod));
                }
            }
        })
        .build(Eviction)
}

struct Eviction;

#[async_trait]
impl Reconciler for Eviction {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(pod) = ctx.cached::<Pod>().get(&key.namespace, &key.name) else { return Ok(Action::done()) };
        if pod.metadata.deletion_timestamp.is_some() || pod.spec.node_name.is_empty() {
            return Ok(Action::done());
        }
        let Some(node) = ctx.cached::<Node>().get("", &pod.spec.node_name) else { return Ok(Action::done()) };
        let now = ctx.now();
        match stays_for(&node.spec.taints, &pod.spec.tolerations, now) {
            None => Ok(Action::done()),
            Some(left) if !left.is_zero() => Ok(Action::requeue_after(left)),
            Some(_) => {
                ctx.events().normal(
                    &*pod,
                    "TaintManagerEviction",
                    format!("Marking for deletion {} {key}", Pod::INFO.kind),
                );
                mark(ctx, &pod, now).await?;
                let preconditions = Preconditions { uid: Some(pod.metadata.uid.clone()), resource_version: None };
                let options =
                    DeleteOptions { preconditions: Some(Box::new(preconditions)), ..DeleteOptions::default() };
                gone_is_fine(ctx.api::<Pod>(&key.namespace).delete(&key.name, options).await)
                    .doing(|| format!("evicting {key}"))?;
                Ok(Action::done())
            }
        }
    }
}

/// Notes in the pod why it goes.
async fn mark(ctx: &Context, pod: &Pod, now: Time) -> Result<(), ControllerError> {
    let mut marked = pod.clone();
    let message = "Taint manager: deleting due to NoExecute taint";
    crate::condition::set(
        &mut marked.status.conditions,
        "DisruptionTarget",
        "True",
        "DeletionByTaintManager",
        message,
        now,
    );
    let written = ctx.api::<Pod>(&pod.metadata.namespace).replace_status(&marked).await;
    gone_is_fine(written).doing(|| format!("marking {}", pod.metadata.name))
}

/// How long a pod may stay: `None` for ever, zero not at all.
fn stays_for(taints: &[Taint], tolerations: &[Toleration], now: Time) -> Option<Duration> {
    let taints = taints.iter().filter(|taint| taint.effect == "NoExecute");
    let limits = taints.filter_map(|taint| {
        let mut matching = tolerations.iter().filter(|toleration| tolerates(toleration, taint)).peekable();
        if matching.peek().is_none() {
            return Some(Duration::ZERO);
        }
        // The shortest of those that have a limit counts.
        let limit = matching.filter_map(|toleration| toleration.toleration_seconds).min()?;
        let limit = Duration::from_secs(u64::try_from(limit).unwrap_or_default());
        Some(limit.saturating_sub(taint.time_added.map_or(Duration::ZERO, |since| now.since(since))))
    });
    limits.min()
}

pub(crate) fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.is_empty() || toleration.effect == taint.effect;
    let key = toleration.key.is_empty() || toleration.key == taint.key;
    let value = match toleration.operator.as_str() {
        "Exists" => true,
        _ => !toleration.key.is_empty() && toleration.value == taint.value,
    };
    effect && key && value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_stays_as_long_as_it_tolerates_every_taint() {
        let taint = |key: &str, at| Taint {
            key: key.into(),
            effect: "NoExecute".into(),
            time_added: Some(Time::from_unix(at)),
            ..Taint::default()
        };
        let tolerates = |key: &str, seconds| Toleration {
            key: key.into(),
            operator: "Exists".into(),
            effect: "NoExecute".into(),
            toleration_seconds: seconds,
            ..Toleration::default()
        };
        let now = Time::from_unix(100);
        assert_eq!(stays_for(&[], &[], now), None);
        assert_eq!(stays_for(&[taint("a", 0)], &[], now), Some(Duration::ZERO));
        assert_eq!(stays_for(&[taint("a", 0)], &[tolerates("a", None)], now), None);
        assert_eq!(stays_for(&[taint("a", 90)], &[tolerates("a", Some(30))], now), Some(Duration::from_secs(20)));
        let both = [taint("a", 90), taint("b", 90)];
        assert_eq!(
            stays_for(&both, &[tolerates("a", Some(30)), tolerates("b", Some(12))], now),
            Some(Duration::from_secs(2))
        );
    }
}
