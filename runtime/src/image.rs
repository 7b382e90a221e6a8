//! Images: where root file systems come from.
//!
//! In: references such as `k8s-demo:0.0.1-SNAPSHOT`. Out: images that are present. Elsewhere: how a root file system is
//! put together from an image (`ContainerRuntime`). Source: the OCI image and distribution specifications.

use std::path::Path;

use async_trait::async_trait;

use crate::RuntimeError;

/// An image that is present.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Identity of its content: `sha256:...` of its configuration.
    pub id: String,
    /// References under which it is known, normalized, such as `docker.io/library/k8s-demo:0.0.1-SNAPSHOT`.
    pub references: Vec<String>,
    /// References with digests, such as `docker.io/library/k8s-demo@sha256:...`.
    pub digests: Vec<String>,
    /// Size in bytes.
    pub size: u64,
    /// What it says about how to run it.
    pub config: ImageConfig,
}

/// What an image says about how to run it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// Program and first arguments.
    pub entrypoint: Vec<String>,
    /// Further arguments.
    pub cmd: Vec<String>,
    /// Environment as `NAME=value`.
    pub env: Vec<String>,
    /// Working directory.
    pub working_dir: String,
    /// User as `user`, `uid`, `user:group` or `uid:gid`.
    pub user: String,
    /// Signal that asks it to end.
    pub stop_signal: String,
}

/// Credentials for a registry.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PullAuth {
    /// User name.
    pub username: String,
    /// Password or token.
    pub password: String,
}

impl std::fmt::Debug for PullAuth {
    /// Never prints the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PullAuth").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Has images. Called concurrently; every call may be repeated.
#[async_trait]
pub trait ImageStore: Send + Sync + 'static {
    /// The image of this reference (or id), if it is present.
    ///
    /// # Errors
    /// If the reference is malformed or the store cannot be read.
    async fn get(&self, reference: &str) -> Result<Option<Image>, RuntimeError>;
    /// Makes the image present.
    ///
    /// # Errors
    /// [`RuntimeError::Image`] if it cannot be had; [`RuntimeError::Unsupported`] if this store has no registry to ask.
    async fn pull(&self, reference: &str, auth: Option<&PullAuth>) -> Result<Image, RuntimeError>;
    /// All images that are present.
    ///
    /// # Errors
    /// If the store cannot be read.
    async fn list(&self) -> Result<Vec<Image>, RuntimeError>;
    /// Takes in all images of an OCI image layout: a directory, or a tar file of one (also as `docker save` writes it).
    ///
    /// # Errors
    /// If it is not one, or its content does not match its digests.
    async fn import(&self, archive: &Path) -> Result<Vec<Image>, RuntimeError>;
    /// Removes an image that no container uses.
    ///
    /// # Errors
    /// If it is in use.
    async fn remove(&self, id: &str) -> Result<(), RuntimeError>;
}

/// A reference in full: with registry, repository and tag or digest (`nginx` is `docker.io/library/nginx:latest`).
///
/// # Errors
/// If it is malformed.
pub fn normalize_reference(reference: &str) -> Result<String, RuntimeError> {
    let invalid =
        || RuntimeError::Image { reference: reference.to_owned(), why: "couldn't parse image reference".into() };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@+".contains(c);
    if reference.is_empty() || !reference.chars().all(plain) {
        return Err(invalid());
    }
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    // A colon behind the last slash starts the tag; one before it belongs to the registry's port.
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let (path, tag) = match name[slash..].rfind(':') {
        Some(colon) => (&name[..slash + colon], Some(&name[slash + colon + 1..])),
        None => (name, None),
    };
    let (registry, repository) = match path.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest.to_owned()),
        Some(_) => ("docker.io", path.to_owned()),
        None => ("docker.io", format!("library/{path}")),
    };
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
    if repository.is_empty() || !repository.chars().all(lower) || tag.is_some_and(str::is_empty) {
        return Err(invalid());
    }
    Ok(match (digest, tag) {
        (Some(digest), _) => format!("{registry}/{repository}@{digest}"),
        (None, tag) => format!("{registry}/{repository}:{}", tag.unwrap_or("latest")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_completed() {
        let full = |text| normalize_reference(text).unwrap();
        assert_eq!(full("k8s-demo:0.0.1-SNAPSHOT"), "docker.io/library/k8s-demo:0.0.1-SNAPSHOT");
        assert_eq!(full("nginx"), "docker.io/library/nginx:latest");
        assert_eq!(full("team/app"), "docker.io/team/app:latest");
        assert_eq!(full("localhost:5000/app:2"), "localhost:5000/app:2");
        assert_eq!(full("quay.io/a/b@sha256:12"), "quay.io/a/b@sha256:12");
    }

    #[test]
    fn malformed_references_are_refused() {
        for text in ["", "UPPER/case", "a b", "app:", "app!"] {
            assert!(normalize_reference(text).is_err(), "{text:?}");
        }
    }
}
