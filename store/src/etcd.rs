//! The etcd backend: values as bytes in an etcd cluster (v3 API, 3.4 or newer).
//!
//! In: transactions. Out: etcd's answers as the trait promises them. Invariants: reads are linearizable; revisions are
//! etcd's own, so an etcd that others write to is followed as well; a watch outlives its connections without gap or
//! repeat. Elsewhere: what the bytes mean ([`Codec`]), how much history is wanted (whoever runs the cluster).
//!
//! Source: etcd API guide, v3.

mod access;
mod client;
mod compactor;
mod failure;
mod lease;
mod proto;
mod txn;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pintle_object_model::clock::Clock;
use tokio::sync::watch as signal;
use tonic::Status;

use self::client::{Client, Repeat};
use self::failure::{Failure, unavailable};
use self::lease::Leases;
use self::proto::{CompactionRequest, CompactionResponse, KeyValue, RangeRequest, RangeResponse, revision_of};
use crate::{
    At, Codec, CommitError, Committed, EventStream, Key, Page, Range, Revision, Store, StoreError, Txn, Value,
    Versioned,
};

/// Where an etcd cluster is and how patient to be with it.
#[derive(Clone)]
pub struct EtcdConfig {
    /// URLs of the members, `http://` or `https://`. They are tried in turn when one fails.
    pub endpoints: Vec<String>,
    /// How members are verified; needed for `https://`.
    pub tls: Option<EtcdTls>,
    /// Who to be, if the cluster has users.
    pub user: Option<EtcdUser>,
    /// Longest time for one request on one member. Default 5 s.
    pub request_timeout: Duration,
    /// Longest time for a connection to be made. Default 2 s.
    pub connect_timeout: Duration,
    /// Largest value, in bytes. Default 1.5 MiB less what surrounds it, which is what etcd takes unless told otherwise.
    pub value_bytes_max: usize,
    /// Most keys that one request of a list asks for. Default 10,000: etcd counts the whole range for every page, so
    /// small pages make long lists slow.
    pub page_keys: usize,
    /// How often in a row a broken watch is opened again before it ends as unavailable; the waits between grow from
    /// 50 ms to 2 s. Default 20, about half a minute.
    pub watch_retries_max: u32,
}

impl EtcdConfig {
    /// The defaults for these members.
    pub fn new<S: Into<String>>(endpoints: impl IntoIterator<Item = S>) -> Self {
        Self {
            endpoints: endpoints.into_iter().map(Into::into).collect(),
            tls: None,
            user: None,
            request_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            value_bytes_max: 1536 * 1024 - 4096,
            page_keys: 10_000,
            watch_retries_max: 20,
        }
    }
}

impl fmt::Debug for EtcdConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdConfig")
            .field("endpoints", &self.endpoints)
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

/// Certificates for the connections to etcd, in PEM.
#[derive(Clone, Default)]
pub struct EtcdTls {
    /// The authorities that members are verified against.
    pub ca_pem: Vec<u8>,
    /// Certificate chain and private key that members see.
    pub identity_pem: Option<(Vec<u8>, Vec<u8>)>,
    /// The name to look for in members' certificates, if it is not that of the URL.
    pub server_name: Option<String>,
}

impl fmt::Debug for EtcdTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdTls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

/// A user of etcd's own.
#[derive(Clone)]
pub struct EtcdUser {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for EtcdUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdUser").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A [`Store`] in an etcd cluster. Cheap to clone; all clones share their connections.
pub struct EtcdStore<V> {
    shared: Arc<Shared<V>>,
}

impl<V> Clone for EtcdStore<V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<V> fmt::Debug for EtcdStore<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdStore").field("client", &self.shared.client).finish_non_exhaustive()
    }
}

struct Shared<V> {
    client: Client,
    codec: Arc<dyn Codec<V>>,
    leases: Leases,
    clock: Arc<dyn Clock>,
    config: EtcdConfig,
    /// The newest revision that somebody was told of and may wait for watches to reach.
    newest: signal::Sender<u64>,
}

impl<V: Value> EtcdStore<V> {
    /// Connects, and waits until a member answers.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an endpoint that is no URL or certificates that cannot be read,
    /// [`StoreError::Unavailable`] if no member answers.
    pub async fn connect(
        config: EtcdConfig,
        codec: Arc<dyn Codec<V>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let client = Client::new(&config)?;
        let leases = Leases::new(Arc::clone(&clock));
        let shared = Shared { client, codec, leases, clock, config, newest: signal::Sender::new(0) };
        let store = Self { shared: Arc::new(shared) };
        store.revision().await?;
        Ok(store)
    }

    /// Forgets history as kube-apiserver does: every `interval`, what was before the last time. Any number of servers
    /// may do so on one cluster, kube-apiservers among them: they take turns through one key. Never ends; what fails is
    /// logged and tried again after an interval. Dropping it stops it.
    pub async fn keep_compacted(&self, interval: Duration) {
        compactor::run(&self.shared.client, &*self.shared.clock, interval).await;
    }
}

impl<V: Value> Shared<V> {
    async fn range(&self, request: RangeRequest) -> Result<RangeResponse, Failure> {
        self.client.call("/etcdserverpb.KV/Range", Repeat::Always, request).await.map_err(Failure::of)
    }

    /// The newest revision, and whether `at` can still be read: asks for a key that need not exist.
    async fn probe(&self, at: Option<Revision>) -> Result<Revision, StoreError> {
        let request = RangeRequest {
            key: Bytes::from_static(b"\0"),
            count_only: true,
            revision: number(at),
            ..Default::default()
        };
        match self.range(request).await {
            Ok(answer) => revision(revision_of(answer.header.as_ref()), "reading the revision"),
            Err(failure) => Err(self.read_error(failure, at, "reading the revision").await),
        }
    }

    /// A failed read as the trait's error; asks for what the error has to tell.
    async fn read_error(&self, failure: Failure, at: Option<Revision>, doing: &str) -> StoreError {
        match (failure, at) {
            (Failure::Compacted, Some(asked)) => {
                let oldest = watch::oldest_revision(&self.client, asked).await;
                StoreError::Compacted { asked, oldest }
            }
            (Failure::Future, Some(asked)) => match Box::pin(self.probe(None)).await {
                Ok(newest) => StoreError::Future { asked, newest },
                Err(error) => error,
            },
            (failure, _) => failure.into_error(doing),
        }
    }

    fn decode(&self, kv: &KeyValue) -> Result<Versioned<V>, StoreError> {
        let key = key_of(&kv.key)?;
        let revision = revision(u64::try_from(kv.mod_revision).unwrap_or(0), "reading a key")?;
        let mut value =
            self.codec.decode(&key, &kv.value).map_err(|why| StoreError::Corrupt { key: key.clone(), why })?;
        value.stamp(revision);
        Ok(Versioned { key, value, revision })
    }

    /// Lists page by page, all at the revision of the first page.
    async fn list_once(
        &self,
        range: &Range,
        at: Option<Revision>,
        limit: Option<usize>,
    ) -> Result<Page<V>, StoreError> {
        let mut request = bounds(range);
        let mut items = vec![];
        let mut pinned = at;
        loop {
            let wanted = limit.map_or(usize::MAX, |limit| limit - items.len()).min(self.config.page_keys.max(1));
            request.limit = i64::try_from(wanted).unwrap_or(i64::MAX);
            // A limit of 0 would mean none.
            request.count_only = wanted == 0;
            request.revision = number(pinned);
            let answer = match self.range(request.clone()).await {
                Ok(answer) => answer,
                Err(failure) => return Err(self.read_error(failure, pinned, "listing").await),
            };
            let read_at = match pinned {
                Some(revision) => revision,
                None => revision(revision_of(answer.header.as_ref()), "listing")?,
            };
            pinned = Some(read_at);
            for kv in &answer.kvs {
                items.push(self.decode(kv)?);
            }
            match answer.kvs.last() {
                Some(last) if answer.more && limit.is_none_or(|limit| items.len() < limit) => {
                    request.key = successor(&last.key);
                }
                _ => {
                    let counted = u64::try_from(answer.count).unwrap_or(0);
                    let remaining = counted.saturating_sub(answer.kvs.len() as u64);
                    return Ok(Page { items, revision: read_at, remaining });
                }
            }
        }
    }
}

#[async_trait]
impl<V: Value> Store<V> for EtcdStore<V> {
    async fn get(&self, key: &Key, at: At) -> Result<Option<Versioned<V>>, StoreError> {
        let at = revision_at(at);
        let request = RangeRequest { key: bytes_of(key.as_str()), revision: number(at), ..Default::default() };
        match self.shared.range(request).await {
            Ok(answer) => answer.kvs.first().map(|kv| self.shared.decode(kv)).transpose(),
            Err(failure) => Err(self.shared.read_error(failure, at, &format!("reading {key}")).await),
        }
    }

    async fn list(&self, range: &Range, at: At, limit: Option<usize>) -> Result<Page<V>, StoreError> {
        let at = revision_at(at);
        // The revision of the first page may be compacted before the last one is read; a list of now can start over.
        for _ in 0..2 {
            match self.shared.list_once(range, at, limit).await {
                Err(StoreError::Compacted { .. }) if at.is_none() => {}
                other => return other,
            }
        }
        self.shared.list_once(range, at, limit).await
    }

    async fn commit(&self, txn: Txn<V>) -> Result<Committed<V>, CommitError<V>> {
        self.shared.commit(txn).await
    }

    async fn watch(&self, range: &Range, from: Revision) -> Result<EventStream<V>, StoreError> {
        let newest = self.shared.probe(Some(from)).await?;
        Ok(watch::follow(Arc::clone(&self.shared), range.clone(), from, newest).await?)
    }

    async fn compact(&self, at: Revision) -> Result<(), StoreError> {
        let question = CompactionRequest { revision: number(Some(at)) };
        let answer = self.shared.client.call("/etcdserverpb.KV/Compact", Repeat::IfNeverSent, question).await;
        match answer {
            Ok(CompactionResponse {}) => Ok(()),
            Err(status) => Err(self.shared.read_error(Failure::of(status), Some(at), "compacting").await),
        }
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        let newest = self.shared.probe(None).await?;
        // Whoever asked may wait until a watch has got there, so watches ask etcd how far they are.
        self.shared.newest.send_if_modified(|known| {
            let newer = newest.get() > *known;
            *known = newest.get().max(*known);
            newer
        });
        Ok(newest)
    }
}

fn revision_at(at: At) -> Option<Revision> {
    match at {
        At::Now => None,
        At::Revision(revision) => Some(revision),
    }
}

/// As etcd writes it: 0 for now, or for absent.
fn number(revision: Option<Revision>) -> i64 {
    revision.map_or(0, |revision| i64::try_from(revision.get()).unwrap_or(i64::MAX))
}

fn revision(number: u64, doing: &str) -> Result<Revision, StoreError> {
    Revision::new(number).ok_or_else(|| unavailable(doing, Status::internal("etcd's answer has no revision")))
}

fn bytes_of(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn key_of(bytes: &Bytes) -> Result<Key, StoreError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Key::new(text)),
        Err(error) => Err(StoreError::Corrupt {
            key: Key::new(String::from_utf8_lossy(bytes)),
            why: format!("the key is no text: {error}"),
        }),
    }
}

/// The first key after this one.
fn successor(key: &[u8]) -> Bytes {
    [key, b"\0"].concat().into()
}

/// The first key after all that start with the prefix; a zero byte stands for the end of all keys.
fn prefix_end(prefix: &str) -> Bytes {
    let mut end = prefix.as_bytes().to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return end.into();
        }
    }
    Bytes::from_static(b"\0")
}

/// A request for all keys of a range.
fn bounds(range: &Range) -> RangeRequest {
    let key = match range.start_after() {
        Some(after) if after.as_str() >= range.as_prefix() => successor(after.as_str().as_bytes()),
        // An empty key is refused.
        _ if range.as_prefix().is_empty() => Bytes::from_static(b"\0"),
        _ => bytes_of(range.as_prefix()),
    };
    RangeRequest { key, range_end: prefix_end(range.as_prefix()), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::{bounds, prefix_end};
    use crate::{Key, Range};

    #[test]
    fn ranges_end_behind_the_last_key_of_their_prefix() {
        assert_eq!(prefix_end("/registry/"), "/registry0");
        assert_eq!(prefix_end(""), "\0");
        assert_eq!(bounds(&Range::prefix("")).key, "\0");
        assert_eq!(bounds(&Range::prefix("/b/").after(Key::new("/a"))).key, "/b/");
        assert_eq!(bounds(&Range::prefix("/b/").after(Key::new("/b/x"))).key, "/b/x\0");
    }
}
