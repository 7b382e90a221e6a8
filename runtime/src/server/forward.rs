//! `/portForward`: connections to ports of a pod, over SPDY inside a websocket, plain SPDY, or channels of a websocket.
//!
//! Source: the `portforward.k8s.io` protocol (one pair of streams per connection: data and error), KEP-4006 (the tunnel).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::spdy::{self, Connection, Stream};
use super::websocket::{self, Coding, Socket, asks_for};
use super::{Body, Query, Refusal, refuse};
use crate::SandboxId;
use crate::agent::Shared;
use crate::probe::describe;

/// SPDY inside a websocket.
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
/// Inside SPDY.
const PLAIN: &str = "portforward.k8s.io";
/// Channels of a websocket.
const CHANNELS: [&str; 4] =
    ["v4.channel.k8s.io", "v4.base64.channel.k8s.io", "portforward.k8s.io", "base64.channel.k8s.io"];
/// Most ports of one websocket: channels are numbered by one byte.
const PORTS_MAX: usize = 32;

/// Switches protocols and forwards.
pub(super) fn answer(
    shared: &Arc<Shared>,
    sandbox: SandboxId,
    query: &Query,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let target = Target { shared: Arc::clone(shared), sandbox };
    if asks_for(request.headers(), "SPDY/3.1") {
        return spdy::switch(request, &[PLAIN], move |connection| over_spdy(target, connection));
    }
    if !asks_for(request.headers(), "websocket") {
        return Err(refuse(StatusCode::BAD_REQUEST, "Upgrade request required"));
    }
    let known: Vec<&str> = [TUNNEL].into_iter().chain(CHANNELS).collect();
    let protocol = websocket::choose(request.headers(), &known)?;
    if protocol == TUNNEL {
        return websocket::switch(request, TUNNEL, move |socket| async move {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let connection = Connection::start(near);
            futures::join!(over_spdy(target, connection), websocket::tunnel(socket, far));
        });
    }
    let listed = query.all("port").chain(query.all("ports")).flat_map(|list| list.split(','));
    let ports: Result<Vec<u16>, _> = listed.map(str::parse).collect();
    let ports = ports.map_err(|_| refuse(StatusCode::BAD_REQUEST, "ports must be numbers from 1 to 65535"))?;
    if ports.is_empty() || ports.len() > PORTS_MAX {
        return Err(refuse(StatusCode::BAD_REQUEST, "query parameter \"port\" is required"));
    }
    let coding = Coding::of(protocol);
    websocket::switch(request, protocol, move |socket| over_channels(target, socket, ports, coding))
}

/// Where the connections go.
#[derive(Clone)]
struct Target {
    shared: Arc<Shared>,
    sandbox: SandboxId,
}

impl Target {
    async fn connect(&self, port: u16) -> Result<Box<dyn pintle_client::DuplexStream>, String> {
        self.shared.runtime.port_forward(&self.sandbox, port).await.map_err(|error| {
            format!("error forwarding port {port} to pod {}, uid : {}", self.sandbox, describe(&error))
        })
    }
}

async fn over_spdy(target: Target, mut connection: Connection) {
    // Streams that wait for their partner, by the connection they belong to.
    let mut waiting: BTreeMap<String, Stream> = BTreeMap::new();
    let mut going = JoinSet::new();
    while let Some(stream) = connection.accept().await {
        while going.try_join_next().is_some() {}
        let type_ = stream.header("streamtype").unwrap_or_default().to_owned();
        let pair = match stream.header("requestid") {
            Some(id) => id.to_owned(),
            // Old clients number streams so that the data stream follows its error stream.
            None if type_ == "data" => stream.id.saturating_sub(2).to_string(),
            None => stream.id.to_string(),
        };
        match waiting.remove(&pair) {
            None => {
                waiting.insert(pair, stream);
            }
            Some(other) => {
                let (data, errors) = if type_ == "data" { (stream, other) } else { (other, stream) };
                let target = target.clone();
                going.spawn(async move { forward_pair(&target, data, errors).await });
            }
        }
    }
}

async fn forward_pair(target: &Target, mut data: Stream, mut errors: Stream) {
    let port = data.header("port").and_then(|port| port.parse::<u16>().ok()).unwrap_or_default();
    let connected = target.connect(port).await;
    match connected {
        Ok(stream) => {
            let (mut read, mut write) = tokio::io::split(stream);
            let back = data.sender();
            let inward = async {
                while let Some(bytes) = data.receive().await {
                    if write.write_all(&bytes).await.is_err() || write.flush().await.is_err() {
                        break;
                    }
                }
                let _ = write.shutdown().await;
                // A client that has only finished its part still wants the answer.
                if !data.was_reset() {
                    std::future::pending::<()>().await;
                }
            };
            let outward = async {
                let mut buffer = vec![0; 32 * 1024];
                while let Ok(count @ 1..) = read.read(&mut buffer).await {
                    if !back.send(Bytes::copy_from_slice(&buffer[..count])).await {
                        return;
                    }
                }
            };
            tokio::select! {
                biased;
                () = inward => {}
                () = outward => {}
            }
        }
        Err(text) => {
            errors.send(text.into()).await;
        }
    }
    data.finish().await;
    errors.finish().await;
}

/// Two channels for each port, data and error; each begins with the port's number.
async fn over_channels(target: Target, socket: Socket, ports: Vec<u16>, coding: Coding) {
    let (mut sink, mut source) = socket.split();
    let (out, mut ready) = mpsc::channel::<(u8, Bytes)>(16);
    let mut inputs = vec![];
    let mut going = JoinSet::new();
    for (index, port) in ports.iter().enumerate() {
        let channel = u8::try_from(index * 2).unwrap_or(u8::MAX);
        for channel in [channel, channel + 1] {
            if sink.send(coding.encode(channel, &port.to_le_bytes())).await.is_err() {
                return;
            }
        }
        let (input, from) = mpsc::channel::<Bytes>(16);
        inputs.push(input);
        going.spawn(forward_channel(target.clone(), *port, channel, from, out.clone()));
    }
    drop(out);
    let outward = async {
        while let Some((channel, bytes)) = ready.recv().await {
            if sink.send(coding.encode(channel, &bytes)).await.is_err() {
                return;
            }
        }
        let _ = sink.send(websocket::goodbye()).await;
    };
    let inward = async {
        while let Some(Ok(message)) = source.next().await {
            if matches!(message, Message::Close(_)) {
                return;
            }
            let Some((channel, bytes)) = coding.decode(message) else { continue };
            if let Some(input) = inputs.get(usize::from(channel / 2)).filter(|_| channel % 2 == 0) {
                // A port that is gone swallows what comes.
                let _ = input.send(bytes).await;
            }
        }
    };
    tokio::select! {
        biased;
        () = outward => {}
        () = inward => {}
    }
}

async fn forward_channel(
    target: Target,
    port: u16,
    channel: u8,
    mut from: mpsc::Receiver<Bytes>,
    out: mpsc::Sender<(u8, Bytes)>,
) {
    let stream = match target.connect(port).await {
        Ok(stream) => stream,
        Err(text) => {
            let _ = out.send((channel + 1, text.into())).await;
            return;
        }
    };
    let (mut read, mut write) = tokio::io::split(stream);
    let inward = async {
        while let Some(bytes) = from.recv().await {
            if write.write_all(&bytes).await.is_err() || write.flush().await.is_err() {
                break;
            }
        }
    };
    let outward = async {
        let mut buffer = vec![0; 32 * 1024];
        while let Ok(count @ 1..) = read.read(&mut buffer).await {
            if out.send((channel, Bytes::copy_from_slice(&buffer[..count]))).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        () = outward => {}
        () = inward => {}
    }
}
