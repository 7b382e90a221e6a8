//! What all operations of the native runtime share: where things are, what exists, who listens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pintle_object_model::clock::{Clock, Random};
use tokio::sync::broadcast;

use super::cgroup::Cgroups;
use super::container::Container;
use super::program::Program;
use super::sandbox::Sandbox;
use super::{NativeConfig, NativeWarning, capability, cgroup, pause, program, record};
use crate::bridge::short_hash;
use crate::oci::OciImageStore;
use crate::{PodNetwork, RuntimeError, RuntimeEvent};

/// Events that a slow reader may be behind before it loses some.
const EVENTS_MAX: usize = 1024;

/// What all operations need.
pub(super) struct Shared {
    pub(super) directory: PathBuf,
    pub(super) program: PathBuf,
    pub(super) version: String,
    pub(super) pause_program: Vec<u8>,
    /// Part of all names on the machine.
    pub(super) instance: String,
    pub(super) images: OciImageStore,
    pub(super) network: Arc<dyn PodNetwork>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Random,
    pub(super) cgroups: Cgroups,
    pub(super) oom_score_min: i32,
    pub(super) warnings: Vec<NativeWarning>,
    pub(super) sandboxes: Mutex<BTreeMap<String, Arc<Sandbox>>>,
    pub(super) containers: Mutex<BTreeMap<String, Arc<Container>>>,
    /// Nothing new is made any more.
    pub(super) closed: AtomicBool,
    /// Read-locked by operations while they run, write-locked by closing.
    pub(super) activity: tokio::sync::RwLock<()>,
    /// Two calls for the same pod make one sandbox: they take the same of these in turn.
    pub(super) making: [tokio::sync::Mutex<()>; 16],
    pub(super) events: broadcast::Sender<RuntimeEvent>,
    /// Held while the runtime exists: the directory has one user.
    _lock: std::fs::File,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) async fn open(
        config: NativeConfig,
        images: OciImageStore,
        network: Arc<dyn PodNetwork>,
        clock: Arc<dyn Clock>,
        random: Random,
    ) -> Result<Self, RuntimeError> {
        let doing = || format!("opening the native runtime in {}", config.directory.display());
        let failed = |text: String| RuntimeError::Io { doing: doing(), source: std::io::Error::other(text) };
        if !rustix::process::geteuid().is_root() {
            return Err(failed("native containers need root".into()));
        }
        for name in ["conmon", "ip", "nft", "nsenter"] {
            program::find(name).ok_or_else(|| RuntimeError::Io { doing: doing(), source: program::missing(name) })?;
        }
        let found = config.runtime.clone().or_else(|| program::find("runc")).or_else(|| program::find("crun"));
        let program = found.ok_or_else(|| RuntimeError::Io { doing: doing(), source: program::missing("runc") })?;
        let pause_program = match &config.pause_command {
            Some(path) => std::fs::read(path).map_err(RuntimeError::io(format!("reading {}", path.display())))?,
            None => pause::program().ok_or_else(|| failed("this architecture needs a `pause_command`".into()))?,
        };
        for part in ["sandboxes", "containers", "runtime"] {
            std::fs::create_dir_all(config.directory.join(part)).map_err(RuntimeError::io(doing()))?;
        }
        let directory = config.directory.canonicalize().map_err(RuntimeError::io(doing()))?;
        if directory.to_string_lossy().contains([':', ',', '\\', '"']) {
            return Err(failed("overlayfs does not take paths with `:`, `,`, `\\` or quotes".into()));
        }
        let lock = std::fs::File::create(directory.join("lock")).map_err(RuntimeError::io(doing()))?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| failed("another runtime uses this directory".into()))?;
        let version = Program::new(&program).args(["--version"]).run(&doing()).await?;
        let version = version.lines().next().unwrap_or_default().to_owned();
        let (cgroups, mut warnings) = Cgroups::detect();
        let oom_score_min = capability::oom_score_min();
        if oom_score_min > -1000 {
            warnings.push(NativeWarning::OomScoreLimited { least: oom_score_min });
        }
        for warning in &warnings {
            tracing::warn!(%warning, "native containers are restricted on this machine");
        }
        Ok(Self {
            instance: short_hash(&directory.to_string_lossy(), 8),
            directory,
            program,
            version,
            pause_program,
            images,
            network,
            clock,
            random,
            cgroups,
            oom_score_min,
            warnings,
            sandboxes: Mutex::default(),
            containers: Mutex::default(),
            closed: AtomicBool::new(false),
            activity: tokio::sync::RwLock::new(()),
            making: std::array::from_fn(|_| tokio::sync::Mutex::new(())),
            events: broadcast::channel(EVENTS_MAX).0,
            _lock: lock,
        })
    }

    pub(super) fn sandboxes(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Sandbox>>> {
        self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn containers(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Container>>> {
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sandbox(&self, id: &str) -> Result<Arc<Sandbox>, RuntimeError> {
        let found = self.sandboxes().get(id).cloned();
        found.ok_or_else(|| RuntimeError::NotFound { what: "sandbox", id: id.to_owned() })
    }

    pub(super) fn container(&self, id: &str) -> Result<Arc<Container>, RuntimeError> {
        let found = self.containers().get(id).cloned();
        found.ok_or_else(|| RuntimeError::NotFound { what: "container", id: id.to_owned() })
    }

    pub(super) fn containers_of(&self, sandbox: &str) -> Vec<Arc<Container>> {
        let containers = self.containers();
        containers.values().filter(|container| container.record().sandbox == sandbox).cloned().collect()
    }

    /// A name that nothing has had here.
    pub(super) fn new_id(&self) -> String {
        format!("{:016x}{:016x}", self.random.next_u64(), self.random.next_u64())
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.utc().unix_micros()
    }

    pub(super) fn emit(&self, event: RuntimeEvent) {
        // An error means that nobody listens.
        let _ = self.events.send(event);
    }

    /// The OCI runtime, with where it keeps its state.
    pub(super) fn runtime(&self) -> Program {
        Program::new(&self.program).args(self.runtime_options())
    }

    pub(super) fn runtime_options(&self) -> Vec<String> {
        let mut options = vec!["--root".to_owned(), self.directory.join("runtime").to_string_lossy().into_owned()];
        if !self.cgroups.usable {
            // Makes it tolerate that it cannot write control groups.
            options.extend(["--rootless".to_owned(), "true".to_owned()]);
        }
        options
    }

    /// Where a container's control group goes, relative to this process's own: limits on us then hold for containers too.
    pub(super) fn cgroup_path(&self, id: &str) -> Option<String> {
        self.cgroups.usable.then(|| format!("pintle-{}/{id}", self.instance))
    }

    /// Removes a container of the OCI runtime with whatever still runs in it. What is not there counts as removed.
    pub(super) async fn runtime_delete(&self, id: &str) -> Result<(), RuntimeError> {
        if !self.directory.join("runtime").join(id).exists() {
            return Ok(());
        }
        let deleted = self.runtime().args(["delete", "--force", id]).run(&format!("removing container {id}")).await;
        if self.directory.join("runtime").join(id).exists() { deleted.map(drop) } else { Ok(()) }
    }

    /// Finds what an earlier runtime left.
    pub(super) async fn adopt(self: &Arc<Self>) -> Result<(), RuntimeError> {
        let load = |part: &str| self.directory.join(part);
        let reading = |error| RuntimeError::io("reading the runtime's records")(error);
        for (directory, record) in record::load(&load("sandboxes")).map_err(reading)? {
            self.adopt_sandbox(&directory, record).await?;
        }
        for (directory, record) in record::load(&load("containers")).map_err(reading)? {
            self.adopt_container(&directory, record).await?;
        }
        Ok(())
    }

    /// Remembers the groups that contain those of containers, for [`Self::remove_cgroups`] of this or a later run.
    pub(super) fn remember_cgroups(&self, directories: &[PathBuf]) -> std::io::Result<()> {
        let name = format!("pintle-{}", self.instance);
        let ours = |directory: &PathBuf| {
            directory
                .parent()
                .filter(|parent| parent.file_name().is_some_and(|last| *last == *name))
                .map(Path::to_path_buf)
        };
        let file = self.directory.join("cgroups.json");
        let mut known = self.known_cgroups();
        let count = known.len();
        known.extend(directories.iter().filter_map(ours));
        if known.len() == count { Ok(()) } else { std::fs::write(file, serde_json::to_vec(&known)?) }
    }

    pub(super) fn known_cgroups(&self) -> BTreeSet<PathBuf> {
        let bytes = std::fs::read(self.directory.join("cgroups.json")).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    pub(super) fn remove_cgroups(&self) -> Result<(), RuntimeError> {
        let mut directories = self.known_cgroups();
        // Those of starts that failed before they could be recorded: beside or below this process's own.
        let own = i32::try_from(std::process::id()).map(|pid| self.cgroups.of_process(pid)).unwrap_or_default();
        let places = own.iter().flat_map(|own| [Some(own.as_path()), own.parent()]).flatten();
        directories.extend(places.map(|place| place.join(format!("pintle-{}", self.instance))));
        for directory in directories {
            if !cgroup::remove(&directory) {
                let source = std::io::Error::other("it still has processes");
                return Err(RuntimeError::Io {
                    doing: format!("removing control group {}", directory.display()),
                    source,
                });
            }
        }
        let _ = std::fs::remove_file(self.directory.join("cgroups.json"));
        Ok(())
    }
}
