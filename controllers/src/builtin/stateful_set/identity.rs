//! What belongs to a number of a StatefulSet: the pod's name, labels and volumes. No I/O.

use pintle_object_model::api::apps::v1::StatefulSet;
use pintle_object_model::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume,
};

use crate::owner::controller_ref;
use crate::pods;
use crate::revisions::HASH;

/// The number of a pod; `None` if its name is not of this set.
pub(super) fn ordinal(set: &StatefulSet, pod: &Pod) -> Option<i32> {
    let rest = pod.metadata.name.strip_prefix(&set.metadata.name)?.strip_prefix('-')?;
    rest.parse().ok().filter(|number: &i32| number.to_string() == rest)
}

fn claim_name(claim: &PersistentVolumeClaim, set: &StatefulSet, ordinal: i32) -> String {
    format!("{}-{}-{ordinal}", claim.metadata.name, set.metadata.name)
}

/// The volume claims of a number.
pub(super) fn claims(set: &StatefulSet, ordinal: i32) -> Vec<PersistentVolumeClaim> {
    let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
    let goes_with_set = policy.is_some_and(|policy| policy.when_deleted == "Delete");
    let claim = |template: &PersistentVolumeClaim| {
        let mut claim = template.clone();
        claim.metadata.name = claim_name(template, set, ordinal);
        claim.metadata.namespace.clone_from(&set.metadata.namespace);
        if let Some(selector) = &set.spec.selector {
            claim.metadata.labels.extend(selector.match_labels.clone());
        }
        if goes_with_set {
            let mut owner = controller_ref(set);
            (owner.controller, owner.block_owner_deletion) = (None, None);
            claim.metadata.owner_references.push(owner);
        }
        claim.status = Default::default();
        claim
    };
    set.spec.volume_claim_templates.iter().map(claim).collect()
}

/// The pod of a number.
pub(super) fn pod(set: &StatefulSet, template: &PodTemplateSpec, ordinal: i32, revision: &str) -> Pod {
    let mut pod = pods::from_template(template, &set.metadata.namespace, &set.metadata.name, controller_ref(set));
    let name = format!("{}-{ordinal}", set.metadata.name);
    pod.metadata.name.clone_from(&name);
    let labels = &mut pod.metadata.labels;
    labels.insert("statefulset.kubernetes.io/pod-name".into(), name.clone());
    labels.insert("apps.kubernetes.io/pod-index".into(), ordinal.to_string());
    labels.insert(HASH.into(), revision.to_owned());
    pod.spec.hostname = name;
    pod.spec.subdomain.clone_from(&set.spec.service_name);
    for template in &set.spec.volume_claim_templates {
        pod.spec.volumes.retain(|volume| volume.name != template.metadata.name);
        let source =
            PersistentVolumeClaimVolumeSource { claim_name: claim_name(template, set, ordinal), ..Default::default() };
        let mut volume = Volume { name: template.metadata.name.clone(), ..Volume::default() };
        volume.persistent_volume_claim = Some(Box::new(source));
        pod.spec.volumes.push(volume);
    }
    pod
}
