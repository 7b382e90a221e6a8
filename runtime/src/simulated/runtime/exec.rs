//! The few programs that simulated containers have.

use pintle_client::DuplexStream;
use tokio::io::{AsyncWriteExt as _, DuplexStream as Pipe};

use crate::{ExecIo, ExecRequest, ExecSession, RuntimeError};

/// Bytes that a pipe holds.
const PIPE_BYTES: usize = 64 * 1024;

/// `echo`, `cat`, `true`, `false` and `sh -c "exit N"`.
pub(super) fn run(request: &ExecRequest) -> Result<ExecSession, RuntimeError> {
    let words: Vec<&str> = request.command.iter().map(String::as_str).collect();
    let program = words.first().copied().unwrap_or_default();
    let exit_code = |text: &str| text.strip_prefix("exit ").and_then(|code| code.trim().parse::<i32>().ok());
    match words.as_slice() {
        ["echo", rest @ ..] => Ok(say(request, format!("{}\n", rest.join(" ")), 0)),
        ["true"] => Ok(say(request, String::new(), 0)),
        ["false"] => Ok(say(request, String::new(), 1)),
        ["cat"] => Ok(cat(request, std::future::pending())),
        ["sh", "-c", script] if exit_code(script).is_some() => {
            Ok(say(request, String::new(), exit_code(script).unwrap_or_default()))
        }
        _ => Err(RuntimeError::Start {
            program: program.to_owned(),
            why: "simulated containers have only echo, cat, true, false and sh -c 'exit N'".into(),
        }),
    }
}

/// Attached to what behaves like `cat` until the container ends.
pub(super) fn attach(request: &ExecRequest, ended: impl Future<Output = ()> + Send + 'static) -> ExecSession {
    cat(request, ended)
}

fn say(request: &ExecRequest, text: String, code: i32) -> ExecSession {
    let (mut out, read) = tokio::io::duplex(PIPE_BYTES);
    let stdout = request.stdout.then(|| Box::new(read) as _);
    let stderr = (request.stderr && !request.tty).then(|| Box::new(tokio::io::empty()) as _);
    let stdin = request.stdin.then(|| Box::new(tokio::io::sink()) as _);
    let exit = async move {
        // Whoever does not read does not want it.
        let _ = out.write_all(text.as_bytes()).await;
        drop(out);
        Ok(code)
    };
    ExecSession { io: ExecIo { stdin, stdout, stderr, resize: None }, exit: Box::pin(exit) }
}

fn cat(request: &ExecRequest, ended: impl Future<Output = ()> + Send + 'static) -> ExecSession {
    let (input, mut from) = tokio::io::duplex(PIPE_BYTES);
    let (mut to, output): (Pipe, Pipe) = tokio::io::duplex(PIPE_BYTES);
    let stdin = request.stdin.then(|| Box::new(input) as _);
    let stdout = request.stdout.then(|| Box::new(output) as _);
    let stderr = (request.stderr && !request.tty).then(|| Box::new(tokio::io::empty()) as _);
    let resize = request.tty.then(|| tokio::sync::mpsc::channel(4).0);
    let exit = async move {
        tokio::select! {
            biased;
            _ = tokio::io::copy(&mut from, &mut to) => {}
            () = ended => {}
        }
        Ok(0)
    };
    ExecSession { io: ExecIo { stdin, stdout, stderr, resize }, exit: Box::pin(exit) }
}

/// A port that sends back what it is sent.
pub(super) fn echo() -> Box<dyn DuplexStream> {
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(far);
        let _ = tokio::io::copy(&mut read, &mut write).await;
        let _ = write.shutdown().await;
    });
    Box::new(near)
}
