//! Calls to an etcd cluster through whichever of its members answers.
//!
//! In: requests. Out: answers, or why there is none. Invariants: a read is tried on every member, a write on another
//! one only if it was certainly never sent; no call outlives its timeout on a member. Elsewhere: what the answers mean.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http::uri::PathAndQuery;
use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;
use tracing::{debug, warn};

use super::EtcdConfig;
use super::access::Access;
use super::failure::{is_token_refused, never_sent, worth_another};
use super::proto::{StatusRequest, StatusResponse, WatchRequest, WatchResponse};
use crate::StoreError;

/// Answers are as large as the lists that were asked for, and those are paged: gRPC's own limit is the bound.
const ANSWER_BYTES_MAX: usize = i32::MAX as usize;
/// How long a connection may be silent before it is asked for a sign of life, and how long that may take.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// What a member takes for a user.
pub(super) type Token = tonic::metadata::MetadataValue<tonic::metadata::Ascii>;

/// May a call be repeated?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or the same every time.
    Always,
    /// Only if it has certainly not arrived.
    IfNeverSent,
}

/// The members of a cluster.
#[derive(Debug)]
pub(super) struct Client {
    members: Vec<Member>,
    /// The member that answered last.
    current: AtomicUsize,
    timeout: Duration,
    access: Access,
}

#[derive(Debug)]
struct Member {
    url: String,
    channel: Channel,
    /// Does it answer requests for progress correctly? Known after the first question.
    tells_progress: OnceLock<bool>,
}

impl Client {
    pub(super) fn new(config: &EtcdConfig) -> Result<Self, StoreError> {
        let members: Vec<_> = config.endpoints.iter().map(|url| Member::new(url, config)).collect::<Result<_, _>>()?;
        if members.is_empty() {
            return Err(StoreError::Invalid { why: "no etcd endpoint is given".into() });
        }
        let access = Access::new(config.user.clone());
        Ok(Self { members, current: AtomicUsize::new(0), timeout: config.request_timeout, access })
    }

    /// One question, one answer.
    pub(super) async fn call<Q, A>(&self, path: &'static str, repeat: Repeat, question: Q) -> Result<A, Status>
    where
        Q: Message + Clone + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let refused = match self.call_as(self.access.token(self).await?, path, repeat, question.clone()).await {
            Err(status) if is_token_refused(&status) => status,
            other => return other,
        };
        // The token has ended, so nothing was done: once more with a new one.
        match self.access.renew(self).await? {
            Some(token) => self.call_as(Some(token), path, repeat, question).await,
            None => Err(refused),
        }
    }

    /// The same with this token.
    pub(super) async fn call_as<Q, A>(
        &self,
        token: Option<Token>,
        path: &'static str,
        repeat: Repeat,
        question: Q,
    ) -> Result<A, Status>
    where
        Q: Message + Clone + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let first = self.current.load(Ordering::Relaxed);
        // With a single member there is one more try, since its old connection may just have been closed.
        let tries = self.members.len().max(2);
        let mut last = Status::unavailable("no member was asked");
        for number in 0..tries {
            let member = &self.members[(first + number) % self.members.len()];
            let asked = member.ask(path, question.clone(), token.as_ref(), self.timeout).await;
            let status = match asked {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            if !worth_another(&status) {
                return Err(status);
            }
            debug!(member = %member.url, %status, path, "an etcd member failed");
            // The next call starts at the next member, whoever makes it.
            let next = (first + number + 1) % self.members.len();
            self.current.store(next, Ordering::Relaxed);
            let again = repeat == Repeat::Always || never_sent(&status);
            last = status;
            if !again {
                break;
            }
        }
        Err(last)
    }

    /// Opens a stream of watch requests and answers. Also tells whether progress may be asked for.
    pub(super) async fn watch<S>(&self, requests: S) -> Result<(Streaming<WatchResponse>, bool), Status>
    where
        S: Stream<Item = WatchRequest> + Send + 'static,
    {
        let index = self.current.load(Ordering::Relaxed);
        let member = &self.members[index];
        let opened = tokio::time::timeout(self.timeout, async {
            let token = self.access.token(self).await?;
            let tells = member.tells_progress(token.as_ref(), self.timeout).await?;
            let mut request = with_token(requests, token.as_ref());
            // A member that has lost its leader ends the watch instead of falling silent.
            request.metadata_mut().insert("hasleader", tonic::metadata::MetadataValue::from_static("true"));
            let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
            let codec: ProstCodec<WatchRequest, WatchResponse> = ProstCodec::default();
            let mut grpc = member.ready().await?;
            Ok((grpc.streaming(request, path, codec).await?.into_inner(), tells))
        });
        opened.await.unwrap_or_else(|_| Err(Status::deadline_exceeded("opening a watch took too long")))
    }

    /// Asks for a new token before the next call: this one was refused.
    pub(super) fn forget_token(&self) {
        self.access.forget();
    }

    /// Moves on to the next member.
    pub(super) fn rotate(&self) {
        let next = (self.current.load(Ordering::Relaxed) + 1) % self.members.len();
        self.current.store(next, Ordering::Relaxed);
    }
}

impl Member {
    fn new(url: &str, config: &EtcdConfig) -> Result<Self, StoreError> {
        let invalid = |why: &dyn std::fmt::Display| StoreError::Invalid { why: format!("etcd endpoint {url}: {why}") };
        let is_tls = url.starts_with("https://");
        if !is_tls && !url.starts_with("http://") {
            return Err(invalid(&"it must start with http:// or https://"));
        }
        let mut endpoint = Endpoint::from_shared(Bytes::copy_from_slice(url.as_bytes()))
            .map_err(|error| invalid(&error))?
            .connect_timeout(config.connect_timeout)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE)
            .keep_alive_while_idle(true);
        if is_tls {
            let tls = config.tls.as_ref().ok_or_else(|| invalid(&"https needs a certificate authority"))?;
            let mut client = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&tls.ca_pem));
            if let Some((certificate, key)) = &tls.identity_pem {
                client = client.identity(Identity::from_pem(certificate, key));
            }
            if let Some(name) = &tls.server_name {
                client = client.domain_name(name);
            }
            endpoint = endpoint.tls_config(client).map_err(|error| invalid(&error))?;
        }
        Ok(Self { url: url.to_owned(), channel: endpoint.connect_lazy(), tells_progress: OnceLock::new() })
    }

    /// A caller on the member's connection, which is made if it is not there.
    async fn ready(&self) -> Result<Grpc<Channel>, Status> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
        Ok(grpc)
    }

    async fn ask<Q, A>(
        &self,
        path: &'static str,
        question: Q,
        token: Option<&Token>,
        timeout: Duration,
    ) -> Result<A, Status>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let asking = async {
            let mut grpc = self.ready().await?;
            let codec: ProstCodec<Q, A> = ProstCodec::default();
            grpc.unary(with_token(question, token), PathAndQuery::from_static(path), codec).await
        };
        match tokio::time::timeout(timeout, asking).await {
            Ok(answer) => answer.map(tonic::Response::into_inner),
            Err(_) => Err(Status::deadline_exceeded(format!("{} did not answer in time", self.url))),
        }
    }

    /// Before 3.4.25 and 3.5.8, etcd could tell progress that a watcher had not made yet: there it is not asked for.
    async fn tells_progress(&self, token: Option<&Token>, timeout: Duration) -> Result<bool, Status> {
        if let Some(known) = self.tells_progress.get() {
            return Ok(*known);
        }
        let path = "/etcdserverpb.Maintenance/Status";
        let status: StatusResponse = self.ask(path, StatusRequest {}, token, timeout).await?;
        let tells = is_progress_right(&status.version);
        if !tells {
            warn!(member = %self.url, version = status.version, "this etcd is too old to be asked for a watch's progress");
        }
        Ok(*self.tells_progress.get_or_init(|| tells))
    }
}

fn with_token<T>(message: T, token: Option<&Token>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        request.metadata_mut().insert("token", token.clone());
    }
    request
}

fn is_progress_right(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let version = (next(), next(), next());
    version >= (3, 5, 8) || ((3, 4, 25)..(3, 5, 0)).contains(&version)
}

#[cfg(test)]
mod tests {
    use super::is_progress_right;

    #[test]
    fn progress_is_asked_for_only_where_it_is_right() {
        for (version, right) in [
            ("3.4.24", false),
            ("3.4.25", true),
            ("3.5.1", false),
            ("3.5.7", false),
            ("3.5.8", true),
            ("3.6.0-rc.1", true),
            ("x", false),
        ] {
            assert_eq!(is_progress_right(version), right, "{version}");
        }
    }
}
