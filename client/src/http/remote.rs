//! A connection to a remote API server.
//!
//! In: [`Request`]s. Out: HTTP/1.1 or h2 over TLS, pooled; answers decoded. Invariant: a transport failure is a
//! `Status` with code 503, so that callers have one kind of error. Elsewhere: where the server is and with which
//! credentials (`kubeconfig`).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioIo};
use pintle_object_model::{Format, GroupVersionKind, Scheme, Status};
use tower::Service;

use super::response::{decode_event, decode_failure, decode_list, decode_one};
use crate::tls::{Connector, TlsOptions};
use crate::{ByteStream, Caller, Content, Document, Request, Response, Target, Upgrade, Verb, WatchEvent, WatchStream};

/// Most bytes of an answer that is not streamed.
const ANSWER_BYTES_MAX: usize = 1 << 30;
/// Most bytes of one watch event.
const EVENT_BYTES_MAX: usize = 64 << 20;

/// A tower service that sends requests over HTTP.
#[derive(Clone)]
pub struct HttpTransport {
    pool: Pool<Connector, Full<Bytes>>,
    /// Speaks HTTP/1.1 only, because protocols are switched there.
    upgrades: Pool<Connector, Full<Bytes>>,
    base: Arc<str>,
    scheme: Scheme,
    caller: Caller,
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpTransport").field("base", &self.base).finish_non_exhaustive()
    }
}

impl HttpTransport {
    /// Talks to `base` (`https://host:port[/path]`) with these kinds, TLS options and credentials.
    ///
    /// # Errors
    /// If the address or the TLS material is malformed.
    pub fn new(base: &str, tls: &TlsOptions, caller: Caller, scheme: Scheme) -> Result<Self, Status> {
        let parsed: Uri = base.parse().map_err(|_| Status::bad_request(format!("{base:?} is not a URL")))?;
        if parsed.scheme().is_none() || parsed.host().is_none() {
            return Err(Status::bad_request(format!("{base:?} is not a URL with scheme and host")));
        }
        let make = |h2| -> Result<_, Status> {
            let connector = Connector::new(tls, h2).map_err(|error| Status::bad_request(error.to_string()))?;
            Ok(Pool::builder(TokioExecutor::new()).build(connector))
        };
        Ok(Self { pool: make(true)?, upgrades: make(false)?, base: base.trim_end_matches('/').into(), scheme, caller })
    }

    async fn exchange(self, mut request: Request) -> Result<Response, Status> {
        if matches!(request.caller, Caller::Anonymous | Caller::Identity(_)) {
            request.caller = self.caller.clone();
        }
        let http_request = super::encode_request(&self.base, &request, Format::Json)?.map(Full::new);
        let pool = if request.upgrade.is_some() { &self.upgrades } else { &self.pool };
        let answer = pool.request(http_request).await.map_err(|error| unreachable_status(&self.base, &error))?;
        self.decode(&request, answer).await
    }

    async fn decode(&self, request: &Request, answer: http::Response<Incoming>) -> Result<Response, Status> {
        let warnings = warnings_of(answer.headers());
        let code = answer.status();
        let content_type = header_text(answer.headers(), "content-type");
        if code == StatusCode::SWITCHING_PROTOCOLS {
            let headers = upgrade_headers(answer.headers());
            let upgraded = hyper::upgrade::on(answer).await.map_err(|error| unreachable_status(&self.base, &error))?;
            let stream = Box::new(TokioIo::new(upgraded));
            return Ok(Response { warnings, ..Response::new(Content::Upgrade(Upgrade { headers, stream })) });
        }
        if !code.is_success() {
            let body = collect(answer.into_body(), &self.base).await?;
            return Err(decode_failure(code.as_u16(), &content_type, &body));
        }
        let content = self.content(request, answer, &content_type).await?;
        Ok(Response { warnings, ..Response::new(content) })
    }

    async fn content(
        &self,
        request: &Request,
        answer: http::Response<Incoming>,
        content_type: &str,
    ) -> Result<Content, Status> {
        let code = answer.status().as_u16();
        let Target::Resource { resource, subresource, .. } = &request.target else {
            let body = collect(answer.into_body(), &self.base).await?;
            return Ok(Content::Document(Document {
                code,
                content_type: content_type.to_owned(),
                body,
                headers: vec![],
            }));
        };
        let gvk = self.scheme.resource(resource).map_or_else(
            || GroupVersionKind::new(resource.group.as_str(), resource.version.as_str(), ""),
            |entry| entry.info().gvk(),
        );
        if request.verb == Verb::Watch {
            let events = Lines { body: answer.into_body(), buffer: BytesMut::new(), scanned: 0, ended: false };
            let (scheme, expected) = (self.scheme.clone(), gvk.clone());
            let events: WatchStream = Box::pin(events.map(move |line| match line {
                Ok(line) => decode_event(&scheme, &expected, &line),
                Err(status) => WatchEvent::Error(Box::new(status)),
            }));
            return Ok(Content::Watch { gvk, events });
        }
        if subresource == "log" || subresource == "proxy" {
            let stream = answer.into_body().into_data_stream().map(|next| next.map_err(std::io::Error::other));
            return Ok(Content::Bytes(ByteStream { content_type: content_type.to_owned(), stream: Box::pin(stream) }));
        }
        let body = collect(answer.into_body(), &self.base).await?;
        let (_, kind) = pintle_object_model::json::type_meta(&body).unwrap_or_default();
        if request.verb == Verb::List {
            return decode_list(&self.scheme, &gvk, &body).map(Content::List);
        }
        if kind == "Status" {
            return Ok(Content::Status(Box::new(decode_failure(code, content_type, &body))));
        }
        if kind.ends_with("List") && request.verb == Verb::DeleteCollection {
            return decode_list(&self.scheme, &gvk, &body).map(Content::List);
        }
        Ok(Content::Object { code, object: decode_one(&self.scheme, &gvk, &body)? })
    }
}

impl Service<Request> for HttpTransport {
    type Response = Response;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Status>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().exchange(request))
    }
}

fn unreachable_status(base: &str, error: &(dyn std::error::Error + 'static)) -> Status {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    Status::unavailable(format!("talking to {base}: {text}"))
}

async fn collect(body: Incoming, base: &str) -> Result<Bytes, Status> {
    let limited = http_body_util::Limited::new(body, ANSWER_BYTES_MAX);
    let collected =
        limited.collect().await.map_err(|error| Status::unavailable(format!("reading from {base}: {error}")))?;
    Ok(collected.to_bytes())
}

fn header_text(headers: &http::HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn upgrade_headers(headers: &http::HeaderMap) -> Vec<(String, String)> {
    let belongs = |name: &str| {
        matches!(name, "upgrade" | "connection" | "x-stream-protocol-version") || name.starts_with("sec-websocket-")
    };
    let kept = headers.iter().filter(|(name, _)| belongs(name.as_str()));
    kept.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect()
}

/// The texts of `Warning: 299 - "text"` headers.
fn warnings_of(headers: &http::HeaderMap) -> Vec<String> {
    let values = headers.get_all("warning").iter().filter_map(|value| value.to_str().ok());
    values
        .filter_map(|value| {
            let quoted = value.split_once('"')?.1.rsplit_once('"')?.0;
            Some(quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
        })
        .collect()
}

/// Splits a body into lines.
struct Lines {
    body: Incoming,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    scanned: usize,
    ended: bool,
}

impl Stream for Lines {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(end) = this.buffer[this.scanned..].iter().position(|byte| *byte == b'\n') {
                let line = this.buffer.split_to(this.scanned + end).freeze();
                this.buffer.advance(1);
                this.scanned = 0;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Poll::Ready(Some(Ok(line)));
            }
            this.scanned = this.buffer.len();
            if this.ended {
                return Poll::Ready(None);
            }
            if this.buffer.len() > EVENT_BYTES_MAX {
                this.ended = true;
                this.buffer.clear();
                this.scanned = 0;
                return Poll::Ready(Some(Err(Status::internal("a watch event is larger than this client takes"))));
            }
            match Pin::new(&mut this.body).poll_frame_ready(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    this.ended = true;
                    if !this.buffer.is_empty() {
                        // A last line without its end is cut off, not an event.
                        this.buffer.clear();
                        this.scanned = 0;
                    }
                }
                Poll::Ready(Some(Ok(data))) => this.buffer.extend_from_slice(&data),
                Poll::Ready(Some(Err(error))) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(Status::unavailable(format!("the watch broke: {error}")))));
                }
            }
        }
    }
}

trait PollData {
    fn poll_frame_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>>;
}

impl PollData for Incoming {
    fn poll_frame_ready(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        loop {
            match http_body::Body::poll_frame(self.as_mut(), context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                // Trailers carry nothing for us.
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}
