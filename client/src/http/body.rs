//! Bodies of answers: whole, streamed, or a watch.
//!
//! Invariant: a watch's frames are written as its events come, several in one go when they are there already.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use http_body::{Body, Frame, SizeHint};
use pintle_object_model::Format;

use crate::{WatchEvent, WatchStream};

/// Most bytes of watch frames gathered before they are handed to the connection.
const GATHER_BYTES: usize = 64 * 1024;

type Encode = Box<dyn Fn(&WatchEvent, &mut BytesMut) + Send>;

/// The body of an answer.
pub struct ResponseBody(Kind);

enum Kind {
    Whole(Option<Bytes>),
    Pieces(Box<dyn Iterator<Item = Bytes> + Send>),
    Stream(Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>),
    Watch { events: WatchStream, encode: Encode, ended: bool },
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Whole(_) => "ResponseBody::Whole",
            Kind::Pieces(_) => "ResponseBody::Pieces",
            Kind::Stream(_) => "ResponseBody::Stream",
            Kind::Watch { .. } => "ResponseBody::Watch",
        })
    }
}

impl ResponseBody {
    /// These bytes.
    pub fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole((!bytes.is_empty()).then_some(bytes)))
    }

    /// These bytes, made one after the other as the connection takes them.
    pub(super) fn pieces(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        Self(Kind::Pieces(Box::new(pieces)))
    }

    /// Bytes as they come.
    pub fn stream(stream: Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>) -> Self {
        Self(Kind::Stream(stream))
    }

    /// The events of a watch, each encoded by `encode`.
    pub(super) fn watch(events: WatchStream, encode: Encode) -> Self {
        Self(Kind::Watch { events, encode, ended: false })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match &mut self.0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Pieces(pieces) => Poll::Ready(pieces.next().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Stream(stream) => {
                stream.as_mut().poll_next(context).map(|next| next.map(|bytes| bytes.map(Frame::data)))
            }
            Kind::Watch { events, encode, ended } => {
                let mut gathered = BytesMut::new();
                while !*ended && gathered.len() < GATHER_BYTES {
                    match events.as_mut().poll_next(context) {
                        Poll::Ready(Some(event)) => encode(&event, &mut gathered),
                        Poll::Ready(None) => *ended = true,
                        Poll::Pending => break,
                    }
                }
                match (gathered.is_empty(), *ended) {
                    (false, _) => Poll::Ready(Some(Ok(Frame::data(gathered.freeze())))),
                    (true, true) => Poll::Ready(None),
                    (true, false) => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            _ => SizeHint::default(),
        }
    }
}

/// Is the format one in which watches can be framed?
pub(super) fn frames(format: Format) -> bool {
    !matches!(format, Format::Yaml)
}
