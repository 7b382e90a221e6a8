//! `persistentVolumeClaim`: what a claim is bound to, as far as this machine can provide it (`hostPath` and `local`).

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Volume};

use super::{blocking, fs_group, give_to_group, host_path};
use crate::{MountedVolume, RuntimeError, VolumeContext, VolumeDriver};

/// Provides claims that are bound to `hostPath` or `local` volumes. An `ephemeral` volume's claim counts, too.
#[derive(Debug)]
pub struct ClaimVolumes;

#[async_trait]
impl VolumeDriver for ClaimVolumes {
    fn provides(&self, volume: &Volume) -> bool {
        volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some()
    }

    async fn set_up(&self, volume: &Volume, context: VolumeContext<'_>) -> Result<MountedVolume, RuntimeError> {
        let metadata = &context.pod.metadata;
        let (claim, read_only) = match volume.persistent_volume_claim.as_deref() {
            Some(source) => (source.claim_name.clone(), source.read_only),
            None => (format!("{}-{}", metadata.name, volume.name), false),
        };
        let invalid = |text: String| RuntimeError::Invalid(text);
        let claims = context.client.namespaced::<PersistentVolumeClaim>(&metadata.namespace);
        let found = claims.get(&claim).await.map_err(|status| invalid(status.to_string()))?;
        if found.spec.volume_name.is_empty() || found.status.phase != "Bound" {
            return Err(invalid(format!("PVC {}/{claim} is not bound", metadata.namespace)));
        }
        let volumes = context.client.all::<PersistentVolume>();
        let bound = volumes.get(&found.spec.volume_name).await.map_err(|status| invalid(status.to_string()))?;
        let spec = &bound.spec;
        let mut mounted = if let Some(local) = &spec.local {
            host_path::check(&local.path, "Directory").await?
        } else if let Some(source) = &spec.host_path {
            host_path::check(&source.path, source.type_.as_deref().unwrap_or_default()).await?
        } else {
            return Err(invalid(format!(
                "persistent volume {:?} is neither hostPath nor local: this node cannot provide it",
                bound.metadata.name
            )));
        };
        mounted.read_only = read_only;
        if let (Some(group), Some(_)) = (fs_group(context.pod), &spec.local) {
            let path = mounted.path.clone();
            blocking(format!("handing {} to group {group}", path.display()), move || give_to_group(&path, group))
                .await?;
        }
        Ok(mounted)
    }

    async fn tear_down(&self, _volume: &Volume, _context: VolumeContext<'_>) -> Result<(), RuntimeError> {
        Ok(())
    }
}
