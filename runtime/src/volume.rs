//! Volumes of pods: directories of the node that appear in containers.
//!
//! In: a pod and one of its volumes. Out: a path on the node. Invariant: setting up may be repeated, and brings the
//! content up to date (ConfigMaps and Secrets change atomically). Elsewhere: which containers mount it where (the agent).

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use pintle_client::Client;
use pintle_object_model::api::core::v1::{Pod, Volume};

use crate::RuntimeError;

/// What a driver may use.
#[derive(Clone, Copy, Debug)]
pub struct VolumeContext<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// To read ConfigMaps, Secrets and tokens.
    pub client: &'a Client,
    /// A directory of this volume's own, below the agent's data directory.
    pub directory: &'a Path,
}

/// A volume that is ready to be mounted into containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountedVolume {
    /// Its directory or file on the node.
    pub path: PathBuf,
    /// No container may write to it.
    pub read_only: bool,
}

/// Provides one or several types of volumes.
#[async_trait]
pub trait VolumeDriver: Send + Sync + 'static {
    /// Is this volume of a type that the driver provides?
    fn provides(&self, volume: &Volume) -> bool;
    /// Makes the volume ready, or brings its content up to date.
    ///
    /// # Errors
    /// If what it needs is missing (a ConfigMap that is not optional) or the machine fails; tried again later.
    async fn set_up(&self, volume: &Volume, context: VolumeContext<'_>) -> Result<MountedVolume, RuntimeError>;
    /// Takes the volume down; its data goes if its type says so. Repeating it is harmless.
    ///
    /// # Errors
    /// If the machine fails.
    async fn tear_down(&self, volume: &Volume, context: VolumeContext<'_>) -> Result<(), RuntimeError>;
}
