//! Validation of pods and pod templates.
//!
//! In: pods, and the specs in templates of workloads. Out: all that is wrong. Elsewhere: defaults (`pod_defaults`);
//! each area has a module of its own.

mod affinity;
mod annotations;
mod containers;
mod difference;
mod environment;
mod hosts;
pub(super) mod internal;
mod mounts;
mod network_volumes;
mod platform;
mod probes;
mod projected;
mod resources;
mod scheduling;
mod security;
mod update;
mod volumes;
mod warnings;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(crate) use super::pod_defaults::default_spec;
use crate::api::core::v1::{Pod, PodSpec, PodTemplateSpec};
use crate::validation::{FieldErrors, Path, validate_annotations, validate_labels};
use crate::{Quantity, Rules, names};
pub(super) use warnings::warn_name;

const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
const RESTART_POLICIES: [&str; 3] = ["Always", "OnFailure", "Never"];

/// What the containers of a pod need to know of it.
struct Context<'a> {
    /// How long the pod may take to stop.
    grace_seconds: i64,
    os: &'a str,
    host_users: bool,
    restart: &'a str,
    /// The volumes that may be mounted.
    volumes: mounts::Volumes<'a>,
    /// The names of the pod's claims.
    claims: BTreeSet<&'a str>,
}

impl Rules for Pod {
    fn set_defaults(&mut self) {
        default_spec(&mut self.spec);
        // Only pods have these; templates stay as they were written.
        self.spec.enable_service_links.get_or_insert(true);
        if let Some(seconds) = self.spec.termination_grace_period_seconds.as_mut().filter(|seconds| **seconds < 0) {
            *seconds = 1;
        }
        super::pod_defaults::default_pod(&mut self.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = validate_pod(self);
        let path = Path::new("spec");
        if !self.spec.ephemeral_containers.is_empty() {
            errors.forbidden(&path.child("ephemeralContainers"), "cannot be set on create");
        }
        if !self.spec.node_name.is_empty() && !self.spec.scheduling_gates.is_empty() {
            errors.forbidden(&path.child("nodeName"), "cannot be set until all schedulingGates have been cleared");
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = validate_pod(self);
        update::validate_change(&mut errors, self, old);
        errors
    }

    fn validate_status_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        update::validate_status(&mut errors, self, old);
        errors
    }

    fn warnings(&self) -> Vec<String> {
        let mut found = vec![];
        warn_name(&mut found, &self.metadata.name, "the Pod's hostname");
        warnings::warn(&mut found, &self.metadata, &self.spec, &Path::default());
        found
    }
}

/// What is most likely not meant in a template.
pub(super) fn template_warnings(template: &PodTemplateSpec, path: &Path) -> Vec<String> {
    let mut found = vec![];
    warnings::warn(&mut found, &template.metadata, &template.spec, path);
    found
}

fn validate_pod(pod: &Pod) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let path = Path::new("spec");
    let annotated = Path::new("metadata").child("annotations");
    annotations::validate(&mut errors, &pod.metadata, &pod.spec, &annotated);
    check_spec(&mut errors, &pod.spec, Some(&pod.metadata.name), &path);
    for (list, containers) in [("containers", &pod.spec.containers), ("initContainers", &pod.spec.init_containers)] {
        for (index, container) in containers.iter().enumerate() {
            update::validate_image(&mut errors, &container.image, &path.child(list).index(index));
        }
    }
    errors
}

/// Everything that is wrong with a pod template: its metadata and its spec.
pub(crate) fn validate_template(errors: &mut FieldErrors, template: &PodTemplateSpec, path: &Path) {
    validate_template_metadata(errors, template, path);
    annotations::validate(errors, &template.metadata, &template.spec, &path.child("annotations"));
    let spec = path.child("spec");
    check_spec(errors, &template.spec, None, &spec);
    if !template.spec.ephemeral_containers.is_empty() {
        let problem = "ephemeral containers not allowed in pod template";
        errors.forbidden(&spec.child("ephemeralContainers"), problem);
    }
}

/// The part of a template's metadata that its pods get.
pub(super) fn validate_template_metadata(errors: &mut FieldErrors, template: &PodTemplateSpec, path: &Path) {
    validate_labels(&template.metadata.labels, &path.child("labels"), errors);
    validate_annotations(&template.metadata.annotations, &path.child("annotations"), errors);
}

/// `pod` is the name of the pod, if it is one and not a template.
fn check_spec(errors: &mut FieldErrors, spec: &PodSpec, pod: Option<&str>, path: &Path) {
    if spec.termination_grace_period_seconds.is_none() {
        errors.required(&path.child("terminationGracePeriodSeconds"), "");
    }
    let volumes = volumes::validate_volumes(errors, &spec.volumes, pod, &path.child("volumes"));
    let claims = resources::validate_pod_claims(errors, &spec.resource_claims, pod, &path.child("resourceClaims"));
    let context = Context {
        grace_seconds: spec.termination_grace_period_seconds.unwrap_or_default(),
        os: spec.os.as_ref().map_or("", |os| &os.name),
        host_users: spec.host_users != Some(false),
        restart: &spec.restart_policy,
        volumes,
        claims,
    };
    containers::validate_containers(errors, spec, &context, path);
    containers::validate_ephemeral(errors, spec, &context, path);
    if let Some(resources) = spec.resources.as_deref() {
        resources::validate_pod_resources(errors, spec, resources, &path.child("resources"));
    }
    errors.required_one_of(&path.child("restartPolicy"), &spec.restart_policy, &RESTART_POLICIES);
    hosts::validate_dns_policy(errors, &spec.dns_policy, &path.child("dnsPolicy"));
    validate_labels(&spec.node_selector, &path.child("nodeSelector"), errors);
    security::validate_pod_security(errors, spec, path);
    if let Some(wanted) = spec.affinity.as_deref() {
        affinity::validate_affinity(errors, wanted, &path.child("affinity"));
    }
    hosts::validate_dns_config(errors, spec.dns_config.as_deref(), &spec.dns_policy, &path.child("dnsConfig"));
    scheduling::validate_readiness_gates(errors, &spec.readiness_gates, &path.child("readinessGates"));
    scheduling::validate_scheduling_gates(errors, &spec.scheduling_gates, &path.child("schedulingGates"));
    let spread = path.child("topologySpreadConstraints");
    scheduling::validate_spread(errors, &spec.topology_spread_constraints, &spread);
    platform::validate_host_process(errors, spec, path);
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let at = path.child("activeDeadlineSeconds");
        errors.invalid(&at, seconds, names::between(1, i64::from(i32::MAX)));
    }
    hosts::validate_hostname(errors, spec, path);
    scheduling::validate_tolerations(errors, &spec.tolerations, &path.child("tolerations"));
    hosts::validate_host_aliases(errors, &spec.host_aliases, &path.child("hostAliases"));
    let named = [
        ("serviceAccountName", spec.service_account_name.as_str()),
        ("nodeName", &spec.node_name),
        ("priorityClassName", &spec.priority_class_name),
    ];
    for (name, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
        errors.invalid_each(&path.child(name), value, names::dns_subdomain(value));
    }
    if let Some(class) = &spec.runtime_class_name {
        errors.invalid_each(&path.child("runtimeClassName"), class, names::dns_subdomain(class));
    }
    if let Some(policy) = &spec.preemption_policy {
        errors.required_one_of(&path.child("preemptionPolicy"), policy, &["Never", "PreemptLowerPriority"]);
    }
    resources::validate_overhead(errors, &spec.overhead, &path.child("overhead"));
    if let Some(group) = spec.scheduling_group.as_deref() {
        scheduling::validate_scheduling_group(errors, group, &path.child("schedulingGroup"));
    }
    platform::validate_os(errors, spec, path);
}

/// What the containers of a pod request of a resource together: all that run, or the largest of those before them.
pub(super) fn requests_of(spec: &PodSpec, resource: &str) -> Quantity {
    let of = |container: &crate::api::core::v1::Container| {
        container.resources.requests.get(resource).copied().unwrap_or_default()
    };
    let mut running = spec.containers.iter().map(of).fold(Quantity::default(), |sum, request| sum + request);
    let (mut beside, mut largest) = (Quantity::default(), Quantity::default());
    for container in &spec.init_containers {
        if container.restart_policy.as_deref() == Some("Always") {
            running += of(container);
            beside += of(container);
            largest = largest.max(beside);
        } else {
            largest = largest.max(beside + of(container));
        }
    }
    running.max(largest)
}
