//! The ReplicaSet of the current template, the numbers of rollouts, and what is kept of the past.

use std::collections::BTreeMap;

use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet};
use pintle_object_model::api::core::v1::PodTemplateSpec;
use pintle_object_model::api::meta::v1::{DeleteOptions, LabelSelector};
use pintle_object_model::{Format, Object, Status};

use super::{HASH, REVISION, Work, wanted, wanted_of};
use crate::builtin::replicas::is_terminating_namespace;
use crate::error::{Doing, gone_is_fine};
use crate::owner::{controller_of, controller_ref};
use crate::{ControllerError, condition};

const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
/// Annotations that belong to the Deployment alone.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    HISTORY,
    DESIRED,
    MAX,
];

/// Equal but for the hash label?
pub(super) fn same_template(one: &PodTemplateSpec, other: &PodTemplateSpec) -> bool {
    let labels = |template: &PodTemplateSpec| {
        let mut labels = template.metadata.labels.clone();
        labels.remove(HASH);
        labels
    };
    if one.spec != other.spec || labels(one) != labels(other) {
        return false;
    }
    let (mut one, mut other) = (one.metadata.clone(), other.metadata.clone());
    one.labels.clear();
    other.labels.clear();
    one == other
}

/// A name suffix that stands for a template; `collisions` makes it another one.
pub(crate) fn template_hash(template: &PodTemplateSpec, collisions: i32) -> String {
    let mut pod = pintle_object_model::api::core::v1::PodTemplate::default();
    pod.template = template.clone();
    let bytes = Object::new(pod).encode(Format::Json);
    let mut hash: u32 = 0x811c_9dc5;
    let mut mix = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    };
    mix(&bytes);
    if collisions > 0 {
        mix(&collisions.to_le_bytes());
    }
    // Digits as letters of generated names, so that no word appears.
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    hash.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % 27])).collect()
}

/// The revision of a set or Deployment; 0 if it has none.
pub(super) fn revision_of(annotations: &BTreeMap<String, String>) -> i64 {
    annotations.get(REVISION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// How many replicas the Deployment had when the set was last scaled.
pub(super) fn desired_of(set: &ReplicaSet) -> Option<i32> {
    set.metadata.annotations.get(DESIRED)?.parse().ok()
}

/// How many pods the Deployment allowed when the set was last scaled.
pub(super) fn max_of(set: &ReplicaSet) -> Option<i32> {
    set.metadata.annotations.get(MAX)?.parse().ok()
}

/// Notes the sizes in a set. Answers whether that is news.
pub(super) fn note_sizes(set: &mut ReplicaSet, desired: i32, max: i32) -> bool {
    let annotations = &mut set.metadata.annotations;
    let mut put = |key: &str, value: i32| annotations.insert(key.into(), value.to_string()) != Some(value.to_string());
    let desired = put(DESIRED, desired);
    put(MAX, max) || desired
}

/// Copies the Deployment's annotations and numbers the set. Answers whether anything changed.
fn annotate(set: &mut ReplicaSet, deployment: &Deployment, revision: i64) -> bool {
    let mut changed = false;
    let annotations = &mut set.metadata.annotations;
    for (key, value) in &deployment.metadata.annotations {
        if !NOT_COPIED.contains(&key.as_str()) && annotations.get(key) != Some(value) {
            annotations.insert(key.clone(), value.clone());
            changed = true;
        }
    }
    let before = revision_of(annotations);
    if before < revision {
        if before > 0 {
            let history = annotations.entry(HISTORY.into()).or_default();
            let separator = if history.is_empty() { "" } else { "," };
            *history = format!("{history}{separator}{before}");
        }
        annotations.insert(REVISION.into(), revision.to_string());
        changed = true;
    }
    changed
}

impl Work<'_> {
    fn next_revision(&self) -> i64 {
        self.old.iter().map(|set| revision_of(&set.metadata.annotations)).max().unwrap_or_default() + 1
    }

    /// Gives the set of the current template its number and annotations, and the Deployment that number.
    pub(super) async fn number_new_set(&mut self) -> Result<(), ControllerError> {
        let revision = self.next_revision();
        let Some(set) = &self.new else { return Ok(()) };
        let mut changed = set.clone();
        let minimum = self.deployment.spec.min_ready_seconds;
        let annotated = annotate(&mut changed, &self.deployment, revision);
        if annotated || changed.spec.min_ready_seconds != minimum {
            changed.spec.min_ready_seconds = minimum;
            let name = changed.metadata.name.clone();
            let api = self.ctx.api::<ReplicaSet>(&changed.metadata.namespace);
            self.new = Some((*api.replace(&changed).await.doing(|| format!("annotating {name}"))?).clone());
        }
        let Some(set) = &self.new else { return Ok(()) };
        let (number, name) = (revision_of(&set.metadata.annotations), set.metadata.name.clone());
        if self.deadline().is_some() && condition::find(&self.deployment.status.conditions, "Progressing").is_none() {
            self.set_progressing("True", "FoundNewReplicaSet", &format!("Found new replica set \"{name}\""));
        }
        self.number_deployment(number).await
    }

    async fn number_deployment(&mut self, revision: i64) -> Result<(), ControllerError> {
        if revision_of(&self.deployment.metadata.annotations) == revision {
            return Ok(());
        }
        let mut changed = (*self.read).clone();
        changed.metadata.annotations.insert(REVISION.into(), revision.to_string());
        let name = changed.metadata.name.clone();
        let api = self.ctx.api::<Deployment>(&changed.metadata.namespace);
        let written = api.replace(&changed).await.doing(|| format!("numbering {name}"))?;
        // The status that is being worked out stays ours; everything else is as it was written.
        let status = std::mem::take(&mut self.deployment.status);
        self.deployment = (*written).clone();
        self.deployment.status = status;
        self.read = written;
        Ok(())
    }

    /// Makes sure that the current template has a ReplicaSet.
    pub(super) async fn ensure_new_set(&mut self) -> Result<(), ControllerError> {
        if self.new.is_some() {
            return self.number_new_set().await;
        }
        let revision = self.next_revision();
        let set = self.plan_new_set(revision);
        let api = self.ctx.api::<ReplicaSet>(&set.metadata.namespace);
        let name = set.metadata.name.clone();
        match api.create(&set).await {
            Ok(made) => {
                if wanted_of(&made) > 0 {
                    let message = format!("Scaled up replica set {name} from 0 to {}", wanted_of(&made));
                    self.ctx.events.normal(&self.deployment, "ScalingReplicaSet", message);
                }
                self.new = Some((*made).clone());
            }
            Err(status) if status.is_already_exists() => self.take_over(&name).await?,
            Err(status) => return self.report_failed_creation(&name, status).await,
        }
        self.set_progressing("True", "NewReplicaSetCreated", &format!("Created new replica set \"{name}\""));
        self.number_deployment(revision).await
    }

    fn plan_new_set(&self, revision: i64) -> ReplicaSet {
        let deployment = &self.deployment;
        let template = &deployment.spec.template;
        let hash = template_hash(template, deployment.status.collision_count.unwrap_or_default());
        let mut set = ReplicaSet::default();
        set.metadata.name = format!("{}-{hash}", deployment.metadata.name);
        set.metadata.namespace.clone_from(&deployment.metadata.namespace);
        set.metadata.owner_references.push(controller_ref(deployment));
        set.spec.template = template.clone();
        set.spec.template.metadata.labels.insert(HASH.into(), hash.clone());
        set.metadata.labels.clone_from(&set.spec.template.metadata.labels);
        let mut selector: LabelSelector = deployment.spec.selector.as_deref().cloned().unwrap_or_default();
        selector.match_labels.insert(HASH.into(), hash);
        set.spec.selector = Some(Box::new(selector));
        set.spec.min_ready_seconds = deployment.spec.min_ready_seconds;
        set.spec.replicas = Some(self.size_of_new(0));
        note_sizes(&mut set, wanted(deployment), wanted(deployment) + self.max_surge());
        annotate(&mut set, deployment, revision);
        set
    }

    /// The name is taken: by a set of ours that the cache does not show yet, or by another template with the same hash.
    async fn take_over(&mut self, name: &str) -> Result<(), ControllerError> {
        let api = self.ctx.api::<ReplicaSet>(&self.deployment.metadata.namespace);
        let found = api.get(name).await.doing(|| format!("reading {name}"))?;
        let ours = controller_of(&found.metadata).is_some_and(|owner| owner.uid == self.deployment.metadata.uid);
        if ours && same_template(&found.spec.template, &self.deployment.spec.template) {
            self.new = Some((*found).clone());
            return Ok(());
        }
        let mut changed = (*self.read).clone();
        changed.status.collision_count = Some(changed.status.collision_count.unwrap_or_default() + 1);
        let api = self.ctx.api::<Deployment>(&changed.metadata.namespace);
        api.replace_status(&changed).await.doing(|| format!("counting a collision of {name}"))?;
        Err(ControllerError::Waiting(format!("another name than {name} is taken")))
    }

    async fn report_failed_creation(&mut self, name: &str, status: Status) -> Result<(), ControllerError> {
        if is_terminating_namespace(&status) {
            return Ok(());
        }
        let message = format!("Failed to create new replica set \"{name}\": {status}");
        if self.deadline().is_some() {
            self.set_progressing("False", "ReplicaSetCreateError", &message);
            self.write_status().await?;
        }
        self.ctx.events.warning(&self.deployment, "ReplicaSetCreateError", message);
        Err(status.into())
    }

    /// Deletes old ReplicaSets that are empty and beyond the history limit.
    pub(super) async fn clean_up(&mut self) -> Result<(), ControllerError> {
        let limit = usize::try_from(self.deployment.spec.revision_history_limit.unwrap_or(10)).unwrap_or_default();
        let mut old: Vec<_> = self.old.iter().filter(|set| set.metadata.deletion_timestamp.is_none()).collect();
        let Some(excess) = old.len().checked_sub(limit).filter(|excess| *excess > 0) else { return Ok(()) };
        old.sort_by_key(|set| revision_of(&set.metadata.annotations));
        let api = self.ctx.api::<ReplicaSet>(&self.deployment.metadata.namespace);
        for set in old.into_iter().take(excess) {
            let is_empty = set.status.replicas == 0 && wanted_of(set) == 0;
            if is_empty && set.metadata.generation <= set.status.observed_generation {
                let name = &set.metadata.name;
                gone_is_fine(api.delete(name, DeleteOptions::default()).await).doing(|| format!("deleting {name}"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_the_same_whatever_their_hash_label_and_hashes_tell_them_apart() {
        let mut one = PodTemplateSpec::default();
        one.metadata.labels.insert("app".into(), "web".into());
        let mut labelled = one.clone();
        labelled.metadata.labels.insert(HASH.into(), "x".into());
        assert!(same_template(&one, &labelled));
        let mut other = one.clone();
        other.spec.node_name = "n".into();
        assert!(!same_template(&one, &other));
        assert_eq!(template_hash(&one, 0), template_hash(&one.clone(), 0));
        assert_ne!(template_hash(&one, 0), template_hash(&other, 0));
        assert_ne!(template_hash(&one, 0), template_hash(&one, 1));
    }

    #[test]
    fn a_set_that_is_used_again_remembers_its_earlier_numbers() {
        let mut set = ReplicaSet::default();
        let deployment = Deployment::default();
        assert!(annotate(&mut set, &deployment, 1));
        assert!(!annotate(&mut set, &deployment, 1));
        assert!(annotate(&mut set, &deployment, 3));
        assert!(annotate(&mut set, &deployment, 5));
        assert_eq!(set.metadata.annotations[REVISION], "5");
        assert_eq!(set.metadata.annotations[HISTORY], "1,3");
    }
}
