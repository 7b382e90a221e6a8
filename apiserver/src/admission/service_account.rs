//! Pods run as a service account that exists, with its token mounted and its pull secrets.

use std::sync::Arc;

use async_trait::async_trait;
use pintle_clock::Random;
use pintle_object_model::api::core::v1::{
    ConfigMapProjection, DownwardAPIProjection, DownwardAPIVolumeFile, EnvVar, KeyToPath, ObjectFieldSelector, Pod,
    ProjectedVolumeSource, ServiceAccount, ServiceAccountTokenProjection, Volume, VolumeMount, VolumeProjection,
};
use pintle_object_model::clock as pintle_clock;
use pintle_object_model::{AnyResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::authz::{Referenced, references};
use crate::storage::Storage;

/// See the module documentation. Source: Kubernetes admission controllers reference, "ServiceAccount".
#[derive(Debug)]
pub struct ServiceAccountAdmission {
    accounts: Arc<Storage>,
    random: Random,
}

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_SECONDS: i64 = 3607;
/// Annotation of accounts whose pods may only mount the secrets that the account lists.
const ENFORCE: &str = "kubernetes.io/enforce-mountable-secrets";

impl ServiceAccountAdmission {
    pub(crate) fn new(accounts: Arc<Storage>, random: Random) -> Self {
        Self { accounts, random }
    }

    fn mount_token(&self, pod: &mut Pod) {
        let name = pod
            .spec
            .volumes
            .iter()
            .find(|volume| volume.name.starts_with("kube-api-access-") && volume.projected.is_some())
            .map(|volume| volume.name.clone());
        let fresh = name.is_none();
        let name = name.unwrap_or_else(|| format!("kube-api-access-{}", self.random.name_suffix(5)));
        let mut used = false;
        let containers = pod.spec.init_containers.iter_mut().chain(&mut pod.spec.containers);
        for container in containers {
            if container.volume_mounts.iter().all(|mount| mount.mount_path != MOUNT_PATH) {
                container.volume_mounts.push(VolumeMount {
                    name: name.clone(),
                    read_only: true,
                    mount_path: MOUNT_PATH.into(),
                    ..VolumeMount::default()
                });
                used = true;
            }
        }
        if used && fresh {
            pod.spec.volumes.push(token_volume(name));
        }
    }
}

/// A mirror pod stands for one that the node runs from a file; it refers to nothing.
fn check_mirror(pod: &Pod) -> Result<(), &'static str> {
    if !pod.spec.service_account_name.is_empty() {
        return Err("a mirror pod may not reference service accounts");
    }
    if references(pod).iter().any(|(sort, _)| *sort == Referenced::Secret) {
        return Err("a mirror pod may not reference secrets");
    }
    let projected = pod.spec.volumes.iter().flat_map(|volume| &volume.projected).flat_map(|volume| &volume.sources);
    if projected.into_iter().any(|source| source.service_account_token.is_some()) {
        return Err("a mirror pod may not use ServiceAccountToken volume projections");
    }
    Ok(())
}

/// Does the pod mount only what its account lists?
fn check_secrets(pod: &Pod, account: &ServiceAccount) -> Result<(), String> {
    let listed = |name: &str| account.secrets.iter().any(|secret| secret.name == name);
    let because =
        format!("is not allowed because service account {} does not reference that secret", account.metadata.name);
    for volume in &pod.spec.volumes {
        if let Some(secret) = volume.secret.as_ref().filter(|secret| !listed(&secret.secret_name)) {
            return Err(format!("volume with secret.secretName={:?} {because}", secret.secret_name));
        }
    }
    let sorts = [("init container", &pod.spec.init_containers), ("container", &pod.spec.containers)];
    for (sort, container) in sorts.into_iter().flat_map(|(sort, list)| list.iter().map(move |one| (sort, one))) {
        let name = &container.name;
        let unlisted = |secret: &&String| !listed(secret);
        let key = |variable: &'_ EnvVar| Some(variable.value_from.as_ref()?.secret_key_ref.as_ref()?.name.clone());
        if let Some((variable, secret)) =
            container.env.iter().filter_map(|of| Some((&of.name, key(of)?))).find(|(_, secret)| unlisted(&secret))
        {
            return Err(format!(
                "{sort} {name} with envVar {variable} referencing secret.secretName={secret:?} {because}"
            ));
        }
        let mut all = container.env_from.iter().flat_map(|from| &from.secret_ref).map(|secret| &secret.name);
        if let Some(secret) = all.find(unlisted) {
            return Err(format!("{sort} {name} with envFrom referencing secret.secretName={secret:?} {because}"));
        }
    }
    let pulls = |name: &str| account.image_pull_secrets.iter().any(|secret| secret.name == name);
    match pod.spec.image_pull_secrets.iter().enumerate().find(|(_, secret)| !pulls(&secret.name)) {
        Some((index, secret)) => Err(format!(
            "imagePullSecrets[{index}].name={:?} is not allowed because service account {} does not reference that imagePullSecret",
            secret.name, account.metadata.name
        )),
        None => Ok(()),
    }
}

/// The volume that holds token, CA bundle and namespace.
fn token_volume(name: String) -> Volume {
    let token = VolumeProjection {
        service_account_token: Some(Box::new(ServiceAccountTokenProjection {
            path: "token".into(),
            expiration_seconds: Some(TOKEN_SECONDS),
            ..ServiceAccountTokenProjection::default()
        })),
        ..VolumeProjection::default()
    };
    let ca = VolumeProjection {
        config_map: Some(Box::new(ConfigMapProjection {
            name: "kube-root-ca.crt".into(),
            items: vec![KeyToPath { key: "ca.crt".into(), path: "ca.crt".into(), ..KeyToPath::default() }],
            ..ConfigMapProjection::default()
        })),
        ..VolumeProjection::default()
    };
    let namespace = VolumeProjection {
        downward_api: Some(Box::new(DownwardAPIProjection {
            items: vec![DownwardAPIVolumeFile {
                path: "namespace".into(),
                field_ref: Some(Box::new(ObjectFieldSelector {
                    api_version: "v1".into(),
                    field_path: "metadata.namespace".into(),
                })),
                ..DownwardAPIVolumeFile::default()
            }],
        })),
        ..VolumeProjection::default()
    };
    Volume {
        name,
        projected: Some(Box::new(ProjectedVolumeSource {
            sources: vec![token, ca, namespace],
            default_mode: Some(0o644),
        })),
        ..Volume::default()
    }
}

#[async_trait]
impl AdmissionPlugin for ServiceAccountAdmission {
    fn name(&self) -> &'static str {
        "ServiceAccount"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        if !attributes.subresource.is_empty() {
            return Ok(());
        }
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else { return Ok(()) };
        // Mirror pods come from the node, which has no service account for them.
        if pod.metadata.annotations.contains_key("kubernetes.io/config.mirror") {
            return check_mirror(pod).map_err(|why| refuse(attributes, why));
        }
        if pod.spec.service_account_name.is_empty() {
            pod.spec.service_account_name =
                if pod.spec.service_account.is_empty() { "default".into() } else { pod.spec.service_account.clone() };
        }
        pod.spec.service_account.clone_from(&pod.spec.service_account_name);
        let name = pod.spec.service_account_name.clone();
        let account = self
            .accounts
            .get(attributes.namespace, &name)
            .await?
            .and_then(|found| found.value.downcast_arc::<ServiceAccount>());
        let Some(account) = account else {
            return Err(refuse(
                attributes,
                format!(
                    "error looking up service account {}/{name}: serviceaccount \"{name}\" not found",
                    attributes.namespace
                ),
            ));
        };
        if pod.spec.image_pull_secrets.is_empty() {
            pod.spec.image_pull_secrets.clone_from(&account.image_pull_secrets);
        }
        if account.metadata.annotations.get(ENFORCE).is_some_and(|value| value.parse() == Ok(true)) {
            check_secrets(pod, &account).map_err(|why| refuse(attributes, why))?;
        }
        let automount =
            pod.spec.automount_service_account_token.or(account.automount_service_account_token).unwrap_or(true);
        if automount {
            self.mount_token(pod);
        }
        Ok(())
    }
}
