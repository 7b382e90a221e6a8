//! Keeps a copy equal to what the server has: list, then watch, and again after a gap.
//!
//! In: a `DynamicApi`. Out: changes to the copy. Invariant: a watch resumes where the last one ended; only a server that no
//! longer knows that place (410) makes it list anew.

use std::sync::Arc;

use futures::StreamExt;
use pintle_client::{DynamicApi, Params, WatchEvent};
use pintle_object_model::{Object, Status};

use super::cache::Cache;
use super::{Adapter, InformerConfig};
use crate::Shutdown;
use crate::backoff::Backoff;

/// Why a watch ended.
enum Ended {
    /// The server closed it: resume from this resource version.
    Resume(String),
    /// The place is no longer known: list anew.
    Expired,
}

pub(super) async fn run<T: Send + Sync + 'static>(
    api: DynamicApi,
    cache: Arc<Cache<T>>,
    adapter: Adapter<T>,
    config: InformerConfig,
    shutdown: Shutdown,
) {
    let reflector = Reflector { api, cache, adapter, config };
    let both = async {
        tokio::select! {
            biased;
            () = reflector.follow() => {}
            () = reflector.resync() => {}
        }
    };
    shutdown.unless(both).await;
}

struct Reflector<T> {
    api: DynamicApi,
    cache: Arc<Cache<T>>,
    adapter: Adapter<T>,
    config: InformerConfig,
}

impl<T: Send + Sync + 'static> Reflector<T> {
    async fn follow(&self) {
        let mut backoff = Backoff::new(self.config.retry_min, self.config.retry_max, self.config.random.clone());
        let mut place: Option<String> = None;
        loop {
            let step = match place.take() {
                None => self.list().await.map(Ended::Resume),
                Some(version) => self.watch(&version, &mut backoff).await.or_else(|status| {
                    if status.is_expired() {
                        return Ok(Ended::Expired);
                    }
                    place = Some(version);
                    Err(status)
                }),
            };
            match step {
                Ok(Ended::Resume(version)) => place = Some(version),
                Ok(Ended::Expired) => place = None,
                Err(status) => {
                    let delay = backoff.next_delay();
                    tracing::warn!(api = ?self.api, %status, ?delay, "cannot follow, trying again");
                    tokio::time::sleep(delay).await;
                }
            }
        }
    }

    /// Never ends.
    async fn resync(&self) {
        let Some(period) = self.config.resync.filter(|period| !period.is_zero()) else {
            return std::future::pending().await;
        };
        loop {
            // With jitter, so that all informers of a program do not do it at once.
            tokio::time::sleep(self.config.random.jitter(period, 0.1)).await;
            self.cache.resync();
        }
    }

    fn params(&self) -> Params {
        Params {
            label_selector: self.config.label_selector.clone(),
            field_selector: self.config.field_selector.clone(),
            ..Params::default()
        }
    }

    /// Reads everything and answers the resource version of what was read.
    async fn list(&self) -> Result<String, Status> {
        let mut objects = vec![];
        let mut continue_ = String::new();
        loop {
            let params = Params { limit: self.config.page_items, continue_, ..self.params() };
            let page = self.api.list(params).await?;
            for object in &page.items {
                objects.push(self.convert(object)?);
            }
            continue_ = page.metadata.continue_;
            if continue_.is_empty() {
                self.cache.replace(objects);
                return Ok(page.metadata.resource_version);
            }
        }
    }

    async fn watch(&self, from: &str, backoff: &mut Backoff) -> Result<Ended, Status> {
        let params = Params { resource_version: from.to_owned(), allow_watch_bookmarks: true, ..self.params() };
        let mut events = self.api.watch(params).await?;
        let mut place = from.to_owned();
        while let Some(event) = events.next().await {
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    self.cache.put(self.convert(&object)?);
                    place.clone_from(&object.metadata().resource_version);
                }
                WatchEvent::Deleted(object) => {
                    self.cache.remove(self.convert(&object)?);
                    place.clone_from(&object.metadata().resource_version);
                }
                WatchEvent::Bookmark { resource_version, .. } => place = resource_version.to_string(),
                WatchEvent::Error(status) if status.is_expired() => return Ok(Ended::Expired),
                // What was seen so far counts: resume behind it, after a pause.
                WatchEvent::Error(status) => {
                    tracing::debug!(api = ?self.api, %status, "the watch ended");
                    tokio::time::sleep(backoff.next_delay()).await;
                    return Ok(Ended::Resume(place));
                }
            }
            backoff.reset();
        }
        if place == from {
            // A server that closes every watch at once must not be asked in a tight loop.
            tokio::time::sleep(backoff.next_delay()).await;
        }
        Ok(Ended::Resume(place))
    }

    fn convert(&self, object: &Object) -> Result<Arc<T>, Status> {
        (self.adapter.convert)(object)
            .ok_or_else(|| Status::internal(format!("the server sent an unexpected {}", object.gvk())))
    }
}
