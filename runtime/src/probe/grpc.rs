//! The gRPC health check: one unary call over HTTP/2, small enough to be spelled out.
//!
//! Source: the gRPC health checking protocol (`grpc.health.v1.Health/Check`) and gRPC over HTTP/2.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::ProbeOutcome;

/// Largest answer that makes sense.
const ANSWER_BYTES_MAX: usize = 4096;

pub(super) async fn health(host: &str, port: u16, service: &str) -> ProbeOutcome {
    match ask(host, port, service).await {
        Ok(1) => ProbeOutcome::Success,
        Ok(status) => {
            let name = match status {
                0 => "UNKNOWN",
                2 => "NOT_SERVING",
                _ => "SERVICE_UNKNOWN",
            };
            ProbeOutcome::Failure(format!("service unhealthy (responded with {name:?})"))
        }
        Err(why) => ProbeOutcome::Failure(format!("failed to connect service \"{host}:{port}\": {why}")),
    }
}

async fn ask(host: &str, port: u16, service: &str) -> Result<u64, String> {
    let stream = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
    let text = |error: hyper::Error| error.to_string();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(text)?;
    let request = http::Request::post(format!("http://{host}:{port}/grpc.health.v1.Health/Check"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", "kube-probe/1.36")
        .body(Full::new(message(service)))
        .map_err(|error| error.to_string())?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(text)?;
        let (head, body) = answer.into_parts();
        let collected = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| error.to_string())?;
        let trailers = collected.trailers().cloned().unwrap_or_default();
        let code = trailers.get("grpc-status").or_else(|| head.headers.get("grpc-status"));
        match code.and_then(|code| code.to_str().ok()) {
            None | Some("0") => status(&collected.to_bytes()),
            Some("12") => Err("this server does not implement the grpc health protocol".into()),
            Some(code) => Err(format!("health rpc failed with status {code}")),
        }
    };
    tokio::select! {
        biased;
        answer = exchange => answer,
        ended = connection => Err(ended.err().map_or_else(|| "the connection was closed".into(), |e| e.to_string())),
    }
}

/// `HealthCheckRequest { service }` in a gRPC frame.
fn message(service: &str) -> Bytes {
    let mut body = vec![];
    if !service.is_empty() {
        body.push(0x0a);
        let mut length = service.len();
        while length >= 0x80 {
            body.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        body.push(length as u8);
        body.extend_from_slice(service.as_bytes());
    }
    let mut frame = vec![0];
    frame.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(&body);
    frame.into()
}

/// The status of a `HealthCheckResponse` in a gRPC frame; absent means 0.
fn status(frame: &[u8]) -> Result<u64, String> {
    match frame.get(5..) {
        Some([]) => Ok(0),
        Some([0x08, value, ..]) if *value < 0x80 => Ok(u64::from(*value)),
        _ => Err("the health service's answer is malformed".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_grpc() {
        assert_eq!(&message("db")[..], [0, 0, 0, 0, 4, 0x0a, 2, b'd', b'b']);
        assert_eq!(&message("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(status(&[0, 0, 0, 0, 2, 8, 1]), Ok(1));
        assert_eq!(status(&[0, 0, 0, 0, 0]), Ok(0));
        assert!(status(&[0]).is_err());
    }
}
