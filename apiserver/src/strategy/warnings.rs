//! Warnings about objects that are accepted, but will not do what their author may think.
//!
//! In: objects that passed validation. Out: the texts of `Warning` headers. Elsewhere: pods and their templates
//! (`warnings::pod`), unknown fields (`registry`), policies (`admission`).

use pintle_object_model::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use pintle_object_model::api::batch::v1::{CronJob, Job};
use pintle_object_model::api::core::v1::{
    Node, PersistentVolume, PersistentVolumeClaim, Pod, PodTemplate, PodTemplateSpec, ReplicationController, Secret,
    Service, ServiceAccount,
};
use pintle_object_model::api::discovery::v1::EndpointSlice;
use pintle_object_model::api::storage::v1::StorageClass;
use pintle_object_model::{AnyResource, names};

mod pod;

pub(super) use pod::APP_ARMOR;

/// Resources whose use is warned of, whatever is done.
pub(crate) fn on_use(group: &str, version: &str, resource: &str) -> Option<&'static str> {
    match (group, version, resource) {
        ("", "v1", "endpoints") => Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
        ("", "v1", "componentstatuses") => Some("v1 ComponentStatus is deprecated in v1.19+"),
        _ => None,
    }
}

/// About a new object.
pub(crate) fn on_create(object: &dyn AnyResource) -> Vec<String> {
    about(object, None)
}

/// About a changed object. Status writes are not warned of.
pub(crate) fn on_update(object: &dyn AnyResource, old: &dyn AnyResource, subresource: &str) -> Vec<String> {
    if subresource.is_empty() { about(object, Some(old)) } else { vec![] }
}

/// About a deletion that says nothing of dependents.
pub(crate) fn on_delete(object: &dyn AnyResource, says_nothing: bool) -> Option<&'static str> {
    (says_nothing && object.as_any().is::<Job>()).then_some(
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or \
         set propagationPolicy=Orphan to suppress this warning",
    )
}

fn about(object: &dyn AnyResource, old: Option<&dyn AnyResource>) -> Vec<String> {
    let mut warnings = vec![];
    if old.is_none() {
        about_name(object, &mut warnings);
    }
    about_old_annotations(object, &mut warnings);
    if let Some((path, template)) = template_of(object) {
        let before = old.and_then(template_of).map(|(_, template)| template);
        // An unchanged template was warned of when it was written.
        if before.is_none_or(|before| before != template) {
            pod::about(&path, &template.metadata, &template.spec, &mut warnings);
            pod::about_template(&path, &template.spec, &mut warnings);
        }
        return warnings;
    }
    let any = object.as_any();
    if let Some(pod) = any.downcast_ref::<Pod>() {
        if old.is_none() {
            pod::about("", &pod.metadata, &pod.spec, &mut warnings);
        }
    } else if let Some(service) = any.downcast_ref::<Service>() {
        about_service(service, &mut warnings);
    } else if let Some(secret) = any.downcast_ref::<Secret>() {
        warnings.extend(about_key_pair(secret));
    } else if let Some(account) = any.downcast_ref::<ServiceAccount>() {
        let key = "kubernetes.io/enforce-mountable-secrets";
        let had = old.is_some_and(|old| old.metadata().annotations.contains_key(key));
        if account.metadata.annotations.contains_key(key) && !had {
            warnings.push(format!(
                "metadata.annotations[{key}]: deprecated in v1.32+; prefer separate namespaces to isolate access to \
                 mounted secrets"
            ));
        }
    } else if let Some(slice) = any.downcast_ref::<EndpointSlice>() {
        if slice.address_type == "FQDN" {
            warnings.push("spec.addressType: FQDN endpoints are deprecated".into());
        }
    } else if let Some(claim) = any.downcast_ref::<PersistentVolumeClaim>() {
        pod::about_claim("spec", &claim.spec, &mut warnings);
    } else if let Some(volume) = any.downcast_ref::<PersistentVolume>() {
        about_volume(volume, &mut warnings);
    } else if let Some(class) = any.downcast_ref::<StorageClass>() {
        for (index, term) in class.allowed_topologies.iter().enumerate() {
            for (at, expression) in term.match_label_expressions.iter().enumerate() {
                if let Some(why) = pod::deprecated_label(&expression.key) {
                    let path = format!("allowedTopologies[{index}].matchLabelExpressions[{at}].key");
                    warnings.push(format!("{path}: {why}"));
                }
            }
        }
    } else if let Some(node) = any.downcast_ref::<Node>() {
        about_node(node, &mut warnings);
    }
    warnings
}

/// Names that end up where only labels fit.
fn about_name(object: &dyn AnyResource, warnings: &mut Vec<String>) {
    let info = object.info();
    let used = match (info.group, info.kind) {
        ("", "Pod") => "the Pod's hostname",
        ("", "ReplicationController") | ("apps", "Deployment" | "ReplicaSet") | ("batch", "Job" | "CronJob") => {
            "Pod names and hostnames"
        }
        _ => return,
    };
    let problems = names::dns_label(&object.metadata().name);
    if !problems.is_empty() {
        warnings.push(format!(
            "metadata.name: this is used in {used}, which can result in surprising behavior; a DNS label is recommended: \
             [{}]",
            problems.join(" ")
        ));
    }
}

/// Annotations that have become fields, or have other names.
fn about_old_annotations(object: &dyn AnyResource, warnings: &mut Vec<String>) {
    let annotations = &object.metadata().annotations;
    let info = object.info();
    let mut tell = |key: &str, text: String| {
        if annotations.contains_key(key) {
            warnings.push(text);
        }
    };
    match (info.group, info.kind) {
        ("networking.k8s.io", "Ingress") => {
            let key = "kubernetes.io/ingress.class";
            tell(key, format!("annotation {key:?} is deprecated, please use 'spec.ingressClassName' instead"));
        }
        ("", "Service") => {
            let key = "service.kubernetes.io/topology-aware-hints";
            tell(
                key,
                format!("annotation {key} is deprecated, please use service.kubernetes.io/topology-mode instead"),
            );
        }
        ("", "PersistentVolume" | "PersistentVolumeClaim") => {
            let key = "volume.beta.kubernetes.io/storage-class";
            let why = "deprecated since v1.8; use \"storageClassName\" attribute instead";
            tell(key, format!("metadata.annotations[{key}]: {why}"));
            if info.kind == "PersistentVolume" {
                let key = "volume.beta.kubernetes.io/mount-options";
                let why = "deprecated since v1.31; use \"mountOptions\" attribute instead";
                tell(key, format!("metadata.annotations[{key}]: {why}"));
            }
        }
        _ => {}
    }
}

/// The pod template of a workload, and where it stands.
fn template_of(object: &dyn AnyResource) -> Option<(String, &PodTemplateSpec)> {
    let any = object.as_any();
    let in_spec = |template| Some(("spec.template".to_owned(), template));
    if let Some(workload) = any.downcast_ref::<Deployment>() {
        in_spec(&workload.spec.template)
    } else if let Some(workload) = any.downcast_ref::<ReplicaSet>() {
        in_spec(&workload.spec.template)
    } else if let Some(workload) = any.downcast_ref::<StatefulSet>() {
        in_spec(&workload.spec.template)
    } else if let Some(workload) = any.downcast_ref::<DaemonSet>() {
        in_spec(&workload.spec.template)
    } else if let Some(workload) = any.downcast_ref::<Job>() {
        in_spec(&workload.spec.template)
    } else if let Some(workload) = any.downcast_ref::<ReplicationController>() {
        in_spec(workload.spec.template.as_deref()?)
    } else if let Some(workload) = any.downcast_ref::<CronJob>() {
        Some(("spec.jobTemplate.spec.template".to_owned(), &workload.spec.job_template.spec.template))
    } else {
        any.downcast_ref::<PodTemplate>().map(|template| ("template".to_owned(), &template.template))
    }
}

fn about_service(service: &Service, warnings: &mut Vec<String>) {
    let spec = &service.spec;
    if spec.cluster_ip == "None" {
        let ignored = [
            ("spec.loadBalancerIP", !spec.load_balancer_ip.is_empty()),
            ("spec.externalIPs", !spec.external_ips.is_empty()),
            ("spec.SessionAffinity", !matches!(spec.session_affinity.as_str(), "" | "None")),
        ];
        let ignored = ignored.iter().filter(|(_, set)| *set);
        warnings.extend(ignored.map(|(field, _)| format!("{field} is ignored for headless services")));
    }
    if spec.type_ == "ExternalName" && !spec.external_ips.is_empty() {
        warnings.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".into());
    }
    if spec.type_ != "ExternalName" && !spec.external_name.is_empty() {
        warnings.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".into());
    }
    if spec.traffic_distribution.as_deref() == Some("PreferClose") {
        warnings.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".into());
    }
}

/// Why a TLS secret holds no certificate with its key.
fn about_key_pair(secret: &Secret) -> Option<String> {
    if secret.type_ != "kubernetes.io/tls" {
        return None;
    }
    let missing = |key: &str, what: &str, wanted: &dyn Fn(&str) -> bool| {
        let text = secret.data.get(key).map(|data| String::from_utf8_lossy(&data.0).into_owned()).unwrap_or_default();
        let found: Vec<&str> =
            text.lines().filter_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----")).collect();
        if found.is_empty() {
            return Some(format!("tls: failed to find any PEM data in {what} input"));
        }
        let skipped = (!found.iter().any(|kind| wanted(kind))).then(|| found.join(" "))?;
        let block =
            if what == "key" { "PEM block with type ending in \"PRIVATE KEY\"" } else { "\"CERTIFICATE\" PEM block" };
        Some(format!(
            "tls: failed to find {block} in {what} input after skipping PEM blocks of the following types: [{skipped}]"
        ))
    };
    missing("tls.crt", "certificate", &|kind| kind == "CERTIFICATE")
        .or_else(|| missing("tls.key", "key", &|kind| kind.ends_with("PRIVATE KEY")))
}

fn about_volume(volume: &PersistentVolume, warnings: &mut Vec<String>) {
    let spec = &volume.spec;
    let source = spec;
    let old = [
        ("spec.storageOS", source.storageos.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("spec.glusterfs", source.glusterfs.is_some(), "deprecated in v1.25, non-functional in v1.26+"),
        ("spec.cephFS", source.cephfs.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
        ("spec.rbd", source.rbd.is_some(), "deprecated in v1.28, non-functional in v1.31+"),
        ("spec.scaleIO", source.scale_io.is_some(), "deprecated in v1.16, non-functional in v1.22+"),
        (
            "spec.photonPersistentDisk",
            source.photon_persistent_disk.is_some(),
            "deprecated in v1.11, non-functional in v1.16+",
        ),
        ("spec.flocker", source.flocker.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("spec.quobyte", source.quobyte.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
    ];
    warnings.extend(old.iter().filter(|(_, used, _)| *used).map(|(path, _, why)| format!("{path}: {why}")));
    if spec.persistent_volume_reclaim_policy == "Recycle" {
        warnings.push(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended \
             approach is to use dynamic provisioning."
                .into(),
        );
    }
    if let Some(storage) = spec.capacity.get("storage").filter(|storage| pod::is_fractional(storage)) {
        warnings.push(format!(
            "spec.capacity[storage]: fractional byte value {:?} is invalid, must be an integer",
            storage.to_string()
        ));
    }
}

fn about_node(node: &Node, warnings: &mut Vec<String>) {
    if node.spec.config_source.is_some() {
        warnings
            .push("spec.configSource: the feature is no longer supported. The feature gate is removed in 1.26".into());
    }
    if !node.spec.external_id.is_empty() {
        warnings.push("spec.externalID: this field is deprecated, and is unused by Kubernetes".into());
    }
}
