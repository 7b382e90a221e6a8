//! Connections from the node into a sandbox.
//!
//! In: a network namespace and a port. Out: a TCP stream that was opened inside. A thread of its own enters the namespace,
//! connects and ends: a namespace belongs to the thread, and no other task must ever run on it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::thread::LinkNameSpaceType;

use crate::RuntimeError;

/// Longest wait for somebody who neither accepts nor refuses.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects to `port` on localhost of the namespace, or of the node if there is none.
pub(super) async fn connect(namespace: Option<PathBuf>, port: u16) -> Result<tokio::net::TcpStream, RuntimeError> {
    let doing = format!("connecting to port {port} of the sandbox");
    let (answer, wait) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("pintle-forward".into())
        .spawn(move || {
            // An error means that the caller has gone away.
            let _ = answer.send(connect_inside(namespace.as_deref(), port));
        })
        .map_err(RuntimeError::io(doing.clone()))?;
    let stream = wait.await.unwrap_or_else(|_| Err(std::io::Error::other("the thread has ended early")));
    stream.and_then(tokio::net::TcpStream::from_std).map_err(RuntimeError::io(doing))
}

fn connect_inside(namespace: Option<&Path>, port: u16) -> std::io::Result<TcpStream> {
    if let Some(path) = namespace {
        let file = std::fs::File::open(path)?;
        rustix::thread::move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
    }
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&v4, PATIENCE)
        .or_else(|error| TcpStream::connect_timeout(&v6, PATIENCE).map_err(|_| error))?;
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
