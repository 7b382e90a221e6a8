//! What a pod refers to: the objects that whoever runs it has to read.
//!
//! In: a pod. Out: names of Secrets, ConfigMaps, claims and the like in its namespace. Used by the node authorizer
//! (a node reads what its pods refer to) and by admission (mirror pods refer to nothing).

use std::borrow::Cow;

use pintle_object_model::api::core::v1::{EnvFromSource, EnvVar, Pod, Volume};

/// The sort of an object that a pod refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Referenced {
    /// A Secret.
    Secret,
    /// A ConfigMap.
    ConfigMap,
    /// A PersistentVolumeClaim.
    Claim,
    /// A ServiceAccount.
    ServiceAccount,
    /// A ResourceClaim.
    ResourceClaim,
}

struct Found<'a>(Vec<(Referenced, Cow<'a, str>)>);

impl<'a> Found<'a> {
    fn add(&mut self, sort: Referenced, names: impl IntoIterator<Item = &'a String>) {
        self.0.extend(names.into_iter().map(|name| (sort, Cow::Borrowed(name.as_str()))));
    }
}

/// Everything in its namespace that a pod refers to; names may stand more than once.
pub(crate) fn references(pod: &Pod) -> Vec<(Referenced, Cow<'_, str>)> {
    let mut found = Found(vec![]);
    let spec = &pod.spec;
    found.add(Referenced::Secret, spec.image_pull_secrets.iter().map(|secret| &secret.name));
    for container in spec.init_containers.iter().chain(&spec.containers) {
        of_environment(&container.env, &container.env_from, &mut found);
    }
    for container in &spec.ephemeral_containers {
        of_environment(&container.env, &container.env_from, &mut found);
    }
    for volume in &spec.volumes {
        of_volume(volume, &mut found);
        if volume.ephemeral.is_some() {
            let claim = format!("{}-{}", pod.metadata.name, volume.name);
            found.0.push((Referenced::Claim, claim.into()));
        }
    }
    found.add(Referenced::ServiceAccount, [&spec.service_account_name]);
    found.add(Referenced::ResourceClaim, spec.resource_claims.iter().map(|claim| &claim.resource_claim_name));
    let made = pod.status.resource_claim_statuses.iter().map(|claim| &claim.resource_claim_name);
    found.add(Referenced::ResourceClaim, made);
    found.0.retain(|(_, name)| !name.is_empty());
    found.0
}

fn of_environment<'a>(env: &'a [EnvVar], from: &'a [EnvFromSource], found: &mut Found<'a>) {
    for source in env.iter().filter_map(|variable| variable.value_from.as_deref()) {
        found.add(Referenced::Secret, source.secret_key_ref.iter().map(|key| &key.name));
        found.add(Referenced::ConfigMap, source.config_map_key_ref.iter().map(|key| &key.name));
    }
    for source in from {
        found.add(Referenced::Secret, source.secret_ref.iter().map(|secret| &secret.name));
        found.add(Referenced::ConfigMap, source.config_map_ref.iter().map(|map| &map.name));
    }
}

fn of_volume<'a>(volume: &'a Volume, found: &mut Found<'a>) {
    let local = [
        volume.cephfs.as_ref().and_then(|of| of.secret_ref.as_deref()),
        volume.cinder.as_ref().and_then(|of| of.secret_ref.as_deref()),
        volume.flex_volume.as_ref().and_then(|of| of.secret_ref.as_deref()),
        volume.rbd.as_ref().and_then(|of| of.secret_ref.as_deref()),
        volume.iscsi.as_ref().and_then(|of| of.secret_ref.as_deref()),
        volume.storageos.as_ref().and_then(|of| of.secret_ref.as_deref()),
        volume.csi.as_ref().and_then(|of| of.node_publish_secret_ref.as_deref()),
        volume.scale_io.as_ref().map(|of| &of.secret_ref),
    ];
    found.add(Referenced::Secret, local.into_iter().flatten().map(|secret| &secret.name));
    found.add(Referenced::Secret, volume.secret.iter().map(|secret| &secret.secret_name));
    found.add(Referenced::Secret, volume.azure_file.iter().map(|of| &of.secret_name));
    found.add(Referenced::ConfigMap, volume.config_map.iter().map(|map| &map.name));
    for source in volume.projected.iter().flat_map(|projected| &projected.sources) {
        found.add(Referenced::Secret, source.secret.iter().map(|secret| &secret.name));
        found.add(Referenced::ConfigMap, source.config_map.iter().map(|map| &map.name));
    }
    found.add(Referenced::Claim, volume.persistent_volume_claim.iter().map(|claim| &claim.claim_name));
}
