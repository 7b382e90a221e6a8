//! A limit on the rate of requests, or of anything else: a bucket of tokens, so that bursts pass and the average holds.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use pintle_object_model::Status;
use pintle_object_model::clock::Clock;
use tower::{Layer, Service, ServiceExt};

use crate::{ApiService, Request, Response};

/// Lets so much through per second on average, and a burst at once. Whoever comes takes a place in the row.
#[derive(Debug)]
pub struct TokenBucket {
    clock: Arc<dyn Clock>,
    /// Time that one place uses up.
    interval: Duration,
    /// How far ahead of the average a burst may be.
    ahead: Duration,
    /// When all that was let through is paid for.
    paid: Mutex<Duration>,
}

impl TokenBucket {
    /// `per_second` on average, `burst` at once.
    ///
    /// # Panics
    /// If `per_second` is not positive: a mistake of the program.
    pub fn new(per_second: f64, burst: u32, clock: Arc<dyn Clock>) -> Self {
        assert!(per_second > 0.0, "a rate of {per_second} per second lets nothing through");
        let interval = Duration::from_secs_f64(1.0 / per_second);
        let ahead = interval * burst.max(1).saturating_sub(1);
        Self { clock, interval, ahead, paid: Mutex::default() }
    }

    /// How long the caller must wait for the place in the row that it now holds.
    pub fn enter(&self) -> Duration {
        let now = self.clock.now();
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let start = (*paid).max(now);
        *paid = start + self.interval;
        start.saturating_sub(now).saturating_sub(self.ahead)
    }
}

/// Lets so many requests per second through on average; others wait their turn.
#[derive(Clone, Debug)]
pub struct RateLimitLayer {
    bucket: Arc<TokenBucket>,
}

impl RateLimitLayer {
    /// `per_second` on average, `burst` at once. All services made by this layer share the limit.
    ///
    /// # Panics
    /// As [`TokenBucket::new`].
    pub fn new(per_second: f64, burst: u32, clock: Arc<dyn Clock>) -> Self {
        Self { bucket: Arc::new(TokenBucket::new(per_second, burst, clock)) }
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;
    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit { inner, bucket: Arc::clone(&self.bucket) }
    }
}

/// See [`RateLimitLayer`].
#[derive(Clone, Debug)]
pub struct RateLimit<S> {
    inner: S,
    bucket: Arc<TokenBucket>,
}

impl<S: ApiService> Service<Request> for RateLimit<S> {
    type Response = Response;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Status>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // The inner service is asked when the wait is over.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (inner, wait) = (self.inner.clone(), self.bucket.enter());
        Box::pin(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            inner.oneshot(request).await
        })
    }
}
