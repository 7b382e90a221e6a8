//! File descriptors of terminals and sockets as asynchronous streams.

use std::io::{Error, Result};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// Most bytes written at once: what the shim takes in one packet.
const WRITE_BYTES_MAX: usize = 4096;

/// Lets the executor wait for a descriptor; must be called within it.
///
/// The constructors of [`AsyncFd`] are deprecated because some type's `AsRawFd` might name a descriptor that is closed
/// meanwhile; their successors are `unsafe`. An [`OwnedFd`] cannot do that, and this function takes nothing else.
#[expect(deprecated, reason = "sound for an `OwnedFd`, and the successor needs `unsafe`")]
pub(super) fn watched(fd: OwnedFd, interest: Interest) -> Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, interest)
}

/// A descriptor that does not block. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) fd: Arc<AsyncFd<OwnedFd>>,
    /// Tells the other side, if it is a socket, that no more comes.
    shutdown: bool,
}

impl Stream {
    /// A terminal.
    pub(super) fn terminal(fd: OwnedFd) -> Result<Self> {
        Ok(Self { fd: Arc::new(watched(fd, Interest::READABLE | Interest::WRITABLE)?), shutdown: false })
    }

    /// A connected socket.
    pub(super) fn socket(fd: OwnedFd) -> Result<Self> {
        Ok(Self { fd: Arc::new(watched(fd, Interest::READABLE | Interest::WRITABLE)?), shutdown: true })
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(context))?;
            let target = buffer.initialize_unfilled();
            match guard.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut *target)?)) {
                Ok(Ok(count)) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                // What a terminal answers when the last program has closed its side: the end.
                Ok(Err(error)) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => return Poll::Ready(Ok(())),
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let bytes = &bytes[..bytes.len().min(WRITE_BYTES_MAX)];
        loop {
            let mut guard = ready!(self.fd.poll_write_ready(context))?;
            match guard.try_io(|fd| Ok(rustix::io::write(fd.get_ref(), bytes)?)) {
                Ok(result) => return Poll::Ready(result),
                Err(_would_block) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(self.end().map_err(Error::from))
    }
}

impl Stream {
    fn end(&self) -> rustix::io::Result<()> {
        if !self.shutdown {
            return Ok(());
        }
        match rustix::net::shutdown(&self.fd, rustix::net::Shutdown::Write) {
            Err(Errno::NOTCONN) => Ok(()),
            result => result,
        }
    }
}

/// The writing side, whose end is the end of the program's input.
#[derive(Debug)]
pub(super) struct Input(pub(super) Stream);

impl AsyncWrite for Input {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        let _ = self.0.end();
    }
}
