//! Asking containers how they are: probes, and the requests of lifecycle hooks.
//!
//! In: a check and the container it is about. Out: success, failure, or that it could not be asked. Elsewhere: how often, and
//! what follows (the agent). Source: Kubernetes concepts, "Liveness, Readiness, and Startup Probes"; the gRPC health
//! checking protocol.

mod grpc;
mod network;
mod state;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::IntOrString;
use pintle_object_model::api::core::v1::{Container, ExecAction, HTTPGetAction, Probe, TCPSocketAction};
use tokio::io::AsyncReadExt as _;

use crate::{ContainerId, ContainerRuntime, ExecRequest, RuntimeError};

pub(crate) use state::ProbeState;

/// Most bytes of an answer that are kept for messages.
const OUTPUT_BYTES_MAX: u64 = 10 * 1024;

/// One question to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Check {
    /// Does this program end with 0 inside?
    Exec {
        /// Program and arguments.
        command: Vec<String>,
    },
    /// Is this URL answered with a status from 200 to 399?
    Http {
        /// Address or name.
        host: String,
        /// Port.
        port: u16,
        /// Path and query.
        path: String,
        /// With TLS (the certificate is not verified).
        https: bool,
        /// Further headers.
        headers: Vec<(String, String)>,
    },
    /// Is a connection accepted?
    Tcp {
        /// Address or name.
        host: String,
        /// Port.
        port: u16,
    },
    /// Does the gRPC health service say `SERVING`?
    Grpc {
        /// Address or name.
        host: String,
        /// Port.
        port: u16,
        /// Service that is asked about; may be empty.
        service: String,
    },
}

/// What a probe asks of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeRequest {
    /// The container.
    pub container: ContainerId,
    /// The question.
    pub check: Check,
    /// How long the answer may take.
    pub timeout: Duration,
}

/// What came of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// All is well.
    Success,
    /// The container says, or shows, that it is not.
    Failure(String),
    /// It could not be asked.
    Error(String),
}

/// Carries out checks. Called concurrently.
#[async_trait]
pub trait Prober: Send + Sync + 'static {
    /// Asks once.
    async fn probe(&self, request: ProbeRequest) -> ProbeOutcome;
}

/// Carries out checks for real: over the network, and with the runtime's exec.
pub struct NetworkProber {
    runtime: Arc<dyn ContainerRuntime>,
}

impl NetworkProber {
    /// A prober whose `exec` checks run in this runtime.
    pub fn new(runtime: Arc<dyn ContainerRuntime>) -> Self {
        Self { runtime }
    }

    async fn ask(&self, request: &ProbeRequest) -> ProbeOutcome {
        match &request.check {
            Check::Exec { command } => self.exec(&request.container, command).await,
            Check::Http { host, port, path, https, headers } => network::http(host, *port, path, *https, headers).await,
            Check::Tcp { host, port } => network::tcp(host, *port).await,
            Check::Grpc { host, port, service } => grpc::health(host, *port, service).await,
        }
    }

    async fn exec(&self, container: &ContainerId, command: &[String]) -> ProbeOutcome {
        match run_command(&*self.runtime, container, command).await {
            Ok((0, _)) => ProbeOutcome::Success,
            Ok((_, output)) => ProbeOutcome::Failure(output),
            Err(error) => ProbeOutcome::Error(describe(&error)),
        }
    }
}

impl std::fmt::Debug for NetworkProber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetworkProber").finish_non_exhaustive()
    }
}

#[async_trait]
impl Prober for NetworkProber {
    async fn probe(&self, request: ProbeRequest) -> ProbeOutcome {
        match tokio::time::timeout(request.timeout, self.ask(&request)).await {
            Ok(outcome) => outcome,
            Err(_) => ProbeOutcome::Failure(timeout_text(&request)),
        }
    }
}

fn timeout_text(request: &ProbeRequest) -> String {
    let seconds = request.timeout.as_secs();
    match &request.check {
        Check::Exec { command } => format!("command timed out: {:?} timed out after {seconds}s", command.join(" ")),
        Check::Http { host, port, path, https, .. } => {
            let scheme = if *https { "https" } else { "http" };
            format!(
                "Get \"{scheme}://{host}:{port}{path}\": context deadline exceeded \
                 (Client.Timeout exceeded while awaiting headers)"
            )
        }
        Check::Tcp { host, port } => format!("dial tcp {host}:{port}: i/o timeout"),
        Check::Grpc { host, port, .. } => {
            format!("timeout: failed to connect service \"{host}:{port}\" within {seconds}s: context deadline exceeded")
        }
    }
}

/// An error with its causes, for messages.
pub(crate) fn describe(error: &RuntimeError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Runs a program in a container to its end: exit code, and the first of what it wrote.
pub(crate) async fn run_command(
    runtime: &dyn ContainerRuntime,
    container: &ContainerId,
    command: &[String],
) -> Result<(i32, String), RuntimeError> {
    let request = ExecRequest { command: command.to_vec(), stdout: true, stderr: true, ..ExecRequest::default() };
    let mut session = runtime.exec(container, request).await?;
    let io = std::mem::take(&mut session.io);
    let drain = |stream: Option<Box<dyn tokio::io::AsyncRead + Send + Unpin>>| async move {
        let mut kept = Vec::new();
        if let Some(mut stream) = stream {
            let _ = (&mut stream).take(OUTPUT_BYTES_MAX).read_to_end(&mut kept).await;
            // What is beyond the limit is read all the same, so that the program does not block.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
        kept
    };
    let (mut out, err, exit) = futures::join!(drain(io.stdout), drain(io.stderr), session.exit);
    out.extend_from_slice(&err);
    Ok((exit?, String::from_utf8_lossy(&out).into_owned()))
}

/// The check that a probe describes; `host` is the pod's address.
///
/// # Errors
/// If a port has no such name, or the probe says nothing.
pub(crate) fn check_of(probe: &Probe, container: &Container, host: &str) -> Result<Check, String> {
    if let Some(grpc) = &probe.grpc {
        let port = u16::try_from(grpc.port).map_err(|_| format!("invalid port number: {}", grpc.port))?;
        return Ok(Check::Grpc { host: host.to_owned(), port, service: grpc.service.clone().unwrap_or_default() });
    }
    check(probe.exec.as_deref(), probe.http_get.as_deref(), probe.tcp_socket.as_deref(), container, host)
        .unwrap_or_else(|| Err("missing probe handler".into()))
}

/// The check that one of these actions describes, if any is there.
pub(crate) fn check(
    exec: Option<&ExecAction>,
    http: Option<&HTTPGetAction>,
    tcp: Option<&TCPSocketAction>,
    container: &Container,
    host: &str,
) -> Option<Result<Check, String>> {
    if let Some(exec) = exec {
        return Some(Ok(Check::Exec { command: exec.command.clone() }));
    }
    let or_pod = |own: &String| if own.is_empty() { host.to_owned() } else { own.clone() };
    if let Some(http) = http {
        return Some(port_of(&http.port, container).map(|port| Check::Http {
            host: or_pod(&http.host),
            port,
            path: if http.path.starts_with('/') { http.path.clone() } else { format!("/{}", http.path) },
            https: http.scheme == "HTTPS",
            headers: http.http_headers.iter().map(|h| (h.name.clone(), h.value.clone())).collect(),
        }));
    }
    let tcp = tcp?;
    Some(port_of(&tcp.port, container).map(|port| Check::Tcp { host: or_pod(&tcp.host), port }))
}

fn port_of(port: &IntOrString, container: &Container) -> Result<u16, String> {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => match container.ports.iter().find(|port| port.name == *name) {
            Some(found) => found.container_port,
            None => name.parse().map_err(|_| format!("couldn't find port: {name:?} in pod"))?,
        },
    };
    u16::try_from(number).ok().filter(|port| *port > 0).ok_or_else(|| format!("invalid port number: {number}"))
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::core::v1::ContainerPort;

    use super::*;

    #[test]
    fn ports_are_found_by_name() {
        let mut container = Container::default();
        container.ports.push(ContainerPort { name: "web".into(), container_port: 8080, ..ContainerPort::default() });
        assert_eq!(port_of(&"web".into(), &container), Ok(8080));
        assert_eq!(port_of(&9.into(), &container), Ok(9));
        assert_eq!(port_of(&"nope".into(), &container), Err("couldn't find port: \"nope\" in pod".into()));
        assert_eq!(port_of(&0.into(), &container), Err("invalid port number: 0".into()));
    }
}
