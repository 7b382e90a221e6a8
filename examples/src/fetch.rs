//! The smallest HTTP client that a demonstration needs.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Most bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// Status code and body of one GET, on a connection of its own.
///
/// # Errors
/// If nobody answers in time, or not in HTTP.
pub async fn get(address: SocketAddr, host: &str, path: &str, limit: Duration) -> Result<(u16, String)> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let asked = || format!("GET http://{address}{path} (host {host})");
    let answer = tokio::time::timeout(limit, exchange).await.with_context(asked)?.with_context(asked)?;
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { bail!("{}: no answer", asked()) };
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let code = code.with_context(|| format!("{}: not an HTTP answer", asked()))?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Ok((code, if chunked { unchunk(body) } else { body.to_owned() }))
}

/// Takes the chunks of a body together.
fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        whole.push_str(chunk);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}

#[cfg(test)]
mod tests {
    #[test]
    fn chunks_are_taken_together() {
        assert_eq!(super::unchunk("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), "hello world");
    }
}
