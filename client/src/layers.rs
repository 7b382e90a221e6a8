//! Layers around an [`ApiService`](crate::ApiService): tracing, trying again, and a limit on the rate of requests.
//!
//! In and out: requests and answers, unchanged. Each layer does one job and is of use without the others. The usual order,
//! outermost first, is trace, retry, rate limit: every attempt is counted against the rate, one line is logged per request.

mod rate;
mod retry;
mod trace;

pub use rate::{RateLimit, RateLimitLayer, TokenBucket};
pub use retry::{Retry, RetryLayer, RetryPolicy};
pub use trace::{Trace, TraceLayer};
