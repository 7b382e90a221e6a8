//! The HTTP transport against a server that answers with prepared text. Loopback only.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::{Caller, Client, Credentials, HttpOptions, HttpTransport, Reason, Status, TlsOptions, retry_after};
use pintle_object_model::Scheme;
use pintle_object_model::api::core::v1::ConfigMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a server was asked: heads of requests, by connection.
type Heads = Arc<Mutex<Vec<Vec<String>>>>;

/// A server that gives these answers in turn, over however many connections, and then stays silent.
async fn server(answers: Vec<Vec<u8>>) -> (String, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let heads = Heads::default();
    let (log, next, answers) = (Arc::clone(&heads), Arc::new(AtomicUsize::new(0)), Arc::new(answers));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let number = {
                let mut log = log.lock().unwrap();
                log.push(vec![]);
                log.len() - 1
            };
            let (log, next, answers) = (Arc::clone(&log), Arc::clone(&next), Arc::clone(&answers));
            tokio::spawn(async move {
                let mut head = vec![];
                while let Ok(byte) = stream.read_u8().await {
                    head.push(byte);
                    if !head.ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    log.lock().unwrap()[number].push(String::from_utf8(std::mem::take(&mut head)).unwrap());
                    if let Some(answer) = answers.get(next.fetch_add(1, Ordering::Relaxed)) {
                        stream.write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    (base, heads)
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    [format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n").as_bytes(), body].concat()
}

const MAP: &[u8] = br#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"key":"value"}}"#;

fn client(base: &str, credentials: Arc<dyn Credentials>) -> Client {
    let options = HttpOptions { answer_timeout: Duration::from_millis(300), ..HttpOptions::default() };
    let scheme = Scheme::builtin();
    let transport = HttpTransport::with_options(base, &TlsOptions::default(), credentials, scheme.clone(), options);
    Client::new(transport.unwrap(), scheme)
}

#[tokio::test]
async fn one_connection_serves_many_requests_packed_or_not_until_one_is_too_slow() {
    let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    packed.write_all(MAP).unwrap();
    let json = "200 OK\r\nContent-Type: application/json";
    let (base, heads) = server(vec![
        answer(json, MAP),
        answer(&format!("{json}\r\nContent-Encoding: gzip"), &packed.finish().unwrap()),
        answer("429 Too Many Requests\r\nRetry-After: 7", b"slow down"),
        answer("503 Service Unavailable\r\nContent-Type: text/html", b"<html>"),
        answer(&format!("{json}\r\nWarning: 299 - \"old\""), b"{\"kind\":\"ConfigMap\""),
    ])
    .await;
    let api = client(&base, Arc::new(Caller::Token("secret".into()))).namespaced::<ConfigMap>("d");
    for _ in 0..2 {
        assert_eq!(api.get("a").await.unwrap().data["key"], "value");
    }
    let status = api.get("a").await.unwrap_err();
    assert_eq!((status.message.as_str(), retry_after(&status)), ("slow down", Some(Duration::from_secs(7))));
    assert_eq!(Reason::of(&api.get("a").await.unwrap_err()), Reason::Unavailable);
    assert_eq!(Reason::of(&api.get("a").await.unwrap_err()), Reason::Internal, "half an answer is none");
    assert_eq!(Reason::of(&api.get("a").await.unwrap_err()), Reason::Timeout);
    let heads = heads.lock().unwrap();
    assert_eq!(heads.iter().map(Vec::len).collect::<Vec<_>>(), [6], "one connection");
    let head = heads[0][0].to_lowercase();
    assert!(head.starts_with("get /api/v1/namespaces/d/configmaps/a http/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: bearer secret\r\n") && head.contains("accept-encoding: gzip\r\n"), "{head}");
}

/// Tokens with a number that goes up when one is refused.
#[derive(Debug, Default)]
struct Numbered(AtomicUsize);

#[async_trait]
impl Credentials for Numbered {
    async fn caller(&self) -> Result<Caller, Status> {
        Ok(Caller::Token(format!("token-{}", self.0.load(Ordering::Relaxed)).as_str().into()))
    }
    async fn refused(&self, _caller: &Caller) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }
}

#[tokio::test]
async fn refused_credentials_are_renewed_once() {
    let refused = || answer("401 Unauthorized", b"who are you");
    let (base, heads) = server(vec![refused(), answer("200 OK", MAP), refused(), refused()]).await;
    let api = client(&base, Arc::new(Numbered::default())).namespaced::<ConfigMap>("d");
    api.get("a").await.unwrap();
    assert_eq!(Reason::of(&api.get("a").await.unwrap_err()), Reason::Unauthorized);
    let heads = heads.lock().unwrap();
    let tokens: Vec<String> = heads
        .iter()
        .flatten()
        .filter_map(|head| head.lines().find(|line| line.to_lowercase().starts_with("authorization")))
        .map(|line| line.rsplit(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(tokens, ["token-0", "token-1", "token-1", "token-2"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let api = client(&base, Arc::new(Caller::Anonymous)).namespaced::<ConfigMap>("d");
    let status = api.get("a").await.unwrap_err();
    assert!(Reason::of(&status) == Reason::Unavailable && status.message.contains(&base), "{status}");
}
