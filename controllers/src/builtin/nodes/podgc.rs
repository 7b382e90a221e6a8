//! Pods that nobody runs any more: of nodes that are gone, deleted before they got a node, or finished long ago.
//!
//! Source: Kubernetes concepts, "Pod Lifecycle", "Garbage collection of Pods".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{Node, Pod};
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};

use crate::error::{Doing, gone_is_fine};
use crate::{Context, ControllerError, ControllerEvent, ControllerOptions, Runnable, condition, pods};

const NAME: &str = "pod-garbage-collector";
const PERIOD: Duration = Duration::from_secs(20);
/// A node must have been gone for so long.
const QUARANTINE: Duration = Duration::from_secs(40);

/// The `pod-garbage-collector` controller.
pub(crate) struct PodCollector {
    finished_max: usize,
    /// Since when nodes that pods name are missing (monotonic).
    missing: BTreeMap<String, Duration>,
}

impl PodCollector {
    pub(crate) fn new(options: &ControllerOptions) -> Self {
        Self { finished_max: options.finished_pods_max, missing: BTreeMap::new() }
    }
}

#[async_trait]
impl Runnable for PodCollector {
    fn name(&self) -> &str {
        NAME
    }

    async fn run(mut self: Box<Self>, ctx: Context) {
        let (all, nodes) = (ctx.cached::<Pod>(), ctx.cached::<Node>());
        let shutdown = ctx.shutdown.clone();
        let work = async {
            all.synced().await;
            nodes.synced().await;
            ctx.observer.tell(&ControllerEvent::Synced { controller: NAME });
            loop {
                if let Err(error) = self.collect(&ctx).await {
                    tracing::warn!(%error, "pods could not be collected, trying again");
                }
                tokio::time::sleep(PERIOD).await;
            }
        };
        shutdown.unless(work).await;
        ctx.observer.tell(&ControllerEvent::Stopped { controller: NAME });
    }
}

impl PodCollector {
    async fn collect(&mut self, ctx: &Context) -> Result<(), ControllerError> {
        let all = ctx.cached::<Pod>().list();
        let gone = self.gone_nodes(ctx, &all).await?;
        for pod in all.iter().filter(|pod| gone.contains(&pod.spec.node_name)) {
            let note = ("DeletionByPodGC", "PodGC: node no longer exists");
            delete(ctx, pod, Some(note)).await?;
        }
        for pod in all.iter().filter(|pod| pod.spec.node_name.is_empty() && pod.metadata.deletion_timestamp.is_some()) {
            delete(ctx, pod, None).await?;
        }
        let mut finished: Vec<_> = all.iter().filter(|pod| pods::is_finished(pod)).collect();
        if self.finished_max > 0 && finished.len() > self.finished_max {
            let excess = finished.len() - self.finished_max;
            finished.sort_by_key(|pod| (pod.metadata.creation_timestamp, pod.metadata.name.clone()));
            for pod in finished.into_iter().take(excess) {
                delete(ctx, pod, None).await?;
            }
        }
        Ok(())
    }

    /// Nodes that pods name, that have been missing for long enough, and that a live read does not find either.
    async fn gone_nodes(&mut self, ctx: &Context, all: &[Arc<Pod>]) -> Result<BTreeSet<String>, ControllerError> {
        let (nodes, now) = (ctx.cached::<Node>(), ctx.clock().now());
        let named: BTreeSet<&String> =
            all.iter().map(|pod| &pod.spec.node_name).filter(|name| !name.is_empty()).collect();
        let missing: Vec<&String> = named.into_iter().filter(|name| nodes.get("", name).is_none()).collect();
        self.missing.retain(|name, _| missing.contains(&name));
        let mut gone = BTreeSet::new();
        for name in missing {
            let since = *self.missing.entry(name.clone()).or_insert(now);
            if now < since + QUARANTINE {
                continue;
            }
            if ctx.api::<Node>("").get_opt(name).await.doing(|| format!("reading node {name}"))?.is_none() {
                gone.insert(name.clone());
            }
        }
        Ok(gone)
    }
}

/// Deletes a pod at once: there is nobody who could end it gracefully.
async fn delete(ctx: &Context, pod: &Pod, note: Option<(&str, &str)>) -> Result<(), ControllerError> {
    let api = ctx.api::<Pod>(&pod.metadata.namespace);
    let about = || format!("collecting pod {}", pod.metadata.name);
    if !pods::is_finished(pod) {
        let mut failed = pod.clone();
        failed.status.phase = "Failed".into();
        if let Some((reason, message)) = note {
            condition::set(&mut failed.status.conditions, "DisruptionTarget", "True", reason, message, ctx.now());
        }
        gone_is_fine(api.replace_status(&failed).await).doing(about)?;
    }
    let preconditions = Preconditions { uid: Some(pod.metadata.uid.clone()), resource_version: None };
    let options = DeleteOptions {
        grace_period_seconds: Some(0),
        preconditions: Some(Box::new(preconditions)),
        ..DeleteOptions::default()
    };
    gone_is_fine(api.delete(&pod.metadata.name, options).await).doing(about)
}
