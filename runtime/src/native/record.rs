//! What a restarted runtime must know, as files.
//!
//! In: sandboxes and containers as they change. Out: the same after a restart. Invariant: a record is written before
//! what it describes is made, so that nothing made is ever forgotten; each write replaces the file as a whole.

use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use pintle_object_model::MicroTime;
use serde::{Deserialize, Serialize};

use super::process::ProcessRecord;
use crate::{ContainerId, ContainerInfo, ContainerState, Identity, IdentitySource, SandboxId, SandboxInfo};

/// A sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SandboxRecord {
    pub(super) id: String,
    pub(super) identity: IdentityRecord,
    pub(super) hostname: String,
    pub(super) labels: BTreeMap<String, String>,
    /// Microseconds since 1970.
    pub(super) created: i64,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) stage: Stage,
    /// The pause process.
    pub(super) pause: Option<ProcessRecord>,
    /// Name of its network namespace; `None` with the host's network.
    pub(super) namespace: Option<String>,
    pub(super) host_pid: bool,
    pub(super) host_ipc: bool,
    pub(super) share_processes: bool,
}

/// How far a sandbox has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// Being made; never to be used if found after a restart.
    Making,
    Ready,
    Stopped,
}

/// [`Identity`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IdentityRecord {
    namespace: String,
    pod: String,
    uid: String,
    is_static: bool,
    attempt: u32,
}

impl From<Identity> for IdentityRecord {
    fn from(identity: Identity) -> Self {
        Self {
            namespace: identity.namespace,
            pod: identity.pod,
            uid: identity.uid,
            is_static: identity.source == IdentitySource::Static,
            attempt: identity.attempt,
        }
    }
}

impl From<IdentityRecord> for Identity {
    fn from(record: IdentityRecord) -> Self {
        Self {
            namespace: record.namespace,
            pod: record.pod,
            uid: record.uid,
            source: if record.is_static { IdentitySource::Static } else { IdentitySource::Api },
            attempt: record.attempt,
        }
    }
}

impl SandboxRecord {
    /// A sandbox of which only the name is left.
    pub(super) fn unknown(id: String) -> Self {
        Self {
            id,
            identity: Identity::default().into(),
            hostname: String::new(),
            labels: BTreeMap::new(),
            created: 0,
            addresses: Vec::new(),
            stage: Stage::Making,
            pause: None,
            namespace: None,
            host_pid: false,
            host_ipc: false,
            share_processes: false,
        }
    }

    pub(super) fn info(&self) -> SandboxInfo {
        SandboxInfo {
            id: SandboxId(self.id.clone()),
            identity: self.identity.clone().into(),
            ready: self.stage == Stage::Ready,
            addresses: self.addresses.clone(),
            created: MicroTime::from_unix_micros(self.created),
            labels: self.labels.clone(),
        }
    }

    /// Where its network namespace is.
    pub(super) fn namespace_path(&self) -> Option<PathBuf> {
        self.namespace.as_ref().map(|name| Path::new("/run/netns").join(name))
    }
}

/// A container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ContainerRecord {
    pub(super) id: String,
    pub(super) sandbox: String,
    pub(super) name: String,
    pub(super) attempt: u32,
    pub(super) image: String,
    pub(super) image_id: String,
    /// Microseconds since 1970.
    pub(super) created: i64,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) log_path: PathBuf,
    pub(super) stop_signal: String,
    pub(super) stdin: bool,
    pub(super) stdin_once: bool,
    pub(super) tty: bool,
    pub(super) state: StateRecord,
    /// The container's first process.
    pub(super) init: Option<ProcessRecord>,
    /// The process that keeps its log and its exit code.
    pub(super) shim: Option<ProcessRecord>,
    /// Its control groups, one directory per hierarchy.
    pub(super) cgroups: Vec<PathBuf>,
}

/// [`ContainerState`] as it is stored; times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StateRecord {
    Created,
    Running { started: i64 },
    Exited { started: Option<i64>, finished: i64, exit_code: i32, reason: String, message: String },
}

impl StateRecord {
    pub(super) fn has_exited(&self) -> bool {
        matches!(self, Self::Exited { .. })
    }

    fn state(&self) -> ContainerState {
        let time = MicroTime::from_unix_micros;
        match self.clone() {
            Self::Created => ContainerState::Created,
            Self::Running { started } => ContainerState::Running { started: time(started) },
            Self::Exited { started, finished, exit_code, reason, message } => ContainerState::Exited {
                started: started.map(time),
                finished: time(finished),
                exit_code,
                reason,
                message,
            },
        }
    }
}

impl ContainerRecord {
    pub(super) fn info(&self) -> ContainerInfo {
        ContainerInfo {
            id: ContainerId(self.id.clone()),
            sandbox: SandboxId(self.sandbox.clone()),
            name: self.name.clone(),
            attempt: self.attempt,
            image: self.image.clone(),
            image_id: self.image_id.clone(),
            state: self.state.state(),
            created: MicroTime::from_unix_micros(self.created),
            labels: self.labels.clone(),
            log_path: self.log_path.clone(),
        }
    }
}

/// Name of the record in its object's directory.
pub(super) const FILE: &str = "record.json";

/// Replaces a record. Not forced to the disk: nothing that it describes outlives a crash of the machine.
pub(super) fn save(directory: &Path, record: &impl Serialize) -> Result<()> {
    let fresh = directory.join("record.new");
    std::fs::write(&fresh, serde_json::to_vec(record).map_err(Error::other)?)?;
    std::fs::rename(fresh, directory.join(FILE))
}

/// The objects below a directory; those without a readable record as `None`.
pub(super) fn load<T: serde::de::DeserializeOwned>(parent: &Path) -> Result<Vec<(PathBuf, Option<T>)>> {
    let mut objects = Vec::new();
    for entry in std::fs::read_dir(parent)? {
        let directory = entry?.path();
        let bytes = std::fs::read(directory.join(FILE)).unwrap_or_default();
        objects.push((directory, serde_json::from_slice(&bytes).ok()));
    }
    objects.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(objects)
}
