//! Websockets with Kubernetes' subprotocols: the switch, and channels numbered by the first byte of each message.

use base64::Engine as _;
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::{Body, Refusal, full, refuse};

/// Largest message that is taken.
const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// The header's value as text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Does the request ask for a switch to this protocol?
pub(super) fn asks_for(headers: &HeaderMap, protocol: &str) -> bool {
    header(headers, "upgrade").eq_ignore_ascii_case(protocol)
}

/// The first subprotocol offered that is known, `""` if none is offered.
///
/// # Errors
/// If only unknown ones are offered.
pub(super) fn choose<'a>(headers: &HeaderMap, known: &[&'a str]) -> Result<&'a str, Refusal> {
    let offers = headers.get_all("sec-websocket-protocol").iter().filter_map(|value| value.to_str().ok());
    let offered: Vec<&str> = offers.flat_map(|list| list.split(',')).map(str::trim).filter(|o| !o.is_empty()).collect();
    if offered.is_empty() {
        return Ok("");
    }
    let mut chosen = offered.iter().filter_map(|offer| known.iter().find(|known| *known == offer));
    chosen.next().copied().ok_or_else(|| {
        let text =
            format!("unable to upgrade: unable to negotiate protocol: client supports {offered:?}, server {known:?}");
        refuse(StatusCode::FORBIDDEN, text)
    })
}

/// A connection after the switch.
pub(super) type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Answers the switch and hands the connection to `then`, which runs on after the answer.
///
/// # Errors
/// If the request is no websocket request.
pub(super) fn switch<F>(
    mut request: Request<Incoming>,
    protocol: &str,
    then: impl FnOnce(Socket) -> F + Send + 'static,
) -> Result<Response<Body>, Refusal>
where
    F: Future<Output = ()> + Send + 'static,
{
    let key = header(request.headers(), "sec-websocket-key").to_owned();
    if key.is_empty() || header(request.headers(), "sec-websocket-version") != "13" {
        return Err(refuse(StatusCode::BAD_REQUEST, "this is no request for a websocket of version 13"));
    }
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let config = WebSocketConfig::default()
                .max_message_size(Some(MESSAGE_BYTES_MAX))
                .max_frame_size(Some(MESSAGE_BYTES_MAX));
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
            then(socket).await;
        }
    });
    let mut answer = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-accept", derive_accept_key(key.as_bytes()));
    if !protocol.is_empty() {
        answer = answer.header("sec-websocket-protocol", protocol);
    }
    answer.body(full("")).map_err(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// The message that ends a connection in good order. Without a code kubectl takes it for a failure.
pub(super) fn goodbye() -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() }))
}

/// How channel messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Binary messages, the channel's number as a byte.
    Binary,
    /// Text messages, the channel's number as a digit, the rest in base64.
    Base64,
}

impl Coding {
    pub(super) fn of(protocol: &str) -> Self {
        if protocol.contains("base64") { Self::Base64 } else { Self::Binary }
    }

    pub(super) fn encode(self, channel: u8, data: &[u8]) -> Message {
        match self {
            Self::Binary => {
                let mut bytes = Vec::with_capacity(data.len() + 1);
                bytes.push(channel);
                bytes.extend_from_slice(data);
                Message::binary(bytes)
            }
            Self::Base64 => {
                let text = base64::engine::general_purpose::STANDARD.encode(data);
                Message::text(format!("{}{text}", char::from(b'0' + channel.min(9))))
            }
        }
    }

    /// Channel and data; `None` for what is not understood.
    pub(super) fn decode(self, message: Message) -> Option<(u8, Bytes)> {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(text) => Bytes::from(text),
            _ => return None,
        };
        let (first, rest) = (*bytes.first()?, bytes.slice(1..));
        match self {
            Self::Binary => Some((first, rest)),
            Self::Base64 => {
                let data = base64::engine::general_purpose::STANDARD.decode(&rest).ok()?;
                Some((first.checked_sub(b'0')?, data.into()))
            }
        }
    }
}

/// Carries a byte stream in binary messages, in both directions, until either side ends.
pub(super) async fn tunnel<S: AsyncRead + AsyncWrite + Send>(socket: Socket, stream: S) {
    let (mut sink, mut source) = socket.split();
    let (mut read, mut write) = tokio::io::split(stream);
    let inward = async {
        while let Some(Ok(message)) = source.next().await {
            let data = match message {
                Message::Binary(data) => data,
                Message::Text(text) => Bytes::from(text),
                Message::Close(_) => return,
                _ => continue,
            };
            if write.write_all(&data).await.is_err() {
                return;
            }
        }
    };
    let outward = async {
        let mut buffer = vec![0; 32 * 1024];
        loop {
            match read.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    if sink.send(Message::binary(buffer[..count].to_vec())).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = inward => {}
        () = outward => {}
    }
    let _ = sink.send(goodbye()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_survive_both_codings() {
        for (coding, protocol) in [(Coding::Binary, "v4.channel.k8s.io"), (Coding::Base64, "v4.base64.channel.k8s.io")]
        {
            assert_eq!(Coding::of(protocol), coding);
            let (channel, data) = coding.decode(coding.encode(3, b"\x00hi")).unwrap();
            assert_eq!((channel, &data[..]), (3, &b"\x00hi"[..]));
        }
        assert!(Coding::Base64.decode(Message::text("1!")).is_none());
    }

    #[test]
    fn the_clients_first_known_wish_is_taken() {
        let mut headers = HeaderMap::new();
        assert_eq!(choose(&headers, &["a"]).unwrap(), "");
        headers.insert("sec-websocket-protocol", "x, b, a".parse().unwrap());
        assert_eq!(choose(&headers, &["a", "b"]).unwrap(), "b");
        assert!(choose(&headers, &["c"]).is_err());
    }
}
