//! A program's streams: `exec` and `attach`.

use pintle_object_model::Status;
use pintle_object_model::api::meta::v1::Status as StatusKind;
use pintle_object_model::json::{self, DecodeOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{mpsc, oneshot};

use super::websocket::{Channels, connect};
use crate::{DynamicApi, Params};

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
const CLOSE: u8 = 255;

/// In v5 the client can close its input.
const V5: &str = "v5.channel.k8s.io";
const PROTOCOLS: [&str; 2] = [V5, "v4.channel.k8s.io"];

/// Bytes of one stream that wait for its reader.
const WAITING_BYTES_MAX: usize = 64 * 1024;
/// Bytes that are sent in one message.
const CHUNK_BYTES: usize = 32 * 1024;

/// What to run, and which of its streams to connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOptions {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The container; empty if the pod has only one.
    pub container: String,
    /// Connect the input.
    pub stdin: bool,
    /// Connect the output.
    pub stdout: bool,
    /// Connect the error output. With a terminal there is none.
    pub stderr: bool,
    /// With a terminal.
    pub tty: bool,
}

impl ExecOptions {
    /// Runs this, with output and error output.
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        let command = command.into_iter().map(Into::into).collect();
        Self { command, stdout: true, stderr: true, ..Self::default() }
    }

    fn params(&self, subresource: &str) -> Params {
        let mut other: Vec<(String, String)> = vec![];
        let mut push = |key: &str, value: &str| other.push((key.to_owned(), value.to_owned()));
        if subresource == "exec" {
            self.command.iter().for_each(|word| push("command", word));
        }
        if !self.container.is_empty() {
            push("container", &self.container);
        }
        let flags =
            [("stdin", self.stdin), ("stdout", self.stdout), ("stderr", self.stderr && !self.tty), ("tty", self.tty)];
        for (key, set) in flags {
            push(key, if set { "true" } else { "false" });
        }
        Params { other, ..Params::default() }
    }
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ExecOutcome {
    /// It ran and ended with this code.
    Exited(i32),
    /// It could not be run, or the connection broke.
    Failed(Box<Status>),
}

/// The streams of a running program. They are read and written independently of each other, but all travel on one
/// connection: who connects a stream must read it, or the others wait as well.
#[derive(Debug)]
pub struct ExecStreams {
    /// The input; shutting it down or dropping it ends the input.
    pub stdin: Option<DuplexStream>,
    /// The output.
    pub stdout: Option<DuplexStream>,
    /// The error output.
    pub stderr: Option<DuplexStream>,
    resize: mpsc::Sender<(u16, u16)>,
    outcome: oneshot::Receiver<ExecOutcome>,
}

impl ExecStreams {
    /// The terminal has so many columns and rows now. Lost if the program has ended.
    pub async fn resize(&self, columns: u16, rows: u16) {
        let _ = self.resize.send((columns, rows)).await;
    }

    /// Waits for the end. Streams that were not taken are closed.
    pub async fn outcome(self) -> ExecOutcome {
        let Self { stdin, stdout, stderr, outcome, resize: _resize } = self;
        drop(stdin);
        let drain = |stream: Option<DuplexStream>| async {
            if let Some(mut stream) = stream {
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            }
        };
        let (outcome, (), ()) = tokio::join!(outcome, drain(stdout), drain(stderr));
        outcome.unwrap_or_else(|_| broken("the connection was given up"))
    }

    /// Reads output and error output to the end, at most `bytes_max` of each, and waits for it. The input is closed.
    pub async fn output(mut self, bytes_max: u64) -> (Vec<u8>, Vec<u8>, ExecOutcome) {
        let read = |stream: Option<DuplexStream>| async move {
            let mut all = vec![];
            if let Some(mut stream) = stream {
                // What was read until a failure is handed out; the outcome tells of the failure.
                let _ = (&mut stream).take(bytes_max).read_to_end(&mut all).await;
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            }
            all
        };
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        tokio::join!(read(stdout), read(stderr), self.outcome())
    }
}

pub(super) async fn open(
    api: &DynamicApi,
    name: &str,
    subresource: &str,
    options: &ExecOptions,
) -> Result<ExecStreams, Status> {
    let channels = connect(api, name, subresource, options.params(subresource), &PROTOCOLS).await?;
    let pair = |wanted: bool| wanted.then(|| tokio::io::duplex(WAITING_BYTES_MAX)).unzip();
    let (stdin, input) = pair(options.stdin);
    let (stdout, output) = pair(options.stdout);
    let (stderr, errors) = pair(options.stderr && !options.tty);
    let (resize, sizes) = mpsc::channel(4);
    let (ended, outcome) = oneshot::channel();
    tokio::spawn(async move {
        let ends = Ends { input, output, errors, sizes };
        // Nobody may be waiting for the outcome any more.
        let _ = ended.send(pump(channels, ends).await);
    });
    Ok(ExecStreams { stdin, stdout, stderr, resize, outcome })
}

/// Our ends of the caller's streams.
struct Ends {
    input: Option<DuplexStream>,
    output: Option<DuplexStream>,
    errors: Option<DuplexStream>,
    sizes: mpsc::Receiver<(u16, u16)>,
}

async fn pump(mut channels: Channels, mut ends: Ends) -> ExecOutcome {
    let mut outcome = None;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut resizable = true;
    loop {
        let sent = tokio::select! {
            biased;
            received = channels.receive() => match received {
                None => break,
                Some(Err(error)) => {
                    outcome.get_or_insert_with(|| broken(error));
                    break;
                }
                Some(Ok((ERROR, text))) => {
                    if !text.is_empty() {
                        outcome = Some(decode_outcome(&text));
                    }
                    Ok(())
                }
                Some(Ok((channel, bytes))) => {
                    let end = match channel {
                        STDOUT => &mut ends.output,
                        STDERR => &mut ends.errors,
                        _ => continue,
                    };
                    // Who has dropped a stream does not want it; the program goes on.
                    if let Some(stream) = end && stream.write_all(&bytes).await.is_err() {
                        *end = None;
                    }
                    Ok(())
                }
            },
            size = ends.sizes.recv(), if resizable => match size {
                Some((columns, rows)) => {
                    let text = serde_json::json!({"Width": columns, "Height": rows}).to_string();
                    channels.send(RESIZE, text.as_bytes()).await
                }
                None => {
                    resizable = false;
                    Ok(())
                }
            },
            read = read(&mut ends.input, &mut buffer) => match read {
                0 => {
                    ends.input = None;
                    if channels.protocol == V5 { channels.send(CLOSE, &[STDIN]).await } else { Ok(()) }
                }
                count => channels.send(STDIN, &buffer[..count]).await,
            },
        };
        if let Err(error) = sent {
            outcome.get_or_insert_with(|| broken(error));
            break;
        }
        let deserted = ends.input.is_none() && ends.output.is_none() && ends.errors.is_none();
        if deserted && !resizable {
            break;
        }
    }
    channels.close().await;
    outcome.unwrap_or_else(|| broken("the connection ended before the program"))
}

/// Reads what the caller writes; never ends without an input.
async fn read(input: &mut Option<DuplexStream>, buffer: &mut [u8]) -> usize {
    match input {
        Some(stream) => stream.read(buffer).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

fn broken(why: impl std::fmt::Display) -> ExecOutcome {
    ExecOutcome::Failed(Box::new(Status::unavailable(why.to_string())))
}

fn decode_outcome(text: &[u8]) -> ExecOutcome {
    let mut status = StatusKind::default();
    if json::decode_kind(text, &mut status, &DecodeOptions::default()).is_err() {
        return ExecOutcome::Failed(Box::new(Status::internal(String::from_utf8_lossy(text))));
    }
    if status.status == "Success" {
        return ExecOutcome::Exited(0);
    }
    let causes = status.details.as_deref().map(|details| details.causes.as_slice()).unwrap_or_default();
    let code = causes.iter().find(|cause| cause.reason == "ExitCode").and_then(|cause| cause.message.parse().ok());
    code.map_or_else(|| ExecOutcome::Failed(Box::new(status)), ExecOutcome::Exited)
}
