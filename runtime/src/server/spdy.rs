//! The part of SPDY/3.1 that kubectl speaks: streams within one connection, opened by the client.
//!
//! In: a byte stream (a switched connection, or the inside of a websocket). Out: [`Stream`]s. Invariants: frames are bounded;
//! a connection that breaks ends all its streams. Flow control is not done: the clients of Kubernetes neither announce
//! windows nor keep to them.
//!
//! Source: the SPDY Protocol draft 3.1.

mod headers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::websocket::header;
use super::{Body, Refusal, full, refuse};
use headers::{Inflater, Packer};

/// Largest frame that is taken.
const FRAME_BYTES_MAX: usize = 4 << 20;
/// Pieces that wait within a stream, and in the writer's queue.
const QUEUE: usize = 32;
/// Most streams at once.
const STREAMS_MAX: usize = 4096;
/// How long the client may take to hang up at the end.
const DRAIN: Duration = Duration::from_secs(3);

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;
const FIN: u8 = 1;

enum Out {
    Reply(u32),
    Data { id: u32, data: Bytes, fin: bool },
    Reset(u32),
    Ping([u8; 4]),
    Flushed(oneshot::Sender<()>),
}

/// Answers the switch to SPDY and hands the connection to `then`. The client names what it speaks inside in
/// `X-Stream-Protocol-Version`.
///
/// # Errors
/// If it names only unknown protocols.
pub(super) fn switch<F>(
    mut request: Request<Incoming>,
    known: &[&'static str],
    then: impl FnOnce(Connection) -> F + Send + 'static,
) -> Result<Response<Body>, Refusal>
where
    F: Future<Output = ()> + Send + 'static,
{
    let offers = request.headers().get_all("x-stream-protocol-version").iter().filter_map(|v| v.to_str().ok());
    let offered: Vec<&str> = offers.flat_map(|list| list.split(',')).map(str::trim).collect();
    let Some(protocol) = offered.iter().find_map(|offer| known.iter().find(|known| *known == offer)) else {
        let text = format!("unable to upgrade: client supports {offered:?}, server accepts {known:?}");
        return Err(refuse(StatusCode::FORBIDDEN, text));
    };
    debug_assert!(!header(request.headers(), "upgrade").is_empty(), "only requests for a switch come here");
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            then(Connection::start(TokioIo::new(upgraded))).await;
        }
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("upgrade", "SPDY/3.1")
        .header("connection", "Upgrade")
        .header("x-stream-protocol-version", *protocol)
        .body(full(""))
        .map_err(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// A connection; dropping it ends it and its streams.
pub(super) struct Connection {
    incoming: mpsc::Receiver<Stream>,
    out: mpsc::Sender<Out>,
    closed: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Speaks SPDY as the server on this stream.
    pub(super) fn start<S: AsyncRead + AsyncWrite + Send + 'static>(io: S) -> Self {
        let (accept, incoming) = mpsc::channel(QUEUE);
        let (out, queue) = mpsc::channel(QUEUE);
        let (ended, closed) = watch::channel(false);
        let sender = out.clone();
        let task = tokio::spawn(async move {
            let (read, write) = tokio::io::split(io);
            tokio::select! {
                biased;
                _ = read_frames(read, accept, sender) => {}
                _ = write_frames(write, queue) => {}
            }
            ended.send_replace(true);
        });
        Self { incoming, out, closed, task }
    }

    /// The next stream that the client opens; `None` at the end of the connection.
    pub(super) async fn accept(&mut self) -> Option<Stream> {
        self.incoming.recv().await
    }

    /// Waits for the end of the connection.
    pub(super) async fn closed(&self) {
        let _ = self.closed.clone().wait_for(|closed| *closed).await;
    }

    /// Sends what is queued, and leaves the hanging up to the client for a while.
    pub(super) async fn drain(self) {
        let (done, flushed) = oneshot::channel();
        let end = async {
            if self.out.send(Out::Flushed(done)).await.is_ok() {
                let _ = flushed.await;
                self.closed().await;
            }
        };
        let _ = tokio::time::timeout(DRAIN, end).await;
    }
}

/// One stream within a connection.
pub(super) struct Stream {
    pub(super) id: u32,
    headers: Vec<(String, String)>,
    data: mpsc::Receiver<Bytes>,
    out: mpsc::Sender<Out>,
    reset: Arc<AtomicBool>,
}

impl Stream {
    /// A header that came with the stream's opening; names are compared without case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The next piece; `None` once the client has finished or reset the stream.
    pub(super) async fn receive(&mut self) -> Option<Bytes> {
        self.data.recv().await
    }

    /// Did the client break the stream off?
    pub(super) fn was_reset(&self) -> bool {
        self.reset.load(Ordering::Acquire)
    }

    /// Sends a piece. Answers whether the connection still is.
    pub(super) async fn send(&mut self, data: Bytes) -> bool {
        self.sender().send(data).await
    }

    /// No more pieces will be sent.
    pub(super) async fn finish(&mut self) {
        self.sender().finish().await;
    }

    /// Just the sending half.
    pub(super) fn sender(&self) -> StreamSender {
        StreamSender { id: self.id, out: self.out.clone() }
    }
}

/// The sending half of a stream.
pub(super) struct StreamSender {
    id: u32,
    out: mpsc::Sender<Out>,
}

impl StreamSender {
    /// See [`Stream::send`].
    pub(super) async fn send(&self, data: Bytes) -> bool {
        self.out.send(Out::Data { id: self.id, data, fin: false }).await.is_ok()
    }

    /// See [`Stream::finish`].
    pub(super) async fn finish(&self) {
        // At the end of the connection there is nobody left to be told.
        let _ = self.out.send(Out::Data { id: self.id, data: Bytes::new(), fin: true }).await;
    }
}

/// The receiving side of an open stream.
struct Open {
    /// `None` once the client has finished it.
    data: Option<mpsc::Sender<Bytes>>,
    reset: Arc<AtomicBool>,
}

async fn read_frames(
    mut io: impl AsyncRead + Unpin,
    accept: mpsc::Sender<Stream>,
    out: mpsc::Sender<Out>,
) -> std::io::Result<()> {
    let mut streams: BTreeMap<u32, Open> = BTreeMap::new();
    let mut inflater = Inflater::new()?;
    loop {
        let mut head = [0; 8];
        io.read_exact(&mut head).await?;
        let word = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let flags = head[4];
        let length = usize::try_from(u32::from_be_bytes([0, head[5], head[6], head[7]])).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            return Err(std::io::Error::other("a SPDY frame is larger than this server takes"));
        }
        let mut body = vec![0; length];
        io.read_exact(&mut body).await?;
        if word & 0x8000_0000 == 0 {
            take_data(&mut streams, word, flags, body).await;
            continue;
        }
        let number =
            |at: usize| body.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) & 0x7fff_ffff);
        match (word & 0xffff) as u16 {
            SYN_STREAM => {
                let (Some(id), Some(block)) = (number(0), body.get(10..)) else { return Err(malformed()) };
                let headers = inflater.headers(block)?;
                streams.retain(|_, open| open.data.as_ref().is_some_and(|data| !data.is_closed()));
                if streams.len() >= STREAMS_MAX {
                    let _ = out.send(Out::Reset(id)).await;
                    continue;
                }
                let (data, receiver) = mpsc::channel(QUEUE);
                let reset = Arc::new(AtomicBool::new(false));
                let open = Open { data: (flags & FIN == 0).then_some(data), reset: Arc::clone(&reset) };
                streams.insert(id, open);
                let _ = out.send(Out::Reply(id)).await;
                let stream = Stream { id, headers, data: receiver, out: out.clone(), reset };
                if accept.send(stream).await.is_err() {
                    return Ok(());
                }
            }
            // Their compression state must be kept up even though nobody wants the headers.
            SYN_REPLY | 8 => {
                inflater.headers(body.get(4..).ok_or_else(malformed)?)?;
            }
            RST_STREAM => {
                if let Some(open) = number(0).and_then(|id| streams.remove(&id)) {
                    open.reset.store(true, Ordering::Release);
                }
            }
            PING => {
                if let Some(id) = body.get(..4).and_then(|id| id.try_into().ok()) {
                    let _ = out.send(Out::Ping(id)).await;
                }
            }
            GOAWAY => return Ok(()),
            // Settings and windows.
            _ => {}
        }
    }
}

async fn take_data(streams: &mut BTreeMap<u32, Open>, id: u32, flags: u8, body: Vec<u8>) {
    let Some(open) = streams.get_mut(&id) else { return };
    if let Some(data) = &open.data
        && !body.is_empty()
    {
        // A stream that nobody reads any more swallows what comes.
        let _ = data.send(body.into()).await;
    }
    if flags & FIN != 0 {
        open.data = None;
    }
}

fn malformed() -> std::io::Error {
    std::io::Error::other("a SPDY frame is malformed")
}

async fn write_frames(mut io: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Out>) -> std::io::Result<()> {
    let mut packer = Packer::new();
    while let Some(out) = queue.recv().await {
        match out {
            Out::Reply(id) => {
                let block = packer.headers(&[])?;
                io.write_all(&control(SYN_REPLY, &[&id.to_be_bytes(), &block])).await?;
            }
            Out::Data { id, data, fin } => {
                // The length of a frame has 24 bits.
                let mut rest = &data[..];
                loop {
                    let (piece, after) = rest.split_at(rest.len().min(1 << 20));
                    let last = after.is_empty();
                    let mut head = Vec::with_capacity(8);
                    head.extend_from_slice(&id.to_be_bytes());
                    head.push(if fin && last { FIN } else { 0 });
                    head.extend_from_slice(&u32::try_from(piece.len()).unwrap_or(0).to_be_bytes()[1..]);
                    io.write_all(&head).await?;
                    io.write_all(piece).await?;
                    rest = after;
                    if last {
                        break;
                    }
                }
            }
            // 3: refused stream.
            Out::Reset(id) => io.write_all(&control(RST_STREAM, &[&id.to_be_bytes(), &[0, 0, 0, 3]])).await?,
            Out::Ping(id) => io.write_all(&control(PING, &[&id])).await?,
            Out::Flushed(done) => {
                io.flush().await?;
                let _ = done.send(());
            }
        }
        if queue.is_empty() {
            io.flush().await?;
        }
    }
    Ok(())
}

fn control(type_: u16, body: &[&[u8]]) -> Vec<u8> {
    let length: usize = body.iter().map(|part| part.len()).sum();
    let mut frame = vec![0x80, 3];
    frame.extend_from_slice(&type_.to_be_bytes());
    frame.push(0);
    frame.extend_from_slice(&u32::try_from(length).unwrap_or(0).to_be_bytes()[1..]);
    body.iter().for_each(|part| frame.extend_from_slice(part));
    frame
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A client's opening of a stream.
    pub(super) fn syn_stream(packer: &mut Packer, id: u32, headers: &[(&str, &str)]) -> Vec<u8> {
        let block = packer.headers(headers).unwrap();
        control(SYN_STREAM, &[&id.to_be_bytes(), &[0; 6], &block])
    }

    pub(super) fn data(id: u32, fin: bool, bytes: &[u8]) -> Vec<u8> {
        let mut frame = id.to_be_bytes().to_vec();
        frame.push(u8::from(fin));
        frame.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..]);
        frame.extend_from_slice(bytes);
        frame
    }

    #[tokio::test]
    async fn streams_carry_data_both_ways() {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let mut connection = Connection::start(server);
        let mut packer = Packer::new();
        client.write_all(&syn_stream(&mut packer, 1, &[("streamtype", "data"), ("port", "80")])).await.unwrap();
        client.write_all(&data(1, false, b"he")).await.unwrap();
        client.write_all(&data(1, true, b"llo")).await.unwrap();
        let mut stream = connection.accept().await.unwrap();
        assert_eq!((stream.header("StreamType"), stream.header("port")), (Some("data"), Some("80")));
        assert_eq!(stream.receive().await.unwrap(), "he");
        assert_eq!(stream.receive().await.unwrap(), "llo");
        assert_eq!(stream.receive().await, None);
        stream.send("world".into()).await;
        stream.finish().await;
        let mut head = [0; 8];
        client.read_exact(&mut head).await.unwrap();
        assert_eq!(head[..4], [0x80, 3, 0, 2], "the reply to the opening comes first");
        let mut rest = vec![0; usize::from(head[7])];
        client.read_exact(&mut rest).await.unwrap();
        let mut frames = [0; 8 + 5 + 8];
        client.read_exact(&mut frames).await.unwrap();
        assert_eq!(frames.to_vec(), [data(1, false, b"world"), data(1, true, b"")].concat());
        drop(client);
        assert!(connection.accept().await.is_none());
    }

    #[tokio::test]
    async fn pings_come_back_and_resets_end_streams() {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let mut connection = Connection::start(server);
        client.write_all(&control(PING, &[&[0, 0, 0, 7]])).await.unwrap();
        let mut pong = [0; 12];
        client.read_exact(&mut pong).await.unwrap();
        assert_eq!(pong, [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 7]);
        client.write_all(&syn_stream(&mut Packer::new(), 1, &[])).await.unwrap();
        let mut stream = connection.accept().await.unwrap();
        client.write_all(&control(RST_STREAM, &[&[0, 0, 0, 1], &[0, 0, 0, 5]])).await.unwrap();
        assert_eq!(stream.receive().await, None);
        assert!(stream.was_reset());
    }
}
