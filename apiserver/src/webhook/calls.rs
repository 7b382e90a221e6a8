//! Asking a webhook that a kubeconfig names: tried again while that may help.
//!
//! In: a body. Out: the answer's body, or the last failure. Invariant: attempts, their time and the pauses between them are
//! bounded. Elsewhere: the HTTP exchange (`pintle_client::JsonEndpoint`).

use std::time::Duration;

use bytes::Bytes;
use pintle_client::JsonEndpoint;
use pintle_object_model::clock::Random;
use pintle_object_model::json::{self, DecodeOptions};
use pintle_object_model::{Resource, Status};

/// How patiently a webhook is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookCalls {
    /// Longest time of one attempt. Default 10 s.
    pub timeout: Duration,
    /// How often it is tried in all, at least once. Default 5.
    pub attempts: u32,
    /// The pause after the first attempt, to which chance adds or takes a fifth; each further pause is one and a half times as
    /// long. Default 500 ms.
    pub backoff: Duration,
}

impl Default for WebhookCalls {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), attempts: 5, backoff: Duration::from_millis(500) }
    }
}

/// May the same question fare better a moment later?
fn is_transient(status: &Status) -> bool {
    status.code == 429 || status.code >= 500
}

impl WebhookCalls {
    /// Posts this body to the endpoint.
    ///
    /// # Errors
    /// The failure of the last attempt.
    pub(crate) async fn post(&self, to: &JsonEndpoint, body: Vec<u8>, random: &Random) -> Result<Bytes, Status> {
        let body = Bytes::from(body);
        let mut pause = self.backoff;
        for _ in 1..self.attempts {
            match to.post(body.clone(), self.timeout).await {
                Err(status) if is_transient(&status) => tracing::debug!(%status, "asking a webhook again"),
                answer => return answer,
            }
            tokio::time::sleep(random.jitter(pause, 0.2)).await;
            pause = pause.mul_f64(1.5);
        }
        to.post(body, self.timeout).await
    }
}

/// A review as it is posted.
pub(crate) fn question<K: Resource>(review: &K) -> Vec<u8> {
    let mut body = vec![];
    json::write_kind(&mut body, &K::INFO.api_version(), K::INFO.kind, review);
    body
}

/// The review that came back.
///
/// # Errors
/// In words, if it is of another kind or malformed.
pub(crate) fn answer<K: Resource>(text: &[u8]) -> Result<K, String> {
    let (version, kind) = json::type_meta(text).unwrap_or_default();
    let expected = K::INFO.api_version();
    if version != expected || kind != K::INFO.kind {
        return Err(format!("expected a {} of {expected}, got {kind:?} of {version:?}", K::INFO.kind));
    }
    let mut review = K::default();
    json::decode_kind(text, &mut review, &DecodeOptions::default()).map_err(|error| error.message)?;
    Ok(review)
}
