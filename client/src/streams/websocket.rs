//! The client's side of a websocket whose messages begin with the number of a channel.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use bytes::{BufMut, Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use pintle_object_model::Status;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::{Content, DuplexStream, DynamicApi, Params, Request, Target, UpgradeRequest, Verb};

/// Largest message that is taken.
const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// A websocket with channels.
pub(super) struct Channels {
    socket: WebSocketStream<Box<dyn DuplexStream>>,
    pub(super) protocol: String,
}

/// Numbers handshakes. The key of a handshake keeps stale caches out; it is no secret and needs no chance.
static HANDSHAKES: AtomicU64 = AtomicU64::new(1);

/// Asks for a subresource of a pod and switches to one of the protocols.
pub(super) async fn connect(
    api: &DynamicApi,
    name: &str,
    subresource: &str,
    params: Params,
    protocols: &[&str],
) -> Result<Channels, Status> {
    let number = u128::from(HANDSHAKES.fetch_add(1, Ordering::Relaxed));
    let key = base64::engine::general_purpose::STANDARD.encode(number.to_be_bytes());
    let target = Target::resource(api.resource().clone(), api.namespace(), name, subresource);
    let mut request = Request::new(Verb::Get, target).with_params(params);
    let headers = [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", &key),
        ("sec-websocket-protocol", &protocols.join(", ")),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    request.upgrade = Some(UpgradeRequest { headers: headers.into() });
    let Content::Upgrade(upgrade) = api.client().send(request).await?.content else {
        return Err(Status::internal(format!("the server did not switch protocols for {subresource}")));
    };
    let header = |wanted: &str| {
        upgrade.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    if header("sec-websocket-accept") != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(Status::internal("the server's answer to the websocket handshake does not fit"));
    }
    let protocol = header("sec-websocket-protocol").unwrap_or_default().to_owned();
    if !protocols.contains(&protocol.as_str()) {
        return Err(Status::internal(format!("the server chose the protocol {protocol:?}, which was not offered")));
    }
    let config =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX)).max_frame_size(Some(MESSAGE_BYTES_MAX));
    let socket = WebSocketStream::from_raw_socket(upgrade.stream, Role::Client, Some(config)).await;
    Ok(Channels { socket, protocol })
}

impl Channels {
    /// The next message that has a channel; `None` at the end.
    pub(super) async fn receive(&mut self) -> Option<std::io::Result<(u8, Bytes)>> {
        loop {
            let bytes = match self.socket.next().await? {
                Ok(Message::Binary(bytes)) => bytes,
                Ok(Message::Text(text)) => text.into(),
                Ok(Message::Close(_)) => return None,
                // Pings are answered by the socket itself.
                Ok(_) => continue,
                Err(error) => return Some(Err(std::io::Error::other(error))),
            };
            if let Some(channel) = bytes.first() {
                return Some(Ok((*channel, bytes.slice(1..))));
            }
        }
    }

    pub(super) async fn send(&mut self, channel: u8, bytes: &[u8]) -> std::io::Result<()> {
        let mut message = BytesMut::with_capacity(bytes.len() + 1);
        message.put_u8(channel);
        message.extend_from_slice(bytes);
        self.socket.send(Message::Binary(message.freeze())).await.map_err(std::io::Error::other)
    }

    pub(super) async fn close(mut self) {
        // The other side may be gone already.
        let _ = self.socket.close(None).await;
    }
}
