//! Pods keep to the Pod Security Standard that their namespace's labels ask for; workloads are warned about.
//!
//! In: pods and pod templates, the labels of their namespace. Out: refusals (`enforce`) and warnings (`warn`).
//! Elsewhere: the standards themselves ([`standard`]). Source: Kubernetes concepts, "Pod Security Admission".

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use pintle_object_model::api::batch::v1::{CronJob, Job};
use pintle_object_model::api::core::v1::{Pod, PodSpec, PodTemplate, ReplicationController};
use pintle_object_model::api::meta::v1::ObjectMeta;
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

mod standard;

use standard::Level;

/// See the module documentation.
#[derive(Debug)]
pub struct PodSecurity {
    namespaces: Arc<Storage>,
}

const PREFIX: &str = "pod-security.kubernetes.io/";

/// What a namespace asks for in one mode.
struct Wish {
    level: Level,
    /// As it is shown: `latest` or `v1.25`.
    version: String,
    minor: u32,
}

impl PodSecurity {
    pub(crate) fn new(namespaces: Arc<Storage>) -> Self {
        Self { namespaces }
    }

    fn wish(labels: &std::collections::BTreeMap<String, String>, mode: &str) -> Option<Wish> {
        let level = labels.get(&format!("{PREFIX}{mode}"))?;
        // What is no level is treated as the strictest one.
        let level = Level::parse(level).unwrap_or(Level::Restricted);
        let version = labels.get(&format!("{PREFIX}{mode}-version")).map_or("latest", String::as_str).to_owned();
        let minor = version.strip_prefix("v1.").and_then(|minor| minor.parse().ok()).unwrap_or(u32::MAX);
        Some(Wish { level, version, minor })
    }
}

/// `LEVEL:VERSION": what is wrong`, or nothing.
fn verdict(wish: &Wish, metadata: &ObjectMeta, spec: &PodSpec) -> Option<String> {
    let found = standard::check(wish.level, wish.minor, metadata, spec);
    if found.is_empty() {
        return None;
    }
    let list: Vec<String> = found.into_iter().map(|(reason, detail)| format!("{reason} ({detail})")).collect();
    Some(format!("\"{}:{}\": {}", wish.level.name(), wish.version, list.join(", ")))
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

/// Only what could make a pod less secure is looked at again.
fn insignificant(new: &Pod, old: Option<&Pod>) -> bool {
    old.is_some_and(|old| new.spec == old.spec && new.metadata.annotations == old.metadata.annotations)
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
            if insignificant(pod, old) {
                return Ok(());
            }
            if let Some(why) = Self::wish(labels, "enforce").and_then(|wish| verdict(&wish, metadata, spec)) {
                return Err(refuse(attributes, format!("violates PodSecurity {why}")));
            }
        }
        if let Some(why) = Self::wish(labels, "warn").and_then(|wish| verdict(&wish, metadata, spec)) {
            attributes.warnings.add(format!("would violate PodSecurity {why}"));
        }
        Ok(())
    }
}
