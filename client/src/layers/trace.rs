//! One line per request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pintle_object_model::Status;
use pintle_object_model::clock::Clock;
use tower::{Layer, Service};
use tracing::Instrument;

use crate::{ApiService, Request, Response};

/// Tells `tracing` of every request and how it ended: failures of the server's side as warnings, the rest for debugging.
#[derive(Clone, Debug)]
pub struct TraceLayer {
    clock: Arc<dyn Clock>,
}

impl TraceLayer {
    /// Durations are measured by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;
    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner, clock: Arc::clone(&self.clock) }
    }
}

/// See [`TraceLayer`].
#[derive(Clone, Debug)]
pub struct Trace<S> {
    inner: S,
    clock: Arc<dyn Clock>,
}

impl<S: ApiService> Service<Request> for Trace<S> {
    type Response = Response;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Status>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let path = crate::http::path_of(&request.target);
        let span = tracing::debug_span!("api", verb = request.verb.as_str(), path, by = request.user_agent);
        let clock = Arc::clone(&self.clock);
        let start = clock.now();
        let answer = self.inner.call(request);
        let traced = async move {
            let answer = answer.await;
            let took = clock.now().saturating_sub(start);
            match &answer {
                Ok(_) => tracing::debug!(?took, "answered"),
                Err(status) if status.code >= 500 => tracing::warn!(?took, code = status.code, %status, "failed"),
                Err(status) => tracing::debug!(?took, code = status.code, %status, "refused"),
            }
            answer
        };
        Box::pin(traced.instrument(span))
    }
}
