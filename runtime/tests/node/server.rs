//! The node's API over byte streams in memory: logs, exec, attach, port-forward, as the API server and kubectl ask for them.

use std::time::Duration;

use crate::support::{Running, World, annotate, pod};
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use pintle_runtime::{NodeServer, SimulatedVolumes};
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

struct Node {
    world: World,
    running: Running,
    server: NodeServer,
    _directory: tempfile::TempDir,
}

/// A node with one running pod `web`.
async fn node(change: impl FnOnce(&mut pintle_object_model::api::core::v1::Pod)) -> Node {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    let builder = world.builder().data_dir(directory.path()).volume_driver(std::sync::Arc::new(SimulatedVolumes));
    let running = world.run(builder);
    let mut web = pod("web");
    change(&mut web);
    world.create(&web).await;
    world.until_running("web").await;
    let server = running.agent.server();
    Node { world, running, server, _directory: directory }
}

impl Node {
    fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 16);
        let server = self.server.clone();
        tokio::spawn(async move { server.serve_connection(far).await });
        near
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(self.connect())).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get(path).header("host", "node").body(Empty::<Bytes>::new()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        let code = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (code, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn socket(&self, path: &str, protocol: &str) -> Result<WebSocketStream<DuplexStream>, Error> {
        let mut request = format!("ws://node{path}").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        let (socket, answer) = tokio_tungstenite::client_async(request, self.connect()).await?;
        assert_eq!(answer.headers()["sec-websocket-protocol"], protocol);
        Ok(socket)
    }
}

/// Everything that comes, by channel, until the server closes.
async fn collect(socket: &mut WebSocketStream<DuplexStream>) -> std::collections::BTreeMap<u8, Vec<u8>> {
    let mut channels = std::collections::BTreeMap::<u8, Vec<u8>>::new();
    let mut farewell = None;
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Binary(bytes) => channels.entry(bytes[0]).or_default().extend_from_slice(&bytes[1..]),
            Message::Close(frame) => farewell = frame.map(|frame| u16::from(frame.code)),
            _ => {}
        }
    }
    assert_eq!(farewell, Some(1000), "kubectl takes any other ending for a failure");
    channels
}

#[tokio::test(start_paused = true)]
async fn logs_are_read_and_followed() {
    let node = node(|_| {}).await;
    let main = node.world.runtime.find("shop", "web", "main").unwrap();
    for line in ["one", "two", "three"] {
        node.world.runtime.log(&main.id, line).unwrap();
    }
    let (code, text) = node.get("/containerLogs/shop/web/main?tailLines=2").await;
    assert_eq!((code, text.as_str()), (200, "two\nthree\n"));
    let (code, text) = node.get("/containerLogs/shop/web/main?previous=true").await;
    assert_eq!((code, text.as_str()), (400, "previous terminated container \"main\" in pod \"web\" not found"));
    assert_eq!(node.get("/containerLogs/shop/nope/main").await.0, 404);
    let runtime = node.world.runtime.clone();
    let ending = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        runtime.log(&main.id, "last").unwrap();
        runtime.kill(&main.id, 1).unwrap();
    });
    let (code, text) = node.get("/containerLogs/shop/web/main?follow=true&tailLines=1").await;
    assert_eq!((code, text.as_str()), (200, "three\nlast\n"));
    ending.await.unwrap();
    node.world.until("web", "restarted", |pod| pod.status.container_statuses[0].restart_count == 1).await;
    let (code, text) = node.get("/containerLogs/shop/web/main?previous=true&tailLines=1").await;
    assert_eq!((code, text.as_str()), (200, "last\n"));
    node.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn programs_run_over_a_websocket() {
    let node = node(|_| {}).await;
    let path = "/exec/shop/web/main?command=echo&command=a%20b&output=1&error=1";
    let mut socket = node.socket(path, "v5.channel.k8s.io").await.unwrap();
    let channels = collect(&mut socket).await;
    assert_eq!(channels[&1], b"a b\n");
    assert_eq!(channels[&3], br#"{"metadata":{},"status":"Success"}"#);

    let path = "/exec/shop/web/main?command=sh&command=-c&command=exit%203&output=1";
    let mut socket = node.socket(path, "v4.channel.k8s.io").await.unwrap();
    let status: serde_json::Value = serde_json::from_slice(&collect(&mut socket).await[&3]).unwrap();
    assert_eq!(status["reason"], "NonZeroExitCode");
    assert_eq!(status["details"]["causes"][0]["message"], "3");

    let path = "/exec/shop/web/main?command=nonsense&output=1";
    let mut socket = node.socket(path, "v5.channel.k8s.io").await.unwrap();
    let status: serde_json::Value = serde_json::from_slice(&collect(&mut socket).await[&3]).unwrap();
    assert_eq!((status["reason"].as_str(), status["code"].as_i64()), (Some("InternalError"), Some(500)));
    node.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_closes_the_input() {
    let node = node(|_| {}).await;
    let path = "/exec/shop/web/main?command=cat&input=1&output=1";
    let mut socket = node.socket(path, "v5.channel.k8s.io").await.unwrap();
    socket.send(Message::binary(b"\x00hello".to_vec())).await.unwrap();
    socket.send(Message::binary(vec![255, 0])).await.unwrap();
    let channels = collect(&mut socket).await;
    assert_eq!(channels[&1], b"hello");
    assert_eq!(channels[&3], br#"{"metadata":{},"status":"Success"}"#);
    node.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn attached_streams_end_with_the_container() {
    let node = node(|pod| annotate(pod, "exit-after", "30")).await;
    let mut socket = node.socket("/attach/shop/web/main?input=1&output=1", "v5.channel.k8s.io").await.unwrap();
    socket.send(Message::binary(b"\x00ping".to_vec())).await.unwrap();
    let channels = collect(&mut socket).await;
    assert_eq!(channels[&1], b"ping");
    node.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_switched_is_refused() {
    let node = node(|_| {}).await;
    let (code, text) = node.get("/exec/shop/web/main?command=true&output=1").await;
    assert_eq!((code, text.as_str()), (400, "Upgrade request required"));
    assert!(node.socket("/exec/shop/web/main?command=true&output=1", "v9.channel.k8s.io").await.is_err());
    assert!(node.socket("/exec/shop/web/other?command=true&output=1", "v5.channel.k8s.io").await.is_err());
    node.running.stop().await;
}

/// Frames of a SPDY client that opens the two streams of one connection and writes `ping`.
fn forward_frames() -> Vec<u8> {
    let mut deflate = flate2::Compress::new(flate2::Compression::default(), true);
    let mut frames = vec![];
    for (id, type_) in [(1u32, "error"), (3, "data")] {
        let mut plain = 3u32.to_be_bytes().to_vec();
        for text in ["streamtype", type_, "port", "80", "requestid", "0"] {
            plain.extend_from_slice(&u32::try_from(text.len()).unwrap().to_be_bytes());
            plain.extend_from_slice(text.as_bytes());
        }
        let mut block = Vec::with_capacity(1024);
        deflate.compress_vec(&plain, &mut block, flate2::FlushCompress::Sync).unwrap();
        frames.extend_from_slice(&[0x80, 3, 0, 1, 0, 0, 0, u8::try_from(block.len() + 10).unwrap()]);
        frames.extend_from_slice(&id.to_be_bytes());
        frames.extend_from_slice(&[0; 6]);
        frames.extend_from_slice(&block);
    }
    frames.extend_from_slice(&[0, 0, 0, 1, 1, 0, 0, 0]); // The error stream is finished.
    frames.extend_from_slice(&[0, 0, 0, 3, 1, 0, 0, 4]); // The data stream, too, after this.
    frames.extend_from_slice(b"ping");
    frames
}

#[tokio::test(start_paused = true)]
async fn ports_are_forwarded_through_spdy_in_a_websocket() {
    let node = node(|_| {}).await;
    let mut socket = node.socket("/portForward/shop/web", "SPDY/3.1+portforward.k8s.io").await.unwrap();
    socket.send(Message::binary(forward_frames())).await.unwrap();
    let mut bytes = vec![];
    let wanted = b"\x00\x00\x00\x03\x00\x00\x00\x04ping";
    while !bytes.windows(wanted.len()).any(|window| window == wanted) {
        match socket.next().await.unwrap().unwrap() {
            Message::Binary(more) => bytes.extend_from_slice(&more),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bytes[..4], [0x80, 3, 0, 2], "openings are answered first");
    node.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn ports_are_forwarded_through_channels() {
    let node = node(|_| {}).await;
    let mut socket = node.socket("/portForward/shop/web?port=80", "v4.channel.k8s.io").await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(vec![0, 80, 0]));
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(vec![1, 80, 0]));
    socket.send(Message::binary(b"\x00hi".to_vec())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(b"\x00hi".to_vec()));
    node.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn documents_tell_of_pods_and_their_use() {
    let node = node(|pod| annotate(pod, "cpu-millis", "500")).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(node.get("/healthz").await, (200, "ok".into()));
    let pods: serde_json::Value = serde_json::from_str(&node.get("/pods").await.1).unwrap();
    assert_eq!((pods["kind"].as_str(), pods["items"][0]["metadata"]["name"].as_str()), (Some("PodList"), Some("web")));
    let summary: serde_json::Value = serde_json::from_str(&node.get("/stats/summary").await.1).unwrap();
    assert!(summary["pods"][0]["containers"][0]["cpu"]["usageCoreNanoSeconds"].as_u64().unwrap() >= 5_000_000_000);
    let metrics = node.get("/metrics/resource").await.1;
    let line = "container_memory_working_set_bytes{container=\"main\",namespace=\"shop\",pod=\"web\"} 8388608 ";
    assert!(metrics.contains(line), "{metrics}");
    node.running.stop().await;
}

#[tokio::test]
async fn callers_without_a_certificate_are_refused() {
    use pintle_apiserver::Authority;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use std::sync::Arc;
    let node = node(|_| {}).await;
    // The test's clock has a time of its own; certificates are judged by the machine's.
    let now = pintle_object_model::clock::SystemClock::shared().utc().to_time();
    let authority = Authority::generate("test", now).unwrap();
    let host = "127.0.0.1".parse().unwrap();
    let server = authority.server("node", &[], &[host], now).unwrap();
    let client = authority.client("kube-apiserver", "system:masters", now).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate().as_bytes()).unwrap()).unwrap();
    let roots = Arc::new(roots);
    let pair = |issued: &pintle_apiserver::Issued| {
        let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
        (vec![certificate], PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap())
    };
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .unwrap();
    let (chain, key) = pair(&server);
    let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(node.server.clone().serve_tls(listener, Arc::new(config)));
    for (own, wanted) in [(None, 401), (Some(pair(&client)), 200)] {
        let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(Arc::clone(&roots));
        let config = match own {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = connector.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("/healthz").header("host", "node").body(Empty::<Bytes>::new()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status().as_u16(), wanted);
    }
    node.running.stop().await;
}
