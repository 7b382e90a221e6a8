//! Bodies on their way through.
//!
//! Invariant: a request whose body was not touched can be sent again to another endpoint.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Full};
use hyper::body::Incoming;

use crate::backend::Active;

/// A request's body, which can be taken back from a sender that did not read it.
#[derive(Clone, Debug)]
pub(crate) struct RequestBody(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    incoming: Incoming,
    touched: bool,
    ended: bool,
    hint: (u64, Option<u64>),
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming) -> Self {
        let (hint, ended) = (incoming.size_hint(), incoming.is_end_stream());
        let state = State { incoming, touched: false, ended, hint: (hint.lower(), hint.upper()) };
        Self(Arc::new(Mutex::new(state)))
    }

    /// May the request be sent again? Yes if nobody has read of its body, or it has none.
    pub(crate) fn is_untouched(&self) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !state.touched || state.hint == (0, Some(0))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.touched = true;
        let polled = Pin::new(&mut state.incoming).poll_frame(context);
        state.ended = state.incoming.is_end_stream();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ended
    }

    fn size_hint(&self) -> SizeHint {
        let (lower, upper) = self.0.lock().unwrap_or_else(PoisonError::into_inner).hint;
        let mut hint = SizeHint::new();
        hint.set_lower(lower);
        if let Some(upper) = upper {
            hint.set_upper(upper);
        }
        hint
    }
}

/// An answer's body: an endpoint's, or our own words.
pub(crate) type ResponseBody = Either<Counted, Full<Bytes>>;

/// An endpoint's body; the request counts as active until it has ended.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) incoming: Incoming,
    pub(crate) _active: Active,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.incoming).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
