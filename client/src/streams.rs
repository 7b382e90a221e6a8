//! What pods stream: logs, the streams of programs, connections to ports.
//!
//! In: an [`Api`] of pods. Out: byte streams. Invariant: bounded; whoever does not read holds up the program at the other
//! end and nobody else, and dropping the streams ends the connection. Elsewhere: the switch of protocols (`http`). Source:
//! Kubernetes' remote command protocol `v5.channel.k8s.io` and the channels of port forwarding.

mod exec;
mod forward;
mod websocket;

use pintle_object_model::Status;
use pintle_object_model::api::core::v1::Pod;

use crate::{Api, Body, ByteStream, Content, Params, Verb};

pub use exec::{ExecOptions, ExecOutcome, ExecStreams};
pub use forward::Forwarded;

/// Which part of a log. The default is all that is there of a pod's only container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The container; empty if the pod has only one.
    pub container: String,
    /// Go on as long as the container runs.
    pub follow: bool,
    /// The log of the container's previous life.
    pub previous: bool,
    /// Put the time in front of each line.
    pub timestamps: bool,
    /// Only what is younger than this many seconds.
    pub since_seconds: Option<u64>,
    /// Only so many lines at the end.
    pub tail_lines: Option<u64>,
    /// At most so many bytes.
    pub limit_bytes: Option<u64>,
}

impl LogOptions {
    fn params(&self) -> Params {
        let mut other = vec![];
        let mut push = |key: &str, value: String| other.push((key.to_owned(), value));
        if !self.container.is_empty() {
            push("container", self.container.clone());
        }
        let flags = [("follow", self.follow), ("previous", self.previous), ("timestamps", self.timestamps)];
        for (key, _) in flags.into_iter().filter(|(_, set)| *set) {
            push(key, "true".into());
        }
        let numbers =
            [("sinceSeconds", self.since_seconds), ("tailLines", self.tail_lines), ("limitBytes", self.limit_bytes)];
        for (key, value) in numbers {
            value.into_iter().for_each(|value| push(key, value.to_string()));
        }
        Params { other, ..Params::default() }
    }
}

impl Api<Pod> {
    /// The log of a container, as it comes.
    ///
    /// # Errors
    /// `NotFound`, `BadRequest` if the container is not named or waits to start, or a failure of the transport.
    pub async fn logs(&self, name: &str, options: &LogOptions) -> Result<ByteStream, Status> {
        let response = self.as_dynamic().send(Verb::Get, name, "log", options.params(), Body::Empty).await?;
        match response.content {
            Content::Bytes(bytes) => Ok(bytes),
            Content::Document(document) => Ok(ByteStream {
                content_type: document.content_type,
                stream: Box::pin(futures::stream::iter([Ok(document.body)])),
            }),
            _ => Err(Status::internal("the server answered with something that is no log")),
        }
    }

    /// Runs a program in a container. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `BadRequest`, or a failure of the transport; what happens to the program is its outcome.
    pub async fn exec(&self, name: &str, options: &ExecOptions) -> Result<ExecStreams, Status> {
        exec::open(self.as_dynamic(), name, "exec", options).await
    }

    /// Connects to the streams of a container's own program; the command of the options is not used. Must be called within
    /// a tokio runtime.
    ///
    /// # Errors
    /// As [`exec`](Self::exec).
    pub async fn attach(&self, name: &str, options: &ExecOptions) -> Result<ExecStreams, Status> {
        exec::open(self.as_dynamic(), name, "attach", options).await
    }

    /// Opens a connection to a port of a pod. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a failure of the transport; that nobody listens is an error of the connection.
    pub async fn port_forward(&self, name: &str, port: u16) -> Result<Forwarded, Status> {
        forward::open(self.as_dynamic(), name, port).await
    }
}
