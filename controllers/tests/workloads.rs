//! DaemonSets, StatefulSets and Jobs against a real API server, with a kubelet that only pretends.

mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use pintle_client::Patch;
use pintle_object_model::Quantity;
use pintle_object_model::api::apps::v1::{DaemonSet, StatefulSet};
use pintle_object_model::api::batch::v1::Job;
use pintle_object_model::api::core::v1::{Node, PersistentVolumeClaim, Pod, Taint};
use world::{World, until, until_all};

fn set_image(image: &str) -> Patch {
    Patch::strategic(
        &serde_json::json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}}),
    )
}

fn images(pods: &[Arc<Pod>]) -> BTreeSet<String> {
    pods.iter().map(|pod| pod.spec.containers[0].image.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_daemon_runs_on_every_node_it_fits_and_is_updated_everywhere() {
    let mut world = World::new().await;
    world.start("daemonset");
    world.kubelet();
    let (sets, pods) = (world.informer::<DaemonSet>(), world.informer::<Pod>());
    let nodes = world.client.all::<Node>();
    let node = |name: &str| {
        let mut node = Node::default();
        node.metadata.name = name.into();
        node
    };
    // The server taints every new node until its agent reports; these report at once.
    let report = async |name: &str| {
        let untaint = |node: &mut Node| {
            node.spec.taints.retain(|taint| taint.key == "own");
            true
        };
        nodes.edit(name, untaint).await.unwrap();
    };
    for name in ["a", "b"] {
        nodes.create(&node(name)).await.unwrap();
        report(name).await;
    }
    let mut tainted = node("c");
    tainted.spec.taints = vec![Taint { key: "own".into(), effect: "NoSchedule".into(), ..Taint::default() }];
    nodes.create(&tainted).await.unwrap();
    report("c").await;
    let mut set = DaemonSet::default();
    set.metadata.name = "agent".into();
    set.spec.selector = world::selector("agent");
    set.spec.template = world::template("agent", "one");
    world.api::<DaemonSet>().create(&set).await.unwrap();
    let available = |count| {
        move |set: &DaemonSet| {
            let status = &set.status;
            (status.desired_number_scheduled, status.number_available, status.updated_number_scheduled)
                == (count, count, count)
        }
    };
    until(&sets, "agent", available(2)).await;
    nodes.create(&node("d")).await.unwrap();
    report("d").await;
    until(&sets, "agent", available(3)).await;
    let on: BTreeSet<_> = pods.list().iter().map(|pod| pod.spec.node_name.clone()).collect();
    assert_eq!(on, ["a", "b", "d"].map(String::from).into());
    world.api::<DaemonSet>().patch("agent", set_image("two"), Default::default()).await.unwrap();
    until_all(&pods, |pods| pods.len() == 3 && images(pods) == ["two".to_owned()].into()).await;
    until(&sets, "agent", available(3)).await;
}

fn stateful_set(replicas: i32) -> StatefulSet {
    let mut set = StatefulSet::default();
    set.metadata.name = "db".into();
    set.spec.replicas = Some(replicas);
    set.spec.service_name = "db".into();
    set.spec.selector = world::selector("db");
    set.spec.template = world::template("db", "one");
    let mut claim = PersistentVolumeClaim::default();
    claim.metadata.name = "data".into();
    claim.spec.access_modes = vec!["ReadWriteOnce".into()];
    claim.spec.resources.requests.insert("storage".into(), Quantity::from_bytes(1 << 20));
    set.spec.volume_claim_templates = vec![claim];
    set
}

#[tokio::test(start_paused = true)]
async fn numbered_pods_come_in_order_keep_their_volumes_and_update_from_the_end() {
    let mut world = World::new().await;
    world.start("statefulset");
    world.kubelet();
    let (sets, pods) = (world.informer::<StatefulSet>(), world.informer::<Pod>());
    let order = Arc::new(std::sync::Mutex::new(vec![]));
    let record = Arc::clone(&order);
    pods.add_handler(move |delta| match delta {
        pintle_watch::Delta::Added(pod) => record.lock().unwrap().push(format!("+{}", pod.metadata.name)),
        pintle_watch::Delta::Deleted { last, .. } => record.lock().unwrap().push(format!("-{}", last.metadata.name)),
        pintle_watch::Delta::Updated { .. } => {}
    });
    let take = || std::mem::take(&mut *order.lock().unwrap());
    let api = world.api::<StatefulSet>();
    api.create(&stateful_set(3)).await.unwrap();
    let available = |count| {
        move |set: &StatefulSet| {
            set.status.observed_generation == set.metadata.generation
                && (set.status.replicas, set.status.available_replicas, set.status.updated_replicas)
                    == (count, count, count)
        }
    };
    until(&sets, "db", available(3)).await;
    assert_eq!(take(), ["+db-0", "+db-1", "+db-2"]);
    let claims = world.informer::<PersistentVolumeClaim>();
    until_all(&claims, |claims| claims.len() == 3).await;
    let names: Vec<_> = claims.list().iter().map(|claim| claim.metadata.name.clone()).collect();
    assert_eq!(names, ["data-db-0", "data-db-1", "data-db-2"]);

    api.patch("db", set_image("two"), Default::default()).await.unwrap();
    until(&sets, "db", |set| {
        let is_new = set.spec.template.spec.containers[0].image == "two";
        is_new && available(3)(set) && set.status.current_revision == set.status.update_revision
    })
    .await;
    assert_eq!(take(), ["-db-2", "+db-2", "-db-1", "+db-1", "-db-0", "+db-0"]);
    assert_eq!(images(&pods.list()), ["two".to_owned()].into());

    api.set_scale("db", 1).await.unwrap();
    until(&sets, "db", available(1)).await;
    assert_eq!(take(), ["-db-2", "-db-1"]);
    assert_eq!(claims.len(), 3, "volumes stay");
}

fn job(image: &str, completions: i32, parallelism: i32) -> Job {
    let mut job = Job::default();
    job.metadata.name = "work".into();
    job.spec.completions = Some(completions);
    job.spec.parallelism = Some(parallelism);
    job.spec.template = world::template("work", image);
    job.spec.template.metadata.labels.clear();
    job.spec.template.spec.restart_policy = "Never".into();
    job
}

fn ended<'a>(job: &'a Job, type_: &str) -> Option<&'a str> {
    job.status.conditions.iter().find(|one| one.type_ == type_ && one.status == "True").map(|one| one.reason.as_str())
}

#[tokio::test(start_paused = true)]
async fn a_job_counts_each_success_once_even_if_its_controller_crashes() {
    for crash_after in [1_usize, 3, 6] {
        let mut world = World::new().await;
        world.start("job");
        world.kubelet();
        let (jobs, pods) = (world.informer::<Job>(), world.informer::<Pod>());
        world.api::<Job>().create(&job("succeeds", 8, 3)).await.unwrap();
        until_all(&pods, |pods| pods.len() >= crash_after).await;
        world.crash();
        world.start("job");
        let done = until(&jobs, "work", |job| ended(job, "Complete").is_some()).await;
        assert_eq!((done.status.succeeded, done.status.failed, done.status.active), (8, 0, 0));
        assert!(done.status.completion_time.is_some());
        let pods = until_all(&pods, |pods| pods.iter().all(|pod| pod.metadata.finalizers.is_empty())).await;
        assert_eq!(pods.len(), 8, "crashed after {crash_after} pods");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_keeps_failing_backs_off_and_gives_up() {
    let mut world = World::new().await;
    world.start("job");
    world.kubelet();
    let jobs = world.informer::<Job>();
    let mut wanted = job("fails", 1, 1);
    wanted.spec.backoff_limit = Some(3);
    let started = world.clock.now();
    world.api::<Job>().create(&wanted).await.unwrap();
    let failed = until(&jobs, "work", |job| ended(job, "Failed").is_some()).await;
    assert_eq!(ended(&failed, "Failed"), Some("BackoffLimitExceeded"));
    assert_eq!((failed.status.failed, failed.status.succeeded), (4, 0));
    // 10 s, 20 s and 40 s between the four attempts.
    let took = (world.clock.now() - started).as_secs();
    assert!((68..=73).contains(&took), "took {took} s");
}

#[tokio::test(start_paused = true)]
async fn an_indexed_job_completes_each_index() {
    let mut world = World::new().await;
    world.start("job");
    world.kubelet();
    let (jobs, pods) = (world.informer::<Job>(), world.informer::<Pod>());
    let mut wanted = job("succeeds", 5, 2);
    wanted.spec.completion_mode = Some("Indexed".into());
    world.api::<Job>().create(&wanted).await.unwrap();
    let done = until(&jobs, "work", |job| ended(job, "Complete").is_some()).await;
    assert_eq!((done.status.succeeded, done.status.completed_indexes.as_str()), (5, "0-4"));
    assert_eq!(pods.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_suspended_job_has_no_pods_until_it_is_resumed() {
    let mut world = World::new().await;
    world.start("job");
    world.kubelet();
    let (jobs, pods) = (world.informer::<Job>(), world.informer::<Pod>());
    world.api::<Job>().create(&job("one", 2, 2)).await.unwrap();
    until(&jobs, "work", |job| job.status.ready == Some(2)).await;
    let suspend = |on| Patch::merge(&serde_json::json!({"spec": {"suspend": on}}));
    world.api::<Job>().patch("work", suspend(true), Default::default()).await.unwrap();
    until_all(&pods, |pods| pods.is_empty()).await;
    until(&jobs, "work", |job| ended(job, "Suspended").is_some() && job.status.active == 0).await;
    world.api::<Job>().patch("work", suspend(false), Default::default()).await.unwrap();
    until(&jobs, "work", |job| ended(job, "Suspended").is_none() && job.status.ready == Some(2)).await;
}
