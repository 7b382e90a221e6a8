//! Where the agent keeps files of pods.
//!
//! Invariant: every path belongs to one pod by its UID, so that a restarted agent finds it and a removed pod leaves nothing.

use std::path::{Path, PathBuf};

use pintle_object_model::api::core::v1::Pod;

/// Directories of a node agent. Without a data directory there are no files at all (simulation).
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(crate) data: Option<PathBuf>,
}

impl Paths {
    fn pod(&self, uid: &str) -> Option<PathBuf> {
        self.data.as_ref().map(|data| data.join("pods").join(uid))
    }

    /// A volume's directory; empty without a data directory.
    pub(crate) fn volume(&self, pod: &Pod, name: &str) -> PathBuf {
        self.pod(&pod.metadata.uid).map(|pod| pod.join("volumes").join(name)).unwrap_or_default()
    }

    /// The pod's `/etc/hosts`.
    pub(crate) fn hosts(&self, pod: &Pod) -> Option<PathBuf> {
        Some(self.pod(&pod.metadata.uid)?.join("etc-hosts"))
    }

    /// The file into which a container writes its last words.
    pub(crate) fn last_words(&self, pod: &Pod, container: &str, attempt: u32) -> Option<PathBuf> {
        Some(self.pod(&pod.metadata.uid)?.join("containers").join(container).join(attempt.to_string()))
    }

    /// The log of one attempt of a container; empty without a data directory.
    pub(crate) fn log(&self, pod: &Pod, container: &str, attempt: u32) -> PathBuf {
        match self.logs(pod) {
            Some(logs) => logs.join(container).join(format!("{attempt}.log")),
            None => PathBuf::new(),
        }
    }

    fn logs(&self, pod: &Pod) -> Option<PathBuf> {
        let metadata = &pod.metadata;
        self.logs_of(&metadata.namespace, &metadata.name, &metadata.uid)
    }

    fn logs_of(&self, namespace: &str, name: &str, uid: &str) -> Option<PathBuf> {
        Some(self.data.as_ref()?.join("logs").join(format!("{namespace}_{name}_{uid}")))
    }

    /// Removes everything of a pod.
    pub(crate) async fn remove(&self, namespace: &str, name: &str, uid: &str) -> std::io::Result<()> {
        for path in [self.pod(uid), self.logs_of(namespace, name, uid)].into_iter().flatten() {
            remove_all(&path).await?;
        }
        Ok(())
    }
}

/// Removes a directory and what is in it, if it is there.
pub(crate) async fn remove_all(path: &Path) -> std::io::Result<()> {
    match tokio::fs::remove_dir_all(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
