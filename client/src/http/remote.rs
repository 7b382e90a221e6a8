//! A connection to a remote API server.
//!
//! In: [`Request`]s. Out: HTTP/1.1 or h2 over TLS, pooled; answers decoded. Invariant: a transport failure is a
//! `Status` with code 503, so that callers have one kind of error. Elsewhere: where the server is and with which
//! credentials (`kubeconfig`).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use pintle_object_model::{Format, GroupVersionKind, Scheme, Status};
use tower::Service;

use super::decode::{
    decode_event, decode_failure, decode_list, decode_list_message, decode_message, decode_one, format_of,
};
use super::frames::Frames;
use crate::credentials::Credentials;
use crate::tls::{Connector, TlsOptions};
use crate::{ByteStream, Caller, Content, Document, Request, Response, Target, Upgrade, Verb, WatchEvent, WatchStream};

/// Most bytes of an answer that is not streamed.
const ANSWER_BYTES_MAX: usize = 1 << 30;

/// How to talk over HTTP.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Encoding of what is sent and asked for. Custom resources have no protobuf form and are JSON anyway. Default JSON.
    pub format: Format,
    /// Ask for large answers to be compressed. Default true.
    pub gzip: bool,
    /// Longest time to open a connection. Default 10 s.
    pub connect_timeout: Duration,
    /// Longest time until an answer begins, and again until it is complete; watches, logs and switched protocols are not
    /// bound by it once they have begun. Default 65 s (servers give up on ordinary requests after 60).
    pub answer_timeout: Duration,
    /// How often a silent h2 connection is asked whether it is still there. Default 30 s.
    pub keep_alive: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            format: Format::Json,
            gzip: true,
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(65),
            keep_alive: Duration::from_secs(30),
        }
    }
}

/// A tower service that sends requests over HTTP.
#[derive(Clone)]
pub struct HttpTransport {
    pool: Pool<Connector, Full<Bytes>>,
    /// Speaks HTTP/1.1 only, because protocols are switched there.
    upgrades: Pool<Connector, Full<Bytes>>,
    base: Arc<str>,
    scheme: Scheme,
    credentials: Arc<dyn Credentials>,
    options: HttpOptions,
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
        Self::with_options(base, tls, Arc::new(caller), scheme, HttpOptions::default())
    }

    /// The same with credentials that may change, and options.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_options(
        base: &str,
        tls: &TlsOptions,
        credentials: Arc<dyn Credentials>,
        scheme: Scheme,
        options: HttpOptions,
    ) -> Result<Self, Status> {
        let parsed: Uri = base.parse().map_err(|_| Status::bad_request(format!("{base:?} is not a URL")))?;
        if parsed.scheme().is_none() || parsed.host().is_none() {
            return Err(Status::bad_request(format!("{base:?} is not a URL with scheme and host")));
        }
        let make = |h2| -> Result<_, Status> {
            let connector = Connector::new(tls, h2, options.connect_timeout, credentials.certificates())
                .map_err(|error| Status::bad_request(error.to_string()))?;
            let mut builder = Pool::builder(TokioExecutor::new());
            builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
            builder.http2_keep_alive_interval(options.keep_alive).http2_keep_alive_timeout(options.keep_alive);
            Ok(builder.build(connector))
        };
        let (pool, upgrades) = (make(true)?, make(false)?);
        Ok(Self { pool, upgrades, base: base.trim_end_matches('/').into(), scheme, credentials, options })
    }

    async fn exchange(self, mut request: Request) -> Result<Response, Status> {
        let own = matches!(request.caller, Caller::Anonymous | Caller::Identity(_));
        if own {
            request.caller = self.credentials.caller().await?;
        }
        match self.attempt(&request).await {
            // Credentials that have run out meanwhile are renewed once; a server that says 401 has done nothing.
            Err(status) if own && status.code == 401 && self.credentials.refused(&request.caller).await => {
                request.caller = self.credentials.caller().await?;
                self.attempt(&request).await
            }
            answer => answer,
        }
    }

    async fn attempt(&self, request: &Request) -> Result<Response, Status> {
        let format = self.format_for(request);
        let mut http_request = super::encode_request(&self.base, request, format)?.map(Full::new);
        let streamed = request.verb == Verb::Watch || request.upgrade.is_some() || is_streamed(&request.target);
        if self.options.gzip && !streamed {
            http_request.headers_mut().insert(header::ACCEPT_ENCODING, http::HeaderValue::from_static("gzip"));
        }
        let pool = if request.upgrade.is_some() { &self.upgrades } else { &self.pool };
        let answer = pool.request(http_request);
        // A log may stay silent for long before its first byte.
        let answer = if is_streamed(&request.target) { answer.await } else { self.in_time(answer).await? };
        let answer = answer.map_err(|error| unreachable_status(&self.base, &error))?;
        self.decode(request, answer).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Status> {
        tokio::time::timeout(self.options.answer_timeout, work)
            .await
            .map_err(|_| Status::timeout(format!("{} did not answer in {:?}", self.base, self.options.answer_timeout)))
    }

    /// Protobuf only for kinds that have such a form.
    fn format_for(&self, request: &Request) -> Format {
        match &request.target {
            Target::Resource { resource, .. } if self.scheme.resource(resource).is_some() => self.options.format,
            _ => Format::Json,
        }
    }

    /// A whole body, unpacked.
    async fn collect(&self, answer: http::Response<Incoming>) -> Result<Bytes, Status> {
        let packed = header_text(answer.headers(), "content-encoding") == "gzip";
        let limited = http_body_util::Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
        let failed =
            |error: &dyn std::fmt::Display| Status::unavailable(format!("reading from {}: {error}", self.base));
        let body = self.in_time(limited.collect()).await?.map_err(|error| failed(&error))?.to_bytes();
        if !packed {
            return Ok(body);
        }
        use std::io::Read as _;
        let mut plain = Vec::with_capacity(body.len().saturating_mul(4).min(ANSWER_BYTES_MAX));
        let read = flate2::read::GzDecoder::new(&*body).take(ANSWER_BYTES_MAX as u64 + 1).read_to_end(&mut plain);
        match read {
            Ok(length) if length > ANSWER_BYTES_MAX => Err(failed(&"the answer is too large")),
            Ok(_) => Ok(plain.into()),
            Err(error) => Err(failed(&error)),
        }
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
            let retry_after = header_text(answer.headers(), "retry-after").parse().unwrap_or_default();
            let body = self.collect(answer).await?;
            let mut status = decode_failure(code.as_u16(), &content_type, &body);
            if retry_after > 0 {
                status.details.get_or_insert_default().retry_after_seconds = retry_after;
            }
            return Err(status);
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
        let Target::Resource { resource, .. } = &request.target else {
            let body = self.collect(answer).await?;
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
            let format = format_of(content_type);
            let (scheme, expected) = (self.scheme.clone(), gvk.clone());
            let events: WatchStream = Box::pin(Frames::new(answer.into_body(), format).map(move |frame| match frame {
                Ok(frame) => decode_event(&scheme, &expected, format, &frame),
                Err(status) => WatchEvent::Error(Box::new(status)),
            }));
            return Ok(Content::Watch { gvk, events });
        }
        if is_streamed(&request.target) {
            let stream = answer.into_body().into_data_stream().map(|next| next.map_err(std::io::Error::other));
            return Ok(Content::Bytes(ByteStream { content_type: content_type.to_owned(), stream: Box::pin(stream) }));
        }
        let body = self.collect(answer).await?;
        let protobuf = format_of(content_type) == Format::Protobuf;
        let list = |body: &[u8]| match protobuf {
            true => decode_list_message(&self.scheme, &gvk, body),
            false => decode_list(&self.scheme, &gvk, body),
        };
        if request.verb == Verb::List {
            return list(&body).map(Content::List);
        }
        let kind = if protobuf {
            pintle_object_model::protobuf::decode_envelope(&body).map(|envelope| envelope.kind).unwrap_or_default()
        } else {
            pintle_object_model::json::type_meta(&body).unwrap_or_default().1
        };
        if kind == "Status" {
            return Ok(Content::Status(Box::new(decode_failure(code, content_type, &body))));
        }
        if kind.ends_with("List") && request.verb == Verb::DeleteCollection {
            return list(&body).map(Content::List);
        }
        let object = match protobuf {
            true => decode_message(&self.scheme, &gvk, &body)?,
            false => decode_one(&self.scheme, &gvk, &body)?,
        };
        Ok(Content::Object { code, object })
    }
}

/// Is the answer handed on as it comes?
fn is_streamed(target: &Target) -> bool {
    matches!(target, Target::Resource { subresource, .. } if subresource == "log" || subresource == "proxy")
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

pub(super) fn unreachable_status(base: &str, error: &(dyn std::error::Error + 'static)) -> Status {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    Status::unavailable(format!("talking to {base}: {text}"))
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
