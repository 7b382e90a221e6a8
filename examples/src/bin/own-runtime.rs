//! A runtime of one's own: pods are lines on the terminal.
//!
//! Run: `cargo run -p pintle-examples --bin own-runtime`. The node agent does all the rest: it follows the pods of its
//! node, makes what is missing here, and reports their status.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use pintle::Cluster;
use pintle_client::DuplexStream;
use pintle_object_model::api::core::v1::{Container, Pod};
use pintle_object_model::clock::{Clock, Random, SystemClock};
use pintle_runtime::{
    ContainerConfig, ContainerId, ContainerInfo, ContainerRuntime, ContainerState, ContainerStats, ExecRequest,
    ExecSession, NodeAgentBuilder, Resources, RuntimeError, RuntimeEvent, RuntimeInfo, SandboxConfig, SandboxId,
    SandboxInfo, SimulatedImages, SimulatedVolumes,
};
use pintle_watch::{Informer, InformerConfig, Shutdown};

type Answer<T> = Result<T, RuntimeError>;

/// Says what it would do.
struct Lines(Arc<dyn Clock>, Mutex<State>);

#[derive(Default)]
struct State {
    said: Vec<String>,
    sandboxes: Vec<SandboxInfo>,
    containers: Vec<ContainerInfo>,
}

impl Lines {
    fn say(&self, line: String) -> MutexGuard<'_, State> {
        let mut state = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        if !line.is_empty() {
            println!("{line}");
            state.said.push(line);
        }
        state
    }
    fn end(&self, is: impl Fn(&ContainerInfo) -> bool) {
        for one in self.say(String::new()).containers.iter_mut().filter(|one| is(one)) {
            let ContainerState::Running { started } = one.state else { continue };
            let (finished, reason) = (self.0.utc(), "Completed".into());
            one.state = ContainerState::Exited {
                started: Some(started),
                finished,
                exit_code: 0,
                reason,
                message: String::new(),
            };
        }
    }
}

fn cannot<T>(what: &str) -> Answer<T> {
    Err(RuntimeError::Unsupported { backend: "lines", what: what.into() })
}

#[async_trait]
impl ContainerRuntime for Lines {
    async fn info(&self) -> Answer<RuntimeInfo> {
        Ok(RuntimeInfo { name: "lines".into(), version: "1".into(), network_ready: true, message: String::new() })
    }
    async fn run_sandbox(&self, config: SandboxConfig) -> Answer<SandboxInfo> {
        let mut state = self.say(format!("pod {} begins", config.identity.pod));
        let id = SandboxId(format!("{}-{}", config.identity.uid, config.identity.attempt));
        let (created, addresses) = (self.0.utc(), vec![[127, 0, 0, 1].into()]);
        let info =
            SandboxInfo { id, identity: config.identity, ready: true, addresses, created, labels: config.labels };
        state.sandboxes.push(info.clone());
        Ok(info)
    }
    async fn stop_sandbox(&self, id: &SandboxId) -> Answer<()> {
        self.end(|one| one.sandbox == *id);
        self.say(String::new()).sandboxes.iter_mut().filter(|one| one.id == *id).for_each(|one| one.ready = false);
        Ok(())
    }
    async fn remove_sandbox(&self, id: &SandboxId) -> Answer<()> {
        let mut state = self.say(format!("sandbox {id} is gone"));
        state.sandboxes.retain(|one| one.id != *id);
        state.containers.retain(|one| one.sandbox != *id);
        Ok(())
    }
    async fn sandboxes(&self) -> Answer<Vec<SandboxInfo>> {
        Ok(self.say(String::new()).sandboxes.clone())
    }
    async fn create_container(&self, sandbox: &SandboxId, config: ContainerConfig) -> Answer<ContainerId> {
        let id = ContainerId(format!("{sandbox}-{}-{}", config.name, config.attempt));
        let image = config.image.references.first().cloned().unwrap_or_default();
        self.say(String::new()).containers.push(ContainerInfo {
            id: id.clone(),
            sandbox: sandbox.clone(),
            name: config.name,
            attempt: config.attempt,
            image,
            image_id: config.image.id,
            state: ContainerState::Created,
            created: self.0.utc(),
            labels: config.labels,
            log_path: config.log_path,
        });
        Ok(id)
    }
    async fn start_container(&self, id: &ContainerId) -> Answer<()> {
        let mut state = self.say(format!("container {id} starts"));
        let found = state.containers.iter_mut().find(|one| one.id == *id);
        found.ok_or(RuntimeError::NotFound { what: "container", id: id.0.clone() })?.state =
            ContainerState::Running { started: self.0.utc() };
        Ok(())
    }
    async fn stop_container(&self, id: &ContainerId, _: Duration) -> Answer<()> {
        self.end(|one| one.id == *id);
        Ok(())
    }
    async fn remove_container(&self, id: &ContainerId) -> Answer<()> {
        self.say(String::new()).containers.retain(|one| one.id != *id);
        Ok(())
    }
    async fn containers(&self) -> Answer<Vec<ContainerInfo>> {
        Ok(self.say(String::new()).containers.clone())
    }
    async fn update_resources(&self, _: &ContainerId, _: Resources) -> Answer<()> {
        cannot("limit")
    }
    async fn stats(&self, _: &ContainerId) -> Answer<ContainerStats> {
        Ok(ContainerStats::default())
    }
    async fn exec(&self, _: &ContainerId, _: ExecRequest) -> Answer<ExecSession> {
        cannot("exec")
    }
    async fn attach(&self, _: &ContainerId, _: ExecRequest) -> Answer<ExecSession> {
        cannot("attach")
    }
    async fn port_forward(&self, _: &SandboxId, _: u16) -> Answer<Box<dyn DuplexStream>> {
        cannot("forward ports")
    }
    async fn reopen_log(&self, _: &ContainerId) -> Answer<()> {
        Ok(())
    }
    fn events(&self) -> BoxStream<'static, RuntimeEvent> {
        stream::pending().boxed()
    } // Nothing ends by itself.
}

/// Answers what the runtime said until the pod ran.
pub(crate) async fn run() -> Result<Vec<String>> {
    let runtime = Arc::new(Lines(SystemClock::shared(), Mutex::default()));
    let own = Arc::clone(&runtime);
    let node = |agent: NodeAgentBuilder| {
        agent.runtime(own).images(Arc::new(SimulatedImages::new())).volume_driver(Arc::new(SimulatedVolumes))
    };
    // Pods get no account here, so none has to be there first.
    let builder = Cluster::builder().nodes(0).disable_admission(vec!["ServiceAccount".into()]);
    let cluster = builder.node("terminal", node).start().await?;
    let (client, (stop, signal)) = (cluster.client(), Shutdown::channel());
    let pods = Informer::<Pod>::start(&client, "default", InformerConfig::new(Random::from_os()), signal);
    let mut pod = Pod::default();
    pod.metadata.name = "hello".into();
    pod.spec.containers.push(Container { name: "main".into(), image: "any".into(), ..Container::default() });
    client.namespaced::<Pod>("default").create(&pod).await?;
    let ran =
        pods.wait_for(|pods: &Informer<Pod>| pods.get("default", "hello").filter(|pod| pod.status.phase == "Running"));
    tokio::time::timeout(Duration::from_secs(30), ran).await.context("the pod does not run")?;
    stop.fire();
    cluster.stop().await;
    let said = runtime.say(String::new()).said.clone();
    Ok(said)
}

#[tokio::main]
async fn main() -> Result<()> {
    run().await.map(drop)
}
