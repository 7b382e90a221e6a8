//! The images that are present on this node.
//!
//! In: archives to import. Out: descriptions, and layer directories for overlayfs. On disk: `images.json` (the index,
//! replaced atomically), `blobs/sha256/<hex>` (configurations), `layers/<hex>` (unpacked layers by the digest of their
//! uncompressed tar). Invariant: a layer directory is complete, for it appears by a rename. Compressed layers are not
//! kept. Elsewhere: registries; this version has none.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::digest_hex;
use crate::{Image, ImageConfig, ImageStore, PullAuth, RuntimeError, normalize_reference};

/// Where a store is and how much it takes.
#[derive(Clone, Debug)]
pub struct OciStoreConfig {
    /// Its directory; made if it is not there. On a file system that overlayfs accepts (not itself an overlay).
    pub directory: PathBuf,
    /// Longest archive, and most bytes that one layer may unpack to. Default 16 GiB.
    pub layer_bytes_max: u64,
    /// Most files of one layer. Default 1,000,000.
    pub layer_entries_max: u64,
}

impl OciStoreConfig {
    /// A store in this directory with default limits.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), layer_bytes_max: 16 << 30, layer_entries_max: 1_000_000 }
    }
}

/// Images unpacked on disk. Cheap to clone; clones are the same store.
#[derive(Clone, Debug)]
pub struct OciImageStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) config: OciStoreConfig,
    pub(super) state: Mutex<State>,
    /// One import at a time: two would unpack the same layers twice.
    pub(super) import: Mutex<()>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) images: BTreeMap<String, Record>,
    /// Who uses an image, by its id.
    users: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub(super) references: Vec<String>,
    pub(super) digests: Vec<String>,
    pub(super) size: u64,
    pub(super) layers: Vec<String>,
    pub(super) config: Runs,
}

/// The `config` part of an image configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Runs {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    env: Option<Vec<String>>,
    working_dir: Option<String>,
    user: Option<String>,
    stop_signal: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) config: Option<Runs>,
    pub(super) rootfs: RootFs,
}

#[derive(Debug, Deserialize)]
pub(super) struct RootFs {
    #[serde(default)]
    pub(super) diff_ids: Vec<String>,
}

impl OciImageStore {
    /// Opens the store, or makes an empty one. Blocks on the disk; leftovers of an interrupted import are removed.
    ///
    /// # Errors
    /// If the directory cannot be used or the index is damaged.
    pub fn open(config: OciStoreConfig) -> Result<Self, RuntimeError> {
        let doing = || format!("opening the image store {}", config.directory.display());
        let open = || -> std::io::Result<BTreeMap<String, Record>> {
            for part in ["blobs/sha256", "layers"] {
                std::fs::create_dir_all(config.directory.join(part))?;
            }
            match std::fs::remove_dir_all(config.directory.join("tmp")) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            std::fs::create_dir_all(config.directory.join("tmp"))?;
            match std::fs::read(config.directory.join("images.json")) {
                Ok(bytes) => serde_json::from_slice(&bytes).map_err(Error::other),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
                Err(error) => Err(error),
            }
        };
        let images = open().map_err(RuntimeError::io(doing()))?;
        let state = Mutex::new(State { images, users: BTreeMap::new() });
        Ok(Self { inner: Arc::new(Inner { config, state, import: Mutex::new(()) }) })
    }

    /// Marks the image as used by `user`, which must be given to [`Self::release`] later. Answers with the directories
    /// of its layers, the lowest first.
    pub(crate) fn acquire(&self, id: &str, user: &str) -> Result<Vec<PathBuf>, RuntimeError> {
        let mut state = self.inner.state();
        let record = state.images.get(id).ok_or_else(|| RuntimeError::NotFound { what: "image", id: id.to_owned() })?;
        let layers = record.layers.iter().map(|layer| self.inner.layer(layer)).collect();
        state.users.entry(id.to_owned()).or_default().insert(user.to_owned());
        Ok(layers)
    }

    /// Ends a use; unknown ones are ignored.
    pub(crate) fn release(&self, id: &str, user: &str) {
        let mut state = self.inner.state();
        if let Some(users) = state.users.get_mut(id) {
            users.remove(user);
            if users.is_empty() {
                state.users.remove(id);
            }
        }
    }

    /// Runs disk work where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, RuntimeError> + Send + 'static,
    ) -> Result<T, RuntimeError> {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(error) => Err(RuntimeError::Io { doing: "working on images".into(), source: Error::other(error) }),
        }
    }
}

#[async_trait]
impl ImageStore for OciImageStore {
    async fn get(&self, reference: &str) -> Result<Option<Image>, RuntimeError> {
        self.inner.find(reference)
    }

    async fn pull(&self, reference: &str, _auth: Option<&PullAuth>) -> Result<Image, RuntimeError> {
        if let Some(image) = self.inner.find(reference)? {
            return Ok(image);
        }
        Err(RuntimeError::Image {
            reference: reference.to_owned(),
            why: "it is not present, and this image store has no registry to pull from: import it first".into(),
        })
    }

    async fn list(&self) -> Result<Vec<Image>, RuntimeError> {
        let state = self.inner.state();
        Ok(state.images.iter().map(|(id, record)| record.image(id)).collect())
    }

    async fn import(&self, archive: &Path) -> Result<Vec<Image>, RuntimeError> {
        let archive = archive.to_path_buf();
        self.blocking(move |inner| {
            inner.import(&archive).map_err(RuntimeError::io(format!("importing images from {}", archive.display())))
        })
        .await
    }

    async fn remove(&self, id: &str) -> Result<(), RuntimeError> {
        let id = id.to_owned();
        self.blocking(move |inner| inner.remove(&id)).await
    }
}

impl Inner {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn layer(&self, diff_id: &str) -> PathBuf {
        self.config.directory.join("layers").join(digest_hex(diff_id).unwrap_or("malformed"))
    }

    fn find(&self, reference: &str) -> Result<Option<Image>, RuntimeError> {
        let state = self.state();
        if let Some((id, record)) = state.images.get_key_value(reference) {
            return Ok(Some(record.image(id)));
        }
        let full = normalize_reference(reference)?;
        let named = |record: &Record| record.references.contains(&full) || record.digests.contains(&full);
        Ok(state.images.iter().find(|(_, record)| named(record)).map(|(id, record)| record.image(id)))
    }

    fn remove(&self, id: &str) -> Result<(), RuntimeError> {
        let _one = self.import.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state();
        if let Some(user) = state.users.get(id).and_then(BTreeSet::first) {
            return Err(RuntimeError::Invalid(format!("image {id} is used by container {user}")));
        }
        let mut images = state.images.clone();
        let Some(removed) = images.remove(id) else { return Ok(()) };
        let doing = || RuntimeError::io(format!("removing image {id}"));
        self.save(&images).map_err(doing())?;
        state.images = images;
        for layer in &removed.layers {
            if !state.images.values().any(|other| other.layers.contains(layer)) {
                // By way of `tmp`: a half-removed layer must not be taken for a whole one.
                let grave = self.config.directory.join("tmp").join(digest_hex(layer).unwrap_or("malformed"));
                match std::fs::rename(self.layer(layer), &grave) {
                    Ok(()) => std::fs::remove_dir_all(&grave).map_err(doing())?,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(doing()(error)),
                }
            }
        }
        let blob = self.config.directory.join("blobs/sha256").join(digest_hex(id).unwrap_or("malformed"));
        let _ = std::fs::remove_file(blob);
        Ok(())
    }

    pub(super) fn save(&self, images: &BTreeMap<String, Record>) -> std::io::Result<()> {
        replace(&self.config.directory.join("images.json"), &serde_json::to_vec(images).map_err(Error::other)?)
    }
}

/// Replaces a file so that a crash leaves either the old or the new content.
pub(super) fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = std::fs::File::create(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(fresh, path)
}

impl Record {
    pub(super) fn image(&self, id: &str) -> Image {
        Image {
            id: id.to_owned(),
            references: self.references.clone(),
            digests: self.digests.clone(),
            size: self.size,
            config: self.config.clone().into(),
        }
    }
}

impl From<Runs> for ImageConfig {
    fn from(runs: Runs) -> Self {
        Self {
            entrypoint: runs.entrypoint.unwrap_or_default(),
            cmd: runs.cmd.unwrap_or_default(),
            env: runs.env.unwrap_or_default(),
            working_dir: runs.working_dir.unwrap_or_default(),
            user: runs.user.unwrap_or_default(),
            stop_signal: runs.stop_signal.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
