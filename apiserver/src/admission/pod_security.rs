//! Pods keep to the Pod Security Standard that their namespace's labels ask for; workloads are warned about.
//!
//! In: pods and pod templates, the labels of their namespace, and namespaces whose labels change. Out: refusals
//! (`enforce`), warnings (`warn`) and annotations of the audit (`audit`). Elsewhere: the standards themselves ([`standard`]), the labels ([`policy`]). Source: Kubernetes concepts, "Pod Security Admission".

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use pintle_object_model::api::batch::v1::{CronJob, Job};
use pintle_object_model::api::core::v1::{Container, Namespace, Pod, PodSpec, PodTemplate, ReplicationController};
use pintle_object_model::api::meta::v1::ObjectMeta;
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

mod policy;
mod standard;

use policy::{Wish, wish};
use standard::Level;

/// See the module documentation.
#[derive(Debug)]
pub struct PodSecurity {
    namespaces: Arc<Storage>,
    pods: Option<Arc<Storage>>,
}

/// Most pods of a namespace that are looked at when its labels change.
const PODS_MAX: usize = 3000;
/// How long to wait for what is known of them to be up to date.
const PODS_WAIT: Duration = Duration::from_secs(1);

impl PodSecurity {
    /// Reads labels of namespaces; with `pods`, who changes them is told which pods do not fit.
    pub(crate) fn new(namespaces: Arc<Storage>, pods: Option<Arc<Storage>>) -> Self {
        Self { namespaces, pods }
    }

    /// Labels of namespaces must make sense; of those that are there, only what is new is held against the author.
    async fn check_namespace(&self, attributes: &Attributes<'_>, namespace: &Namespace) -> Result<(), Status> {
        let labels = &namespace.metadata.labels;
        let errors = policy::check(labels);
        let old = attributes.old.and_then(|old| old.downcast::<Namespace>());
        if !errors.is_empty() && old.is_none_or(|old| policy::check(&old.metadata.labels) != errors) {
            return Err(Status::invalid("", "Namespace", attributes.name, &errors));
        }
        let Some(old) = old else { return Ok(()) };
        let (now, before) = (wish(labels, "enforce"), wish(&old.metadata.labels, "enforce"));
        let relaxed = now.minor == before.minor && now.level <= before.level;
        if errors.is_empty() && now.level != Level::Privileged && !relaxed {
            self.warn_of_pods(attributes, &now).await;
        }
        Ok(())
    }

    /// Says which pods would not be let in any more.
    async fn warn_of_pods(&self, attributes: &Attributes<'_>, wish: &Wish) {
        let Some(pods) = &self.pods else { return };
        // Who made a pod just before is told of it. That the cache is late is no reason to refuse: it is advice.
        if let Err(status) = pods.wait_fresh(PODS_WAIT).await {
            tracing::debug!(message = status.message, "telling of the pods that are known");
        }
        let snapshot = pods.cache.snapshot();
        let all: Vec<&Pod> =
            snapshot.iter(attributes.name, None).filter_map(|(_, object)| object.downcast::<Pod>()).collect();
        let mut by_reason: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        // Pods of one owner are alike; one speaks for all.
        let mut owners = std::collections::BTreeSet::new();
        for pod in all.iter().take(PODS_MAX) {
            let owner = pod.metadata.owner_references.iter().find(|owner| owner.controller == Some(true));
            if owner.is_some_and(|owner| !owners.insert(owner.uid.as_str())) {
                continue;
            }
            let found = standard::check(wish.level, wish.minor, &pod.metadata, &pod.spec);
            if !found.is_empty() {
                let reasons: Vec<&str> = found.iter().map(|(reason, _)| *reason).collect();
                by_reason.entry(reasons.join(", ")).or_default().push(&pod.metadata.name);
            }
        }
        if all.len() > PODS_MAX {
            attributes.warnings.add(format!(
                "new PodSecurity enforce level only checked against the first {PODS_MAX} of {} existing pods",
                all.len()
            ));
        }
        if by_reason.is_empty() {
            return;
        }
        attributes.warnings.add(format!(
            "existing pods in namespace {:?} violate the new PodSecurity enforce level \"{wish}\"",
            attributes.name
        ));
        let mut lines: Vec<String> = by_reason
            .iter()
            .map(|(reasons, names)| match names.as_slice() {
                [one] => format!("{one}: {reasons}"),
                [first, _] => format!("{first} (and 1 other pod): {reasons}"),
                many => format!("{} (and {} other pods): {reasons}", many[0], many.len() - 1),
            })
            .collect();
        lines.sort();
        for line in lines {
            attributes.warnings.add(line);
        }
    }
}

/// `LEVEL:VERSION": what is wrong`, or nothing.
fn verdict(wish: &Wish, metadata: &ObjectMeta, spec: &PodSpec) -> Option<String> {
    let found = standard::check(wish.level, wish.minor, metadata, spec);
    if found.is_empty() {
        return None;
    }
    let list: Vec<String> = found.into_iter().map(|(reason, detail)| format!("{reason} ({detail})")).collect();
    Some(format!("\"{wish}\": {}", list.join(", ")))
}

/// Lets the audit say what would be wrong.
fn audit(attributes: &Attributes<'_>, wish: &Wish, metadata: &ObjectMeta, spec: &PodSpec) {
    if let Some(why) = verdict(wish, metadata, spec) {
        let told = format!("would violate PodSecurity {why}");
        attributes.warnings.annotate("pod-security.kubernetes.io/audit-violations", told);
    }
}

fn template_of(object: &dyn AnyResource) -> Option<(&ObjectMeta, &PodSpec)> {
    let any = object.as_any();
    let template = if let Some(of) = any.downcast_ref::<Deployment>() {
        &of.spec.template
    } else if let Some(of) = any.downcast_ref::<ReplicaSet>() {
        &of.spec.template
    } else if let Some(of) = any.downcast_ref::<StatefulSet>() {
        &of.spec.template
    } else if let Some(of) = any.downcast_ref::<DaemonSet>() {
        &of.spec.template
    } else if let Some(of) = any.downcast_ref::<Job>() {
        &of.spec.template
    } else if let Some(of) = any.downcast_ref::<CronJob>() {
        &of.spec.job_template.spec.template
    } else if let Some(of) = any.downcast_ref::<PodTemplate>() {
        &of.template
    } else {
        any.downcast_ref::<ReplicationController>()?.spec.template.as_deref()?
    };
    Some((&template.metadata, &template.spec))
}

/// Of an update only what could make a pod less secure is looked at: images, containers, and profiles that old
/// annotations name.
fn is_significant(new: &Pod, old: &Pod) -> bool {
    const PROFILES: [&str; 2] =
        ["container.apparmor.security.beta.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/"];
    fn differ(new: &[Container], old: &[Container]) -> bool {
        new.len() != old.len()
            || new.iter().zip(old).any(|(new, old)| {
                new.name != old.name || new.image != old.image || new.security_context != old.security_context
            })
    }
    fn profiles(pod: &Pod) -> Vec<(&String, &String)> {
        let is_profile = |key: &str| PROFILES.iter().any(|prefix| key.starts_with(prefix));
        pod.metadata.annotations.iter().filter(|(key, _)| is_profile(key)).collect()
    }
    differ(&new.spec.containers, &old.spec.containers)
        || differ(&new.spec.init_containers, &old.spec.init_containers)
        || new.spec.ephemeral_containers != old.spec.ephemeral_containers
        || profiles(new) != profiles(old)
}

#[async_trait]
impl AdmissionPlugin for PodSecurity {
    fn name(&self) -> &'static str {
        "PodSecurity"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let Some(object) = object else { return Ok(()) };
        if let Some(namespace) = object.as_any().downcast_ref::<Namespace>() {
            return if attributes.subresource.is_empty() {
                self.check_namespace(attributes, namespace).await
            } else {
                Ok(())
            };
        }
        if !matches!(attributes.subresource, "" | "ephemeralcontainers") || attributes.namespace.is_empty() {
            return Ok(());
        }
        let pod = object.as_any().downcast_ref::<Pod>();
        let subject = pod.map(|pod| (&pod.metadata, &pod.spec)).or_else(|| template_of(object));
        let Some((metadata, spec)) = subject else { return Ok(()) };
        let namespace = match self.namespaces.cache.get("", attributes.namespace) {
            Some(namespace) => namespace,
            // The cache may be a moment behind a namespace that was just made; its labels count from the first pod on.
            None => match self.namespaces.get("", attributes.namespace).await? {
                Some(found) => found.value,
                None => return Ok(()),
            },
        };
        let labels = &namespace.metadata().labels;
        if let Some(pod) = pod {
            let old = attributes.old.and_then(|old| old.downcast::<Pod>());
            if old.is_some_and(|old| !is_significant(pod, old)) {
                return Ok(());
            }
            let enforced = wish(labels, "enforce");
            attributes.warnings.annotate("pod-security.kubernetes.io/enforce-policy", enforced.to_string());
            audit(attributes, &wish(labels, "audit"), metadata, spec);
            if let Some(why) = verdict(&enforced, metadata, spec) {
                return Err(refuse(attributes, format!("violates PodSecurity {why}")));
            }
        }
        if pod.is_none() {
            audit(attributes, &wish(labels, "audit"), metadata, spec);
        }
        if let Some(why) = verdict(&wish(labels, "warn"), metadata, spec) {
            attributes.warnings.add(format!("would violate PodSecurity {why}"));
        }
        Ok(())
    }
}
