//! Finished Jobs go after their `ttlSecondsAfterFinished`.
//!
//! Source: Kubernetes concepts, "Automatic Cleanup for Finished Jobs".

use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::batch::v1::Job;
use pintle_object_model::api::meta::v1::{DeleteOptions, Preconditions};

use super::job::finished;
use crate::error::{Doing, gone_is_fine};
use crate::{Action, Context, Controller, ControllerError, Reconciler};

/// The `ttl-after-finished` controller.
pub(crate) fn controller() -> Controller {
    Controller::new("ttl-after-finished").component("ttl-after-finished-controller").for_::<Job>().build(Ttl)
}

struct Ttl;

/// How long the Job may stay; `None` if for ever.
fn left(job: &Job, ctx: &Context) -> Option<Duration> {
    let ttl = u64::try_from(job.spec.ttl_seconds_after_finished?).unwrap_or_default();
    let (_, at) = finished(job)?;
    Some(Duration::from_secs(ttl).saturating_sub(ctx.now().since(at?)))
}

#[async_trait]
impl Reconciler for Ttl {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let cached = ctx.cached::<Job>().get(&key.namespace, &key.name);
        let Some(job) = cached.filter(|job| job.metadata.deletion_timestamp.is_none()) else {
            return Ok(Action::done());
        };
        match left(&job, ctx) {
            None => return Ok(Action::done()),
            Some(left) if !left.is_zero() => return Ok(Action::requeue_after(left)),
            Some(_) => {}
        }
        // Somebody may have given it more time.
        let api = ctx.api::<Job>(&key.namespace);
        let Some(live) = api.get_opt(&key.name).await.doing(|| format!("reading {key}"))? else {
            return Ok(Action::done());
        };
        if live.metadata.uid != job.metadata.uid || !left(&live, ctx).is_some_and(|left| left.is_zero()) {
            return Ok(Action::done());
        }
        let preconditions = Preconditions {
            uid: Some(live.metadata.uid.clone()),
            resource_version: Some(live.metadata.resource_version.clone()),
        };
        let options = DeleteOptions {
            propagation_policy: Some("Foreground".into()),
            preconditions: Some(Box::new(preconditions)),
            ..DeleteOptions::default()
        };
        gone_is_fine(api.delete(&key.name, options).await).doing(|| format!("deleting {key}"))?;
        Ok(Action::done())
    }
}
