//! Reading one log file from where the options say to where it ends, or on and on.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};

use pintle_object_model::MicroTime;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::{LogOptions, parse};

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// A line longer than this is handed out in pieces.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Hands out a log piece by piece.
#[derive(Debug)]
pub(crate) struct LogReader {
    path: PathBuf,
    file: Option<File>,
    offset: u64,
    buffer: Vec<u8>,
    options: LogOptions,
    since: Option<MicroTime>,
    /// Bytes that may still be handed out.
    left: u64,
    /// The last line handed out goes on.
    within_line: bool,
}

impl LogReader {
    /// Opens a log and finds its start. A file that is not there yet is an empty log.
    pub(crate) async fn open(path: &Path, options: LogOptions, now: MicroTime) -> std::io::Result<Self> {
        let mut reader = Self {
            path: path.to_owned(),
            file: None,
            offset: 0,
            buffer: vec![],
            since: options.since(now),
            left: options.limit_bytes.unwrap_or(u64::MAX),
            options,
            within_line: false,
        };
        reader.reopen().await?;
        if let (Some(lines), Some(file)) = (reader.options.tail_lines, &mut reader.file) {
            reader.offset = tail_start(file, lines).await?;
        }
        Ok(reader)
    }

    async fn reopen(&mut self) -> std::io::Result<()> {
        match File::open(&self.path).await {
            Ok(file) => self.file = Some(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Has everything been handed out that may be?
    pub(crate) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// What is there beyond the last piece; empty at the end of the file.
    pub(crate) async fn next(&mut self) -> std::io::Result<Vec<u8>> {
        let mut out = vec![];
        while out.is_empty() && self.left > 0 {
            if !self.fill().await? {
                return Ok(out);
            }
            let buffer = std::mem::take(&mut self.buffer);
            let end = buffer.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let end = if end == 0 && buffer.len() > LINE_BYTES_MAX { buffer.len() } else { end };
            for line in buffer[..end].split_inclusive(|byte| *byte == b'\n') {
                self.render(line.strip_suffix(b"\n").unwrap_or(line), &mut out);
            }
            self.buffer = buffer[end..].to_vec();
        }
        let keep = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        out.truncate(keep);
        self.left -= keep as u64;
        Ok(out)
    }

    /// Reads more into the buffer. Answers whether there was more.
    async fn fill(&mut self) -> std::io::Result<bool> {
        if self.file.is_none() {
            self.reopen().await?;
        }
        let Some(file) = &mut self.file else { return Ok(false) };
        // A file that has become shorter was started anew.
        if file.metadata().await?.len() < self.offset {
            self.offset = 0;
        }
        file.seek(SeekFrom::Start(self.offset)).await?;
        let mut chunk = vec![0; CHUNK_BYTES];
        let count = file.read(&mut chunk).await?;
        self.offset += count as u64;
        self.buffer.extend_from_slice(&chunk[..count]);
        Ok(count > 0)
    }

    fn render(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let Some(line) = parse(line) else { return };
        if !self.options.wants(line.stream) {
            return;
        }
        if let Some(since) = self.since
            && line.time.parse::<MicroTime>().is_ok_and(|time| time < since)
        {
            return;
        }
        if self.options.timestamps && !self.within_line {
            out.extend_from_slice(line.time.as_bytes());
            out.push(b' ');
        }
        out.extend_from_slice(line.text);
        if !line.partial {
            out.push(b'\n');
        }
        self.within_line = line.partial;
    }
}

/// Where the last so many lines begin.
async fn tail_start(file: &mut File, lines: u64) -> std::io::Result<u64> {
    let mut end = file.metadata().await?.len();
    if lines == 0 {
        return Ok(end);
    }
    let mut found = 0;
    let length = end;
    while end > 0 {
        let size = (CHUNK_BYTES as u64).min(end);
        let start = end - size;
        file.seek(SeekFrom::Start(start)).await?;
        let mut chunk = vec![0; usize::try_from(size).unwrap_or(CHUNK_BYTES)];
        file.read_exact(&mut chunk).await?;
        for (at, _) in chunk.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let after = start + at as u64 + 1;
            // The end of the last line starts no further one; a line that only goes on is not counted.
            if after == length {
                continue;
            }
            found += 1;
            if found == lines {
                return Ok(after);
            }
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-01-02T03:04:05.000000001Z stdout F one\n\
        2026-01-02T03:04:06.000000001Z stderr F two\n\
        2026-01-02T03:04:07.000000001Z stdout P thr\n\
        2026-01-02T03:04:07.000000002Z stdout F ee\n";

    async fn read(options: LogOptions) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("0.log");
        tokio::fs::write(&path, LOG).await.unwrap();
        let now = "2026-01-02T03:04:08Z".parse().unwrap();
        let mut reader = LogReader::open(&path, options, now).await.unwrap();
        let mut all = vec![];
        loop {
            let next = reader.next().await.unwrap();
            if next.is_empty() {
                return String::from_utf8(all).unwrap();
            }
            all.extend(next);
        }
    }

    #[tokio::test]
    async fn lines_come_without_their_stamps() {
        assert_eq!(read(LogOptions::default()).await, "one\ntwo\nthree\n");
    }

    #[tokio::test]
    async fn options_choose() {
        let all = LogOptions::default();
        assert_eq!(read(LogOptions { tail_lines: Some(3), ..all.clone() }).await, "two\nthree\n");
        assert_eq!(read(LogOptions { tail_lines: Some(0), ..all.clone() }).await, "");
        assert_eq!(read(LogOptions { since_seconds: Some(2), ..all.clone() }).await, "two\nthree\n");
        assert_eq!(read(LogOptions { limit_bytes: Some(5), ..all.clone() }).await, "one\nt");
        assert_eq!(read(LogOptions { stream: Some("Stderr".into()), ..all.clone() }).await, "two\n");
        let stamped = read(LogOptions { timestamps: true, since_seconds: Some(1), ..all }).await;
        assert_eq!(stamped, "2026-01-02T03:04:07.000000001Z three\n");
    }
}
