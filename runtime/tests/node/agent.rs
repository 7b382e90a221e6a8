//! Pods on a node agent with a simulated runtime, seen through an API server in memory, under paused time.

use std::time::Duration;

use crate::support::{World, annotate, condition, container, pod};
use pintle_object_model::api::coordination::v1::Lease;
use pintle_object_model::api::core::v1::{ExecAction, Node, Pod, Probe};
use pintle_object_model::api::meta::v1::DeleteOptions;

#[tokio::test(start_paused = true)]
async fn a_node_registers_and_renews_its_lease() {
    let world = World::new().await;
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let node = world.client.all::<Node>().get("n1").await.unwrap();
    assert_eq!(node.metadata.labels["kubernetes.io/hostname"], "n1");
    assert_eq!(node.metadata.labels["kubernetes.io/os"], "linux");
    let ready = node.status.conditions.iter().find(|condition| condition.type_ == "Ready").unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("True", "KubeletReady"));
    assert_eq!(node.status.allocatable["pods"].value(), 110);
    let leases = world.client.namespaced::<Lease>("kube-node-lease");
    let first = leases.get("n1").await.unwrap().spec.renew_time.unwrap();
    tokio::time::sleep(Duration::from_secs(25)).await;
    let later = leases.get("n1").await.unwrap().spec.renew_time.unwrap();
    assert!(later.since(first) >= Duration::from_secs(20), "{first} {later}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_runs_and_is_deleted() {
    let world = World::new().await;
    let running = world.start();
    world.create(&pod("web")).await;
    let web = world.until_running("web").await;
    assert_eq!(web.status.phase, "Running");
    assert_eq!(web.status.pod_ip, "10.244.0.2");
    assert_eq!(web.status.host_ip, "127.0.0.1");
    assert_eq!(web.status.qos_class, "BestEffort");
    let main = &web.status.container_statuses[0];
    assert!(main.ready && main.started == Some(true) && main.state.running.is_some());
    assert!(main.container_id.starts_with("pintle://"), "{}", main.container_id);
    assert!(!main.image_id.is_empty());
    for type_ in ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"] {
        assert_eq!(condition(&web, type_), "True", "{type_}");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let events = world.events("web").await;
    let reasons: Vec<&str> = events.iter().map(|(reason, _)| reason.as_str()).collect();
    for reason in ["Pulling", "Pulled", "Created", "Started"] {
        assert!(reasons.contains(&reason), "{reason} in {reasons:?}");
    }
    world.client.namespaced::<Pod>("shop").delete("web", DeleteOptions::default()).await.unwrap();
    world.until_gone("web").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(pintle_runtime::ContainerRuntime::sandboxes(&world.runtime).await.unwrap().is_empty());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crashing_container_waits_longer_and_longer() {
    let world = World::new().await;
    let running = world.start();
    let mut crashing = pod("crash");
    annotate(&mut crashing, "exit-code", "3");
    world.create(&crashing).await;
    let waiting = world
        .until("crash", "in CrashLoopBackOff", |pod| {
            let state = pod.status.container_statuses.first().and_then(|status| status.state.waiting.as_deref());
            state.is_some_and(|waiting| waiting.reason == "CrashLoopBackOff")
        })
        .await;
    let status = &waiting.status.container_statuses[0];
    let ended = status.last_state.terminated.as_deref().unwrap();
    assert_eq!((ended.exit_code, ended.reason.as_str()), (3, "Error"));
    assert_eq!(status.restart_count, 1);
    let message = &status.state.waiting.as_deref().unwrap().message;
    assert!(message.starts_with("back-off 10s restarting failed container=main pod=crash_shop("), "{message}");
    assert_eq!(waiting.status.phase, "Running");
    // Restarts at 0, 10, 30, 70, 150 s after the first crash, then every 300 s at most.
    let start = world.clock.now();
    world
        .until("crash", "restarted for the fourth time", |pod| pod.status.container_statuses[0].restart_count == 4)
        .await;
    let took = world.clock.now() - start;
    assert!(took >= Duration::from_secs(68) && took <= Duration::from_secs(75), "{took:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn jobs_succeed_and_fail() {
    let world = World::new().await;
    let running = world.start();
    for (name, code) in [("good", "0"), ("bad", "2")] {
        let mut job = pod(name);
        job.spec.restart_policy = "Never".into();
        annotate(&mut job, "exit-after", "3");
        annotate(&mut job, "exit-code", code);
        world.create(&job).await;
    }
    let good = world.until("good", "Succeeded", |pod| pod.status.phase == "Succeeded").await;
    assert_eq!(good.status.container_statuses[0].state.terminated.as_deref().unwrap().reason, "Completed");
    assert_eq!(condition(&good, "Ready"), "False");
    let bad = world.until("bad", "Failed", |pod| pod.status.phase == "Failed").await;
    assert_eq!(bad.status.container_statuses[0].state.terminated.as_deref().unwrap().exit_code, 2);
    assert_eq!(bad.status.container_statuses[0].restart_count, 0);
    world.client.namespaced::<Pod>("shop").delete("good", DeleteOptions::default()).await.unwrap();
    world.until_gone("good").await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn init_containers_run_in_order_and_sidecars_beside() {
    let world = World::new().await;
    let running = world.start();
    let mut layered = pod("layered");
    let mut sidecar = container("proxy");
    sidecar.restart_policy = Some("Always".into());
    layered.spec.init_containers = vec![container("first"), sidecar, container("second")];
    annotate(&mut layered, "exit-after.first", "5");
    annotate(&mut layered, "exit-after.second", "5");
    annotate(&mut layered, "stop-after.proxy", "1");
    // A sidecar runs on: it is an init container that is not to end by itself.
    world.create(&layered).await;
    let early = world.until("layered", "initializing", |pod| !pod.status.init_container_statuses.is_empty()).await;
    assert_eq!(early.status.phase, "Pending");
    let initializing = world
        .until("layered", "running its first init container", |pod| {
            pod.status.init_container_statuses.first().is_some_and(|status| status.state.running.is_some())
        })
        .await;
    let main = initializing.status.container_statuses[0].state.waiting.as_deref().unwrap();
    assert_eq!(main.reason, "PodInitializing");
    assert_eq!(condition(&initializing, "Initialized"), "False");
    let ready = world.until_running("layered").await;
    let of = |name: &str| ready.status.init_container_statuses.iter().find(|s| s.name == name).unwrap().clone();
    let finished = of("first").state.terminated.unwrap().finished_at.unwrap();
    assert!(of("proxy").state.running.as_ref().unwrap().started_at.unwrap() >= finished);
    assert!(of("second").state.terminated.unwrap().finished_at.unwrap().since(finished) >= Duration::from_secs(4));
    world.client.namespaced::<Pod>("shop").delete("layered", DeleteOptions::default()).await.unwrap();
    world.until_gone("layered").await;
    running.stop().await;
}

fn exec_probe(failures: i32) -> Option<Box<Probe>> {
    Some(Box::new(Probe {
        exec: Some(Box::new(ExecAction { command: vec!["check".into()] })),
        period_seconds: 5,
        failure_threshold: failures,
        ..Probe::default()
    }))
}

#[tokio::test(start_paused = true)]
async fn probes_decide_about_readiness_and_restarts() {
    let world = World::new().await;
    let running = world.start();
    let mut probed = pod("probed");
    probed.spec.containers[0].readiness_probe = exec_probe(1);
    probed.spec.containers[0].liveness_probe = exec_probe(3);
    world.create(&probed).await;
    world.until_running("probed").await;
    let found = world.runtime.find("shop", "probed", "main").unwrap();
    world.runtime.fail_probes(&found.id, true).unwrap();
    let unready = world.until("probed", "unready", |pod| condition(pod, "Ready") == "False").await;
    assert_eq!(unready.status.container_statuses[0].restart_count, 0);
    let restarted = world
        .until("probed", "ready after a restart", |pod| {
            pod.status.container_statuses[0].restart_count == 1 && condition(pod, "Ready") == "True"
        })
        .await;
    assert!(restarted.status.container_statuses[0].last_state.terminated.is_some());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let events = world.events("probed").await;
    let has = |reason: &str, message: &str| events.iter().any(|(r, m)| r == reason && m == message);
    assert!(has("Unhealthy", "Liveness probe failed: the simulated probe fails"), "{events:?}");
    assert!(has("Killing", "Container main failed liveness probe, will be restarted"), "{events:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_image_backs_off_until_it_is_there() {
    let world = World::new().await;
    world.images.set_available("app:1", false).unwrap();
    let running = world.start();
    world.create(&pod("pull")).await;
    let reason = |pod: &Pod| {
        let status = pod.status.container_statuses.first()?;
        Some(status.state.waiting.as_deref()?.reason.clone())
    };
    world.until("pull", "ErrImagePull", |pod| reason(pod).as_deref() == Some("ErrImagePull")).await;
    world.until("pull", "ImagePullBackOff", |pod| reason(pod).as_deref() == Some("ImagePullBackOff")).await;
    world.images.set_available("app:1", true).unwrap();
    world.until_running("pull").await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_starts_anew_goes_on() {
    let world = World::new().await;
    let running = world.start();
    world.create(&pod("kept")).await;
    let before = world.until_running("kept").await;
    world.create(&pod("lost")).await;
    world.until_running("lost").await;
    running.stop().await;
    let options = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
    world.client.namespaced::<Pod>("shop").delete("lost", options).await.unwrap();
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let after = world.until_running("kept").await;
    let id = |pod: &Pod| pod.status.container_statuses[0].container_id.clone();
    assert_eq!(id(&before), id(&after), "the container was kept");
    assert_eq!(after.status.container_statuses[0].restart_count, 0);
    assert!(world.runtime.find("shop", "lost", "main").is_none(), "remains of a pod that is gone are removed");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_sandbox_is_replaced() {
    let world = World::new().await;
    let running = world.start();
    world.create(&pod("web")).await;
    let before = world.until_running("web").await;
    let sandbox = world.runtime.find("shop", "web", "main").unwrap().sandbox;
    world.runtime.kill_sandbox(&sandbox).unwrap();
    let after = world
        .until("web", "ready with a new address", |pod| {
            pod.status.pod_ip != before.status.pod_ip && condition(pod, "Ready") == "True"
        })
        .await;
    assert_eq!(after.status.container_statuses[0].restart_count, 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_pod() {
    let world = World::new().await;
    let running = world.start();
    let mut short = pod("short");
    short.spec.active_deadline_seconds = Some(20);
    world.create(&short).await;
    world.until_running("short").await;
    let ended = world.until("short", "Failed", |pod| pod.status.phase == "Failed").await;
    assert_eq!(ended.status.reason, "DeadlineExceeded");
    assert_eq!(ended.status.message, "Pod was active on the node longer than the specified deadline");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_container_is_killed_at_the_end_of_its_grace() {
    let world = World::new().await;
    let running = world.start();
    let mut slow = pod("slow");
    slow.metadata.finalizers = vec!["test/look".into()];
    annotate(&mut slow, "stop-after", "100");
    slow.spec.termination_grace_period_seconds = Some(7);
    world.create(&slow).await;
    world.until_running("slow").await;
    let start = world.clock.now();
    world.client.namespaced::<Pod>("shop").delete("slow", DeleteOptions::default()).await.unwrap();
    let ended = world.until("slow", "Failed", |pod| pod.status.phase == "Failed").await;
    let took = world.clock.now() - start;
    assert!(took >= Duration::from_secs(7) && took < Duration::from_secs(9), "{took:?}");
    assert_eq!(ended.status.container_statuses[0].state.terminated.as_deref().unwrap().exit_code, 137);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn hooks_run_before_the_end_and_after_the_start() {
    use pintle_object_model::api::core::v1::{Lifecycle, LifecycleHandler, SleepAction};
    let world = World::new().await;
    let running = world.start();
    let mut polite = pod("polite");
    let sleep = LifecycleHandler { sleep: Some(Box::new(SleepAction { seconds: 5 })), ..Default::default() };
    polite.spec.containers[0].lifecycle =
        Some(Box::new(Lifecycle { pre_stop: Some(Box::new(sleep)), ..Default::default() }));
    world.create(&polite).await;
    world.until_running("polite").await;
    let start = world.clock.now();
    world.client.namespaced::<Pod>("shop").delete("polite", DeleteOptions::default()).await.unwrap();
    world.until_gone("polite").await;
    let took = world.clock.now() - start;
    assert!(took >= Duration::from_secs(5) && took < Duration::from_secs(7), "{took:?}");

    let mut failing = pod("failing");
    let exec = ExecAction { command: vec!["register".into()] };
    let hook = LifecycleHandler { exec: Some(Box::new(exec)), ..Default::default() };
    failing.spec.containers[0].lifecycle =
        Some(Box::new(Lifecycle { post_start: Some(Box::new(hook)), ..Default::default() }));
    annotate(&mut failing, "probe", "fail");
    world.create(&failing).await;
    let waiting = world
        .until("failing", "waiting after its hook failed", |pod| {
            let status = pod.status.container_statuses.first();
            status.and_then(|status| status.state.waiting.as_deref()).is_some_and(|w| w.reason == "PostStartHookError")
        })
        .await;
    assert_eq!(condition(&waiting, "Ready"), "False");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let events = world.events("failing").await;
    assert!(events.iter().any(|(reason, _)| reason == "FailedPostStartHook"), "{events:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_reference_keeps_the_container_waiting() {
    use pintle_object_model::api::core::v1::{ConfigMap, ConfigMapKeySelector, EnvVar, EnvVarSource};
    let world = World::new().await;
    let running = world.start();
    let mut needy = pod("needy");
    let key = ConfigMapKeySelector { name: "settings".into(), key: "color".into(), ..Default::default() };
    let from = EnvVarSource { config_map_key_ref: Some(Box::new(key)), ..Default::default() };
    needy.spec.containers[0].env =
        vec![EnvVar { name: "COLOR".into(), value_from: Some(Box::new(from)), ..Default::default() }];
    world.create(&needy).await;
    let waiting = world
        .until("needy", "waiting for its configuration", |pod| {
            pod.status.container_statuses.first().is_some_and(|status| {
                status.state.waiting.as_deref().is_some_and(|waiting| waiting.reason == "CreateContainerConfigError")
            })
        })
        .await;
    let message = &waiting.status.container_statuses[0].state.waiting.as_deref().unwrap().message;
    assert_eq!(message, "configmap \"settings\" not found");
    let mut map = ConfigMap::default();
    map.metadata.name = "settings".into();
    map.data.insert("color".into(), "blue".into());
    world.client.namespaced("shop").create(&map).await.unwrap();
    world.until_running("needy").await;
    running.stop().await;
}
