//! Writing logs in the CRI's format, and handing output to those who are attached.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use pintle_object_model::clock::Clock;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Mutex, broadcast};

use crate::RuntimeError;

/// Longest piece of a line. Source: the CRI runtimes' habit.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// A container's log file, shared by its two streams.
pub(super) struct LogFile {
    path: PathBuf,
    /// `None` if there is no log.
    file: Mutex<Option<File>>,
    clock: Arc<dyn Clock>,
}

async fn open(path: &Path) -> Result<Option<File>, RuntimeError> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let doing = || format!("opening the log {}", path.display());
    if let Some(parent) = path.parent() {
        tokio::fs::create_dir_all(parent).await.map_err(RuntimeError::io(doing()))?;
    }
    let file = tokio::fs::OpenOptions::new().create(true).append(true).open(path).await;
    file.map(Some).map_err(RuntimeError::io(doing()))
}

impl LogFile {
    pub(super) async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, RuntimeError> {
        Ok(Self { path: path.to_owned(), file: Mutex::new(open(path).await?), clock })
    }

    pub(super) async fn reopen(&self) -> Result<(), RuntimeError> {
        let fresh = open(&self.path).await?;
        *self.file.lock().await = fresh;
        Ok(())
    }

    async fn write(&self, stream: &str, tag: &str, text: &[u8]) {
        let mut guard = self.file.lock().await;
        let Some(file) = &mut *guard else { return };
        let stamp = self.clock.utc().to_string().replace('Z', "000Z");
        let mut line = format!("{stamp} {stream} {tag} ").into_bytes();
        line.extend_from_slice(text);
        line.push(b'\n');
        // A full disk must not end the program.
        let written = async {
            file.write_all(&line).await?;
            file.flush().await
        };
        if let Err(error) = written.await {
            tracing::warn!(%error, path = %self.path.display(), "a log line was lost");
        }
    }
}

/// Carries one stream into the log and to the attached, until it ends.
pub(super) async fn pump(
    mut from: impl AsyncRead + Unpin,
    stream: &'static str,
    log: &LogFile,
    attached: &broadcast::Sender<(&'static str, Bytes)>,
) {
    let mut line: Vec<u8> = vec![];
    let mut buffer = vec![0; PIECE_BYTES_MAX];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = &buffer[..count];
        if attached.receiver_count() > 0 {
            let _ = attached.send((stream, Bytes::copy_from_slice(bytes)));
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    line.extend_from_slice(end);
                    log.write(stream, "F", &line).await;
                    line.clear();
                }
                None => {
                    line.extend_from_slice(piece);
                    if line.len() >= PIECE_BYTES_MAX {
                        log.write(stream, "P", &line).await;
                        line.clear();
                    }
                }
            }
        }
    }
    if !line.is_empty() {
        log.write(stream, "P", &line).await;
    }
}
