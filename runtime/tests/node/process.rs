//! Real processes: what the process runtime starts, stops and reports. Waits are for events of the runtime, never for time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{World, container};
use futures::StreamExt as _;
use pintle_object_model::clock::SystemClock;
use pintle_runtime::{
    ContainerConfig, ContainerId, ContainerRuntime, ContainerState, ExecRequest, Identity, Image, MountConfig,
    ProcessConfig, ProcessRuntime, RootFs, RuntimeError, RuntimeEvent, SandboxConfig, SandboxInfo,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

struct Machine {
    runtime: ProcessRuntime,
    sandbox: SandboxInfo,
    directory: tempfile::TempDir,
}

async fn open(directory: &Path, roots: Option<Arc<dyn RootFs>>) -> ProcessRuntime {
    ProcessRuntime::open(ProcessConfig::new(directory.join("run")), roots, SystemClock::shared()).await.unwrap()
}

async fn machine(roots: Option<Arc<dyn RootFs>>) -> Machine {
    let directory = tempfile::tempdir().unwrap();
    let runtime = open(directory.path(), roots).await;
    let identity = Identity { uid: "u1".into(), pod: "p".into(), ..Identity::default() };
    let config = SandboxConfig { identity, hostname: "host-of-p".into(), ..SandboxConfig::default() };
    let sandbox = runtime.run_sandbox(config).await.unwrap();
    Machine { runtime, sandbox, directory }
}

impl Machine {
    fn script(&self, text: &str) -> ContainerConfig {
        ContainerConfig {
            name: "main".into(),
            command: vec!["/bin/sh".into(), "-c".into(), text.into()],
            log_path: self.directory.path().join("logs/0.log"),
            ..ContainerConfig::default()
        }
    }

    async fn start(&self, config: ContainerConfig) -> ContainerId {
        let id = self.runtime.create_container(&self.sandbox.id, config).await.unwrap();
        self.runtime.start_container(&id).await.unwrap();
        id
    }

    /// Runs a container to its end: exit code and log.
    async fn run(&self, config: ContainerConfig) -> (i32, String) {
        let mut events = self.runtime.events();
        let path = config.log_path.clone();
        let id = self.start(config).await;
        let code = loop {
            match events.next().await.unwrap() {
                RuntimeEvent::ContainerExited { id: of, exit_code, .. } if of == id => break exit_code,
                _ => {}
            }
        };
        (code, std::fs::read_to_string(path).unwrap_or_default())
    }

    async fn state(&self, id: &ContainerId) -> ContainerState {
        let all = self.runtime.containers().await.unwrap();
        all.into_iter().find(|found| found.id == *id).unwrap().state
    }
}

#[tokio::test]
async fn programs_write_logs_and_end_with_codes() {
    let machine = machine(None).await;
    let mut config = machine.script("echo \"$GREETING from $POD_IP of $HOSTNAME\"; printf oops >&2; exit 7");
    config.env = vec![("GREETING".into(), "hello".into())];
    let (code, log) = machine.run(config).await;
    assert_eq!(code, 7);
    let texts: BTreeMap<&str, &str> = log.lines().filter_map(|line| line.split_once(' ')?.1.split_once(' ')).collect();
    assert_eq!(texts["stdout"], "F hello from 127.1.0.1 of host-of-p");
    assert_eq!(texts["stderr"], "P oops");
}

#[tokio::test]
async fn a_program_that_is_missing_cannot_be_started() {
    let machine = machine(None).await;
    let config = ContainerConfig { command: vec!["no-such-program".into()], ..machine.script("") };
    let id = machine.runtime.create_container(&machine.sandbox.id, config).await.unwrap();
    let error = machine.runtime.start_container(&id).await.unwrap_err();
    assert!(matches!(&error, RuntimeError::Start { program, .. } if program == "no-such-program"), "{error}");
    let state = machine.state(&id).await;
    assert!(matches!(state, ContainerState::Exited { exit_code: 128, started: None, .. }), "{state:?}");
}

#[tokio::test]
async fn stopping_asks_first_and_then_kills() {
    let machine = machine(None).await;
    let polite = machine.script("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done");
    let id = machine.start(polite).await;
    until_log(&machine.directory.path().join("logs/0.log")).await;
    machine.runtime.stop_container(&id, Duration::from_secs(20)).await.unwrap();
    let state = machine.state(&id).await;
    assert!(matches!(state, ContainerState::Exited { exit_code: 5, .. }), "{state:?}");
    machine.runtime.stop_container(&id, Duration::ZERO).await.unwrap();

    let mut stubborn = machine.script("trap '' TERM; echo up; while :; do sleep 0.05; done");
    stubborn.log_path = machine.directory.path().join("logs/1.log");
    let id = machine.start(stubborn).await;
    until_log(&machine.directory.path().join("logs/1.log")).await;
    machine.runtime.stop_container(&id, Duration::from_millis(50)).await.unwrap();
    let state = machine.state(&id).await;
    assert!(matches!(state, ContainerState::Exited { exit_code: 137, .. }), "{state:?}");
}

/// Waits until a program has said something.
async fn until_log(path: &Path) {
    for _ in 0..1000 {
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was ever written to {}", path.display());
}

#[tokio::test]
async fn more_programs_run_beside_the_main_one() {
    let machine = machine(None).await;
    let id = machine.start(machine.script("sleep 600")).await;
    let request = ExecRequest {
        command: vec!["sh".into(), "-c".into(), "cat; echo bad >&2; exit 3".into()],
        stdin: true,
        stdout: true,
        stderr: true,
        tty: false,
    };
    let mut session = machine.runtime.exec(&id, request.clone()).await.unwrap();
    let mut stdin = session.io.stdin.take().unwrap();
    stdin.write_all(b"through").await.unwrap();
    stdin.shutdown().await.unwrap();
    drop(stdin);
    let (mut out, mut err) = (String::new(), String::new());
    session.io.stdout.take().unwrap().read_to_string(&mut out).await.unwrap();
    session.io.stderr.take().unwrap().read_to_string(&mut err).await.unwrap();
    assert_eq!((out.as_str(), err.as_str(), session.exit.await.unwrap()), ("through", "bad\n", 3));
    let error = machine.runtime.exec(&id, ExecRequest { tty: true, ..request }).await.unwrap_err();
    assert_eq!(error.to_string(), "the process runtime cannot give a program a terminal");
    assert!(machine.runtime.stats(&id).await.unwrap().memory_working_set_bytes > 0);
    machine.runtime.remove_sandbox(&machine.sandbox.id).await.unwrap();
    assert!(machine.runtime.containers().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_main_program_can_be_attached_to() {
    let machine = machine(None).await;
    let config = ContainerConfig { stdin: true, stdin_once: true, ..machine.script("cat; exit 4") };
    let id = machine.start(config).await;
    let request = ExecRequest { stdin: true, stdout: true, ..ExecRequest::default() };
    let mut session = machine.runtime.attach(&id, request).await.unwrap();
    let mut stdin = session.io.stdin.take().unwrap();
    stdin.write_all(b"hi").await.unwrap();
    let mut two = [0; 2];
    let mut stdout = session.io.stdout.take().unwrap();
    stdout.read_exact(&mut two).await.unwrap();
    assert_eq!(&two, b"hi");
    drop(stdin);
    assert_eq!(session.exit.await.unwrap(), 4);
    let mut rest = vec![];
    stdout.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
}

struct Files;

#[async_trait::async_trait]
impl RootFs for Files {
    async fn unpack(&self, _image: &Image, into: &Path) -> Result<(), RuntimeError> {
        use std::os::unix::fs::PermissionsExt as _;
        let program = into.join("app/run");
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        std::fs::write(&program, "#!/bin/sh\npwd; cat \"$PINTLE_ROOT/etc/settings/color\"\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Ok(())
    }
}

#[tokio::test]
async fn the_images_files_are_found_and_mounts_are_linked() {
    let machine = machine(Some(Arc::new(Files))).await;
    let volume = machine.directory.path().join("volume");
    std::fs::create_dir_all(&volume).unwrap();
    std::fs::write(volume.join("color"), "blue\n").unwrap();
    let mut config = machine.script("");
    config.command = vec![];
    config.image.config.entrypoint = vec!["/app/run".into()];
    config.image.config.working_dir = "/app".into();
    config.mounts =
        vec![MountConfig { host_path: volume, container_path: "/etc/settings".into(), ..MountConfig::default() }];
    let (code, log) = machine.run(config).await;
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("/root/app\n") && log.contains(" F blue\n"), "{log}");
}

#[tokio::test]
async fn leftovers_of_an_earlier_program_are_ended() {
    let machine = machine(None).await;
    let id = machine.start(machine.script("sleep 600")).await;
    let note = machine.directory.path().join("run/containers").join(&id.0).join("process");
    let pid = std::fs::read_to_string(note).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(Path::new("/proc").join(&pid).exists());
    let mut events = machine.runtime.events();
    let _later = open(machine.directory.path(), None).await;
    loop {
        if let RuntimeEvent::ContainerExited { exit_code, .. } = events.next().await.unwrap() {
            assert_eq!(exit_code, 137);
            break;
        }
    }
}

#[tokio::test]
async fn an_agent_runs_pods_as_processes() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    let runtime = open(directory.path(), None).await;
    let clock = Arc::clone(&world.clock);
    let random = pintle_object_model::clock::Random::seeded(3);
    let builder = pintle_runtime::NodeAgent::builder(world.client.clone(), clock.clone(), random.clone(), "n1")
        .runtime(Arc::new(runtime.clone()))
        .images(Arc::clone(&world.images) as _)
        .volume_drivers(pintle_runtime::default_volume_drivers(clock, random, BTreeMap::new()))
        .data_dir(directory.path().join("data"));
    let running = world.run(builder);
    let mut map = pintle_object_model::api::core::v1::ConfigMap::default();
    map.metadata.name = "settings".into();
    map.data.insert("color".into(), "blue".into());
    world.client.namespaced("shop").create(&map).await.unwrap();
    let mut pod = crate::support::pod("job");
    pod.spec.restart_policy = "Never".into();
    pod.spec.volumes.push(pintle_object_model::api::core::v1::Volume {
        name: "settings".into(),
        config_map: Some(Box::new(pintle_object_model::api::core::v1::ConfigMapVolumeSource {
            name: "settings".into(),
            ..Default::default()
        })),
        ..Default::default()
    });
    let script = "test \"$(cat $PINTLE_ROOT/etc/settings/color)\" = blue || exit 1; \
        test -s $PINTLE_ROOT/var/run/secrets/kubernetes.io/serviceaccount/token || exit 2; \
        test -n \"$KUBERNETES_SERVICE_HOST\" || exit 3; \
        echo done with $POD_IP > $PINTLE_ROOT/dev/termination-log";
    pod.spec.containers = vec![pintle_object_model::api::core::v1::Container {
        command: vec!["/bin/sh".into(), "-c".into(), script.into()],
        volume_mounts: vec![pintle_object_model::api::core::v1::VolumeMount {
            name: "settings".into(),
            mount_path: "/etc/settings".into(),
            ..Default::default()
        }],
        ..container("main")
    }];
    // The account's token volume needs the cluster's CA, which a controller of the cluster would publish.
    let mut ca = pintle_object_model::api::core::v1::ConfigMap::default();
    ca.metadata.name = "kube-root-ca.crt".into();
    ca.data.insert("ca.crt".into(), "CA".into());
    world.client.namespaced("shop").create(&ca).await.unwrap();
    world.create(&pod).await;
    let ended = world.until("job", "over", |pod| matches!(pod.status.phase.as_str(), "Succeeded" | "Failed")).await;
    let state = ended.status.container_statuses[0].state.terminated.as_deref().unwrap();
    assert_eq!((state.exit_code, state.message.as_str()), (0, "done with 127.1.0.1\n"));
    assert_eq!(ended.status.phase, "Succeeded");
    running.stop().await;
}
