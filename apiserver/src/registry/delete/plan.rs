//! How an object goes: at once, after a while, or when the last finalizer is gone.
//!
//! In: the stored object and the options of its deletion. Out: the next step, and the object as it is to be stored.
//! Elsewhere: carrying the step out (`delete`).

use crate::definitions::{CLEANUP, set_condition};
use pintle_object_model::api::apiextensions::v1::CustomResourceDefinition;
use pintle_object_model::api::core::v1::{Namespace, Pod};
use pintle_object_model::api::meta::v1::{DeleteOptions, ObjectMeta};
use pintle_object_model::{AnyResource, Time};

use super::super::update::holds_back;

/// Finalizer of an object whose dependents go first.
const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer of an object whose dependents stay.
const ORPHAN: &str = "orphan";

/// What a deletion does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: it is under way already.
    Wait,
    /// The object says that it is being deleted, and stays until somebody has finished.
    Mark,
    /// It says so, and goes at once.
    MarkAndRemove,
    /// It goes.
    Remove,
}

/// Decides how the object goes, and notes in it that it does.
pub(super) fn plan(object: &mut dyn AnyResource, options: &DeleteOptions, now: Time) -> Step {
    if object.as_any().is::<Namespace>() {
        return plan_namespace(object, options, now);
    }
    if object.as_any().is::<Pod>() {
        return plan_pod(object, options, now);
    }
    if let Some(step) = plan_definition(object, now) {
        return step;
    }
    let changed = set_dependents_finalizer(object, options);
    if object.metadata().finalizers.is_empty() {
        return Step::Remove;
    }
    let marked = mark(object.metadata_mut(), 0, now);
    if changed || marked { Step::Mark } else { Step::Wait }
}

/// A definition goes after its objects, and says so from the first deletion on.
fn plan_definition(object: &mut dyn AnyResource, now: Time) -> Option<Step> {
    let definition = object.as_any_mut().downcast_mut::<CustomResourceDefinition>()?;
    if definition.metadata.deletion_timestamp.is_some() {
        return Some(if definition.metadata.finalizers.is_empty() { Step::Remove } else { Step::Wait });
    }
    if !definition.metadata.finalizers.iter().any(|name| name == CLEANUP) {
        definition.metadata.finalizers.push(CLEANUP.into());
    }
    definition.metadata.deletion_timestamp = Some(now);
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    let conditions = &mut definition.status.conditions;
    set_condition(conditions, "Terminating", true, "InstanceDeletionPending", message, now);
    Some(Step::Mark)
}

/// Notes the deletion, if that is news.
fn mark(metadata: &mut ObjectMeta, grace: i64, now: Time) -> bool {
    if metadata.deletion_timestamp.is_some() {
        return false;
    }
    metadata.deletion_timestamp = Some(Time::from_unix(now.unix().saturating_add(grace)));
    metadata.deletion_grace_period_seconds = Some(grace);
    if metadata.generation > 0 {
        metadata.generation += 1;
    }
    true
}

/// Pods have time to end. A second deletion may only shorten it, and changes nothing else.
fn plan_pod(object: &mut dyn AnyResource, options: &DeleteOptions, now: Time) -> Step {
    let grace = grace_seconds(object, options);
    let metadata = object.metadata();
    match (metadata.deletion_timestamp, metadata.deletion_grace_period_seconds) {
        (Some(_), None) => {
            return if metadata.finalizers.is_empty() { Step::Remove } else { Step::Wait };
        }
        // Marked, and then whoever was to remove it stopped.
        (Some(_), Some(0)) if metadata.finalizers.is_empty() => return Step::Remove,
        (Some(end), Some(left)) => {
            let asked = options.grace_period_seconds.map(at_least);
            let Some(asked) = asked.filter(|asked| *asked < left) else { return Step::Wait };
            let metadata = object.metadata_mut();
            let end = end.unix().saturating_sub(left).saturating_add(asked);
            metadata.deletion_timestamp = Some(Time::from_unix(end));
            metadata.deletion_grace_period_seconds = Some(asked);
            return if asked <= 0 && metadata.finalizers.is_empty() { Step::MarkAndRemove } else { Step::Mark };
        }
        (None, _) => {}
    }
    mark(object.metadata_mut(), grace, now);
    set_dependents_finalizer(object, options);
    if grace == 0 && object.metadata().finalizers.is_empty() { Step::MarkAndRemove } else { Step::Mark }
}

/// Namespaces are emptied first: they go with a later deletion, or with their last finalizer.
fn plan_namespace(object: &mut dyn AnyResource, options: &DeleteOptions, now: Time) -> Step {
    if object.metadata().deletion_timestamp.is_some() {
        return match holds_back(object) || !object.metadata().finalizers.is_empty() {
            true => Step::Wait,
            false => Step::Remove,
        };
    }
    set_dependents_finalizer(object, options);
    object.metadata_mut().deletion_timestamp = Some(now);
    if let Some(namespace) = object.as_any_mut().downcast_mut::<Namespace>() {
        namespace.status.phase = "Terminating".into();
    }
    Step::Mark
}

/// Brings the finalizers in line with what is to become of dependents. Answers whether that changed them.
fn set_dependents_finalizer(object: &mut dyn AnyResource, options: &DeleteOptions) -> bool {
    // Nothing depends on events.
    if object.info().kind == "Event" {
        return false;
    }
    let orphans_by_default = matches!(object.info().kind, "ReplicationController" | "Job");
    let finalizers = &mut object.metadata_mut().finalizers;
    let noted = finalizers.iter().find_map(|name| [FOREGROUND, ORPHAN].into_iter().find(|known| known == name));
    let wanted = match (options.orphan_dependents, options.propagation_policy.as_deref()) {
        (Some(orphan), _) => orphan.then_some(ORPHAN),
        (None, Some("Orphan")) => Some(ORPHAN),
        (None, Some("Foreground")) => Some(FOREGROUND),
        (None, Some(_)) => None,
        // Without a wish, what the finalizers say already stays.
        (None, None) => noted.or(orphans_by_default.then_some(ORPHAN)),
    };
    let before = finalizers.len();
    finalizers.retain(|name| (name != FOREGROUND && name != ORPHAN) || Some(name.as_str()) == wanted);
    let mut changed = finalizers.len() != before;
    if let Some(wanted) = wanted
        && !finalizers.iter().any(|name| name == wanted)
    {
        finalizers.push(wanted.to_owned());
        changed = true;
    }
    changed
}

/// Less than nothing is as little as possible.
fn at_least(seconds: i64) -> i64 {
    if seconds < 0 { 1 } else { seconds }
}

/// How long the pod may take to end. Only pods that a node has taken on take any time.
fn grace_seconds(object: &dyn AnyResource, options: &DeleteOptions) -> i64 {
    let Some(pod) = object.as_any().downcast_ref::<Pod>() else { return 0 };
    if pod.spec.node_name.is_empty() || matches!(pod.status.phase.as_str(), "Succeeded" | "Failed") {
        return 0;
    }
    at_least(options.grace_period_seconds.or(pod.spec.termination_grace_period_seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(node: &str) -> Pod {
        let mut pod = Pod::default();
        pod.metadata.generation = 1;
        pod.spec.node_name = node.into();
        pod.spec.termination_grace_period_seconds = Some(7);
        pod
    }

    fn with_grace(seconds: i64) -> DeleteOptions {
        DeleteOptions { grace_period_seconds: Some(seconds), ..DeleteOptions::default() }
    }

    #[test]
    fn a_pod_on_a_node_has_its_time_and_a_second_deletion_only_shortens_it() {
        let now = Time::from_unix(1000);
        let mut pod = pod("n1");
        assert_eq!(plan(&mut pod, &DeleteOptions::default(), now), Step::Mark);
        assert_eq!(pod.metadata.deletion_timestamp, Some(Time::from_unix(1007)));
        assert_eq!((pod.metadata.generation, pod.metadata.deletion_grace_period_seconds), (2, Some(7)));
        assert_eq!(plan(&mut pod, &with_grace(30), now), Step::Wait);
        assert_eq!(plan(&mut pod, &with_grace(3), now), Step::Mark);
        assert_eq!(pod.metadata.deletion_timestamp, Some(Time::from_unix(1003)));
        assert_eq!(plan(&mut pod, &with_grace(0), now), Step::MarkAndRemove);
        assert_eq!(pod.metadata.generation, 2);
        assert_eq!(plan(&mut pod, &DeleteOptions::default(), now), Step::Remove, "nobody removed it");
    }

    #[test]
    fn a_pod_without_a_node_goes_at_once_unless_a_finalizer_holds_it() {
        let now = Time::from_unix(1000);
        assert_eq!(plan(&mut pod(""), &DeleteOptions::default(), now), Step::MarkAndRemove);
        let mut held = pod("");
        held.metadata.finalizers = vec!["example.com/f".into()];
        assert_eq!(plan(&mut held, &DeleteOptions::default(), now), Step::Mark);
        assert_eq!(held.metadata.deletion_grace_period_seconds, Some(0));
        assert_eq!(plan(&mut held, &DeleteOptions::default(), now), Step::Wait);
    }

    #[test]
    fn old_controllers_leave_their_pods_by_default() {
        let now = Time::from_unix(1000);
        let mut job = pintle_object_model::api::batch::v1::Job::default();
        assert_eq!(plan(&mut job, &DeleteOptions::default(), now), Step::Mark);
        assert_eq!(job.metadata.finalizers, [ORPHAN]);
        let background = DeleteOptions { propagation_policy: Some("Background".into()), ..DeleteOptions::default() };
        assert_eq!(plan(&mut job, &background, now), Step::Remove);
    }
}
