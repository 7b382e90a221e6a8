//! `/exec` and `/attach`: a program's streams over a websocket or SPDY.
//!
//! In: the runtime's session. Out: channels 0 (input), 1 (output), 2 (errors), 3 (how it ended), 4 (terminal size), 255
//! (the client closes a channel; v5). Source: the remote command protocols v1 to v5 of `channel.k8s.io`; KEP-4006.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tracing::debug;

use super::spdy::{self, Connection};
use super::websocket::{self, Coding, Socket, asks_for};
use super::{Body, Query, Refusal, refuse};
use crate::agent::Shared;
use crate::probe::describe;
use crate::{ContainerInfo, ExecRequest, ExecSession, RuntimeError, TerminalSize};

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
const CLOSE: u8 = 255;

/// Subprotocols, as the client may offer them.
const PROTOCOLS: [&str; 5] =
    ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io"];

type Session = Result<ExecSession, RuntimeError>;

/// Switches protocols and connects the streams.
pub(super) fn answer(
    shared: &Arc<Shared>,
    exec: bool,
    container: &ContainerInfo,
    query: &Query,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let wanted = ExecRequest {
        command: query.all("command").map(str::to_owned).collect(),
        tty: query.truth(&["tty"]),
        stdin: query.truth(&["input", "stdin"]),
        stdout: query.truth(&["output", "stdout"]),
        stderr: query.truth(&["error", "stderr"]),
    };
    if exec && wanted.command.is_empty() {
        return Err(refuse(StatusCode::BAD_REQUEST, "you must specify at least 1 command for the container"));
    }
    if !wanted.stdin && !wanted.stdout && !wanted.stderr {
        return Err(refuse(StatusCode::BAD_REQUEST, "you must specify at least 1 of stdin, stdout, stderr"));
    }
    let (shared, id) = (Arc::clone(shared), container.id.clone());
    let open = {
        let wanted = wanted.clone();
        move || async move {
            if exec { shared.runtime.exec(&id, wanted).await } else { shared.runtime.attach(&id, wanted).await }
        }
    };
    if asks_for(request.headers(), "websocket") {
        let protocol = websocket::choose(request.headers(), &PROTOCOLS)?;
        return websocket::switch(request, protocol, move |socket| async move {
            let session = open().await;
            over_websocket(socket, session, protocol, &wanted).await;
        });
    }
    if asks_for(request.headers(), "SPDY/3.1") {
        return spdy::switch(request, &["v4.channel.k8s.io"], move |connection| async move {
            over_spdy(connection, wanted, open).await;
        });
    }
    Err(refuse(StatusCode::BAD_REQUEST, "Upgrade request required"))
}

async fn over_websocket(socket: Socket, session: Session, protocol: &str, wanted: &ExecRequest) {
    let coding = Coding::of(protocol);
    let structured = protocol.starts_with("v4") || protocol.starts_with("v5");
    let (mut sink, mut source) = socket.split();
    // An empty message tells the client that the channels are there.
    let first = if wanted.stdout {
        STDOUT
    } else if wanted.stderr {
        STDERR
    } else {
        ERROR
    };
    if sink.send(coding.encode(first, b"")).await.is_err() {
        return;
    }
    let mut session = match session {
        Ok(session) => session,
        Err(error) => {
            let _ = sink.send(coding.encode(ERROR, &outcome(&Err(error), structured))).await;
            let _ = sink.send(websocket::goodbye()).await;
            return;
        }
    };
    let io = std::mem::take(&mut session.io);
    let (out, mut ready) = mpsc::channel::<(u8, Bytes)>(16);
    let input = take_input(&mut source, coding, io.stdin, io.resize);
    let work = async {
        let (exit, (), ()) =
            futures::join!(session.exit, pump(io.stdout, STDOUT, out.clone()), pump(io.stderr, STDERR, out.clone()));
        let text = outcome(&exit, structured);
        if !text.is_empty() {
            let _ = out.send((ERROR, text.into())).await;
        }
        drop(out);
    };
    let output = async {
        while let Some((channel, data)) = ready.recv().await {
            if sink.send(coding.encode(channel, &data)).await.is_err() {
                return;
            }
        }
        let _ = sink.send(websocket::goodbye()).await;
    };
    tokio::select! {
        biased;
        ((), ()) = async { futures::join!(work, output) } => {}
        // The client is gone: dropping the session ends the program.
        () = input => debug!("the client of a session left"),
    }
}

/// Carries input and sizes until the client leaves.
async fn take_input(
    source: &mut (impl futures::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin),
    coding: Coding,
    mut stdin: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    resize: Option<mpsc::Sender<TerminalSize>>,
) {
    while let Some(Ok(message)) = source.next().await {
        if matches!(message, Message::Close(_)) {
            return;
        }
        match coding.decode(message) {
            Some((STDIN, data)) => {
                if let Some(open) = &mut stdin
                    && (open.write_all(&data).await.is_err() || open.flush().await.is_err())
                {
                    // The program reads no more; it may still write.
                    stdin = None;
                }
            }
            Some((RESIZE, data)) => resized(&data, resize.as_ref()),
            Some((CLOSE, data)) if data.first() == Some(&STDIN) => {
                if let Some(mut open) = stdin.take() {
                    let _ = open.shutdown().await;
                }
            }
            _ => {}
        }
    }
}

fn resized(data: &[u8], resize: Option<&mpsc::Sender<TerminalSize>>) {
    let Ok(tree) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let number = |name: &str| tree.get(name).and_then(serde_json::Value::as_u64).and_then(|n| u16::try_from(n).ok());
    if let (Some(resize), Some(width), Some(height)) = (resize, number("Width"), number("Height")) {
        // A size that is not taken is followed by the next one.
        let _ = resize.try_send(TerminalSize { width, height });
    }
}

async fn pump(from: Option<Box<dyn AsyncRead + Send + Unpin>>, channel: u8, to: mpsc::Sender<(u8, Bytes)>) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; 32 * 1024];
    loop {
        match from.read(&mut buffer).await {
            // A terminal whose program has ended reads as an error.
            Ok(0) | Err(_) => return,
            Ok(count) => {
                if to.send((channel, Bytes::copy_from_slice(&buffer[..count]))).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// How a session ended, as the error channel says it: a `Status`, or (before v4) text in case of failure.
fn outcome(exit: &Result<i32, RuntimeError>, structured: bool) -> Vec<u8> {
    let failed = |code: i32| format!("command terminated with non-zero exit code: exit status {code}");
    let status = match exit {
        Ok(0) if structured => serde_json::json!({"metadata": {}, "status": "Success"}),
        Ok(0) => return vec![],
        Ok(code) if structured => serde_json::json!({
            "metadata": {}, "status": "Failure", "message": failed(*code), "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        }),
        Ok(code) => return failed(*code).into_bytes(),
        Err(error) => {
            let text = format!("error executing command in container: {}", describe(error));
            if !structured {
                return text.into_bytes();
            }
            serde_json::json!({
                "metadata": {}, "status": "Failure", "message": format!("Internal error occurred: {text}"),
                "reason": "InternalError", "details": {"causes": [{"message": text}]}, "code": 500,
            })
        }
    };
    status.to_string().into_bytes()
}

/// The same over SPDY, as clients before kubectl 1.31 (and others when websockets are refused) speak it: one stream per
/// channel, named by the header `streamtype`.
async fn over_spdy<F>(mut connection: Connection, wanted: ExecRequest, open: impl FnOnce() -> F)
where
    F: Future<Output = Session>,
{
    let mut expected = vec!["error"];
    expected.extend(wanted.stdin.then_some("stdin"));
    expected.extend(wanted.stdout.then_some("stdout"));
    expected.extend((wanted.stderr && !wanted.tty).then_some("stderr"));
    expected.extend(wanted.tty.then_some("resize"));
    let mut streams = BTreeMap::new();
    let collect = async {
        while expected.iter().any(|name| !streams.contains_key(*name)) {
            let Some(stream) = connection.accept().await else { return false };
            let type_ = stream.header("streamtype").unwrap_or_default().to_owned();
            streams.insert(type_, stream);
        }
        true
    };
    if !matches!(tokio::time::timeout(std::time::Duration::from_secs(30), collect).await, Ok(true)) {
        return;
    }
    let Some(mut errors) = streams.remove("error") else { return };
    let mut session = match open().await {
        Ok(session) => session,
        Err(error) => {
            errors.send(outcome(&Err(error), true).into()).await;
            errors.finish().await;
            connection.drain().await;
            return;
        }
    };
    let io = std::mem::take(&mut session.io);
    let (stdin, stdout, stderr) = (streams.remove("stdin"), streams.remove("stdout"), streams.remove("stderr"));
    let resize_stream = streams.remove("resize");
    let input = async {
        if let (Some(mut stream), Some(mut program)) = (stdin, io.stdin) {
            while let Some(data) = stream.receive().await {
                if program.write_all(&data).await.is_err() || program.flush().await.is_err() {
                    break;
                }
            }
            let _ = program.shutdown().await;
        }
    };
    let sizes = async {
        if let Some(mut stream) = resize_stream {
            while let Some(data) = stream.receive().await {
                resized(&data, io.resize.as_ref());
            }
        }
    };
    let work = async {
        let (exit, (), ()) = futures::join!(session.exit, feed(io.stdout, stdout), feed(io.stderr, stderr));
        errors.send(outcome(&exit, true).into()).await;
        errors.finish().await;
    };
    let aside = async {
        futures::join!(input, sizes);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = work => {}
        () = aside => {}
        () = connection.closed() => return,
    }
    connection.drain().await;
}

async fn feed(from: Option<Box<dyn AsyncRead + Send + Unpin>>, to: Option<spdy::Stream>) {
    let (Some(mut from), Some(mut to)) = (from, to) else { return };
    let mut buffer = vec![0; 32 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if !to.send(Bytes::copy_from_slice(&buffer[..count])).await {
            return;
        }
    }
    to.finish().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_statuses_from_v4_on() {
        let text = |exit: Result<i32, RuntimeError>, structured| String::from_utf8(outcome(&exit, structured)).unwrap();
        assert_eq!(text(Ok(0), true), r#"{"metadata":{},"status":"Success"}"#);
        let failure: serde_json::Value = serde_json::from_str(&text(Ok(3), true)).unwrap();
        assert_eq!(failure["details"]["causes"][0]["message"], "3");
        assert_eq!(failure["reason"], "NonZeroExitCode");
        assert_eq!(text(Ok(0), false), "");
        assert_eq!(text(Ok(3), false), "command terminated with non-zero exit code: exit status 3");
    }

    #[test]
    fn sizes_are_handed_on() {
        let (sender, mut receiver) = mpsc::channel(1);
        resized(br#"{"Width":80,"Height":24}"#, Some(&sender));
        assert_eq!(receiver.try_recv().unwrap(), TerminalSize { width: 80, height: 24 });
        resized(b"nonsense", Some(&sender));
        assert!(receiver.try_recv().is_err());
    }
}
