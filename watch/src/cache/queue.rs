//! The queue between a cache and one watcher, and the watcher's end of it.
//!
//! Invariants: bounded; nothing is allocated for a watcher to whom nothing happens; the reader takes all that waits in one
//! go, so that a burst costs one lock and one wake-up.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures::Stream;

use super::event::CacheEvent;
use super::index::Watcher;
use super::{WatchCache, lock};

/// An emptied buffer larger than this is given back rather than kept for the next burst.
const KEPT_EVENTS_MAX: usize = 64;

/// Events on their way to one watcher.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<CacheEvent>,
    reader: Option<Waker>,
    closed: bool,
}

impl Queue {
    /// Hands an event over. Answers `false`, and closes the queue, if `max` events are waiting already.
    pub(super) fn push(&self, event: CacheEvent, max: usize) -> bool {
        let mut waiting = lock(&self.0);
        let fits = waiting.events.len() < max && !waiting.closed;
        if fits {
            waiting.events.push_back(event);
        } else {
            waiting.closed = true;
        }
        let reader = waiting.reader.take();
        drop(waiting);
        if let Some(reader) = reader {
            reader.wake();
        }
        fits
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        let mut waiting = lock(&self.0);
        waiting.closed = true;
        let reader = waiting.reader.take();
        drop(waiting);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Exchanges what waits for an empty buffer.
    fn take(&self, buffer: &mut VecDeque<CacheEvent>, context: &Context<'_>) -> Poll<bool> {
        let mut waiting = lock(&self.0);
        if !waiting.events.is_empty() {
            std::mem::swap(&mut waiting.events, buffer);
            return Poll::Ready(true);
        }
        if waiting.closed {
            return Poll::Ready(false);
        }
        match &mut waiting.reader {
            Some(reader) => reader.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

/// A running watch. Dropping it ends the watch. The stream ends when the watcher was too slow or the cache closed.
#[derive(Debug)]
pub struct Subscription {
    cache: Arc<WatchCache>,
    watcher: Arc<Watcher>,
    /// What was taken over and not yet handed out: at first the start of the watch, then the queue's content.
    taken: VecDeque<CacheEvent>,
}

impl Subscription {
    pub(super) fn new(cache: Arc<WatchCache>, watcher: Arc<Watcher>, backlog: VecDeque<CacheEvent>) -> Self {
        Self { cache, watcher, taken: backlog }
    }
}

impl Stream for Subscription {
    type Item = CacheEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<CacheEvent>> {
        let this = &mut *self;
        if this.taken.is_empty() {
            if this.taken.capacity() > KEPT_EVENTS_MAX {
                this.taken = VecDeque::new();
            }
            match this.watcher.queue.take(&mut this.taken, context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(false) => return Poll::Ready(None),
                Poll::Ready(true) => {}
            }
        }
        Poll::Ready(this.taken.pop_front())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.cache.leave(&self.watcher);
    }
}
