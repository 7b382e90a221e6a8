//! Trying again what failed for a moment.
//!
//! Invariants: only what is harmless to repeat is sent again, except where the server itself says that it has not begun
//! (429, which comes before anything is done); the server's `Retry-After` is kept; the number of attempts is bounded.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pintle_object_model::Status;
use pintle_object_model::clock::Random;
use tower::{Layer, Service, ServiceExt};

use crate::reason::retry_after;
use crate::{ApiService, Reason, Request, Response, Verb};

/// How often, and how long to wait between.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// Attempts in all. Default 5.
    pub attempts_max: u32,
    /// The first wait; it doubles each time. Default 100 ms.
    pub wait_min: Duration,
    /// The longest wait, also if the server asks for more: then the failure is handed out at once. Default 30 s.
    pub wait_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts_max: 5, wait_min: Duration::from_millis(100), wait_max: Duration::from_secs(30) }
    }
}

/// Sends requests again that failed for a moment.
#[derive(Clone, Debug)]
pub struct RetryLayer {
    policy: RetryPolicy,
    random: Random,
}

impl RetryLayer {
    /// With this policy; jitter comes from `random`.
    pub fn new(policy: RetryPolicy, random: Random) -> Self {
        Self { policy, random }
    }

    /// How long to wait before the next attempt, if there is to be one; `made` attempts have failed.
    fn wait(&self, verb: Verb, status: &Status, made: u32) -> Option<Duration> {
        let reason = Reason::of(status);
        let harmless = matches!(verb, Verb::Get | Verb::List | Verb::Watch);
        let again = reason == Reason::TooManyRequests || harmless && reason.is_transient();
        if !again || made >= self.policy.attempts_max {
            return None;
        }
        let own = self.policy.wait_min.saturating_mul(2u32.saturating_pow(made.saturating_sub(1)));
        match retry_after(status) {
            Some(asked) if asked > self.policy.wait_max => None,
            Some(asked) => Some(self.random.jitter(asked, 0.1)),
            // A server that says "too many" about a write and not when to come back may mean it for good, as evictions do.
            None if !harmless => None,
            None => Some(self.random.jitter(own.min(self.policy.wait_max), 0.1)),
        }
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;
    fn layer(&self, inner: S) -> Retry<S> {
        Retry { inner, layer: self.clone() }
    }
}

/// See [`RetryLayer`].
#[derive(Clone, Debug)]
pub struct Retry<S> {
    inner: S,
    layer: RetryLayer,
}

impl<S: ApiService> Service<Request> for Retry<S> {
    type Response = Response;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Status>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Each attempt takes a service of its own and asks that one.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Self { inner, layer } = self.clone();
        Box::pin(async move {
            let mut made = 0;
            loop {
                made += 1;
                let status = match inner.clone().oneshot(request.clone()).await {
                    Err(status) => status,
                    answer => return answer,
                };
                let Some(wait) = layer.wait(request.verb, &status, made) else { return Err(status) };
                tracing::debug!(verb = request.verb.as_str(), %status, ?wait, "trying again");
                tokio::time::sleep(wait).await;
            }
        })
    }
}
