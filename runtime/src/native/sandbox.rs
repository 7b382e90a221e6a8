//! Sandboxes: a network namespace, an address, a pause process, and the files that the pod's containers share.
//!
//! In: what the agent wants. Out: something that containers can join. Invariant: of a sandbox that could not be made,
//! nothing is left.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::container::AbortOnDrop;
use super::process::ProcessRecord;
use super::record::{self, SandboxRecord, Stage};
use super::{Program, Shared, files, mount, spec};
use crate::{RuntimeError, RuntimeEvent, SandboxConfig, SandboxId, SandboxInfo};

/// Size of the memory that the pod's containers share at `/dev/shm`; as with containerd.
const SHM_OPTIONS: &std::ffi::CStr = c"mode=1777,size=65536k";

pub(super) struct Sandbox {
    pub(super) directory: PathBuf,
    record: Mutex<SandboxRecord>,
    /// One change at a time.
    busy: tokio::sync::Mutex<()>,
    /// Waits for the end of the pause process.
    watcher: Mutex<Option<AbortOnDrop>>,
}

impl Sandbox {
    fn new(directory: PathBuf, record: SandboxRecord) -> Arc<Self> {
        Arc::new(Self {
            directory,
            record: Mutex::new(record),
            busy: tokio::sync::Mutex::new(()),
            watcher: Mutex::new(None),
        })
    }

    fn lock(&self) -> MutexGuard<'_, SandboxRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self) -> SandboxRecord {
        self.lock().clone()
    }

    /// Changes the record, on disk and in memory.
    fn update(&self, change: impl FnOnce(&mut SandboxRecord)) -> Result<(), RuntimeError> {
        let mut record = self.lock();
        change(&mut record);
        record::save(&self.directory, &*record).map_err(RuntimeError::io(format!("recording sandbox {}", record.id)))
    }

    /// The process id of its pause process, if that runs.
    pub(super) fn pause(&self) -> Option<i32> {
        let record = self.lock();
        record.pause.as_ref().filter(|pause| record.stage == Stage::Ready && pause.is_alive()).map(|pause| pause.pid)
    }
}

impl Shared {
    pub(super) async fn run_sandbox(self: &Arc<Self>, config: SandboxConfig) -> Result<SandboxInfo, RuntimeError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(RuntimeError::Invalid("the runtime was closed".into()));
        }
        let sum = config.identity.pod.bytes().chain(config.identity.namespace.bytes()).map(usize::from).sum::<usize>();
        let _turn = self.making[sum % self.making.len()].lock().await;
        let identity = record::IdentityRecord::from(config.identity.clone());
        let known = self.sandboxes().values().map(|sandbox| sandbox.record()).find(|known| known.identity == identity);
        if let Some(known) = known.filter(|known| known.stage == Stage::Ready) {
            return Ok(known.info());
        }
        let id = self.new_id();
        let directory = self.directory.join("sandboxes").join(&id);
        let record = SandboxRecord {
            namespace: (!config.host_network).then(|| self.namespace_of(&id)),
            id: id.clone(),
            identity,
            hostname: config.hostname.clone(),
            labels: config.labels.clone(),
            created: self.now(),
            addresses: Vec::new(),
            stage: Stage::Making,
            pause: None,
            host_pid: config.host_pid,
            host_ipc: config.host_ipc,
            share_processes: config.share_processes,
        };
        std::fs::create_dir_all(&directory).map_err(RuntimeError::io(format!("making {}", directory.display())))?;
        let sandbox = Sandbox::new(directory, record);
        match self.make_sandbox(&sandbox, config).await {
            Ok(()) => {
                let info = sandbox.record().info();
                self.sandboxes().insert(id, Arc::clone(&sandbox));
                self.watch_pause(&sandbox);
                Ok(info)
            }
            Err(error) => {
                if let Err(left) = self.clear_sandbox(&sandbox).await {
                    tracing::warn!(sandbox = %id, error = %left, "a failed sandbox could not be cleared away");
                }
                Err(error)
            }
        }
    }

    /// Name of a sandbox's network namespace.
    fn namespace_of(&self, id: &str) -> String {
        format!("pt-{}-{}", self.instance, id.chars().take(12).collect::<String>())
    }

    async fn make_sandbox(&self, sandbox: &Sandbox, config: SandboxConfig) -> Result<(), RuntimeError> {
        sandbox.update(|_| {})?;
        let record = sandbox.record();
        let id = SandboxId(record.id.clone());
        let doing = format!("making sandbox {id}");
        let mut addresses = Vec::new();
        if let (Some(name), Some(path)) = (&record.namespace, record.namespace_path()) {
            Program::new("ip").args(["netns", "add", name]).run(&doing).await?;
            addresses = self.network.attach(&id, &path, &config.ports).await?.addresses;
        }
        files::write(&sandbox.directory, &config, &addresses).map_err(RuntimeError::io(doing.clone()))?;
        mount::memory(&sandbox.directory.join("shm"), SHM_OPTIONS).map_err(RuntimeError::io(doing.clone()))?;
        let mut sysctls = config.sysctls;
        if record.namespace.is_some() {
            // As containerd: programs need no rights for low ports and for ping in a network of their own.
            for (name, value) in [("ip_unprivileged_port_start", "0"), ("ping_group_range", "0 2147483647")] {
                sysctls.entry(format!("net.ipv4.{name}")).or_insert_with(|| value.to_owned());
            }
        }
        let spec = spec::pause(&record, &sysctls, self.cgroup_path(&record.id), self.oom_score_min);
        let pause = self.start_pause(&sandbox.directory, &record.id, &spec).await?;
        sandbox.update(|record| {
            record.addresses = addresses;
            record.pause = Some(pause);
            record.stage = Stage::Ready;
        })
    }

    async fn start_pause(
        &self,
        directory: &Path,
        id: &str,
        spec: &serde_json::Value,
    ) -> Result<ProcessRecord, RuntimeError> {
        let doing = format!("starting the pause process of sandbox {id}");
        let bundle = directory.join("pause");
        let prepare = || -> std::io::Result<()> {
            use std::os::unix::fs::OpenOptionsExt as _;
            for part in ["rootfs/proc", "rootfs/dev"] {
                std::fs::create_dir_all(bundle.join(part))?;
            }
            let mut options = std::fs::OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o755).open(bundle.join("rootfs/pause"))?;
            std::io::Write::write_all(&mut file, &self.pause_program)?;
            std::fs::write(bundle.join("config.json"), spec.to_string())
        };
        prepare().map_err(RuntimeError::io(doing.clone()))?;
        let (bundle_path, pid_file) = (bundle.to_string_lossy(), bundle.join("pid"));
        // Started by a shell without streams: a detached container keeps the streams it was started with, and waiting
        // for our own pipes to close would wait for the pod.
        let pid_path = pid_file.to_string_lossy();
        let log = bundle.join("log");
        let run = self.runtime().args([
            "--log",
            &log.to_string_lossy(),
            "run",
            "--detach",
            "--bundle",
            &bundle_path,
            "--pid-file",
            &pid_path,
            id,
        ]);
        let mut command = run.into_command();
        let null = std::process::Stdio::null;
        let status = command.stdin(null()).stdout(null()).stderr(null()).status().await;
        let status = status.map_err(RuntimeError::io(doing.clone()))?;
        if !status.success() {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            let text = super::shim::message_of(&log);
            return Err(RuntimeError::Io { doing, source: std::io::Error::other(text) });
        }
        let found = || -> std::io::Result<ProcessRecord> {
            let text = std::fs::read_to_string(&pid_file)?;
            let pid = text.trim().parse().map_err(std::io::Error::other)?;
            self.remember_cgroups(&self.cgroups.of_process(pid))?;
            ProcessRecord::of(pid)
        };
        found().map_err(RuntimeError::io(doing))
    }

    /// Tells when the pause process ends.
    fn watch_pause(self: &Arc<Self>, sandbox: &Arc<Sandbox>) {
        let Some(process) = sandbox.record().pause.and_then(|pause| pause.open()) else {
            return self.pause_ended(sandbox);
        };
        let (shared, weak) = (Arc::downgrade(self), Arc::downgrade(sandbox));
        let task = tokio::spawn(async move {
            if process.ended().await.is_err() {
                return;
            }
            if let (Some(shared), Some(sandbox)) = (shared.upgrade(), weak.upgrade()) {
                shared.pause_ended(&sandbox);
            }
        });
        let mut watcher = sandbox.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        *watcher = Some(AbortOnDrop(task.abort_handle()));
    }

    fn pause_ended(&self, sandbox: &Sandbox) {
        let record = sandbox.record();
        if record.stage != Stage::Ready {
            return;
        }
        if let Err(error) = sandbox.update(|record| record.stage = Stage::Stopped) {
            tracing::warn!(sandbox = %record.id, %error, "recording the end of a sandbox");
        }
        self.emit(RuntimeEvent::SandboxStopped { id: SandboxId(record.id) });
    }

    pub(super) async fn stop_sandbox(&self, id: &str) -> Result<(), RuntimeError> {
        let Ok(sandbox) = self.sandbox(id) else { return Ok(()) };
        let _one = sandbox.busy.lock().await;
        self.halt_sandbox(&sandbox).await
    }

    /// Ends the containers, the pause process and the network; the record stays.
    async fn halt_sandbox(&self, sandbox: &Sandbox) -> Result<(), RuntimeError> {
        let record = sandbox.record();
        let containers = self.containers_of(&record.id);
        let stops = containers.iter().map(|container| self.kill_container(container));
        for stopped in futures::future::join_all(stops).await {
            stopped?;
        }
        self.pause_ended(sandbox);
        // Killed here rather than by the OCI runtime, which would look only every 100 ms whether it has ended.
        if let Some(pause) = record.pause.as_ref().and_then(ProcessRecord::open) {
            let failed = || RuntimeError::io(format!("ending the pause process of sandbox {}", record.id));
            pause.signal(rustix::process::Signal::KILL).map_err(failed())?;
            pause.ended().await.map_err(failed())?;
        }
        self.runtime_delete(&record.id).await?;
        if let Some(name) = &record.namespace {
            self.network.detach(&SandboxId(record.id.clone())).await?;
            let path = record.namespace_path().unwrap_or_default();
            if path.exists() {
                let removed = Program::new("ip").args(["netns", "del", name]).run(&format!("removing {name}")).await;
                if path.exists() {
                    removed?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn remove_sandbox(&self, id: &str) -> Result<(), RuntimeError> {
        let Ok(sandbox) = self.sandbox(id) else { return Ok(()) };
        let _one = sandbox.busy.lock().await;
        self.halt_sandbox(&sandbox).await?;
        for container in self.containers_of(id) {
            self.remove_container(&container.id).await?;
        }
        self.clear_sandbox(&sandbox).await?;
        self.sandboxes().remove(id);
        Ok(())
    }

    /// Removes what there is of a sandbox, however far it had come.
    async fn clear_sandbox(&self, sandbox: &Sandbox) -> Result<(), RuntimeError> {
        self.halt_sandbox(sandbox).await?;
        clear_directory(&sandbox.directory)
    }

    pub(super) async fn adopt_sandbox(
        self: &Arc<Self>,
        directory: &Path,
        record: Option<SandboxRecord>,
    ) -> Result<(), RuntimeError> {
        // A record that was lost: the directory's name says enough to take down what may be there.
        let lost = || {
            let id = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
            SandboxRecord { namespace: Some(self.namespace_of(&id)), ..SandboxRecord::unknown(id) }
        };
        let record = record.unwrap_or_else(lost);
        let sandbox = Sandbox::new(directory.to_path_buf(), record.clone());
        if record.stage == Stage::Making {
            return self.clear_sandbox(&sandbox).await;
        }
        self.sandboxes().insert(record.id.clone(), Arc::clone(&sandbox));
        if record.stage == Stage::Ready {
            self.watch_pause(&sandbox);
        }
        Ok(())
    }
}

/// Removes a directory with all mounts in it.
pub(super) fn clear_directory(directory: &Path) -> Result<(), RuntimeError> {
    let clear = || -> std::io::Result<()> {
        mount::unmount_below(directory)?;
        match std::fs::remove_dir_all(directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    };
    clear().map_err(RuntimeError::io(format!("removing {}", directory.display())))
}
