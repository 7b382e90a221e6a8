//! Pods as real containers of this machine: namespaces, addresses, logs, exit codes, and nothing left at the end.
//!
//! Each test has a runtime with a directory, a bridge and an image of its own. They need root and the programs that
//! `cargo xtask setup` installs, and say so.

#[path = "native_pods/support.rs"]
mod support;

#[path = "native_pods/exec.rs"]
mod exec;
#[path = "native_pods/network.rs"]
mod network;
#[path = "native_pods/restart.rs"]
mod restart;

use std::time::Duration;

use pintle_runtime::{
    ContainerConfig, ContainerRuntime as _, ContainerState, DnsSettings, MountConfig, NativeWarning, Resources,
    RuntimeError, SecurityConfig,
};
use support::{Node, eventually, log_lines, scratch, text};

#[tokio::test(flavor = "multi_thread")]
async fn two_containers_share_a_pod() {
    let mut node = Node::start().await;
    let sandbox = node
        .sandbox(|config| {
            config.dns = DnsSettings {
                servers: vec!["10.96.0.10".into()],
                searches: vec!["svc.cluster.local".into()],
                options: vec!["ndots:5".into()],
            };
        })
        .await;
    let info = node.runtime.sandboxes().await.unwrap().remove(0);
    assert!(info.ready);
    let address = info.addresses[0].to_string();

    let server = node.run(&sandbox, "server", "exec httpd -f -p 127.0.0.1:8080 -h /www").await;
    let script = "for i in $(seq 100); do wget -qO- http://127.0.0.1:8080/greeting && break; sleep 0.1; done
        hostname; cat /etc/hostname /etc/resolv.conf; ip -4 -o addr show eth0; cat /etc/hosts
        echo \"$FROM_IMAGE $MINE\"; echo oops >&2; exit 7";
    let mut config = node.config("client", script);
    config.env = vec![("MINE".into(), "too".into())];
    let client = node.run_with(&sandbox, config).await;
    assert_eq!(node.exited(&client).await, (7, "Error".into()));

    let log = node.log("client");
    let out: Vec<&str> = log.iter().filter(|(stream, _)| stream == "stdout").map(|(_, text)| &**text).collect();
    assert_eq!(out[..3], ["hello from the pod", "web-0", "web-0"]);
    assert_eq!(out[3..6], ["search svc.cluster.local", "nameserver 10.96.0.10", "options ndots:5"]);
    assert!(out[6].contains(&format!("inet {address}/24")), "{}", out[6]);
    assert!(out.contains(&&*format!("{address}\tweb-0")), "{out:?}");
    assert_eq!(out.last(), Some(&"yes too"));
    assert!(log.contains(&text("stderr", "oops")));

    assert!(matches!(node.info(&server).await.state, ContainerState::Running { .. }));
    node.runtime.stop_sandbox(&sandbox).await.unwrap();
    node.runtime.stop_sandbox(&sandbox).await.unwrap();
    assert!(matches!(node.info(&server).await.state, ContainerState::Exited { exit_code: 137, .. }));
    assert!(!node.runtime.sandboxes().await.unwrap()[0].ready);
    node.runtime.remove_sandbox(&sandbox).await.unwrap();
    assert!(node.runtime.containers().await.unwrap().is_empty());
    assert!(node.runtime.sandboxes().await.unwrap().is_empty());
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_and_ends_are_told() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    let mut config = node.config("image", "");
    config.args = vec![];
    let by_image = node.run_with(&sandbox, config).await;
    assert_eq!(node.exited(&by_image).await, (42, "Error".into()));
    let good = node.run(&sandbox, "good", "true").await;
    assert_eq!(node.exited(&good).await, (0, "Completed".into()));

    // Killed by somebody else: the runtime is told by the kernel.
    let victim = node.run(&sandbox, "victim", "echo here; exec sleep 1000").await;
    let pid = eventually("the program runs", async || processes_with("sleep\x001000\0", &node).first().copied()).await;
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
    assert_eq!(node.exited(&victim).await, (137, "Error".into()));
    assert_eq!(node.log("victim"), [text("stdout", "here")]);

    // Asked to end.
    let polite =
        node.run(&sandbox, "polite", "trap 'echo bye; exit 3' TERM; echo ready; while true; do sleep 0.05; done").await;
    eventually("the trap is set", async || node.log("polite").contains(&text("stdout", "ready")).then_some(())).await;
    node.runtime.stop_container(&polite, Duration::from_secs(60)).await.unwrap();
    assert_eq!(node.exited(&polite).await.0, 3);
    assert_eq!(node.log("polite"), [text("stdout", "ready"), text("stdout", "bye")]);

    // Deaf: killed after the grace period.
    let deaf = node.run(&sandbox, "deaf", "trap '' TERM; echo ready; while true; do sleep 0.05; done").await;
    eventually("the trap is set", async || node.log("deaf").contains(&text("stdout", "ready")).then_some(())).await;
    node.runtime.stop_container(&deaf, Duration::from_millis(100)).await.unwrap();
    assert_eq!(node.exited(&deaf).await.0, 137);

    // Another signal, as the pod wants.
    let mut config = node.config("quit", "trap 'exit 9' QUIT; echo ready; while true; do sleep 0.05; done");
    config.stop_signal = "SIGQUIT".into();
    let quit = node.run_with(&sandbox, config).await;
    eventually("the trap is set", async || node.log("quit").contains(&text("stdout", "ready")).then_some(())).await;
    node.runtime.stop_container(&quit, Duration::from_secs(60)).await.unwrap();
    assert_eq!(node.exited(&quit).await.0, 9);
    node.runtime.stop_container(&quit, Duration::ZERO).await.unwrap();
    node.runtime.remove_container(&quit).await.unwrap();
    node.runtime.remove_container(&quit).await.unwrap();
    node.close().await;
}

/// Process ids by command line (with NUL for each space), within this node's sandboxes.
fn processes_with(command: &str, node: &Node) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let ours = |pid: &i32| {
        let root = std::fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line == command.as_bytes())
            && root.contains(node.directory.path().to_str().unwrap())
    };
    pids.filter(ours).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_run_says_why() {
    let node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    let config = ContainerConfig { command: vec!["/bin/nothing".into()], ..node.config("broken", "") };
    let id = node.runtime.create_container(&sandbox, config).await.unwrap();
    assert!(matches!(node.info(&id).await.state, ContainerState::Created));
    let error = node.runtime.start_container(&id).await.unwrap_err();
    let RuntimeError::Start { program, why } = error else { panic!("{error:?}") };
    assert_eq!(program, "/bin/nothing");
    assert!(why.contains("no such file or directory"), "{why}");
    match node.info(&id).await.state {
        ContainerState::Exited { started: None, exit_code: 128, reason, message, .. } => {
            assert_eq!(reason, "ContainerCannotRun");
            assert_eq!(message, why);
        }
        other => panic!("{other:?}"),
    }
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_and_users_are_kept() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    std::fs::write(scratch(&node, "note"), "from the node\n").unwrap();
    let mut config = node.config("app", "id; grep NoNewPrivs /proc/self/status; touch /new 2>/dev/null || echo refused; cat /data/note; touch /data/note 2>/dev/null || echo refused; pwd; grep CapEff /proc/self/status");
    config.security = SecurityConfig { read_only_root: true, no_new_privileges: true, ..SecurityConfig::default() };
    config.image.config.user = "app".into();
    config.working_dir = "/www".into();
    config.mounts = vec![MountConfig {
        host_path: scratch(&node, "note"),
        container_path: "/data/note".into(),
        read_only: true,
        propagation: String::new(),
    }];
    // The mount point has to exist in a read-only root; the runtime makes it before.
    let app = node.run_with(&sandbox, config).await;
    node.exited(&app).await;
    let out: Vec<String> =
        node.log("app").into_iter().filter(|(stream, _)| stream == "stdout").map(|(_, text)| text).collect();
    assert_eq!(out[0], "uid=1000(app) gid=1001(app) groups=20(logs)");
    assert_eq!(out[1].split_whitespace().collect::<Vec<_>>(), ["NoNewPrivs:", "1"]);
    assert_eq!(out[2..7], ["refused", "from the node", "refused", "/www", "CapEff:\t0000000000000000"]);

    let mut config = node.config("root", "grep CapEff /proc/self/status; ls /dev | grep -c vda; true");
    config.security = SecurityConfig {
        drop_capabilities: vec!["ALL".into()],
        add_capabilities: vec!["KILL".into()],
        ..SecurityConfig::default()
    };
    let root = node.run_with(&sandbox, config).await;
    node.exited(&root).await;
    assert_eq!(node.log("root"), [text("stdout", "CapEff:\t0000000000000020"), text("stdout", "0")]);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_kept_and_usage_is_measured() {
    let mut node = Node::start().await;
    let without =
        |warning: &NativeWarning| matches!(warning, NativeWarning::NoCgroups | NativeWarning::NoController { .. });
    assert!(
        !node.runtime.warnings().iter().any(without),
        "this test needs control groups: {:?}",
        node.runtime.warnings()
    );
    let sandbox = node.sandbox(|_| {}).await;
    // The shell keeps a string of 64 MiB.
    let mut config =
        node.config("hungry", "x=$(head -c 67108864 /dev/zero | busybox tr '\\0' a); echo ${#x}; sleep 1000");
    config.resources = Resources { memory_limit_bytes: 16 << 20, ..Resources::default() };
    let hungry = node.run_with(&sandbox, config).await;
    assert_eq!(node.exited(&hungry).await, (137, "OOMKilled".into()));

    let mut config = node.config("busy", "head -c 1000000 /dev/zero > /tmp/file; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; exec sleep 1000");
    config.resources =
        Resources { cpu_limit_millis: 900, cpu_request_millis: 100, memory_limit_bytes: 64 << 20, oom_score_adj: 300 };
    let busy = node.run_with(&sandbox, config).await;
    eventually("it has worked", async || node.log("busy").contains(&text("stdout", "done")).then_some(())).await;
    let stats = node.runtime.stats(&busy).await.unwrap();
    assert!(stats.cpu > Duration::from_millis(1), "{stats:?}");
    assert!(stats.memory_working_set_bytes > 10_000, "{stats:?}");
    assert!(stats.file_system_bytes >= 1_000_000, "{stats:?}");
    assert_eq!(node.exec(&busy, "cat /proc/1/oom_score_adj", "").await.0, "300\n");
    let limits = Resources { memory_limit_bytes: 32 << 20, ..Resources::default() };
    node.runtime.update_resources(&busy, limits).await.unwrap();
    let (limit, _, _) = node
        .exec(&busy, "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null", "")
        .await;
    assert_eq!(limit.trim(), (32 << 20).to_string());
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_reopened_and_partial_lines_marked() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    let mut config = node.config("writer", "echo first; read x; echo second; busybox printf 'no newline'");
    config.stdin = true;
    let writer = node.run_with(&sandbox, config).await;
    eventually("it writes", async || node.log("writer").contains(&text("stdout", "first")).then_some(())).await;
    let (path, old) = (scratch(&node, "logs/writer.log"), scratch(&node, "logs/writer.old"));
    std::fs::rename(&path, &old).unwrap();
    node.runtime.reopen_log(&writer).await.unwrap();
    eventually("the log is made anew", async || path.exists().then_some(())).await;
    let request = pintle_runtime::ExecRequest { stdin: true, ..Default::default() };
    let session = node.runtime.attach(&writer, request).await.unwrap();
    let mut stdin = session.io.stdin.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, b"go\n").await.unwrap();
    assert_eq!(node.exited(&writer).await.0, 0);
    assert_eq!(session.exit.await.unwrap(), 0);
    assert_eq!(log_lines(&old), [text("stdout", "first")]);
    assert_eq!(log_lines(&path), [text("stdout", "second"), text("stdout", "no newline")]);
    let raw = std::fs::read_to_string(&path).unwrap();
    assert!(raw.lines().last().unwrap().contains(" stdout P no newline"), "{raw}");
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_are_shared_when_asked() {
    let node = Node::start().await;
    let shared = node.sandbox(|config| config.share_processes = true).await;
    let one = node.run(&shared, "one", "exec sleep 1001").await;
    let two = node.run(&shared, "two", "exec sleep 1002").await;
    eventually("both are seen", async || {
        let (processes, _, _) = node.exec(&two, "ps", "").await;
        ["/pause", "sleep 1001", "sleep 1002"].iter().all(|name| processes.contains(name)).then_some(())
    })
    .await;
    let apart = node.sandbox(|_| {}).await;
    let three = node.run(&apart, "three", "exec sleep 1003").await;
    let (processes, _, _) = node.exec(&three, "ps", "").await;
    assert!(!processes.contains("/pause") && !processes.contains("sleep 1001"), "{processes}");
    node.runtime.stop_container(&one, Duration::ZERO).await.unwrap();
    assert!(matches!(node.info(&two).await.state, ContainerState::Running { .. }));
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn privileged_containers_hand_mounts_on() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    std::fs::create_dir(scratch(&node, "shared")).unwrap();
    // A mount of its own, so that what is mounted below can be handed on.
    let shared = scratch(&node, "shared");
    rustix::mount::mount_bind(&shared, &shared).unwrap();
    rustix::mount::mount_change(&shared, rustix::mount::MountPropagationFlags::SHARED).unwrap();
    let mount = |propagation: &str| MountConfig {
        host_path: shared.clone(),
        container_path: "/shared".into(),
        read_only: false,
        propagation: propagation.into(),
    };
    let mut config = node.config("sees", "echo ready; while [ ! -e /shared/below/file ]; do sleep 0.02; done");
    config.mounts = vec![mount("HostToContainer")];
    let sees = node.run_with(&sandbox, config).await;
    eventually("it looks", async || node.log("sees").contains(&text("stdout", "ready")).then_some(())).await;
    let script = "cd /shared && busybox mkdir below && busybox mount -t tmpfs tmpfs below && touch below/file && ls /dev/null /dev/kmsg";
    let mut config = node.config("mounts", script);
    config.security.privileged = true;
    config.mounts = vec![mount("Bidirectional")];
    let mounts = node.run_with(&sandbox, config).await;
    assert_eq!(node.exited(&mounts).await.0, 0, "{:?}", node.log("mounts"));
    assert!(shared.join("below/file").exists());
    assert_eq!(node.exited(&sees).await.0, 0);
    rustix::mount::unmount(shared.join("below"), rustix::mount::UnmountFlags::DETACH).unwrap();
    rustix::mount::unmount(&shared, rustix::mount::UnmountFlags::DETACH).unwrap();
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pods_at_once_and_impatient_callers() {
    let node = Node::start().await;
    let start = async |name: String| {
        let sandbox = node.sandbox(|_| {}).await;
        node.run(&sandbox, &name, "exec sleep 1000").await
    };
    let started = futures::future::join_all((0..6).map(|number| start(format!("pod-{number}")))).await;
    assert_eq!(started.len(), 6);
    let sandboxes = node.runtime.sandboxes().await.unwrap();
    let addresses: std::collections::BTreeSet<_> = sandboxes.iter().map(|sandbox| sandbox.addresses[0]).collect();
    assert_eq!(addresses.len(), 6);
    // The same pod twice at once: one sandbox.
    let config = || pintle_runtime::SandboxConfig { hostname: "twin".into(), ..Default::default() };
    let (one, two) = tokio::join!(node.runtime.run_sandbox(config()), node.runtime.run_sandbox(config()));
    assert_eq!(one.unwrap().id, two.unwrap().id);
    // A caller that goes away at once: what it began is taken down all the same.
    let mut abandoned = Box::pin(node.runtime.run_sandbox(pintle_runtime::SandboxConfig {
        identity: pintle_runtime::Identity { pod: "abandoned".into(), ..Default::default() },
        ..Default::default()
    }));
    assert!(futures::poll!(&mut abandoned).is_pending());
    drop(abandoned);
    node.close().await;
}
