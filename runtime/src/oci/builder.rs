//! Builds a small image from files.
//!
//! In: files of this machine and bytes. Out: an OCI image layout directory. Invariant: the same input gives the same
//! digests (times are zero, entries sorted by path).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::unpack::plain;
use super::{digest, digest_hex};
use crate::{ImageConfig, RuntimeError, normalize_reference};

/// Packs files and a configuration into an image: one layer, written as an OCI image layout.
///
/// ```
/// # fn main() -> Result<(), pintle_runtime::RuntimeError> {
/// use pintle_runtime::oci::ImageBuilder;
/// let directory = std::env::temp_dir().join(format!("pintle-doc-{}", std::process::id()));
/// ImageBuilder::new("demo:1")
///     .bytes("/etc/greeting", "hello\n", 0o644)
///     .entrypoint(["/bin/app"])
///     .env("PORT", "8080")
///     .write(&directory)?;
/// assert!(directory.join("index.json").exists());
/// # std::fs::remove_dir_all(directory).ok();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ImageBuilder {
    reference: String,
    entries: BTreeMap<PathBuf, (Entry, u32)>,
    config: ImageConfig,
}

#[derive(Clone, Debug)]
enum Entry {
    Directory,
    Symlink(PathBuf),
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl ImageBuilder {
    /// An empty image that will be known under `reference`.
    pub fn new(reference: impl Into<String>) -> Self {
        Self { reference: reference.into(), ..Self::default() }
    }

    fn entry(mut self, path: impl Into<PathBuf>, entry: Entry, mode: u32) -> Self {
        self.entries.insert(path.into(), (entry, mode));
        self
    }

    /// Adds a copy of `source` (links are followed) at `path` with these permission bits.
    #[must_use]
    pub fn file(self, path: impl Into<PathBuf>, source: impl Into<PathBuf>, mode: u32) -> Self {
        self.entry(path, Entry::File(source.into()), mode)
    }

    /// Adds a file with this content.
    #[must_use]
    pub fn bytes(self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>, mode: u32) -> Self {
        self.entry(path, Entry::Bytes(content.into()), mode)
    }

    /// Adds an empty directory.
    #[must_use]
    pub fn directory(self, path: impl Into<PathBuf>, mode: u32) -> Self {
        self.entry(path, Entry::Directory, mode)
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        self.entry(path, Entry::Symlink(target.into()), 0o777)
    }

    /// Sets the program and its first arguments.
    #[must_use]
    pub fn entrypoint<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.config.entrypoint = words.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the default arguments.
    #[must_use]
    pub fn cmd<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.config.cmd = words.into_iter().map(Into::into).collect();
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.config.env.push(format!("{name}={value}"));
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn working_dir(mut self, path: impl Into<String>) -> Self {
        self.config.working_dir = path.into();
        self
    }

    /// Sets the user: `name`, `uid`, `user:group` or `uid:gid`.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.config.user = user.into();
        self
    }

    /// Sets the signal that asks the program to end, such as `SIGQUIT`.
    #[must_use]
    pub fn stop_signal(mut self, signal: impl Into<String>) -> Self {
        self.config.stop_signal = signal.into();
        self
    }

    /// Writes the image layout into `directory`, which is made; an image already there is replaced. Answers with the
    /// image's id. Blocks on the disk.
    ///
    /// # Errors
    /// If the reference or a path is malformed, a file cannot be read, or the disk fails.
    pub fn write(&self, directory: &Path) -> Result<String, RuntimeError> {
        let reference = normalize_reference(&self.reference)?;
        let doing = || format!("writing image {reference:?} to {}", directory.display());
        let layer = self.layer().map_err(RuntimeError::io(doing()))?;
        let write = || -> std::io::Result<String> {
            let blobs = directory.join("blobs/sha256");
            std::fs::create_dir_all(&blobs)?;
            let diff_id = digest(&layer);
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&layer)?;
            let put = |bytes: &[u8], kind: &str| -> std::io::Result<serde_json::Value> {
                let digest = digest(bytes);
                std::fs::write(blobs.join(digest_hex(&digest).unwrap_or_default()), bytes)?;
                Ok(json!({"mediaType": kind, "digest": digest, "size": bytes.len()}))
            };
            let layer = put(&gzip.finish()?, "application/vnd.oci.image.layer.v1.tar+gzip")?;
            let config = self.config_json(&diff_id).to_string();
            let config = put(config.as_bytes(), "application/vnd.oci.image.config.v1+json")?;
            let id = config["digest"].as_str().unwrap_or_default().to_owned();
            let kind = "application/vnd.oci.image.manifest.v1+json";
            let manifest = json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]});
            let mut manifest = put(manifest.to_string().as_bytes(), kind)?;
            manifest["annotations"] = json!({
                "io.containerd.image.name": reference,
                "org.opencontainers.image.ref.name": reference,
            });
            let index = json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": [manifest],
            });
            std::fs::write(directory.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
            std::fs::write(directory.join("index.json"), index.to_string())?;
            Ok(id)
        };
        write().map_err(RuntimeError::io(doing()))
    }

    fn config_json(&self, diff_id: &str) -> serde_json::Value {
        let config = &self.config;
        json!({
            "architecture": architecture(),
            "os": "linux",
            "config": {
                "Entrypoint": config.entrypoint,
                "Cmd": config.cmd,
                "Env": config.env,
                "WorkingDir": config.working_dir,
                "User": config.user,
                "StopSignal": config.stop_signal,
            },
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        })
    }

    fn layer(&self) -> std::io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, (entry, mode)) in &self.entries {
            let path = plain(path)?;
            let mut header = tar::Header::new_gnu();
            header.set_mode(*mode);
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(0);
            match entry {
                Entry::Directory => {
                    header.set_entry_type(tar::EntryType::Directory);
                    archive.append_data(&mut header, path, std::io::empty())?;
                }
                Entry::Symlink(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    archive.append_link(&mut header, path, target)?;
                }
                Entry::Bytes(content) => {
                    header.set_size(content.len() as u64);
                    archive.append_data(&mut header, path, &content[..])?;
                }
                Entry::File(source) => {
                    let content = std::fs::read(source)
                        .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", source.display())))?;
                    header.set_size(content.len() as u64);
                    archive.append_data(&mut header, path, &content[..])?;
                }
            }
        }
        archive.into_inner()
    }
}

/// This machine's architecture, as images call it.
pub(super) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_give_the_same_image() {
        let first = tempfile::tempdir().unwrap();
        let second = tempfile::tempdir().unwrap();
        let one = ImageBuilder::new("demo").bytes("/b", "2", 0o644).bytes("/a", "1", 0o644).entrypoint(["/a"]);
        let two = ImageBuilder::new("demo").entrypoint(["/a"]).bytes("/a", "1", 0o644).bytes("/b", "2", 0o644);
        assert_eq!(one.write(first.path()).unwrap(), two.write(second.path()).unwrap());
        let other = two.bytes("/b", "3", 0o644).write(second.path()).unwrap();
        assert_ne!(one.write(first.path()).unwrap(), other);
    }
}
