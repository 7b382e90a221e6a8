//! Takes the body of a watch apart into events: lines of JSON, or messages behind their length.
//!
//! Invariant: an event that is cut off at the end of the body is no event.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use futures::Stream;
use http_body::Body;
use pintle_object_model::{Format, Status};

/// Most bytes of one watch event.
const EVENT_BYTES_MAX: usize = 64 << 20;

/// The events in a body.
pub(super) struct Frames<B> {
    body: B,
    format: Format,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    scanned: usize,
    ended: bool,
}

impl<B> Frames<B> {
    pub(super) fn new(body: B, format: Format) -> Self {
        Self { body, format, buffer: BytesMut::new(), scanned: 0, ended: false }
    }

    /// The next event that is complete.
    fn next_frame(&mut self) -> Option<Bytes> {
        match self.format {
            Format::Protobuf => {
                let length = u32::from_be_bytes(*self.buffer.first_chunk::<4>()?) as usize;
                if self.buffer.len() - 4 < length {
                    return None;
                }
                self.buffer.advance(4);
                Some(self.buffer.split_to(length).freeze())
            }
            _ => loop {
                let Some(end) = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n') else {
                    self.scanned = self.buffer.len();
                    return None;
                };
                let line = self.buffer.split_to(self.scanned + end).freeze();
                self.buffer.advance(1);
                self.scanned = 0;
                if !line.iter().all(u8::is_ascii_whitespace) {
                    return Some(line);
                }
            },
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.buffer.clear();
        self.scanned = 0;
    }
}

impl<B> Stream for Frames<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(frame) = this.next_frame() {
                return Poll::Ready(Some(Ok(frame)));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            if this.buffer.len() > EVENT_BYTES_MAX {
                this.end();
                return Poll::Ready(Some(Err(Status::internal("a watch event is larger than this client takes"))));
            }
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => this.end(),
                // Trailers carry nothing for us.
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        this.buffer.extend_from_slice(&data);
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    this.end();
                    return Poll::Ready(Some(Err(Status::unavailable(format!("the watch broke: {error}")))));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt};
    use http_body_util::StreamBody;

    fn frames(format: Format, parts: &[&'static [u8]]) -> Vec<Vec<u8>> {
        let parts: Vec<_> = parts
            .iter()
            .map(|part| Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from_static(part))))
            .collect();
        let stream = Frames::new(StreamBody::new(futures::stream::iter(parts)), format);
        let all = stream.map(|frame| frame.unwrap().to_vec()).collect::<Vec<_>>();
        all.now_or_never().unwrap()
    }

    #[test]
    fn events_come_out_whole_however_the_body_is_cut() {
        assert_eq!(frames(Format::Json, &[b"{\"a\"", b":1}\n\n{}\n{\"cut"]), [b"{\"a\":1}".to_vec(), b"{}".to_vec()]);
        let messages: [&[u8]; 4] = [b"\0\0", b"\0\x02ab\0\0\0", b"\0\0\0\0\x01c", b"\0\0\0\x09cut"];
        assert_eq!(frames(Format::Protobuf, &messages), [b"ab".to_vec(), vec![], b"c".to_vec()]);
    }
}
