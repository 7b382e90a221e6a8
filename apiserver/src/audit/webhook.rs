//! Audit events for a program outside: posted in batches.
//!
//! In: events, as text. Out: `EventList`s of `audit.k8s.io/v1`, posted. Invariants: what waits is bounded in number, and so is
//! what is under way; an event is posted, or counted as lost. Source: Kubernetes docs, "Auditing", "Batching".

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pintle_client::JsonEndpoint;
use pintle_client::layers::TokenBucket;
use pintle_object_model::clock::{Clock, Random};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::warn;

use super::Lost;
use crate::webhook::WebhookCalls;

/// Most batches that are being posted, or wait to be tried again, at a time.
const UNDER_WAY_MAX: usize = 4;
/// A batch that has this many bytes is not filled further.
const BATCH_BYTES: usize = 10 * 1024 * 1024;

/// How events are put together, and how fast they are posted.
#[derive(Clone, Debug)]
pub struct AuditBatches {
    /// Most events that wait; at least 1. Default 10,000.
    pub buffer_events_max: usize,
    /// Most events of a batch. Default 400.
    pub batch_events_max: usize,
    /// How long a batch waits to become full. Default 30 s.
    pub wait: Duration,
    /// Most batches a second, on average. Default 10.
    pub per_second: f64,
    /// Most batches at once, after a while of silence. Default 15.
    pub burst: u32,
    /// How a batch is posted. Default as elsewhere, but 30 s for an attempt and 10 s before the second.
    pub calls: WebhookCalls,
}

impl Default for AuditBatches {
    fn default() -> Self {
        let calls = WebhookCalls {
            timeout: Duration::from_secs(30),
            backoff: Duration::from_secs(10),
            ..WebhookCalls::default()
        };
        Self {
            buffer_events_max: 10_000,
            batch_events_max: 400,
            wait: Duration::from_secs(30),
            per_second: 10.0,
            burst: 15,
            calls,
        }
    }
}

/// A webhook that is told of requests.
#[derive(Clone, Debug)]
pub struct AuditWebhook {
    endpoint: JsonEndpoint,
    clock: Arc<dyn Clock>,
    random: Random,
    batches: AuditBatches,
}

impl AuditWebhook {
    /// At this endpoint.
    pub fn new(endpoint: JsonEndpoint, clock: Arc<dyn Clock>, random: Random) -> Self {
        Self { endpoint, clock, random, batches: AuditBatches::default() }
    }

    /// In such batches.
    #[must_use]
    pub fn batches(mut self, batches: AuditBatches) -> Self {
        self.batches = batches;
        self
    }

    /// Starts posting what comes through the queue.
    pub(super) fn start(self, lost: Lost) -> mpsc::Sender<Bytes> {
        let (queue, events) = mpsc::channel(self.batches.buffer_events_max.max(1));
        tokio::spawn(Arc::new(self).run(events, lost));
        queue
    }

    async fn run(self: Arc<Self>, mut events: mpsc::Receiver<Bytes>, lost: Lost) {
        // A rate of nothing would never let anything pass.
        let per_second = self.batches.per_second.max(0.001);
        let throttle = TokenBucket::new(per_second, self.batches.burst, Arc::clone(&self.clock));
        let mut under_way = JoinSet::new();
        while let Some(batch) = self.next(&mut events).await {
            tokio::time::sleep(throttle.enter()).await;
            while under_way.try_join_next().is_some() {}
            if under_way.len() >= UNDER_WAY_MAX {
                under_way.join_next().await;
            }
            let (this, lost) = (Arc::clone(&self), lost.clone());
            under_way.spawn(async move { this.post(&batch, &lost).await });
        }
        under_way.join_all().await;
    }

    /// The next batch; `None` when no more will come.
    async fn next(&self, events: &mut mpsc::Receiver<Bytes>) -> Option<Vec<Bytes>> {
        let first = events.recv().await?;
        let mut bytes = first.len();
        let mut batch = vec![first];
        let filled = async {
            while batch.len() < self.batches.batch_events_max && bytes < BATCH_BYTES {
                let Some(event) = events.recv().await else { break };
                bytes += event.len();
                batch.push(event);
            }
        };
        // Whether it is full or its time is over, it goes.
        let _ = tokio::time::timeout(self.batches.wait, filled).await;
        Some(batch)
    }

    async fn post(&self, batch: &[Bytes], lost: &Lost) {
        let body = list(batch);
        if let Err(status) = self.batches.calls.post(&self.endpoint, body, &self.random).await {
            let lost = lost.add(batch.len());
            warn!(%status, lost, "audit events could not be posted");
        }
    }
}

fn list(batch: &[Bytes]) -> Vec<u8> {
    let mut text = br#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":["#.to_vec();
    text.extend_from_slice(&batch.join(&b','));
    text.extend_from_slice(b"]}");
    text
}
