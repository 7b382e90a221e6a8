//! Watches that outlive their connections.
//!
//! In: etcd's watch answers. Out: events in order, and progress. Invariants: nothing at or below `last` is told
//! again, everything above it is; a commit stays whole, as etcd sends it. There is no task behind a watch: what the
//! consumer does not take, etcd keeps, until it is compacted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{StreamExt, stream};
use tokio::sync::watch as signal;
use tonic::{Status, Streaming};
use tracing::debug;

use super::client::Client;
use super::failure::{Failure, is_about_tokens, unavailable};
use super::proto::{self, WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse, revision_of};
use super::{Shared, key_of, prefix_end, revision};
use crate::{Event, EventStream, Range, Revision, StoreError, Value, WatchItem};

const DOING: &str = "watching";
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// How long events may take to bring a watch to a revision that somebody waits for, before etcd is asked.
const ASK_AFTER: Duration = Duration::from_millis(5);
/// How often etcd is asked: it does not answer while the watch has yet to catch up.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Opens a watch on everything after `from`; `newest` is a revision that has happened.
pub(super) async fn follow<V: Value>(
    shared: Arc<Shared<V>>,
    range: Range,
    from: Revision,
    newest: Revision,
) -> Result<EventStream<V>, StoreError> {
    let mut follower = Follower {
        waited_for: shared.newest.subscribe(),
        shared,
        range,
        last: from,
        newest: newest.get(),
        session: None,
        failures: 0,
        ended: false,
    };
    // The first failure is better told at once than hidden behind retries.
    follower.session = Some(follower.open().await?);
    Ok(Box::pin(stream::unfold(
        follower,
        |mut follower| async move { follower.next().await.map(|item| (item, follower)) },
    )))
}

struct Follower<V> {
    shared: Arc<Shared<V>>,
    range: Range,
    /// Everything up to here has been told.
    last: Revision,
    /// A revision that has happened.
    newest: u64,
    waited_for: signal::Receiver<u64>,
    session: Option<Session>,
    /// In a row.
    failures: u32,
    ended: bool,
}

/// One connection's watch.
struct Session {
    requests: mpsc::Sender<WatchRequest>,
    answers: Streaming<WatchResponse>,
    tells_progress: bool,
    /// Has progress been asked for since somebody began to wait?
    asked: bool,
}

enum Next {
    Answer(Option<Result<WatchResponse, Status>>),
    Ask,
    Wanted,
}

impl<V: Value> Follower<V> {
    async fn next(&mut self) -> Option<Result<WatchItem<V>, StoreError>> {
        if self.ended {
            return None;
        }
        loop {
            let Some(session) = &mut self.session else {
                match self.reopen().await {
                    Ok(session) => self.session = Some(session),
                    Err(error) => return self.end(error),
                }
                continue;
            };
            let behind = *self.waited_for.borrow() > self.last.get() && session.tells_progress;
            let next = tokio::select! {
                biased;
                answer = session.answers.next() => Next::Answer(answer),
                () = tokio::time::sleep(if session.asked { ASK_EVERY } else { ASK_AFTER }), if behind => Next::Ask,
                Ok(()) = self.waited_for.changed(), if !behind => Next::Wanted,
            };
            match next {
                Next::Wanted => session.asked = false,
                Next::Ask => session.ask(),
                Next::Answer(Some(Ok(answer))) => match self.take(answer) {
                    Ok(Some(item)) => {
                        self.failures = 0;
                        return Some(Ok(item));
                    }
                    Ok(None) => {}
                    Err(error) => return self.end(error),
                },
                Next::Answer(Some(Err(status))) => self.lose(&status),
                Next::Answer(None) => self.lose(&"the stream ended"),
            }
        }
    }

    fn end(&mut self, error: StoreError) -> Option<Result<WatchItem<V>, StoreError>> {
        self.ended = true;
        self.session = None;
        Some(Err(error))
    }

    fn lose(&mut self, why: &dyn std::fmt::Display) {
        debug!(range = self.range.as_prefix(), last = self.last.get(), %why, "a watch broke and is opened again");
        self.session = None;
        self.shared.client.rotate();
    }

    /// Opens the watch again where it broke, waiting longer after each failure.
    async fn reopen(&mut self) -> Result<Session, StoreError> {
        loop {
            if self.failures > 0 {
                tokio::time::sleep((BACKOFF_MIN * 2u32.saturating_pow(self.failures - 1)).min(BACKOFF_MAX)).await;
            }
            // Counted until an answer arrives: a member that accepts watches only to drop them is no better than none.
            self.failures += 1;
            match self.open().await {
                Err(error @ StoreError::Unavailable { .. })
                    if self.failures <= self.shared.config.watch_retries_max =>
                {
                    self.lose(&error);
                }
                other => return other,
            }
        }
    }

    async fn open(&mut self) -> Result<Session, StoreError> {
        let session = self.open_at(self.newest > self.last.get()).await?;
        match session {
            (session, created) if created <= self.last.get() || self.newest > self.last.get() => Ok(session),
            // Something happened in between, so this watch reads history after all.
            (_, created) => {
                self.newest = created;
                Ok(self.open_at(true).await?.0)
            }
        }
    }

    /// Opens at what follows `last`, or for a watch of `history` at `last` itself: etcd tells that a start is
    /// compacted only if it is below the compacted revision, but a deletion at that very revision is forgotten, too.
    async fn open_at(&self, history: bool) -> Result<(Session, u64), StoreError> {
        let start = self.last.get() + u64::from(!history);
        let client = &self.shared.client;
        let opening = async {
            let mut session = Session::open(client, &self.range, start).await?;
            let answer =
                session.answers.next().await.unwrap_or_else(|| Err(Status::unavailable("the stream ended")))?;
            Ok((session, answer))
        };
        let opened = tokio::time::timeout(self.shared.config.request_timeout, opening).await;
        let opened: Result<(Session, WatchResponse), Status> =
            opened.unwrap_or_else(|_| Err(Status::deadline_exceeded("opening a watch took too long")));
        let (session, answer) = opened.map_err(|status| Failure::of(status).into_error(DOING))?;
        self.refused(&answer)?;
        Ok((session, revision_of(answer.header.as_ref())))
    }

    fn refused(&self, answer: &WatchResponse) -> Result<(), StoreError> {
        if answer.compact_revision > 0 {
            let oldest = revision(u64::try_from(answer.compact_revision).unwrap_or(0), DOING)?;
            return Err(StoreError::Compacted { asked: self.last, oldest });
        }
        if answer.canceled {
            if is_about_tokens(&answer.cancel_reason) {
                self.shared.client.forget_token();
            }
            return Err(unavailable(DOING, Status::unavailable(answer.cancel_reason.clone())));
        }
        Ok(())
    }

    /// What an answer tells that has not been told.
    fn take(&mut self, answer: WatchResponse) -> Result<Option<WatchItem<V>>, StoreError> {
        match self.refused(&answer) {
            Err(error @ StoreError::Unavailable { .. }) => {
                self.lose(&error);
                return Ok(None);
            }
            other => other?,
        }
        let told_at = revision_of(answer.header.as_ref());
        if answer.events.is_empty() {
            if answer.created || told_at <= self.last.get() {
                return Ok(None);
            }
            self.last = revision(told_at, DOING)?;
            return Ok(Some(WatchItem::Progress(self.last)));
        }
        let mut events = vec![];
        let mut newest = self.last;
        for event in answer.events {
            let kv = event.kv.clone().unwrap_or_default();
            let changed = revision(u64::try_from(kv.mod_revision).unwrap_or(0), DOING)?;
            if changed <= self.last {
                continue;
            }
            newest = newest.max(changed);
            let event = self.event(event, changed)?;
            if self.range.contains(event.key.as_str()) {
                events.push(event);
            }
        }
        self.last = newest;
        Ok((!events.is_empty()).then_some(WatchItem::Events(events)))
    }

    fn event(&self, event: proto::Event, changed: Revision) -> Result<Event<V>, StoreError> {
        let kv = event.kv.unwrap_or_default();
        let is_put = event.kind == 0;
        let had_previous = !is_put || kv.create_revision < kv.mod_revision;
        if had_previous && event.prev_kv.is_none() {
            // The value before was compacted away before etcd could send it.
            return Err(StoreError::Compacted { asked: self.last, oldest: changed });
        }
        let previous = event.prev_kv.map(|kv| self.shared.decode(&kv)).transpose()?.map(|found| found.value);
        let key = key_of(&kv.key)?;
        let value = if is_put { Some(self.shared.decode(&kv)?.value) } else { None };
        Ok(Event { key, revision: changed, value, previous })
    }
}

impl Session {
    async fn open(client: &Client, range: &Range, start: u64) -> Result<Self, Status> {
        let key = match range.as_prefix() {
            "" => Bytes::from_static(b"\0"),
            prefix => super::bytes_of(prefix),
        };
        let create = WatchCreateRequest {
            key,
            range_end: prefix_end(range.as_prefix()),
            start_revision: i64::try_from(start).unwrap_or(i64::MAX),
            progress_notify: true,
            prev_kv: true,
        };
        let (mut requests, outgoing) = mpsc::channel(4);
        requests
            .try_send(WatchRequest { create: Some(create), progress: None })
            .map_err(|error| Status::internal(error.to_string()))?;
        let (answers, tells_progress) = client.watch(outgoing).await?;
        Ok(Self { requests, answers, tells_progress, asked: false })
    }

    /// Asks how far the watch is. If the last question is still to be sent, that one will do.
    fn ask(&mut self) {
        let question = WatchRequest { create: None, progress: Some(WatchProgressRequest {}) };
        let _ = self.requests.try_send(question);
        self.asked = true;
    }
}

/// The oldest revision that can be read: a watch from the beginning is told.
pub(super) async fn oldest_revision(client: &Client, asked: Revision) -> Revision {
    let range = Range::prefix("\0");
    let asking = async {
        let mut session = Session::open(client, &range, 1).await.ok()?;
        while let Some(Ok(answer)) = session.answers.next().await {
            if answer.compact_revision > 0 {
                return Revision::new(u64::try_from(answer.compact_revision).unwrap_or(0));
            }
        }
        None
    };
    let told = tokio::time::timeout(Duration::from_secs(1), asking).await.ok().flatten();
    // It is at least the next one.
    told.or_else(|| Revision::new(asked.get() + 1)).unwrap_or(asked)
}
