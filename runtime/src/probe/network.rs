//! Checks over the network.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use pintle_client::TlsOptions;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::{OUTPUT_BYTES_MAX, ProbeOutcome};

pub(super) async fn tcp(host: &str, port: u16) -> ProbeOutcome {
    match TcpStream::connect((host, port)).await {
        Ok(_) => ProbeOutcome::Success,
        Err(error) => ProbeOutcome::Failure(format!("dial tcp {host}:{port}: connect: {}", words(&error))),
    }
}

pub(super) async fn http(host: &str, port: u16, path: &str, https: bool, headers: &[(String, String)]) -> ProbeOutcome {
    let scheme = if https { "https" } else { "http" };
    let url = format!("{scheme}://{host}:{port}{path}");
    let failed = |why: String| ProbeOutcome::Failure(format!("Get \"{url}\": {why}"));
    let stream = match TcpStream::connect((host, port)).await {
        Ok(stream) => stream,
        Err(error) => return failed(format!("dial tcp {host}:{port}: connect: {}", words(&error))),
    };
    let answer = if https {
        match encrypt(stream, host).await {
            Ok(stream) => get(stream, host, port, path, headers).await,
            Err(error) => return failed(error.to_string()),
        }
    } else {
        get(stream, host, port, path, headers).await
    };
    match answer {
        Ok((code, _)) if (200..400).contains(&code) => ProbeOutcome::Success,
        Ok((code, _)) => ProbeOutcome::Failure(format!("HTTP probe failed with statuscode: {code}")),
        Err(error) => failed(error),
    }
}

/// As Go words the common ones.
fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connection refused".into(),
        std::io::ErrorKind::TimedOut => "i/o timeout".into(),
        _ => error.to_string(),
    }
}

async fn get<S>(
    stream: S,
    host: &str,
    port: u16,
    path: &str,
    headers: &[(String, String)],
) -> Result<(u16, Bytes), String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let text = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
    let mut request = http::Request::get(path).header("connection", "close").header("accept", "*/*");
    let given = |name: &str| headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
    if !given("host") {
        request = request.header("host", format!("{host}:{port}"));
    }
    if !given("user-agent") {
        request = request.header("user-agent", "kube-probe/1.36");
    }
    for (key, value) in headers {
        request = request.header(key, value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(text)?;
        let code = answer.status().as_u16();
        let limit = usize::try_from(OUTPUT_BYTES_MAX).unwrap_or(usize::MAX);
        // The body is for messages only: if it is too long or breaks off, the status still counts.
        let body = Limited::new(answer.into_body(), limit).collect().await;
        Ok((code, body.map(http_body_util::Collected::to_bytes).unwrap_or_default()))
    };
    // The connection is driven here rather than in a task of its own, so that a timeout ends it, too.
    let drive = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        answer = exchange => answer,
        () = drive => Err("the connection was lost".into()),
    }
}

async fn encrypt(stream: TcpStream, host: &str) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    // Probes ask whether somebody answers, not who: certificates are not verified (as documented for HTTPS probes).
    let options = TlsOptions { insecure: true, ..TlsOptions::default() };
    let config = options.config(false).map_err(std::io::Error::other)?;
    let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn answer_once(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        port
    }

    #[tokio::test]
    async fn a_status_decides() {
        let port = answer_once("HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(http("127.0.0.1", port, "/", false, &[]).await, ProbeOutcome::Success);
        let port = answer_once("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await;
        let failure = ProbeOutcome::Failure("HTTP probe failed with statuscode: 503".into());
        assert_eq!(http("127.0.0.1", port, "/", false, &[]).await, failure);
    }

    #[tokio::test]
    async fn a_closed_port_is_a_failure() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(tcp("127.0.0.1", port).await, ProbeOutcome::Success);
        drop(listener);
        let refused = format!("dial tcp 127.0.0.1:{port}: connect: connection refused");
        assert_eq!(tcp("127.0.0.1", port).await, ProbeOutcome::Failure(refused));
    }
}
