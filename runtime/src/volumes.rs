//! The volumes that need nothing but this machine and the API.
//!
//! In: a pod's volume. Out: a directory or file of the node. Invariants: contents from the API change all at once; nobody
//! but containers writes into an `emptyDir`. Elsewhere: which containers mount what where (the agent).
//!
//! Source: Kubernetes concepts, "Volumes", "Projected Volumes".

mod atomic;
mod claim;
mod content;
mod empty_dir;
mod host_path;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use pintle_object_model::Quantity;
use pintle_object_model::api::core::v1::{Pod, Volume};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::reflect::{Ref, Struct};

use crate::{RuntimeError, VolumeDriver};

pub use claim::ClaimVolumes;
pub use content::ContentVolumes;
pub use empty_dir::EmptyDirVolumes;
pub use host_path::HostPathVolumes;

/// All drivers of this crate. `allocatable` is what downward API volumes say of containers without a limit.
pub fn default_volume_drivers(
    clock: Arc<dyn Clock>,
    random: Random,
    allocatable: BTreeMap<String, Quantity>,
) -> Vec<Arc<dyn VolumeDriver>> {
    vec![
        Arc::new(EmptyDirVolumes),
        Arc::new(ContentVolumes::new(clock, random, allocatable)),
        Arc::new(HostPathVolumes),
        Arc::new(ClaimVolumes),
    ]
}

/// The type of a volume as the API names it, such as `emptyDir`.
pub(crate) fn type_name(volume: &Volume) -> String {
    let fields = &volume.schema().fields;
    let set = |index: &usize| fields[*index].name != "name" && !matches!(volume.field(*index).get(), Ref::Absent);
    (0..fields.len()).find(set).map_or_else(|| "unknown".to_owned(), |index| fields[index].name.to_string())
}

/// Does the content of such a volume change during a pod's life?
pub(crate) fn changes(volume: &Volume) -> bool {
    volume.config_map.is_some()
        || volume.secret.is_some()
        || volume.downward_api.is_some()
        || volume.projected.is_some()
}

/// The group that owns a pod's volumes.
fn fs_group(pod: &Pod) -> Option<u32> {
    pod.spec.security_context.as_deref()?.fs_group.and_then(|group| u32::try_from(group).ok())
}

/// Hands a file or directory, and what is in it, over to a group that may then do what the owner may; new files in its
/// directories belong to the group, too.
fn give_to_group(path: &Path, group: u32) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let metadata = std::fs::symlink_metadata(path)?;
    if metadata.file_type().is_symlink() {
        return Ok(());
    }
    if metadata.gid() != group {
        rustix::fs::chown(path, None, Some(rustix::fs::Gid::from_raw(group)))?;
    }
    let mode = metadata.permissions().mode();
    let wanted = mode | ((mode & 0o700) >> 3) | if metadata.is_dir() { 0o2070 } else { 0o060 & ((mode & 0o600) >> 3) };
    if wanted != mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(wanted))?;
    }
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give_to_group(&entry?.path(), group)?;
        }
    }
    Ok(())
}

/// Runs file work off the executor's threads.
async fn blocking<T: Send + 'static>(
    doing: String,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, RuntimeError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(RuntimeError::io(doing)),
        Err(error) => Err(RuntimeError::Io { doing, source: std::io::Error::other(error) }),
    }
}

/// Removes a directory and what is in it, if it is there.
fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_their_names() {
        let volume = Volume { name: "v".into(), nfs: Some(Box::default()), ..Volume::default() };
        assert_eq!(type_name(&volume), "nfs");
        assert!(!changes(&volume));
    }
}
