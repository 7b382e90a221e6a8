//! `emptyDir`: a directory that lives as long as its pod; in memory if asked for.
//!
//! A size limit holds for `medium: Memory`, where the kernel enforces it. On disk it is not enforced: there is no
//! eviction in this node agent.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{EmptyDirVolumeSource, Volume};
use rustix::mount::{MountFlags, UnmountFlags};

use super::{blocking, fs_group, give_to_group, remove};
use crate::{MountedVolume, RuntimeError, VolumeContext, VolumeDriver};

/// Provides `emptyDir`.
#[derive(Debug)]
pub struct EmptyDirVolumes;

#[async_trait]
impl VolumeDriver for EmptyDirVolumes {
    fn provides(&self, volume: &Volume) -> bool {
        volume.empty_dir.is_some()
    }

    async fn set_up(&self, volume: &Volume, context: VolumeContext<'_>) -> Result<MountedVolume, RuntimeError> {
        let source = volume.empty_dir.as_deref().cloned().unwrap_or_default();
        let memory = match source.medium.as_str() {
            "" => false,
            "Memory" => true,
            other => {
                return Err(RuntimeError::Unsupported {
                    backend: "emptyDir",
                    what: format!("provide the medium {other:?}"),
                });
            }
        };
        let (path, group) = (context.directory.to_owned(), fs_group(context.pod));
        blocking(format!("setting up emptyDir {:?}", volume.name), move || make(&path, memory, &source, group)).await?;
        Ok(MountedVolume { path: context.directory.to_owned(), read_only: false })
    }

    async fn tear_down(&self, volume: &Volume, context: VolumeContext<'_>) -> Result<(), RuntimeError> {
        let path = context.directory.to_owned();
        blocking(format!("removing emptyDir {:?}", volume.name), move || {
            if path.exists() && is_mount(&path)? {
                rustix::mount::unmount(&path, UnmountFlags::DETACH)?;
            }
            remove(&path)
        })
        .await
    }
}

fn make(path: &Path, memory: bool, source: &EmptyDirVolumeSource, group: Option<u32>) -> std::io::Result<()> {
    let fresh = !path.exists();
    std::fs::create_dir_all(path)?;
    if memory && !is_mount(path)? {
        let limit = source.size_limit.map(|limit| format!("size={}", limit.value()));
        let options = std::ffi::CString::new(limit.unwrap_or_default())?;
        rustix::mount::mount("tmpfs", path, "tmpfs", MountFlags::empty(), options.as_c_str()).map_err(|error| {
            std::io::Error::other(format!("mounting a tmpfs (medium Memory needs the rights of root): {error}"))
        })?;
    }
    if fresh || memory {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777))?;
    }
    match group {
        Some(group) => give_to_group(path, group),
        None => Ok(()),
    }
}

/// Is something mounted there (another file system than the directory above)?
fn is_mount(path: &Path) -> std::io::Result<bool> {
    let parent = path.parent().unwrap_or(path);
    Ok(std::fs::metadata(path)?.dev() != std::fs::metadata(parent)?.dev())
}
