//! Programs that are asked by posting JSON to one URL: webhooks.
//!
//! In: a body. Out: the body of the answer, if it tells of success. Invariant: an answer has a bound in time and in size.
//! Elsewhere: what the bodies mean, and whether a failure is tried again (those who ask).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use pintle_object_model::Status;

use super::remote::unreachable_status;
use crate::Caller;
use crate::credentials::Credentials;
use crate::tls::{Connector, TlsOptions};

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Most bytes of a failure's text that are kept.
const FAILURE_BYTES_MAX: usize = 256;

/// One URL that takes JSON, and how to prove who asks. Clones share their connections.
#[derive(Clone)]
pub struct JsonEndpoint {
    pool: Pool<Connector, Full<Bytes>>,
    url: Uri,
    credentials: Arc<dyn Credentials>,
}

impl std::fmt::Debug for JsonEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonEndpoint").field("url", &self.url).finish_non_exhaustive()
    }
}

impl JsonEndpoint {
    /// Posts to this URL, path and query included, over connections that are opened within 10 s.
    ///
    /// # Errors
    /// If the URL or the TLS material is malformed.
    pub fn new(url: &str, tls: &TlsOptions, credentials: Arc<dyn Credentials>) -> Result<Self, Status> {
        let parsed: Uri = url.parse().map_err(|_| Status::bad_request(format!("{url:?} is not a URL")))?;
        if parsed.scheme().is_none() || parsed.host().is_none() {
            return Err(Status::bad_request(format!("{url:?} is not a URL with scheme and host")));
        }
        let connector = Connector::new(tls, true, Duration::from_secs(10), credentials.certificates())
            .map_err(|error| Status::bad_request(error.to_string()))?;
        let mut builder = Pool::builder(TokioExecutor::new());
        builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
        Ok(Self { pool: builder.build(connector), url: parsed, credentials })
    }

    /// Posts this body and answers with what comes back.
    ///
    /// # Errors
    /// 503 if the program cannot be reached, 504 if there is no whole answer in time, else the code of its answer. Words of
    /// the program stand in the message, so it is for logs rather than for users.
    pub async fn post(&self, body: Bytes, timeout: Duration) -> Result<Bytes, Status> {
        let late = |_| Status::timeout(format!("{} did not answer in {timeout:?}", self.url));
        tokio::time::timeout(timeout, self.exchange(body)).await.map_err(late)?
    }

    async fn exchange(&self, body: Bytes) -> Result<Bytes, Status> {
        let caller = self.credentials.caller().await?;
        match self.attempt(&caller, body.clone()).await {
            // Credentials that have run out meanwhile are renewed once.
            Err(status) if status.code == 401 && self.credentials.refused(&caller).await => {
                let caller = self.credentials.caller().await?;
                self.attempt(&caller, body).await
            }
            answer => answer,
        }
    }

    async fn attempt(&self, caller: &Caller, body: Bytes) -> Result<Bytes, Status> {
        let mut request = http::Request::post(self.url.clone())
            .header(header::CONTENT_TYPE, super::JSON)
            .header(header::ACCEPT, super::JSON)
            .header(header::USER_AGENT, "pintle-webhook");
        if let Caller::Token(token) = caller {
            let mut value = header::HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Status::bad_request("the token holds what cannot stand in a header"))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(Full::new(body)).map_err(|error| Status::bad_request(error.to_string()))?;
        let url = self.url.to_string();
        let answer = self.pool.request(request).await.map_err(|error| unreachable_status(&url, &error))?;
        let code = answer.status();
        let collected = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let bytes = collected.map_err(|error| Status::unavailable(format!("reading from {url}: {error}")))?.to_bytes();
        if code.is_success() {
            return Ok(bytes);
        }
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(FAILURE_BYTES_MAX)]).trim().to_owned();
        Err(Status::failure(i32::from(code.as_u16()), "", format!("{url} answered {code}: {text}")))
    }
}
