//! One watcher's side of its queue.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use tokio::sync::mpsc;

use super::Engine;
use crate::{Event, Revision, StoreError, Value, WatchItem};

/// Most commits that are handed over together.
const TOGETHER_MAX: usize = 256;

/// Changes as they are published; the backlog comes first.
pub(super) struct Events<V: Value> {
    engine: Arc<Engine<V>>,
    id: u64,
    /// Everything up to here is in the backlog.
    reached: Revision,
    backlog: Option<Vec<Event<V>>>,
    queue: mpsc::Receiver<Vec<Event<V>>>,
    ended: bool,
}

impl<V: Value> Events<V> {
    pub(super) fn new(
        engine: Arc<Engine<V>>,
        id: u64,
        reached: Revision,
        backlog: Vec<Event<V>>,
        queue: mpsc::Receiver<Vec<Event<V>>>,
    ) -> Self {
        Self { engine, id, reached, backlog: Some(backlog), queue, ended: false }
    }
}

// Nothing in it is ever pinned.
impl<V: Value> Unpin for Events<V> {}

impl<V: Value> Stream for Events<V> {
    type Item = Result<WatchItem<V>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(backlog) = self.backlog.take() {
            let item = if backlog.is_empty() { WatchItem::Progress(self.reached) } else { WatchItem::Events(backlog) };
            return Poll::Ready(Some(Ok(item)));
        }
        let mut commits = vec![];
        match self.queue.poll_recv_many(context, &mut commits, TOGETHER_MAX) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(0) => {
                self.ended = true;
                Poll::Ready(Some(Err(StoreError::Lagged)))
            }
            Poll::Ready(_) => Poll::Ready(Some(Ok(WatchItem::Events(commits.into_iter().flatten().collect())))),
        }
    }
}

impl<V: Value> Drop for Events<V> {
    fn drop(&mut self) {
        self.engine.unwatch(self.id);
    }
}
