//! CronJobs, the clean-up of finished Jobs, disruption budgets and quotas, against a real API server.

mod world;

use std::time::Duration;

use pintle_object_model::Quantity;
use pintle_object_model::api::apps::v1::Deployment;
use pintle_object_model::api::batch::v1::{CronJob, Job};
use pintle_object_model::api::core::v1::{ConfigMap, Pod, ResourceQuota};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::api::policy::v1::PodDisruptionBudget;
use world::{World, deployment, until, until_all};

fn cron(schedule: &str, image: &str) -> CronJob {
    let mut cron = CronJob::default();
    cron.metadata.name = "tick".into();
    cron.spec.schedule = schedule.into();
    cron.spec.concurrency_policy = "Forbid".into();
    cron.spec.job_template.spec.template = world::template("tick", image);
    cron.spec.job_template.spec.template.spec.restart_policy = "Never".into();
    cron
}

#[tokio::test(start_paused = true)]
async fn a_cron_job_starts_one_job_per_time_and_keeps_three() {
    let mut world = World::new().await;
    world.start("cronjob,job,garbagecollector");
    world.kubelet();
    let (crons, jobs) = (world.informer::<CronJob>(), world.informer::<Job>());
    let names = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let seen = names.clone();
    jobs.add_handler(move |delta| {
        seen.lock().unwrap().insert(delta.object().metadata.name.clone());
    });
    let started = world.clock.utc().to_time();
    world.api::<CronJob>().create(&cron("*/5 * * * *", "succeeds")).await.unwrap();
    let last = until(&crons, "tick", |cron| {
        cron.status.last_schedule_time.is_some_and(|at| at.since(started) >= Duration::from_secs(6 * 300))
            && cron.status.active.is_empty()
    })
    .await;
    assert_eq!(last.status.last_schedule_time.unwrap().unix() % 300, 0);
    let count = names.lock().unwrap().len();
    assert!((6..=7).contains(&count), "{count} jobs");
    until_all(&jobs, |jobs| jobs.len() == 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_cron_job_that_forbids_overlap_waits_and_one_that_was_down_catches_up_once() {
    let mut world = World::new().await;
    world.start("cronjob,job");
    let (crons, jobs) = (world.informer::<CronJob>(), world.informer::<Job>());
    // Nobody runs the pods: the first job never ends.
    world.api::<CronJob>().create(&cron("* * * * *", "one")).await.unwrap();
    until(&crons, "tick", |cron| cron.status.active.len() == 1).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(jobs.len(), 1);
    world.stop().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    world.kubelet();
    // By itself a deleted job would wait for somebody to orphan its pods.
    let options = DeleteOptions { propagation_policy: Some("Background".into()), ..DeleteOptions::default() };
    world.api::<Job>().delete(&jobs.list()[0].metadata.name, options).await.unwrap();
    until_all(&jobs, |jobs| jobs.is_empty()).await;
    world.start("cronjob,job");
    until_all(&jobs, |jobs| jobs.len() == 1).await;
    let now = world.clock.utc().to_time();
    let cron = until(&crons, "tick", |cron| cron.status.active.len() == 1).await;
    assert!(
        now.since(cron.status.last_schedule_time.unwrap()) < Duration::from_secs(61),
        "only the latest time counts"
    );
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_goes_after_its_time() {
    let mut world = World::new().await;
    world.start("job,ttl-after-finished,garbagecollector");
    world.kubelet();
    let (jobs, pods) = (world.informer::<Job>(), world.informer::<Pod>());
    let mut job = Job::default();
    job.metadata.name = "work".into();
    job.spec.ttl_seconds_after_finished = Some(100);
    job.spec.template = world::template("work", "succeeds");
    job.spec.template.spec.restart_policy = "Never".into();
    world.api::<Job>().create(&job).await.unwrap();
    until(&jobs, "work", |job| job.status.completion_time.is_some()).await;
    let ended = world.clock.now();
    until_all(&jobs, |jobs| jobs.is_empty()).await;
    let waited = (world.clock.now() - ended).as_secs();
    assert!((99..=101).contains(&waited), "waited {waited} s");
    until_all(&pods, |pods| pods.is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn a_budget_tells_how_many_may_go() {
    let mut world = World::new().await;
    world.start("deployment,replicaset,disruption");
    world.kubelet();
    let budgets = world.informer::<PodDisruptionBudget>();
    let mut budget = PodDisruptionBudget::default();
    budget.metadata.name = "web".into();
    budget.spec.max_unavailable = Some("25%".into());
    budget.spec.selector = world::selector("web");
    world.api::<PodDisruptionBudget>().create(&budget).await.unwrap();
    world.api::<Deployment>().create(&deployment("web", 8)).await.unwrap();
    let found = until(&budgets, "web", |budget| budget.status.disruptions_allowed == 2).await;
    let status = &found.status;
    assert_eq!((status.expected_pods, status.desired_healthy, status.current_healthy), (8, 6, 8));
    assert_eq!(status.conditions[0].reason, "SufficientPods");
    let mut pod = (*world.api::<Pod>().list(Default::default()).await.unwrap().items[0]).clone();
    world::set_ready(&mut pod, false);
    world.api::<Pod>().replace_status(&pod).await.unwrap();
    until(&budgets, "web", |budget| budget.status.disruptions_allowed == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_quota_counts_what_is_used() {
    let mut world = World::new().await;
    world.start("resourcequota");
    let quotas = world.informer::<ResourceQuota>();
    let mut quota = ResourceQuota::default();
    quota.metadata.name = "all".into();
    for name in ["pods", "requests.cpu", "configmaps", "count/deployments.apps"] {
        quota.spec.hard.insert(name.into(), Quantity::from_i64(10));
    }
    world.api::<ResourceQuota>().create(&quota).await.unwrap();
    let mut map = ConfigMap::default();
    map.metadata.name = "one".into();
    world.api::<ConfigMap>().create(&map).await.unwrap();
    world.api::<Deployment>().create(&deployment("web", 1)).await.unwrap();
    let mut pod = Pod::default();
    pod.metadata.name = "one".into();
    pod.spec = world::template("x", "one").spec;
    pod.spec.containers[0].resources.requests.insert("cpu".into(), Quantity::from_millis(250));
    world.api::<Pod>().create(&pod).await.unwrap();
    let found =
        until(&quotas, "all", |quota| quota.status.used.get("pods").is_some_and(|used| used.value() == 1)).await;
    let used = |name: &str| found.status.used[name].to_string();
    assert_eq!((used("requests.cpu").as_str(), used("configmaps").as_str()), ("250m", "1"));
    assert_eq!(used("count/deployments.apps"), "1");
}
