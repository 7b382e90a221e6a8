//! Being told to stop.

use std::time::Duration;

use pintle_watch::Shutdown;
use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGTERM, SIGINT or the end of `limit`, whichever comes first.
///
/// # Errors
/// If the signal handlers cannot be installed.
pub async fn wait_for_stop(limit: Option<Duration>) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let limit = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = limit => {}
    }
    Ok(())
}

/// Runs a component until SIGTERM, SIGINT or the end of `limit`, then waits for it to end.
///
/// # Errors
/// If the signal handlers cannot be installed, or the component ends by itself.
pub async fn until_stopped<F: Future<Output = ()>>(
    limit: Option<Duration>,
    run: impl FnOnce(Shutdown) -> F,
) -> anyhow::Result<()> {
    let (trigger, shutdown) = Shutdown::channel();
    let mut run = std::pin::pin!(run(shutdown));
    tokio::select! {
        biased;
        stopped = wait_for_stop(limit) => {
            stopped?;
            trigger.fire();
            run.await;
            Ok(())
        }
        () = &mut run => anyhow::bail!("the component ended before it was told to"),
    }
}
