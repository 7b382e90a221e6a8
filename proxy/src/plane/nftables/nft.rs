//! Runs `nft`.
//!
//! In: a transaction as text. Out: that it is in effect. Elsewhere: the text (`ruleset`).

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::error::ProxyError;

/// How long a transaction may take.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(super) async fn run(transaction: &str) -> Result<(), ProxyError> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => ProxyError::ProgramMissing { program: "nft", package: "nftables" },
        _ => ProxyError::Run { program: "nft", source },
    };
    let mut command = Command::new("nft");
    command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let mut input = child.stdin.take().expect("the input is a pipe");
    let write = async move {
        // If nft gives up early its message says why, not this error.
        let _ = input.write_all(transaction.as_bytes()).await;
        drop(input);
    };
    let work = async { tokio::join!(write, child.wait_with_output()).1 };
    let output = match tokio::time::timeout(TIMEOUT, work).await {
        Ok(output) => output.map_err(failed)?,
        Err(_) => return Err(failed(std::io::ErrorKind::TimedOut.into())),
    };
    if output.status.success() {
        return Ok(());
    }
    let mut message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    message.truncate(message.floor_char_boundary(2000));
    Err(ProxyError::Rules { commands: transaction.lines().count(), message })
}
