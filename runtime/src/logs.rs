//! Container logs: the CRI's format, read and followed.
//!
//! In: files of lines `<time> <stream> <P|F> <text>`. Out: text as clients of the log API want it. Elsewhere: who writes the
//! files (the runtime). Source: the CRI's logging design; `PodLogOptions`.

mod options;
mod reader;

use std::io::SeekFrom;
use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

pub use options::LogOptions;
pub(crate) use options::truth;
pub(crate) use reader::LogReader;

/// Most bytes of last words. Source: Kubernetes, "Determine the Reason for Pod Failure".
const WORDS_BYTES_MAX: u64 = 4096;
/// Most of the log that stands in for missing last words.
const FALLBACK_BYTES_MAX: usize = 2048;
/// Most lines of it.
const FALLBACK_LINES_MAX: usize = 80;

/// One line of a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLine<'a> {
    /// RFC 3339 with nanoseconds, as written.
    pub(crate) time: &'a str,
    pub(crate) stream: &'a str,
    /// The text goes on in the next line.
    pub(crate) partial: bool,
    pub(crate) text: &'a [u8],
}

/// Takes a line apart; `None` if it is none.
pub(crate) fn parse(line: &[u8]) -> Option<LogLine<'_>> {
    let mut parts = line.splitn(4, |byte| *byte == b' ');
    let time = std::str::from_utf8(parts.next()?).ok()?;
    let stream = std::str::from_utf8(parts.next()?).ok()?;
    let tag = parts.next()?;
    let text = parts.next().unwrap_or_default();
    if !matches!(stream, "stdout" | "stderr") {
        return None;
    }
    Some(LogLine { time, stream, partial: tag.first() == Some(&b'P'), text })
}

/// The first of a file of last words, or nothing.
pub(crate) async fn read_start(path: &Path) -> String {
    let mut words = Vec::new();
    if let Ok(file) = tokio::fs::File::open(path).await {
        let _ = file.take(WORDS_BYTES_MAX).read_to_end(&mut words).await;
    }
    String::from_utf8_lossy(&words).into_owned()
}

/// The last lines of a log, without their stamps.
pub(crate) async fn last_lines(path: &Path) -> String {
    // Stamps take about 40 bytes a line, which is why more is read than is handed out.
    let span = (FALLBACK_BYTES_MAX + FALLBACK_LINES_MAX * 64) as u64;
    let Ok(mut file) = tokio::fs::File::open(path).await else { return String::new() };
    let length = file.metadata().await.map_or(0, |metadata| metadata.len());
    let start = length.saturating_sub(span);
    if file.seek(SeekFrom::Start(start)).await.is_err() {
        return String::new();
    }
    let mut tail = Vec::new();
    let _ = file.take(span).read_to_end(&mut tail).await;
    let lines: Vec<Vec<u8>> = tail
        .split(|byte| *byte == b'\n')
        .filter_map(parse)
        .map(|line| {
            let mut text = line.text.to_vec();
            if !line.partial {
                text.push(b'\n');
            }
            text
        })
        .collect();
    let text = lines[lines.len().saturating_sub(FALLBACK_LINES_MAX)..].concat();
    let cut = text.len().saturating_sub(FALLBACK_BYTES_MAX);
    String::from_utf8_lossy(&text[cut..]).into_owned()
}
