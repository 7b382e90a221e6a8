//! The runtime goes away and comes back; containers do not notice.

use std::time::Duration;

use pintle_runtime::{ContainerRuntime as _, ContainerState};

use crate::support::{Node, eventually, scratch, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_runtime_finds_what_runs_and_what_has_ended() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|config| config.labels = [("a".to_owned(), "b".to_owned())].into()).await;
    let address = node.runtime.sandboxes().await.unwrap()[0].addresses.clone();
    let (flag, done) = (scratch(&node, "shared/flag"), scratch(&node, "shared/done"));
    std::fs::create_dir(scratch(&node, "shared")).unwrap();
    let mut config =
        node.config("ends", "while [ ! -e /shared/flag ]; do sleep 0.02; done; echo late; touch /shared/done; exit 11");
    config.mounts = vec![pintle_runtime::MountConfig {
        host_path: scratch(&node, "shared"),
        container_path: "/shared".into(),
        ..Default::default()
    }];
    let ends = node.run_with(&sandbox, config).await;
    let lives = node.run(&sandbox, "lives", "trap 'exit 12' TERM; echo ready; while true; do sleep 0.05; done").await;
    let created = node.runtime.create_container(&sandbox, node.config("created", "exit 13")).await.unwrap();
    eventually("it is ready", async || node.log("lives").contains(&text("stdout", "ready")).then_some(())).await;
    let before = node.info(&lives).await;

    node.restart(async || {
        std::fs::write(&flag, "").unwrap();
        eventually("it ends while nobody looks", async || done.exists().then_some(())).await;
    })
    .await;
    let sandboxes = node.runtime.sandboxes().await.unwrap();
    assert_eq!(sandboxes.len(), 1);
    assert!(sandboxes[0].ready);
    assert_eq!((sandboxes[0].addresses.clone(), sandboxes[0].labels["a"].as_str()), (address, "b"));
    let state = eventually("the end is known", async || match node.info(&ends).await.state {
        ContainerState::Exited { exit_code, started, .. } => Some((exit_code, started.is_some())),
        ContainerState::Created | ContainerState::Running { .. } => None,
    });
    assert_eq!(state.await, (11, true));
    assert_eq!(node.log("ends"), [text("stdout", "late")]);
    assert_eq!(node.info(&lives).await.state, before.state);
    assert_eq!(node.exec(&lives, "echo still here", "").await.0, "still here\n");
    node.runtime.start_container(&created).await.unwrap();
    assert_eq!(node.exited(&created).await.0, 13);
    node.runtime.stop_container(&lives, Duration::from_secs(60)).await.unwrap();
    assert_eq!(node.exited(&lives).await.0, 12);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_runtime_clears_away_what_an_old_one_left() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    node.run(&sandbox, "main", "exec sleep 1000").await;
    // As if the program had died while it made a sandbox, and a record had been lost.
    let record = scratch(&node, "node/sandboxes").join(&sandbox.0).join("record.json");
    let text = std::fs::read_to_string(&record).unwrap();
    assert!(text.contains("\"Ready\""));
    node.restart(async || std::fs::write(&record, text.replace("\"Ready\"", "\"Making\"")).unwrap()).await;
    assert!(node.runtime.sandboxes().await.unwrap().is_empty());
    assert!(node.runtime.containers().await.unwrap().is_empty());
    assert_eq!(
        node.traces().iter().filter(|trace| trace.starts_with("process ") || trace.contains("/node/")).count(),
        0
    );
    // As if the record itself had been lost.
    let second = node.sandbox(|_| {}).await;
    node.run(&second, "second", "exec sleep 1000").await;
    let record = scratch(&node, "node/sandboxes").join(&second.0).join("record.json");
    node.restart(async || std::fs::write(&record, "").unwrap()).await;
    assert!(node.runtime.sandboxes().await.unwrap().is_empty());
    let left: Vec<String> = node.traces().into_iter().filter(|trace| !trace.contains("pintle")).collect();
    assert_eq!(left.len(), 1, "only the bridge: {left:?}");
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_sandbox_is_told() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    let record = scratch(&node, "node/sandboxes").join(&sandbox.0).join("record.json");
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    let pid = i32::try_from(record["pause"]["pid"].as_i64().unwrap()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
    node.stopped(&sandbox).await;
    assert!(!node.runtime.sandboxes().await.unwrap()[0].ready);
    assert!(node.runtime.create_container(&sandbox, node.config("late", "")).await.is_err());
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_in_use_stays() {
    use pintle_runtime::ImageStore as _;
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    let id = node.run(&sandbox, "main", "exec sleep 1000").await;
    node.restart(async || {}).await;
    assert!(node.images.remove(&node.image.id).await.is_err());
    node.runtime.remove_container(&id).await.unwrap();
    node.images.remove(&node.image.id).await.unwrap();
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_outlives_its_shim() {
    let mut node = Node::start().await;
    let sandbox = node.sandbox(|_| {}).await;
    let id = node.run(&sandbox, "main", "exec sleep 1000").await;
    let record = scratch(&node, "node/containers").join(&id.0).join("record.json");
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    let kill = |what: &str| {
        let pid = i32::try_from(record[what]["pid"].as_i64().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL)
            .unwrap();
    };
    kill("shim");
    assert_eq!(node.exec(&id, "echo alive", "").await.0, "alive\n");
    kill("init");
    assert_eq!(node.exited(&id).await, (255, "Error".into()));
    match node.info(&id).await.state {
        ContainerState::Exited { message, .. } => assert!(message.contains("exit code is not known"), "{message}"),
        other => panic!("{other:?}"),
    }
    node.close().await;
}
