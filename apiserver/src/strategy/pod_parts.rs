//! Parts of a pod that change through subresources of their own: ephemeral containers and resources.
//!
//! In: what a client sent to `ephemeralcontainers` or `resize`. Out: the stored pod with just that part changed, and what
//! is wrong with the change. Source: Kubernetes concepts, "Ephemeral Containers", "Resize CPU and Memory Resources".

use pintle_object_model::AnyResource;
use pintle_object_model::api::core::v1::{AppArmorProfile, Container, Pod, ResourceRequirements};
use pintle_object_model::validation::{FieldErrors, Path};

use super::qos_class;
use super::warnings::APP_ARMOR;

/// Resources that a running pod can be given more or less of.
const RESIZABLE: [&str; 2] = ["cpu", "memory"];

/// Brings what new pods may say in older ways into the fields that count.
pub(super) fn settle(pod: &mut Pod) {
    // Less than nothing is as little as possible.
    if pod.spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        pod.spec.termination_grace_period_seconds = Some(1);
    }
    for container in pod.spec.init_containers.iter_mut().chain(&mut pod.spec.containers) {
        let profile = pod.metadata.annotations.get(&format!("{APP_ARMOR}{}", container.name));
        if let Some(profile) = profile.and_then(|text| app_armor_profile(text)) {
            let context = container.security_context.get_or_insert_default();
            context.app_armor_profile.get_or_insert_with(|| Box::new(profile));
        }
    }
}

fn app_armor_profile(text: &str) -> Option<AppArmorProfile> {
    let of_type = |type_: &str| AppArmorProfile { type_: type_.into(), ..AppArmorProfile::default() };
    match text {
        "runtime/default" => Some(of_type("RuntimeDefault")),
        "unconfined" => Some(of_type("Unconfined")),
        _ => {
            let name = text.strip_prefix("localhost/").filter(|name| !name.is_empty())?;
            Some(AppArmorProfile { localhost_profile: Some(name.to_owned()), ..of_type("Localhost") })
        }
    }
}

/// Edits a copy of the stored pod with the help of what was sent, and puts it in its place.
fn amend(object: &mut dyn AnyResource, old: &dyn AnyResource, edit: impl FnOnce(&mut Pod, &mut Pod)) {
    let Some(old) = old.as_any().downcast_ref::<Pod>() else { return };
    let Some(sent) = object.as_any_mut().downcast_mut::<Pod>() else { return };
    let mut amended = old.clone();
    // Who changed the part is known already.
    amended.metadata.managed_fields = std::mem::take(&mut sent.metadata.managed_fields);
    edit(&mut amended, sent);
    *sent = amended;
}

/// Everything but the ephemeral containers stays.
pub(super) fn only_ephemeral_containers(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    amend(object, old, |pod, sent| pod.spec.ephemeral_containers = std::mem::take(&mut sent.spec.ephemeral_containers));
}

/// Everything but resources and resize policies stays.
pub(super) fn only_resources(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    amend(object, old, |pod, sent| {
        take_resources(&mut pod.spec.containers, &sent.spec.containers);
        take_resources(&mut pod.spec.init_containers, &sent.spec.init_containers);
        pod.spec.resources = sent.spec.resources.take();
    });
}

fn take_resources(containers: &mut [Container], sent: &[Container]) {
    for container in containers {
        if let Some(sent) = sent.iter().find(|sent| sent.name == container.name) {
            container.resources.clone_from(&sent.resources);
            container.resize_policy.clone_from(&sent.resize_policy);
        }
    }
}

fn pair<'a>(object: &'a dyn AnyResource, old: &'a dyn AnyResource) -> Option<(&'a Pod, &'a Pod)> {
    Some((object.as_any().downcast_ref()?, old.as_any().downcast_ref()?))
}

/// The rules of pods, but for those that only new pods have to follow.
fn rules_of_existing(object: &dyn AnyResource) -> FieldErrors {
    let mut kept = FieldErrors::default();
    let of_new_pods = |path: &Path| path.as_str() == "spec.ephemeralContainers";
    object.validate().iter().filter(|error| !of_new_pods(&error.path)).for_each(|error| kept.push(error.clone()));
    kept
}

/// Ephemeral containers are added, never changed or taken away.
pub(super) fn validate_ephemeral_containers(object: &dyn AnyResource, old: &dyn AnyResource) -> FieldErrors {
    let mut errors = rules_of_existing(object);
    let Some((new, old)) = pair(object, old) else { return errors };
    let path = Path::new("spec").child("ephemeralContainers");
    for before in &old.spec.ephemeral_containers {
        match new.spec.ephemeral_containers.iter().find(|container| container.name == before.name) {
            None => {
                errors
                    .forbidden(&path, format!("existing ephemeral containers {:?} may not be removed\n", before.name));
            }
            Some(now) if now != before => {
                errors
                    .forbidden(&path, format!("existing ephemeral containers {:?} may not be changed\n", before.name));
            }
            Some(_) => {}
        }
    }
    errors
}

/// Requests and limits of CPU and memory change within what the pod's class allows.
pub(super) fn validate_resources(object: &dyn AnyResource, old: &dyn AnyResource) -> FieldErrors {
    let mut errors = rules_of_existing(object);
    let Some((new, old)) = pair(object, old) else { return errors };
    let spec = Path::new("spec");
    if old.metadata.annotations.contains_key("kubernetes.io/config.mirror") {
        errors.forbidden(&Path::default(), "static pods cannot be resized");
        return errors;
    }
    if old.spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        errors.forbidden(&Path::default(), "windows pods cannot be resized");
        return errors;
    }
    if qos_class(new) != qos_class(old) {
        errors.invalid(&spec, qos_class(old), "Pod QOS Class may not change as a result of resizing");
    }
    let lists = [
        ("containers", &new.spec.containers, &old.spec.containers),
        ("initContainers", &new.spec.init_containers, &old.spec.init_containers),
    ];
    for (name, new, old) in lists {
        for (index, (new, old)) in new.iter().zip(old).enumerate() {
            let at = spec.child(name).index(index);
            check_removal(&new.resources, &old.resources, &at.child("resources"), &mut errors);
            // Init containers that have run their course have nothing to resize.
            let fixed = name == "initContainers" && new.restart_policy.as_deref() != Some("Always");
            let others_changed = others(&new.resources) != others(&old.resources);
            if others_changed || new.resize_policy != old.resize_policy || (fixed && new.resources != old.resources) {
                errors.forbidden(&spec, "only cpu and memory resources are mutable");
            }
        }
    }
    errors
}

fn check_removal(new: &ResourceRequirements, old: &ResourceRequirements, path: &Path, errors: &mut FieldErrors) {
    let removed = |new: &std::collections::BTreeMap<String, _>, old: &std::collections::BTreeMap<String, _>| {
        RESIZABLE.iter().any(|name| old.contains_key(*name) && !new.contains_key(*name))
    };
    if removed(&new.limits, &old.limits) {
        errors.forbidden(&path.child("limits"), "resource limits cannot be removed");
    }
    if removed(&new.requests, &old.requests) {
        errors.forbidden(&path.child("requests"), "resource requests cannot be removed");
    }
}

/// What a resize may not change.
fn others(resources: &ResourceRequirements) -> ResourceRequirements {
    let mut others = resources.clone();
    for name in RESIZABLE {
        others.requests.remove(name);
        others.limits.remove(name);
    }
    others
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::core::v1::EphemeralContainer;

    use super::*;

    fn pod(cpu: &[(&str, &str)]) -> Pod {
        let mut pod = Pod::default();
        let mut container = Container { name: "c".into(), image: "i".into(), ..Container::default() };
        for (kind, amount) in cpu {
            let map =
                if *kind == "limit" { &mut container.resources.limits } else { &mut container.resources.requests };
            map.insert("cpu".into(), amount.parse().unwrap());
        }
        pod.spec.containers.push(container);
        pod
    }

    #[test]
    fn a_resize_changes_resources_only_and_keeps_the_class() {
        let old = pod(&[("request", "1"), ("limit", "2")]);
        let mut new = pod(&[("request", "1500m"), ("limit", "2")]);
        new.metadata.labels.insert("a".into(), "b".into());
        new.spec.containers[0].image = "other".into();
        only_resources(&mut new, &old);
        assert!(new.metadata.labels.is_empty());
        assert_eq!(new.spec.containers[0].image, "i");
        assert_eq!(new.spec.containers[0].resources.requests["cpu"].to_string(), "1500m");
        let texts = |errors: &FieldErrors| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        let known = |text: &String| text.contains("QOS") || text.contains("cannot be removed");
        assert!(!texts(&validate_resources(&new, &old)).iter().any(known));
        let errors = texts(&validate_resources(&pod(&[]), &old));
        assert_eq!(
            errors.into_iter().filter(known).collect::<Vec<_>>(),
            [
                "spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing",
                "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
                "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
            ]
        );
    }

    #[test]
    fn annotations_of_old_become_fields() {
        let mut pod = pod(&[]);
        pod.metadata.annotations.insert(format!("{APP_ARMOR}c"), "localhost/p".into());
        pod.spec.termination_grace_period_seconds = Some(-1);
        settle(&mut pod);
        let profile = pod.spec.containers[0].security_context.as_deref().unwrap().app_armor_profile.as_deref().unwrap();
        assert_eq!((profile.type_.as_str(), profile.localhost_profile.as_deref()), ("Localhost", Some("p")));
        assert_eq!(pod.spec.termination_grace_period_seconds, Some(1));
    }

    #[test]
    fn ephemeral_containers_are_only_added() {
        let with = |names: &[&str]| {
            let mut pod = pod(&[]);
            let container = |name: &&str| EphemeralContainer { name: (*name).into(), ..EphemeralContainer::default() };
            pod.spec.ephemeral_containers = names.iter().map(container).collect();
            pod
        };
        let refused = |new: &[&str], old: &[&str]| {
            let errors = validate_ephemeral_containers(&with(new), &with(old));
            errors.iter().filter(|error| error.path.as_str() == "spec.ephemeralContainers").count()
        };
        assert_eq!(refused(&["a", "b"], &["a"]), 0);
        assert_eq!(refused(&["b"], &["a"]), 1);
    }
}
