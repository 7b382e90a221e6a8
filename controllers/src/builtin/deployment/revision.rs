//! Which ReplicaSet belongs to which version of the template.

use std::sync::Arc;

use pintle_client::{Params, Patch};
use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet};
use pintle_object_model::{Object, ObjectRef};

use super::World;
use super::rollout;
use crate::{ControllerError, controller_reference, is_controlled_by};

const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
const HASH: &str = "pod-template-hash";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The revision that a ReplicaSet stands for; 0 if it does not say.
pub(super) fn number(set: &ReplicaSet) -> i64 {
    set.metadata.annotations.get(REVISION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// How many replicas the Deployment wanted when this set was last scaled.
pub(super) fn desired(set: &ReplicaSet) -> Option<i32> {
    set.metadata.annotations.get(DESIRED)?.parse().ok()
}

/// How many pods there could be, surge included, when this set was last scaled.
pub(super) fn max_replicas(set: &ReplicaSet) -> Option<i32> {
    set.metadata.annotations.get(MAX)?.parse().ok()
}

/// The annotations that remember for how many replicas a set was scaled.
pub(super) fn scale_marks(wanted: i32, surge: i32) -> [(&'static str, String); 2] {
    [(DESIRED, wanted.to_string()), (MAX, (wanted + surge).to_string())]
}

/// Is this the ReplicaSet of the Deployment's present template?
pub(super) fn is_of_template(set: &ReplicaSet, deployment: &Deployment) -> bool {
    let (ours, wanted) = (&set.spec.template, &deployment.spec.template);
    if ours.spec != wanted.spec || ours.metadata.annotations != wanted.metadata.annotations {
        return false;
    }
    let without_hash = |labels: &std::collections::BTreeMap<String, String>| {
        labels.iter().filter(|(key, _)| *key != HASH).map(|(k, v)| (k.clone(), v.clone())).collect::<Vec<_>>()
    };
    without_hash(&ours.metadata.labels) == without_hash(&wanted.metadata.labels)
}

/// Makes the ReplicaSet of the present template if there is none, and gives it the newest revision.
pub(super) async fn ensure_new(world: &mut World<'_>) -> Result<(), ControllerError> {
    let newest = world.old.iter().map(|set| number(set)).max().unwrap_or_default() + 1;
    if let Some(set) = &world.new {
        if number(set) < newest {
            world.new = Some(raise(world, set, newest).await?);
        }
        return mark(world, number(world.new.as_ref().expect("it was just there"))).await;
    }
    world.new = create(world, newest).await?;
    mark(world, newest).await
}

/// Gives an older ReplicaSet the newest revision: its template is wanted again.
async fn raise(world: &World<'_>, set: &ReplicaSet, newest: i64) -> Result<Arc<ReplicaSet>, ControllerError> {
    let mut history = set.metadata.annotations.get(HISTORY).cloned().unwrap_or_default();
    if let Some(before) = set.metadata.annotations.get(REVISION) {
        history = if history.is_empty() { before.clone() } else { format!("{history},{before}") };
    }
    let patch = serde_json::json!({"metadata": {"annotations": {REVISION: newest.to_string(), HISTORY: history}}});
    let api = world.context.client().namespaced::<ReplicaSet>(&set.metadata.namespace);
    let patched = api.patch(&set.metadata.name, Patch::merge(&patch), Params::default()).await;
    patched.map_err(ControllerError::api(format!("raising the revision of {}", set.metadata.name)))
}

/// Writes the newest revision into the Deployment.
async fn mark(world: &World<'_>, revision: i64) -> Result<(), ControllerError> {
    let metadata = &world.deployment.metadata;
    let text = revision.to_string();
    if metadata.annotations.get(REVISION) == Some(&text) {
        return Ok(());
    }
    let patch = serde_json::json!({"metadata": {"annotations": {REVISION: text}}});
    let api = world.context.client().namespaced::<Deployment>(&metadata.namespace);
    let patched = api.patch(&metadata.name, Patch::merge(&patch), Params::default()).await;
    patched.map(drop).map_err(ControllerError::api(format!("writing the revision of {}", metadata.name)))
}

async fn create(world: &World<'_>, revision: i64) -> Result<Option<Arc<ReplicaSet>>, ControllerError> {
    let deployment = world.deployment;
    let namespace = &deployment.metadata.namespace;
    let api = world.context.client().namespaced::<ReplicaSet>(namespace);
    let set = new_set(deployment, revision, rollout::first_size(world));
    match api.create(&set).await {
        Ok(made) => Ok(Some(made)),
        Err(status) if status.is_already_exists() => {
            let found = api.get_opt(&set.metadata.name).await.map_err(ControllerError::api("reading a ReplicaSet"))?;
            let ours = |set: &Arc<ReplicaSet>| {
                is_controlled_by(&set.metadata, &deployment.metadata.uid) && is_of_template(set, deployment)
            };
            match found {
                // Our copy was behind.
                Some(set) if ours(&set) => Ok(Some(set)),
                // Another template has the same hash: count it, and the next try hashes differently.
                _ => {
                    collide(world).await?;
                    Err(ControllerError::Other(format!(
                        "the name {} is taken, another one is tried",
                        set.metadata.name
                    )))
                }
            }
        }
        Err(status) => {
            world.context.events().warning(
                deployment,
                "ReplicaSetCreateError",
                format!("Failed to create new replica set {:?}: {status}", set.metadata.name),
            );
            Err(ControllerError::api(format!("creating a ReplicaSet of {}", ObjectRef::of(deployment)))(status))
        }
    }
}

async fn collide(world: &World<'_>) -> Result<(), ControllerError> {
    let mut deployment = world.deployment.clone();
    deployment.status.collision_count = Some(deployment.status.collision_count.unwrap_or_default() + 1);
    let api = world.context.client().namespaced::<Deployment>(&deployment.metadata.namespace);
    api.replace_status(&deployment).await.map(drop).map_err(ControllerError::api("counting a hash collision"))
}

fn new_set(deployment: &Deployment, revision: i64, (replicas, surge): (i32, i32)) -> ReplicaSet {
    let hash = template_hash(deployment);
    let mut set = ReplicaSet::default();
    set.metadata.name = format!("{}-{hash}", deployment.metadata.name);
    set.metadata.namespace.clone_from(&deployment.metadata.namespace);
    set.metadata.owner_references = vec![controller_reference(deployment)];
    set.metadata.annotations = deployment.metadata.annotations.clone();
    set.metadata.annotations.remove(LAST_APPLIED);
    set.metadata.annotations.insert(REVISION.into(), revision.to_string());
    for (key, value) in scale_marks(deployment.spec.replicas.unwrap_or(1), surge) {
        set.metadata.annotations.insert(key.into(), value);
    }
    set.spec.replicas = Some(replicas);
    set.spec.min_ready_seconds = deployment.spec.min_ready_seconds;
    set.spec.template = deployment.spec.template.clone();
    set.spec.template.metadata.labels.insert(HASH.into(), hash.clone());
    set.metadata.labels = set.spec.template.metadata.labels.clone();
    let mut selector = deployment.spec.selector.clone().unwrap_or_default();
    selector.match_labels.insert(HASH.into(), hash);
    set.spec.selector = Some(selector);
    set
}

/// A short name for a template: the same for equal templates, and hardly ever for others.
fn template_hash(deployment: &Deployment) -> String {
    // The template's canonical encoding, by way of an object that holds nothing else.
    let mut carrier = Deployment::default();
    carrier.spec.template = deployment.spec.template.clone();
    let bytes = Object::new(carrier).encode(pintle_object_model::Format::Json);
    let collisions = deployment.status.collision_count.unwrap_or_default().to_le_bytes();
    // FNV-1a, 32 bits: short names matter more than collisions, which are counted and resolved.
    let hash = bytes
        .iter()
        .chain(&collisions)
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    hash.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % 27])).collect()
}
