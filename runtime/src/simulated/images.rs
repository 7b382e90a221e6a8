//! Images and volumes that are there because nobody looks into them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use pintle_object_model::api::core::v1::Volume;
use sha2::{Digest as _, Sha256};

use crate::{
    Image, ImageStore, MountedVolume, PullAuth, RuntimeError, VolumeContext, VolumeDriver, normalize_reference,
};

/// Images in a simulated world: every pull succeeds, except of those that are said to be missing.
#[derive(Debug, Default)]
pub struct SimulatedImages {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    present: BTreeMap<String, Image>,
    missing: BTreeSet<String>,
}

impl SimulatedImages {
    /// Nothing is present yet, everything can be pulled.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether an image can be pulled from now on.
    ///
    /// # Errors
    /// If the reference is malformed.
    pub fn set_available(&self, reference: &str, available: bool) -> Result<(), RuntimeError> {
        let full = normalize_reference(reference)?;
        let mut state = self.state();
        if available {
            state.missing.remove(&full);
        } else {
            state.present.remove(&full);
            state.missing.insert(full);
        }
        Ok(())
    }
}

#[async_trait]
impl ImageStore for SimulatedImages {
    async fn get(&self, reference: &str) -> Result<Option<Image>, RuntimeError> {
        let full = normalize_reference(reference)?;
        Ok(self.state().present.get(&full).cloned())
    }

    async fn pull(&self, reference: &str, _auth: Option<&PullAuth>) -> Result<Image, RuntimeError> {
        let full = normalize_reference(reference)?;
        let mut state = self.state();
        if state.missing.contains(&full) {
            let why = format!("failed to resolve reference {full:?}: not found");
            return Err(RuntimeError::Image { reference: full, why });
        }
        let image = state.present.entry(full.clone()).or_insert_with(|| {
            let digest: String = Sha256::digest(full.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            let name = full.split('@').next().unwrap_or(&full);
            let repository = name.rsplit_once(':').map_or(name, |(repository, _)| repository);
            Image {
                id: format!("sha256:{digest}"),
                digests: vec![format!("{repository}@sha256:{digest}")],
                references: vec![full],
                size: 1 << 20,
                ..Image::default()
            }
        });
        Ok(image.clone())
    }

    async fn list(&self) -> Result<Vec<Image>, RuntimeError> {
        Ok(self.state().present.values().cloned().collect())
    }

    async fn import(&self, _archive: &Path) -> Result<Vec<Image>, RuntimeError> {
        Err(RuntimeError::Unsupported { backend: "simulated", what: "import images: it has no files".into() })
    }

    async fn remove(&self, id: &str) -> Result<(), RuntimeError> {
        self.state().present.retain(|_, image| image.id != id);
        Ok(())
    }
}

/// Provides volumes of every type, without content and without a place.
#[derive(Debug)]
pub struct SimulatedVolumes;

#[async_trait]
impl VolumeDriver for SimulatedVolumes {
    fn provides(&self, _volume: &Volume) -> bool {
        true
    }
    async fn set_up(&self, _volume: &Volume, _context: VolumeContext<'_>) -> Result<MountedVolume, RuntimeError> {
        Ok(MountedVolume { path: PathBuf::new(), read_only: false })
    }
    async fn tear_down(&self, _volume: &Volume, _context: VolumeContext<'_>) -> Result<(), RuntimeError> {
        Ok(())
    }
}
