//! Limits and usage of running containers.

use std::path::Path;

use super::record::StateRecord;
use super::{Shared, cgroup};
use crate::{ContainerStats, Resources, RuntimeError};

/// Most files that are counted for the size of a root file system.
const COUNTED_FILES_MAX: usize = 100_000;

impl Shared {
    pub(super) async fn update_resources(&self, id: &str, resources: &Resources) -> Result<(), RuntimeError> {
        let container = self.container(id)?;
        if !self.cgroups.usable {
            return Err(RuntimeError::Unsupported {
                backend: "native",
                what: "limit resources on this machine".into(),
            });
        }
        if !matches!(container.record().state, StateRecord::Running { .. }) {
            return Err(RuntimeError::Invalid(format!("container {id} is not running")));
        }
        let limits = self.cgroups.limits(resources).to_string();
        let doing = format!("changing the limits of container {id}");
        self.runtime().args(["update", "--resources", "-", id]).input(limits).run(&doing).await.map(drop)
    }

    pub(super) async fn stats(&self, id: &str) -> Result<ContainerStats, RuntimeError> {
        let container = self.container(id)?;
        let record = container.record();
        if !matches!(record.state, StateRecord::Running { .. }) {
            return Err(RuntimeError::Invalid(format!("container {id} is not running")));
        }
        let mut stats = cgroup::usage(&record.cgroups).ok_or_else(|| RuntimeError::Unsupported {
            backend: "native",
            what: "measure containers without control groups".into(),
        })?;
        let upper = container.directory.join("upper");
        let size = tokio::task::spawn_blocking(move || size_of(&upper)).await;
        stats.file_system_bytes = size.unwrap_or_default();
        Ok(stats)
    }
}

/// Bytes of the files below a directory.
fn size_of(directory: &Path) -> u64 {
    let mut open = vec![directory.to_path_buf()];
    let mut total = 0;
    let mut count = 0;
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            count += 1;
            if count > COUNTED_FILES_MAX {
                return total;
            }
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => total += metadata.len(),
                Err(_) => {}
            }
        }
    }
    total
}
