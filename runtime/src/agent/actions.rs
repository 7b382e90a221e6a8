//! Carrying out a pod's actions: sandbox and volumes, pulling, starting, hooks, ending.
//!
//! In: an action of the machine. Out: what came of it, and events on the way. Invariant: every action may be cut off and
//! repeated. Elsewhere: deciding (`pod`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::api::core::v1::{Lifecycle, LifecycleHandler, Pod};
use tracing::debug;

use super::container::{Ingredients, container_config, sandbox_config};
use super::environment::{Sources, environment, service_variables};
use super::fields::FieldContext;
use super::part::Part;
use super::pod::{Failure, FailureKind};
use super::{Shared, dns, images};
use crate::probe::{self, Check, ProbeOutcome, ProbeRequest, describe};
use crate::{ContainerId, MountedVolume, RuntimeError, SandboxId, SandboxInfo, VolumeContext};

/// How long a hook that calls over the network may take to answer.
const HOOK_TIMEOUT: Duration = Duration::from_secs(30);

/// The volumes of a pod that are ready, by name.
pub(crate) type Volumes = Arc<tokio::sync::Mutex<Option<BTreeMap<String, MountedVolume>>>>;

/// One pod and what its actions share.
#[derive(Clone)]
pub(crate) struct Doer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) volumes: Volumes,
}

fn failure(kind: FailureKind, reason: &str, message: impl Into<String>) -> Failure {
    Failure { kind, reason: reason.to_owned(), message: message.into() }
}

impl Doer {
    /// Makes volumes and a sandbox.
    pub(crate) async fn set_up(&self, attempt: u32) -> Result<(), Failure> {
        self.volumes().await?;
        let config = &self.shared.config;
        let dns = dns::settings(&self.pod, &config.cluster_dns, &config.cluster_domain, &config.host_dns);
        match self.shared.runtime.run_sandbox(sandbox_config(&self.pod, attempt, dns)).await {
            Ok(sandbox) => {
                self.shared.note_sandbox(&sandbox.id, &self.pod.metadata.uid);
                Ok(())
            }
            Err(error) => {
                let text = format!("Failed to create pod sandbox: {}", describe(&error));
                self.shared.events.warning(&*self.pod, "FailedCreatePodSandBox", text.clone());
                Err(failure(FailureKind::Pull, "FailedCreatePodSandBox", text))
            }
        }
    }

    /// The pod's volumes, made ready if they are not.
    async fn volumes(&self) -> Result<BTreeMap<String, MountedVolume>, Failure> {
        let mut ready = self.volumes.lock().await;
        if let Some(ready) = &*ready {
            return Ok(ready.clone());
        }
        let mut mounted = BTreeMap::new();
        for volume in &self.pod.spec.volumes {
            let result = self.mount(volume).await;
            match result {
                Ok(volume_ready) => mounted.insert(volume.name.clone(), volume_ready),
                Err(error) => {
                    let text = format!("MountVolume.SetUp failed for volume {:?} : {}", volume.name, describe(&error));
                    self.shared.events.warning(&*self.pod, "FailedMount", text.clone());
                    return Err(failure(FailureKind::Create, "FailedMount", text));
                }
            };
        }
        *ready = Some(mounted.clone());
        Ok(mounted)
    }

    async fn mount(&self, volume: &pintle_object_model::api::core::v1::Volume) -> Result<MountedVolume, RuntimeError> {
        let Some(driver) = self.shared.volumes.iter().find(|driver| driver.provides(volume)) else {
            return Err(RuntimeError::Invalid(format!(
                "no volume driver of this node provides volumes of type {}",
                crate::volumes::type_name(volume)
            )));
        };
        let directory = self.shared.paths.volume(&self.pod, &volume.name);
        let context = VolumeContext { pod: &self.pod, client: &self.shared.client, directory: &directory };
        driver.set_up(volume, context).await
    }

    /// Brings the content of volumes up to date. What fails now is tried again later.
    pub(crate) async fn refresh_volumes(&self) {
        let mut ready = self.volumes.lock().await;
        if ready.is_none() {
            return;
        }
        for volume in self.pod.spec.volumes.iter().filter(|volume| crate::volumes::changes(volume)) {
            match self.mount(volume).await {
                Ok(mounted) => {
                    if let Some(ready) = &mut *ready {
                        ready.insert(volume.name.clone(), mounted);
                    }
                }
                Err(error) => debug!(%error, volume = volume.name, "a volume could not be brought up to date"),
            }
        }
    }

    /// Takes the volumes down.
    pub(crate) async fn tear_down(&self) -> bool {
        let mut ready = self.volumes.lock().await;
        let mut success = true;
        for volume in &self.pod.spec.volumes {
            let Some(driver) = self.shared.volumes.iter().find(|driver| driver.provides(volume)) else { continue };
            let directory = self.shared.paths.volume(&self.pod, &volume.name);
            let context = VolumeContext { pod: &self.pod, client: &self.shared.client, directory: &directory };
            if let Err(error) = driver.tear_down(volume, context).await {
                tracing::warn!(%error, volume = volume.name, pod = self.pod.metadata.name, "a volume stays");
                success = false;
            }
        }
        *ready = None;
        success
    }

    /// Removes sandboxes, containers, files.
    pub(crate) async fn remove(&self, sandboxes: &[SandboxId]) {
        for id in sandboxes {
            let stopped = self.shared.runtime.stop_sandbox(id).await;
            if let Err(error) = stopped.and(self.shared.runtime.remove_sandbox(id).await) {
                tracing::warn!(%error, sandbox = %id, "a sandbox stays");
            }
            self.shared.forget_sandbox(id);
        }
        let metadata = &self.pod.metadata;
        if let Err(error) = self.shared.paths.remove(&metadata.namespace, &metadata.name, &metadata.uid).await {
            tracing::warn!(%error, pod = metadata.name, "files of a removed pod stay");
        }
    }

    /// Pulls, makes, starts, runs the hook.
    pub(crate) async fn start(&self, part: &Part, attempt: u32, sandbox: &SandboxInfo) -> Result<(), Failure> {
        let container = &part.container;
        let image = images::ensure(&self.shared, &self.pod, part).await?;
        let config_failed = |text: String| {
            self.warn(part, "Failed", format!("Error: {text}"));
            failure(FailureKind::Create, "CreateContainerConfigError", text)
        };
        let volumes = self.volumes().await?;
        let env = self.environment(part, sandbox).await.map_err(config_failed)?;
        let (hosts, last_words) = self
            .files(part, attempt, sandbox)
            .await
            .map_err(|error| config_failed(format!("preparing files of container {:?}: {error}", container.name)))?;
        let config = container_config(Ingredients {
            pod: &self.pod,
            part,
            attempt,
            image,
            env,
            volumes: &volumes,
            log_path: self.shared.paths.log(&self.pod, &container.name, attempt),
            hosts,
            last_words,
            node_memory: self.shared.config.memory_bytes(),
        })
        .map_err(config_failed)?;
        self.create_and_start(part, sandbox, config).await
    }

    async fn create_and_start(
        &self,
        part: &Part,
        sandbox: &SandboxInfo,
        config: crate::ContainerConfig,
    ) -> Result<(), Failure> {
        let name = part.name();
        let runtime = &self.shared.runtime;
        let id = match runtime.create_container(&sandbox.id, config).await {
            Ok(id) => id,
            Err(error) => {
                let text = describe(&error);
                self.warn(part, "Failed", format!("Error: {text}"));
                return Err(failure(FailureKind::Create, "CreateContainerError", text));
            }
        };
        self.note(part, "Created", format!("Created container: {name}"));
        if let Err(error) = runtime.start_container(&id).await {
            let text = describe(&error);
            self.warn(part, "Failed", format!("Error: {text}"));
            return Err(failure(FailureKind::Run, "RunContainerError", text));
        }
        self.note(part, "Started", format!("Started container {name}"));
        let hook =
            part.container.lifecycle.as_deref().and_then(|lifecycle: &Lifecycle| lifecycle.post_start.as_deref());
        if let Some(hook) = hook
            && let Err(why) = self.run_hook(part, &id, hook, &pod_host(sandbox, &self.shared)).await
        {
            self.warn(part, "FailedPostStartHook", "PostStartHook failed");
            debug!(why, container = name, "a postStart hook failed");
            let grace = self.pod.spec.termination_grace_period_seconds.unwrap_or(30).max(0).unsigned_abs();
            let _ = self.stop(part, &id, Duration::from_secs(grace), "FailedPostStartHook", false).await;
            return Err(failure(FailureKind::Run, "PostStartHookError", "PostStartHook failed".to_owned()));
        }
        Ok(())
    }

    async fn environment(&self, part: &Part, sandbox: &SandboxInfo) -> Result<Vec<(String, String)>, String> {
        let config = &self.shared.config;
        let pod_ips = if self.pod.spec.host_network { &config.addresses } else { &sandbox.addresses };
        let context = FieldContext {
            pod_ips: pod_ips.clone(),
            host_ips: config.addresses.clone(),
            allocatable: config.capacity.clone(),
        };
        // Without Services there is no API server for the pod to find; wait for the list rather than start without.
        self.shared.services.synced().await;
        let links = self.pod.spec.enable_service_links.unwrap_or(true);
        let namespace = &self.pod.metadata.namespace;
        let services = service_variables(&self.shared.services.list(), namespace, links);
        let sources = Sources::new(&self.shared.client, namespace);
        environment(&self.pod, &part.container, services, &context, sources).await
    }

    /// `/etc/hosts` and the file for last words, made if they are not there.
    async fn files(
        &self,
        part: &Part,
        attempt: u32,
        sandbox: &SandboxInfo,
    ) -> std::io::Result<(Option<std::path::PathBuf>, Option<std::path::PathBuf>)> {
        let (pod, paths) = (&self.pod, &self.shared.paths);
        let hosts = paths.hosts(pod).filter(|_| !pod.spec.host_network);
        if let Some(path) = &hosts {
            make_parent(path).await?;
            tokio::fs::write(path, dns::hosts(pod, &sandbox.addresses, &self.shared.config.cluster_domain)).await?;
        }
        let words = paths.last_words(pod, part.name(), attempt);
        if let Some(path) = &words {
            make_parent(path).await?;
            tokio::fs::write(path, b"").await?;
            // Containers run as any user, and all must be able to write it.
            use std::os::unix::fs::PermissionsExt as _;
            tokio::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).await?;
        }
        let log = paths.log(pod, part.name(), attempt);
        if !log.as_os_str().is_empty() {
            make_parent(&log).await?;
        }
        Ok((hosts, words))
    }

    /// Runs the preStop hook, then ends a container within `grace` overall.
    pub(crate) async fn stop(
        &self,
        part: &Part,
        id: &ContainerId,
        grace: Duration,
        message: &str,
        pre_stop: bool,
    ) -> Result<(), RuntimeError> {
        self.note(part, "Killing", message);
        let hook = part.container.lifecycle.as_deref().and_then(|lifecycle| lifecycle.pre_stop.as_deref());
        let started = self.shared.clock.now();
        if let Some(hook) = hook.filter(|_| pre_stop && !grace.is_zero()) {
            let sandboxes = self.shared.runtime.sandboxes().await.unwrap_or_default();
            let own = sandboxes.iter().rev().find(|sandbox| sandbox.identity.uid == self.pod.metadata.uid);
            let host = own.map(|sandbox| pod_host(sandbox, &self.shared)).unwrap_or_default();
            let ran = tokio::time::timeout(grace, self.run_hook(part, id, hook, &host)).await;
            if !matches!(ran, Ok(Ok(()))) {
                self.warn(part, "FailedPreStopHook", "PreStopHook failed");
            }
        }
        let spent = self.shared.clock.now().saturating_sub(started);
        // Whatever the hook took, a moment is left for the program itself.
        let left = grace.saturating_sub(spent).max(Duration::from_secs(2).min(grace));
        match self.shared.runtime.stop_container(id, left).await {
            Err(error) if !error.is_not_found() => {
                self.warn(part, "FailedKillPod", format!("error killing pod: {}", describe(&error)));
                Err(error)
            }
            _ => Ok(()),
        }
    }

    async fn run_hook(&self, part: &Part, id: &ContainerId, hook: &LifecycleHandler, host: &str) -> Result<(), String> {
        if let Some(sleep) = &hook.sleep {
            tokio::time::sleep(Duration::from_secs(sleep.seconds.max(0).unsigned_abs())).await;
            return Ok(());
        }
        // TCP hooks have never done anything in Kubernetes, and are deprecated.
        let found = probe::check(hook.exec.as_deref(), hook.http_get.as_deref(), None, &part.container, host);
        let Some(check) = found else { return Ok(()) };
        let check: Check = check?;
        // Programs may take as long as they like; for preStop the grace period is the limit.
        let timeout = if matches!(check, Check::Exec { .. }) { Duration::MAX } else { HOOK_TIMEOUT };
        match self.shared.prober.probe(ProbeRequest { container: id.clone(), check, timeout }).await {
            ProbeOutcome::Success => Ok(()),
            ProbeOutcome::Failure(why) | ProbeOutcome::Error(why) => Err(why),
        }
    }

    pub(crate) fn note(&self, part: &Part, reason: &str, message: impl Into<String>) {
        self.shared.events.normal_in(&*self.pod, part.field_path(), reason, message);
    }

    pub(crate) fn warn(&self, part: &Part, reason: &str, message: impl Into<String>) {
        self.shared.events.warning_in(&*self.pod, part.field_path(), reason, message);
    }
}

/// The address under which a pod's containers are asked.
pub(crate) fn pod_host(sandbox: &SandboxInfo, shared: &Shared) -> String {
    let own = sandbox.addresses.first().or(shared.config.addresses.first());
    own.map_or_else(|| "127.0.0.1".into(), ToString::to_string)
}

async fn make_parent(path: &std::path::Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) => tokio::fs::create_dir_all(parent).await,
        None => Ok(()),
    }
}
