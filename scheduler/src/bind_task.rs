//! The binding of one pod: wait for permission, prepare, bind.

use pintle_object_model::Status;

use crate::scheduler::Shared;
use crate::{BindContext, BindOutcome, Binding, SchedulerEvent};

/// Binds, and tells the core how it went.
pub(crate) async fn run(shared: std::sync::Arc<Shared>, binding: Binding) {
    let result = bind(&shared, &binding).await;
    let info = std::sync::Arc::clone(&binding.queued.info);
    let now = shared.clock.now();
    match result {
        Ok(()) => {
            let event = SchedulerEvent::Scheduled {
                pod: info.key().clone(),
                node: binding.node.clone(),
                attempts: binding.queued.attempts,
                evaluated: binding.evaluated,
                feasible: binding.feasible,
                waited: now.saturating_sub(binding.queued.first_queued_at),
            };
            shared.core().bound(&binding, now);
            shared.observer.observe(&event);
            let note = format!("Successfully assigned {} to {}", info.key(), binding.node);
            let component = binding.profile.scheduler_name();
            shared.recorder(component).acted(&**info.pod(), false, "Scheduled", "Binding", note);
            for plugin in &binding.profile.post_bind {
                plugin.post_bind(&info, &binding.node);
            }
        }
        Err(status) => {
            tracing::warn!(pod = %info.key(), node = %binding.node, %status, "the pod could not be bound");
            let why = status.to_string();
            let (pod, node) = (info.key().clone(), binding.node.clone());
            shared.observer.observe(&SchedulerEvent::BindingFailed { pod, node, why: why.clone() });
            let component = binding.profile.scheduler_name().to_owned();
            shared.core().binding_failed(binding, now);
            shared.wake.notify_one();
            // A pod that is gone needs no condition.
            if !status.is_not_found() {
                let failed = crate::reporter::Condition { reason: "SchedulerError", message: why };
                crate::reporter::report(&shared, &info, &component, &failed, None).await;
            }
        }
    }
}

/// Pods that wait for permission hold no slot: a group of any size can wait until it is complete. Their number is bounded by
/// the room in the cluster, which they occupy.
async fn bind(shared: &Shared, binding: &Binding) -> Result<(), Status> {
    let info = &binding.queued.info;
    if let Some((answer, longest)) = shared.waiting.enter(info.uid(), info.key(), &binding.waits) {
        let answered = tokio::time::timeout(longest, answer).await;
        shared.waiting.leave(info.uid());
        match answered {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(why))) => return Err(Status::internal(format!("pod rejected while waiting on permit: {why}"))),
            Ok(Err(_)) | Err(_) => {
                return Err(Status::timeout("pod rejected due to timeout after waiting on permit"));
            }
        }
    }
    // The semaphore is never closed, so an error cannot happen.
    let _slot = shared.slots.acquire().await;
    let context =
        BindContext { client: shared.client.clone(), pod: std::sync::Arc::clone(info), node: binding.node.clone() };
    for plugin in &binding.profile.pre_bind {
        plugin.pre_bind(&context).await?;
    }
    for plugin in &binding.profile.bind {
        if plugin.bind(&context).await? == BindOutcome::Bound {
            return Ok(());
        }
    }
    Err(Status::internal("no plugin of the profile binds pods"))
}
