//! Following changes.
//!
//! Invariant: events come in order, each once; a bookmark is sent only when nothing older is still queued.
//! Source: Kubernetes API concepts, "Efficient detection of changes", KEP-956, KEP-3157.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use pintle_client::{Content, Params, Response, WatchEvent};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{GroupVersionKind, Object, Scheme, Status};
use pintle_watch::{CacheEvent, EventKind, From, Subscription};

use super::read::{list_options, malformed_revision, parse_revision, too_old};
use super::{Call, FRESH_TIMEOUT, Registry};
use crate::storage::Storage;

/// How often a quiet watch that allows it gets a bookmark.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long before its end a watch gets a last bookmark, so that its successor starts where it ended.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);

impl Registry {
    pub(super) async fn watch(&self, call: &Call<'_>, params: &Params) -> Result<Response, Status> {
        let filter = self.filter(call, params)?;
        let start = self.start_of(call, params).await?;
        let after = match start {
            From::Revision(revision) if revision > call.storage.cache.revision() => revision,
            _ => 0,
        };
        let subscription = match start {
            From::Revision(revision) => self.reaches_back(revision),
            _ => Ok(()),
        };
        let subscription = subscription.and_then(|()| call.storage.cache.subscribe(filter, start));
        let subscription = match subscription {
            Ok(subscription) => subscription,
            // Clients expect this refusal as the first event of the watch, not as its answer.
            Err(expired) => {
                let event = WatchEvent::Error(Box::new(too_old(&expired)));
                let events = Box::pin(futures::stream::iter([event]));
                return Ok(Response::new(Content::Watch { gvk: call.entry.info().gvk(), events }));
            }
        };
        let convert = (!call.entry.is_hub()).then(|| (call.scheme.clone(), call.entry.info().gvk()));
        let timeout = match params.timeout_seconds {
            Some(seconds) if seconds > 0 => Duration::from_secs(seconds),
            // Spread out, so that clients that started together do not come back together.
            _ => Duration::from_secs(1800 + self.parts.random.below(1800)),
        };
        let stream = Events {
            subscription,
            storage: Arc::clone(call.storage),
            convert,
            deadline: Box::pin(tokio::time::sleep(timeout)),
            bookmarks: params.allow_watch_bookmarks.then(|| {
                let mut interval = tokio::time::interval(BOOKMARK_EVERY);
                interval.reset();
                interval
            }),
            last_bookmark: (params.allow_watch_bookmarks && timeout > LAST_BOOKMARK)
                .then(|| Box::pin(tokio::time::sleep(timeout - LAST_BOOKMARK))),
            after,
            shutdown: {
                let signal = self.parts.shutdown.clone();
                Box::pin(async move { signal.wait().await })
            },
            ended: false,
        };
        Ok(Response::new(Content::Watch { gvk: call.entry.info().gvk(), events: Box::pin(stream) }))
    }

    async fn start_of(&self, call: &Call<'_>, params: &Params) -> Result<From, Status> {
        check_watch(params)?;
        let revision = parse_revision(&params.resource_version).map_err(malformed_revision)?;
        // Watches that name no version have always begun with the state.
        let initial = params.send_initial_events.unwrap_or(revision.unwrap_or(0) == 0);
        match (initial, revision) {
            (true, Some(revision)) if revision > 0 => call.storage.wait_revision(revision, FRESH_TIMEOUT).await?,
            (_, None) => call.storage.wait_fresh(FRESH_TIMEOUT).await?,
            (_, Some(0)) => {
                call.storage.advance();
            }
            // A version that has not come yet needs no waiting: what comes first is newer anyway, or is passed over.
            (_, Some(_)) => {}
        }
        Ok(match (initial, revision) {
            (true, _) => From::InitialEvents { mark_end: params.allow_watch_bookmarks },
            (false, Some(revision)) if revision > 0 => From::Revision(revision),
            (false, _) => From::Now,
        })
    }
}

/// What the options of a watch may not say together.
fn check_watch(params: &Params) -> Result<(), Status> {
    let mut errors = FieldErrors::default();
    let path = Path::new("resourceVersionMatch");
    let matching = params.resource_version_match.as_str();
    if params.send_initial_events.is_some() && matching != "NotOlderThan" {
        errors.forbidden(&path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if !matching.is_empty() {
        if params.send_initial_events.is_none() {
            errors.forbidden(&path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }
        if matching != "NotOlderThan" {
            errors.not_supported(&path, matching, &["NotOlderThan"]);
        }
        if !params.continue_.is_empty() {
            errors.forbidden(&path, "resourceVersionMatch is forbidden when continue is provided");
        }
    }
    list_options(&errors)
}

/// Is this the state at `revision` or an older one?
fn is_before(object: &Object, revision: u64) -> bool {
    revision > 0 && object.metadata().resource_version.parse().is_ok_and(|version: u64| version <= revision)
}

struct Events {
    subscription: Subscription,
    storage: Arc<Storage>,
    convert: Option<(Scheme, GroupVersionKind)>,
    deadline: Pin<Box<tokio::time::Sleep>>,
    bookmarks: Option<tokio::time::Interval>,
    last_bookmark: Option<Pin<Box<tokio::time::Sleep>>>,
    /// Changes up to this one are passed over: the watch starts at a version that had not come yet.
    after: u64,
    /// The server stops: its watches end, so that clients turn to another.
    shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
    ended: bool,
}

impl Events {
    fn present(&self, object: Object) -> Result<Object, Box<Status>> {
        match &self.convert {
            None => Ok(object),
            Some((scheme, gvk)) => scheme.convert(&object, gvk).map_err(|error| Box::new(Status::internal(error))),
        }
    }

    fn event(&self, event: CacheEvent) -> WatchEvent {
        match event {
            CacheEvent::Bookmark { revision, initial_events_end } => {
                WatchEvent::Bookmark { resource_version: revision, initial_events_end }
            }
            CacheEvent::Change { kind, object, .. } => match (kind, self.present(object)) {
                (EventKind::Added, Ok(object)) => WatchEvent::Added(object),
                (EventKind::Modified, Ok(object)) => WatchEvent::Modified(object),
                (EventKind::Deleted, Ok(object)) => WatchEvent::Deleted(object),
                (_, Err(status)) => WatchEvent::Error(status),
            },
        }
    }
}

impl Stream for Events {
    type Item = WatchEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // Read before the queue: everything up to here is in the queue or has been sent.
        let revision = self.storage.advance();
        let next = loop {
            match Pin::new(&mut self.subscription).poll_next(context) {
                Poll::Ready(Some(CacheEvent::Change { ref object, .. })) if is_before(object, self.after) => {}
                next => break next,
            }
        };
        match next {
            Poll::Ready(Some(event)) => {
                let event = self.event(event);
                self.ended = matches!(event, WatchEvent::Error(_));
                return Poll::Ready(Some(event));
            }
            Poll::Ready(None) => {
                self.ended = true;
                let status = Status::expired("too old resource version: the watch fell behind and was cut off");
                return Poll::Ready(Some(WatchEvent::Error(Box::new(status))));
            }
            Poll::Pending => {}
        }
        let stopped = self.shutdown.as_mut().poll(context).is_ready();
        if stopped || self.deadline.as_mut().poll(context).is_ready() {
            self.ended = true;
            return Poll::Ready(None);
        }
        let last = self.last_bookmark.as_mut().is_some_and(|due| due.as_mut().poll(context).is_ready());
        if last {
            self.last_bookmark = None;
        }
        if last || self.bookmarks.as_mut().is_some_and(|bookmarks| bookmarks.poll_tick(context).is_ready()) {
            return Poll::Ready(Some(WatchEvent::Bookmark { resource_version: revision, initial_events_end: false }));
        }
        Poll::Pending
    }
}
