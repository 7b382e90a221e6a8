//! `hostPath`: a file or directory of the node as it is.

use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::Volume;

use super::blocking;
use crate::{MountedVolume, RuntimeError, VolumeContext, VolumeDriver};

/// Provides `hostPath`.
#[derive(Debug)]
pub struct HostPathVolumes;

#[async_trait]
impl VolumeDriver for HostPathVolumes {
    fn provides(&self, volume: &Volume) -> bool {
        volume.host_path.is_some()
    }

    async fn set_up(&self, volume: &Volume, _context: VolumeContext<'_>) -> Result<MountedVolume, RuntimeError> {
        let source = volume.host_path.as_deref().cloned().unwrap_or_default();
        check(&source.path, source.type_.as_deref().unwrap_or_default()).await
    }

    async fn tear_down(&self, _volume: &Volume, _context: VolumeContext<'_>) -> Result<(), RuntimeError> {
        Ok(())
    }
}

/// The path, if it is what its type says; made if its type says so.
pub(super) async fn check(path: &str, type_: &str) -> Result<MountedVolume, RuntimeError> {
    let (owned, kind) = (path.to_owned(), type_.to_owned());
    let problem = blocking(format!("looking at {path}"), move || inspect(Path::new(&owned), &kind)).await?;
    match problem {
        Some(what) => Err(RuntimeError::Invalid(format!("hostPath type check failed: {path} is not a {what}"))),
        None => Ok(MountedVolume { path: path.into(), read_only: false }),
    }
}

/// What the path should be and is not.
fn inspect(path: &Path, type_: &str) -> std::io::Result<Option<&'static str>> {
    match type_ {
        "DirectoryOrCreate" if !path.exists() => std::fs::create_dir_all(path)?,
        "FileOrCreate" if !path.exists() => std::fs::write(path, b"")?,
        _ => {}
    }
    let kind = std::fs::metadata(path).ok().map(|metadata| metadata.file_type());
    let is = |test: fn(&std::fs::FileType) -> bool| kind.as_ref().is_some_and(test);
    let (fits, what) = match type_ {
        "Directory" | "DirectoryOrCreate" => (is(std::fs::FileType::is_dir), "directory"),
        "File" | "FileOrCreate" => (is(std::fs::FileType::is_file), "file"),
        "Socket" => (is(std::fs::FileType::is_socket), "socket file"),
        "CharDevice" => (is(std::fs::FileType::is_char_device), "character device"),
        "BlockDevice" => (is(std::fs::FileType::is_block_device), "block device"),
        // Without a type nothing is checked; what is missing is then made as a directory, as container runtimes do.
        _ => {
            if kind.is_none() {
                std::fs::create_dir_all(path)?;
            }
            (true, "")
        }
    };
    Ok((!fits).then_some(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn types_are_checked() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).display().to_string();
        assert!(check(&at("a/b"), "DirectoryOrCreate").await.is_ok());
        let error = check(&at("a/b"), "File").await.unwrap_err().to_string();
        assert_eq!(error, format!("hostPath type check failed: {} is not a file", at("a/b")));
        assert!(check(&at("f"), "FileOrCreate").await.is_ok());
        assert!(check("/dev/null", "CharDevice").await.is_ok());
        assert!(check(&at("missing"), "Directory").await.is_err());
    }
}
