//! Streams of pods over a websocket, with the test as the other end. No network: the connection is a pipe in memory.

use std::sync::{Arc, Mutex};

use futures::{SinkExt, StreamExt};
use pintle_client::{
    Api, Client, Content, DuplexStream, ExecOptions, ExecOutcome, Params, Request, Response, Status, Upgrade,
};
use pintle_object_model::Scheme;
use pintle_object_model::api::core::v1::Pod;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

type Far = WebSocketStream<tokio::io::DuplexStream>;

/// Pods whose connections `serve` answers, and the parameters that were asked with.
fn pods<F>(
    protocol: &'static str,
    serve: impl Fn(Far) -> F + Clone + Send + Sync + 'static,
) -> (Api<Pod>, Arc<Mutex<Params>>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let asked = Arc::new(Mutex::new(Params::default()));
    let log = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request| {
        *log.lock().unwrap() = request.params.clone();
        let serve = serve.clone();
        async move {
            let headers = request.upgrade.expect("a switch is asked for").headers;
            let header = |name: &str| headers.iter().find(|(key, _)| key == name).expect("the header").1.clone();
            assert!(header("sec-websocket-protocol").contains(protocol));
            let (near, far) = tokio::io::duplex(1 << 16);
            tokio::spawn(async move { serve(WebSocketStream::from_raw_socket(far, Role::Server, None).await).await });
            let accept = derive_accept_key(header("sec-websocket-key").as_bytes());
            let headers = vec![
                ("Sec-WebSocket-Accept".to_owned(), accept),
                ("Sec-WebSocket-Protocol".to_owned(), protocol.to_owned()),
            ];
            let stream: Box<dyn DuplexStream> = Box::new(near);
            Ok::<_, Status>(Response::new(Content::Upgrade(Upgrade { headers, stream })))
        }
    });
    (Client::new(service, Scheme::builtin()).namespaced("default"), asked)
}

async fn say(far: &mut Far, message: &[u8]) {
    far.send(Message::Binary(message.to_vec().into())).await.unwrap();
}

/// The next message that has a channel.
async fn hear(far: &mut Far) -> Vec<u8> {
    loop {
        match far.next().await {
            Some(Ok(Message::Binary(bytes))) if !bytes.is_empty() => return bytes.to_vec(),
            Some(Ok(_)) => {}
            other => panic!("expected a message, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_program_has_its_streams_its_size_and_its_code() {
    let (pods, asked) = pods("v5.channel.k8s.io", |mut far| async move {
        let mut heard = vec![];
        for _ in 0..3 {
            heard.push(hear(&mut far).await);
        }
        heard.sort();
        assert_eq!(heard[0], b"\0hello");
        assert_eq!(heard[1], b"\x04{\"Height\":24,\"Width\":80}");
        assert_eq!(heard[2], b"\xff\0", "the input was closed");
        say(&mut far, b"\x01out").await;
        say(&mut far, b"\x02err").await;
        say(&mut far, b"\x01put").await;
        let status = br#"{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}"#;
        say(&mut far, &[b"\x03", &status[..]].concat()).await;
        far.close(None).await.unwrap();
    });
    let options = ExecOptions { stdin: true, container: "main".into(), ..ExecOptions::new(["cat", "-"]) };
    let mut streams = pods.exec("p", &options).await.unwrap();
    streams.resize(80, 24).await;
    let mut stdin = streams.stdin.take().unwrap();
    stdin.write_all(b"hello").await.unwrap();
    drop(stdin);
    let (stdout, stderr, outcome) = streams.output(1 << 20).await;
    assert_eq!((stdout.as_slice(), stderr.as_slice(), outcome), (&b"output"[..], &b"err"[..], ExecOutcome::Exited(7)));
    let asked = asked.lock().unwrap();
    assert_eq!(asked.others("command").collect::<Vec<_>>(), ["cat", "-"]);
    assert_eq!(
        (asked.other("container"), asked.other("stdin"), asked.other("tty")),
        (Some("main"), Some("true"), Some("false"))
    );
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_success() {
    let (pods, _) = pods("v4.channel.k8s.io", |far| async move { drop(far) });
    let streams = pods.exec("p", &ExecOptions::new(["true"])).await.unwrap();
    assert!(matches!(streams.outcome().await, ExecOutcome::Failed(status) if status.code == 503));
}

#[tokio::test]
async fn a_port_is_a_stream_and_says_why_it_failed() {
    let (pods, asked) = pods("v4.channel.k8s.io", |mut far| async move {
        say(&mut far, b"\0\x50\0").await;
        say(&mut far, b"\x01\x50\0").await;
        assert_eq!(hear(&mut far).await, b"\0ping");
        say(&mut far, b"\0pong").await;
        say(&mut far, b"\x01broken").await;
        while let Some(Ok(_)) = far.next().await {}
    });
    let mut forwarded = pods.port_forward("p", 80).await.unwrap();
    forwarded.stream.write_all(b"ping").await.unwrap();
    let mut answer = String::new();
    forwarded.stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "pong");
    assert_eq!(forwarded.failure().await.as_deref(), Some("broken"));
    assert_eq!(asked.lock().unwrap().other("ports"), Some("80"));
}
