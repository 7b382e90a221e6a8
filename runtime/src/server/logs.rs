//! `/containerLogs`: a container's log, perhaps followed until it ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use pintle_object_model::api::core::v1::Pod;

use super::{Body, Query, Refusal, containers_of, document, refuse};
use crate::agent::Shared;
use crate::logs::{LogOptions, LogReader};
use crate::{ContainerId, ContainerInfo, ContainerState};

/// Between looks at a log that is followed.
const LOOK: Duration = Duration::from_millis(100);

/// The log's text.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    pod: &Pod,
    container: &str,
    query: &Query,
) -> Result<Response<Body>, Refusal> {
    let options =
        LogOptions::from_query(query.pairs()).map_err(|text| refuse(StatusCode::UNPROCESSABLE_ENTITY, text))?;
    let found = choose(shared, pod, container, options.previous).await?;
    let follow = options.follow.then(|| found.id.clone());
    let reader = LogReader::open(&found.log_path, options, shared.clock.utc())
        .await
        .map_err(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, format!("failed to open the log: {error}")))?;
    let state = Follow { shared: Arc::clone(shared), reader, follow };
    let stream = futures::stream::unfold(state, |mut state| async move {
        let next = state.next().await?;
        Some((next.map(|bytes| Frame::data(Bytes::from(bytes))), state))
    });
    let mut answer = document("text/plain", "");
    *answer.body_mut() = StreamBody::new(stream).boxed_unsync();
    Ok(answer)
}

async fn choose(shared: &Shared, pod: &Pod, container: &str, previous: bool) -> Result<ContainerInfo, Refusal> {
    let name = &pod.metadata.name;
    let spec = &pod.spec;
    let known = spec.containers.iter().chain(&spec.init_containers).any(|c| c.name == container)
        || spec.ephemeral_containers.iter().any(|c| c.name == container);
    if !known {
        return Err(refuse(StatusCode::NOT_FOUND, format!("container {container:?} not found in pod {name:?}")));
    }
    let mut all = containers_of(shared, pod, container).await?;
    all.retain(|found| found.state != ContainerState::Created);
    all.sort_by_key(|found| found.attempt);
    let newest = all.pop();
    if previous {
        return all.pop().ok_or_else(|| {
            let text = format!("previous terminated container {container:?} in pod {name:?} not found");
            refuse(StatusCode::BAD_REQUEST, text)
        });
    }
    newest.ok_or_else(|| {
        let status = &pod.status;
        let all = status.container_statuses.iter().chain(&status.init_container_statuses);
        let mut all = all.chain(&status.ephemeral_container_statuses);
        let reason = all.find(|status| status.name == container).and_then(|status| status.state.waiting.as_deref());
        let reason = reason.map_or("ContainerCreating", |waiting| waiting.reason.as_str());
        let text = match reason {
            "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "InvalidImageName" => {
                format!("container {container:?} in pod {name:?} is waiting to start: trying and failing to pull image")
            }
            other => format!("container {container:?} in pod {name:?} is waiting to start: {other}"),
        };
        refuse(StatusCode::BAD_REQUEST, text)
    })
}

struct Follow {
    shared: Arc<Shared>,
    reader: LogReader,
    /// Wait for more until this container has ended.
    follow: Option<ContainerId>,
}

impl Follow {
    async fn next(&mut self) -> Option<std::io::Result<Vec<u8>>> {
        loop {
            match self.reader.next().await {
                Ok(bytes) if !bytes.is_empty() => return Some(Ok(bytes)),
                Err(error) => return Some(Err(error)),
                Ok(_) if self.reader.is_full() => return None,
                Ok(_) => {}
            }
            let id = self.follow.as_ref()?;
            let all = self.shared.runtime.containers().await.unwrap_or_default();
            let runs = |found: &ContainerInfo| matches!(found.state, ContainerState::Running { .. });
            if all.iter().any(|found| found.id == *id && runs(found)) {
                tokio::time::sleep(LOOK).await;
            } else {
                // What was written between the last read and the end is still to be read.
                self.follow = None;
            }
        }
    }
}
