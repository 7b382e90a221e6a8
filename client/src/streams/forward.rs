//! A connection to a port of a pod.

use pintle_object_model::Status;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::oneshot;

use super::websocket::{Channels, connect};
use crate::{DynamicApi, Params};

const DATA: u8 = 0;
const ERROR: u8 = 1;
const PROTOCOLS: [&str; 2] = ["v4.channel.k8s.io", "portforward.k8s.io"];

const WAITING_BYTES_MAX: usize = 64 * 1024;
const CHUNK_BYTES: usize = 32 * 1024;

/// A connection to a port of a pod. Shutting the stream down closes the connection: the protocol cannot close one
/// direction alone.
#[derive(Debug)]
pub struct Forwarded {
    /// The bytes in both directions.
    pub stream: DuplexStream,
    failure: oneshot::Receiver<String>,
}

impl Forwarded {
    /// Waits for the end of the connection and answers why it failed, if it did, such as that nobody listens.
    pub async fn failure(self) -> Option<String> {
        drop(self.stream);
        self.failure.await.ok()
    }
}

pub(super) async fn open(api: &DynamicApi, name: &str, port: u16) -> Result<Forwarded, Status> {
    let other = vec![("ports".to_owned(), port.to_string())];
    let params = Params { other, ..Params::default() };
    let channels = connect(api, name, "portforward", params, &PROTOCOLS).await?;
    let (stream, end) = tokio::io::duplex(WAITING_BYTES_MAX);
    let (failed, failure) = oneshot::channel();
    tokio::spawn(async move {
        if let Some(why) = pump(channels, end).await {
            // Nobody may want to know.
            let _ = failed.send(why);
        }
    });
    Ok(Forwarded { stream, failure })
}

/// Answers why it failed, if it did.
async fn pump(mut channels: Channels, mut end: DuplexStream) -> Option<String> {
    let mut buffer = vec![0; CHUNK_BYTES];
    // Each channel begins with the number of its port.
    let mut begun = [false; 2];
    let mut failure = None;
    loop {
        tokio::select! {
            biased;
            received = channels.receive() => match received {
                None => break,
                Some(Err(error)) => {
                    failure = Some(error.to_string());
                    break;
                }
                Some(Ok((channel @ (DATA | ERROR), bytes))) => {
                    let first = !std::mem::replace(&mut begun[usize::from(channel)], true);
                    if first || bytes.is_empty() {
                        continue;
                    }
                    if channel == ERROR {
                        failure = Some(String::from_utf8_lossy(&bytes).into_owned());
                        break;
                    }
                    if end.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                Some(Ok(_)) => {}
            },
            read = end.read(&mut buffer) => match read {
                Ok(count @ 1..) => {
                    if let Err(error) = channels.send(DATA, &buffer[..count]).await {
                        failure = Some(error.to_string());
                        break;
                    }
                }
                _ => break,
            },
        }
    }
    channels.close().await;
    failure
}
