//! Streams that outlive one request: the pages of a list, and a watch that is taken up again.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use pintle_object_model::{Object, Status};

use crate::{DynamicApi, Params, Reason, WatchEvent, WatchStream};

/// The wait after the first failure of a watch, and the longest.
const WAIT_MIN: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Items of a page if the caller does not say.
const PAGE_ITEMS: u64 = 500;

/// One step of a watch that does not end.
#[derive(Clone, Debug, PartialEq)]
pub enum Followed<T = Object> {
    /// Everything that is there, at the start and after a gap: what was known before is void.
    Restarted(Vec<T>),
    /// The object came to be, or came to match.
    Added(T),
    /// The object changed.
    Modified(T),
    /// The object is gone, or no longer matches; this is its last state.
    Deleted(T),
}

impl Followed {
    /// The same with other objects.
    pub(crate) fn try_map<T>(self, map: impl Fn(&Object) -> Result<T, Status>) -> Result<Followed<T>, Status> {
        Ok(match self {
            Self::Restarted(objects) => Followed::Restarted(objects.iter().map(map).collect::<Result<_, _>>()?),
            Self::Added(object) => Followed::Added(map(&object)?),
            Self::Modified(object) => Followed::Modified(map(&object)?),
            Self::Deleted(object) => Followed::Deleted(map(&object)?),
        })
    }
}

/// All items of a list, page after page. When the continue token has become too old meanwhile, the error is the last item:
/// what was read before is of another time than what is there now.
pub(crate) fn pages(api: DynamicApi, mut params: Params) -> impl Stream<Item = Result<Object, Status>> + Send {
    if params.limit == 0 {
        params.limit = PAGE_ITEMS;
    }
    let start = (api, Some(params), VecDeque::new());
    stream::unfold(start, |(api, mut next, mut items)| async move {
        loop {
            if let Some(item) = items.pop_front() {
                return Some((Ok(item), (api, next, items)));
            }
            let params = next.take()?;
            match api.list(params.clone()).await {
                Ok(page) => {
                    items.extend(page.items);
                    let token = page.metadata.continue_;
                    next = (!token.is_empty()).then(|| Params {
                        continue_: token,
                        // A continue token brings its own place in time.
                        resource_version: String::new(),
                        resource_version_match: String::new(),
                        ..params
                    });
                }
                Err(status) => return Some((Err(status), (api, None, items))),
            }
        }
    })
}

enum Place {
    /// List first.
    Unknown,
    /// Watch from this resource version.
    At(String),
    Watching(String, WatchStream),
}

struct Follow {
    api: DynamicApi,
    params: Params,
    place: Place,
    failures: u32,
}

/// Lists, then watches for ever: a watch that ends is taken up where it ended, one whose place is no longer known begins
/// anew with a list. Ends only with a failure that waiting does not mend, such as `Forbidden`.
pub(crate) fn follow(api: DynamicApi, params: Params) -> impl Stream<Item = Result<Followed, Status>> + Send {
    let start = Some(Follow { api, params, place: Place::Unknown, failures: 0 });
    stream::unfold(start, |state| async move {
        let mut state = state?;
        loop {
            match state.step().await {
                Ok(None) => {}
                Ok(Some(event)) => {
                    state.failures = 0;
                    return Some((Ok(event), Some(state)));
                }
                Err(status) if Reason::of(&status).is_transient() => state.pause(&status).await,
                Err(status) => return Some((Err(status), None)),
            }
        }
    })
}

impl Follow {
    async fn step(&mut self) -> Result<Option<Followed>, Status> {
        match std::mem::replace(&mut self.place, Place::Unknown) {
            Place::Unknown => {
                let list = self.api.list(self.params.clone()).await?;
                self.place = Place::At(list.metadata.resource_version);
                Ok(Some(Followed::Restarted(list.items)))
            }
            Place::At(version) => {
                let params = Params {
                    resource_version: version.clone(),
                    resource_version_match: String::new(),
                    allow_watch_bookmarks: true,
                    limit: 0,
                    ..self.params.clone()
                };
                match self.api.watch(params).await {
                    Ok(events) => self.place = Place::Watching(version, events),
                    Err(status) if status.is_expired() => {}
                    Err(status) => {
                        self.place = Place::At(version);
                        return Err(status);
                    }
                }
                Ok(None)
            }
            Place::Watching(version, mut events) => {
                let event = events.next().await;
                self.seen(version, events, event).await
            }
        }
    }

    async fn seen(
        &mut self,
        version: String,
        events: WatchStream,
        event: Option<WatchEvent>,
    ) -> Result<Option<Followed>, Status> {
        let of = |object: &Object| object.metadata().resource_version.clone();
        let (version, event) = match event {
            Some(WatchEvent::Added(object)) => (of(&object), Followed::Added(object)),
            Some(WatchEvent::Modified(object)) => (of(&object), Followed::Modified(object)),
            Some(WatchEvent::Deleted(object)) => (of(&object), Followed::Deleted(object)),
            Some(WatchEvent::Bookmark { resource_version, .. }) => {
                self.failures = 0;
                self.place = Place::Watching(resource_version.to_string(), events);
                return Ok(None);
            }
            Some(WatchEvent::Error(status)) if status.is_expired() => return Ok(None),
            Some(WatchEvent::Error(status)) => {
                self.place = Place::At(version);
                return Err(*status);
            }
            None => {
                // A server that closes every watch at once must not be asked in a tight loop.
                self.place = Place::At(version);
                self.pause(&Status::timeout("the server ended the watch")).await;
                return Ok(None);
            }
        };
        self.place = Place::Watching(version, events);
        Ok(Some(event))
    }

    async fn pause(&mut self, status: &Status) {
        let own = WAIT_MIN.saturating_mul(2u32.saturating_pow(self.failures)).min(WAIT_MAX);
        let wait = crate::reason::retry_after(status).map_or(own, |asked| asked.max(own));
        self.failures = self.failures.saturating_add(1).min(16);
        tracing::debug!(api = ?self.api, %status, ?wait, "taking the watch up again");
        tokio::time::sleep(wait).await;
    }
}
