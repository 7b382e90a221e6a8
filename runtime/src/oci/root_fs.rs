//! Puts an image's layers together by copying, for runtimes without overlay mounts.
//!
//! Invariant: later layers win; what a whiteout hides is removed. Limit: the marks of opaque directories cannot be read
//! without privileges, so that a layer which replaces a whole directory leaves older files in it.

use std::fs;
use std::io::{Error, Result};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use async_trait::async_trait;

use super::OciImageStore;
use crate::process::RootFs;
use crate::{Image, RuntimeError};

#[async_trait]
impl RootFs for OciImageStore {
    async fn unpack(&self, image: &Image, into: &Path) -> std::result::Result<(), RuntimeError> {
        let user = format!("unpacking into {}", into.display());
        let layers = self.acquire(&image.id, &user)?;
        let target = into.to_owned();
        let copied =
            tokio::task::spawn_blocking(move || layers.iter().try_for_each(|layer| merge(layer, &target))).await;
        self.release(&image.id, &user);
        copied.map_err(Error::other).and_then(|result| result).map_err(RuntimeError::io(user))
    }
}

/// Copies a directory over another one.
fn merge(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let metadata = fs::symlink_metadata(&source)?;
        let kind = metadata.file_type();
        if kind.is_dir() {
            merge(&source, &target)?;
            fs::set_permissions(&target, metadata.permissions())?;
            continue;
        }
        remove(&target)?;
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
        } else if kind.is_char_device() && metadata.rdev() == 0 {
            // A whiteout: what it hides has just been removed.
        } else {
            return Err(Error::other(format!("{} is a device, which plain files cannot stand for", source.display())));
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_layers_win_and_modes_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (layer, content) in [("a", "old"), ("b", "new")] {
            fs::create_dir_all(path(layer).join("bin")).unwrap();
            fs::write(path(layer).join("bin/app"), content).unwrap();
        }
        fs::write(path("a").join("bin/kept"), "x").unwrap();
        fs::set_permissions(path("b").join("bin/app"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("app", path("b").join("bin/link")).unwrap();
        for layer in ["a", "b"] {
            merge(&path(layer), &path("root")).unwrap();
        }
        let read = |name: &str| fs::read_to_string(path("root").join(name)).unwrap();
        assert_eq!((read("bin/app"), read("bin/kept"), read("bin/link")), ("new".into(), "x".into(), "new".into()));
        assert_eq!(fs::metadata(path("root/bin/app")).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
