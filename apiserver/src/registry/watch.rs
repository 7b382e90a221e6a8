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
use pintle_object_model::{GroupVersionKind, Object, Scheme, Status};
use pintle_watch::{CacheEvent, EventKind, From, Subscription};

use super::read::{parse_revision, too_old};
use super::{Call, FRESH_TIMEOUT, Registry};
use crate::storage::Storage;

/// How often a quiet watch that allows it gets a bookmark.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

impl Registry {
    pub(super) async fn watch(&self, call: &Call<'_>, params: &Params) -> Result<Response, Status> {
        let filter = self.filter(call, params)?;
        let start = self.start_of(call, params).await?;
        let subscription = call.storage.cache.subscribe(filter, start);
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
            ended: false,
        };
        Ok(Response::new(Content::Watch { gvk: call.entry.info().gvk(), events: Box::pin(stream) }))
    }

    async fn start_of(&self, call: &Call<'_>, params: &Params) -> Result<From, Status> {
        let revision = parse_revision(&params.resource_version)?;
        if let Some(initial) = params.send_initial_events {
            let matches = params.resource_version_match == "NotOlderThan";
            if !matches {
                let mut errors = pintle_object_model::validation::FieldErrors::default();
                let path = pintle_object_model::validation::Path::new("resourceVersionMatch");
                errors.forbidden(&path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
                return Err(Status::invalid("meta.k8s.io", "ListOptions", "", &errors));
            }
            if initial {
                match revision {
                    Some(revision) => call.storage.wait_revision(revision, FRESH_TIMEOUT).await?,
                    None => call.storage.wait_fresh(FRESH_TIMEOUT).await?,
                }
                return Ok(From::InitialEvents { mark_end: params.allow_watch_bookmarks });
            }
        }
        match revision {
            None => {
                call.storage.wait_fresh(FRESH_TIMEOUT).await?;
                Ok(if params.send_initial_events == Some(false) {
                    From::Now
                } else {
                    From::InitialEvents { mark_end: false }
                })
            }
            Some(0) => {
                call.storage.advance();
                Ok(if params.send_initial_events == Some(false) {
                    From::Now
                } else {
                    From::InitialEvents { mark_end: false }
                })
            }
            Some(revision) => {
                call.storage.wait_revision(revision, FRESH_TIMEOUT).await?;
                Ok(From::Revision(revision))
            }
        }
    }
}

struct Events {
    subscription: Subscription,
    storage: Arc<Storage>,
    convert: Option<(Scheme, GroupVersionKind)>,
    deadline: Pin<Box<tokio::time::Sleep>>,
    bookmarks: Option<tokio::time::Interval>,
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
        match Pin::new(&mut self.subscription).poll_next(context) {
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
        if self.deadline.as_mut().poll(context).is_ready() {
            self.ended = true;
            return Poll::Ready(None);
        }
        if let Some(bookmarks) = &mut self.bookmarks
            && bookmarks.poll_tick(context).is_ready()
        {
            return Poll::Ready(Some(WatchEvent::Bookmark { resource_version: revision, initial_events_end: false }));
        }
        Poll::Pending
    }
}
