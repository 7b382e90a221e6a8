//! The framework: what a reconciler can rely on.

mod world;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use pintle_controllers::{
    Action, Context, Controller, ControllerError, ControllerEvent, ControllerSet, Manager, Observer, Outcome,
    Reconciler,
};
use pintle_object_model::api::apps::v1::Deployment;
use pintle_object_model::api::core::v1::{ConfigMap, Event, Pod};
use pintle_object_model::{ObjectRef, Resource};
use pintle_watch::{ElectionConfig, Shutdown};
use world::{World, deployment, until, until_all};

/// Panics at first, then fails, then asks to be called again, then is content.
struct Moody {
    calls: Arc<Mutex<Vec<(String, Duration)>>>,
    running: Mutex<std::collections::BTreeSet<ObjectRef>>,
}

#[async_trait]
impl Reconciler for Moody {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(map) = ctx.cached::<ConfigMap>().get(&key.namespace, &key.name) else { return Ok(Action::done()) };
        assert!(self.running.lock().unwrap().insert(key.clone()), "{key} is reconciled twice at a time");
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.running.lock().unwrap().remove(key);
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push((key.name.clone(), ctx.clock().now()));
            calls.iter().filter(|(name, _)| *name == key.name).count()
        };
        match number {
            1 => panic!("a bug"),
            2 => Err(ControllerError::Other("the world is against us".into())),
            3 => Ok(Action::requeue_after(Duration::from_secs(60))),
            _ => {
                ctx.events().normal(&*map, "Content", "all is well");
                Ok(Action::done())
            }
        }
    }
}

fn moody(calls: &Arc<Mutex<Vec<(String, Duration)>>>) -> Controller {
    let reconciler = Moody { calls: calls.clone(), running: Mutex::default() };
    Controller::new("moody").for_::<ConfigMap>().owns::<Pod>().workers(4).build(reconciler)
}

#[tokio::test(start_paused = true)]
async fn a_reconciler_that_panics_or_fails_is_called_again_and_tells_its_story() {
    let world = World::new().await;
    let mut map = ConfigMap::default();
    map.metadata.name = "a".into();
    world.api::<ConfigMap>().create(&map).await.unwrap();
    let calls = Arc::new(Mutex::new(vec![]));
    let story = Arc::new(Mutex::new(vec![]));
    let told = story.clone();
    let observer = Observer::new(move |event| {
        let line = match event {
            ControllerEvent::Synced { .. } => "synced".to_owned(),
            ControllerEvent::Reconciled { outcome: Outcome::Done, .. } => "done".into(),
            ControllerEvent::Reconciled { outcome: Outcome::Requeued(after), .. } => format!("again in {after:?}"),
            ControllerEvent::Reconciled { outcome: Outcome::Failed(error), .. } => error.to_string(),
            ControllerEvent::Stopped { .. } => "stopped".into(),
            _ => return,
        };
        told.lock().unwrap().push(line);
    });
    let (trigger, signal) = Shutdown::channel();
    let make = calls.clone();
    let manager = Manager::new(world.client.clone(), world.clock.clone(), world.random.clone())
        .register(move || moody(&make))
        .observer(observer);
    let running = tokio::spawn(manager.run(signal));
    let events = world.informer::<Event>();
    let event = until_all(&events, |events| !events.is_empty()).await[0].clone();
    assert_eq!((event.reason.as_str(), event.count, event.source.component.as_str()), ("Content", 1, "moody"));
    assert_eq!(event.involved_object.kind, ConfigMap::INFO.kind);
    trigger.fire();
    running.await.unwrap();
    let expected =
        ["synced", "the reconciler panicked: a bug", "the world is against us", "again in 60s", "done", "stopped"];
    assert_eq!(*story.lock().unwrap(), expected);
    let times: Vec<_> = calls.lock().unwrap().iter().map(|(_, at)| *at).collect();
    assert!(times[3] - times[2] >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn changes_while_a_key_is_worked_on_lead_to_one_more_call() {
    let world = World::new().await;
    let calls = Arc::new(Mutex::new(vec![("a".to_owned(), Duration::ZERO); 3]));
    let (trigger, signal) = Shutdown::channel();
    let make = calls.clone();
    let manager =
        Manager::new(world.client.clone(), world.clock.clone(), world.random.clone()).register(move || moody(&make));
    let running = tokio::spawn(manager.run(signal));
    let maps = world.informer::<ConfigMap>();
    let mut map = ConfigMap::default();
    map.metadata.name = "a".into();
    world.api::<ConfigMap>().create(&map).await.unwrap();
    for number in 0..5 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let api = world.api::<ConfigMap>();
        let edited = api.edit("a", |map| {
            map.data.insert("n".into(), number.to_string());
            true
        });
        edited.await.unwrap();
    }
    until(&maps, "a", |map| map.data["n"] == "4").await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(calls.lock().unwrap().len() - 3, 2, "the creation, and all changes during it together");
    trigger.fire();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn only_the_leader_works_and_the_next_takes_over() {
    let world = World::new().await;
    world.kubelet();
    let set = || ControllerSet::parse("deployment,replicaset").unwrap();
    let manager = |identity: &str| {
        Manager::new(world.client.clone(), world.clock.clone(), world.random.clone())
            .controllers(set())
            .leader_election(ElectionConfig::new("kube-system", "controllers", identity))
    };
    let (first_trigger, first_signal) = Shutdown::channel();
    let (second_trigger, second_signal) = Shutdown::channel();
    let first = tokio::spawn(manager("first").run(first_signal));
    let deployments = world.informer::<Deployment>();
    world.api::<Deployment>().create(&deployment("one", 2)).await.unwrap();
    until(&deployments, "one", |one| one.status.available_replicas == 2).await;
    let second = tokio::spawn(manager("second").run(second_signal));
    // The first dies without a word.
    first.abort();
    drop(first_trigger);
    world.api::<Deployment>().create(&deployment("two", 2)).await.unwrap();
    until(&deployments, "two", |two| two.status.available_replicas == 2).await;
    second_trigger.fire();
    second.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn all_controllers_run_side_by_side_and_stop_in_good_order() {
    let mut world = World::new().await;
    world.start("all");
    world.kubelet();
    let (deployments, pods) = (world.informer::<Deployment>(), world.informer::<Pod>());
    world.api::<Deployment>().create(&deployment("web", 300)).await.unwrap();
    until(&deployments, "web", |web| web.status.available_replicas == 300).await;
    assert_eq!(pods.len(), 300);
    world.api::<Deployment>().set_scale("web", 0).await.unwrap();
    until_all(&pods, |pods| pods.is_empty()).await;
    world.stop().await;
}

#[tokio::test]
async fn two_thousand_pods_are_made_without_one_too_many() {
    let mut world = World::new().await;
    world.start("deployment,replicaset");
    let pods = world.informer::<Pod>();
    let most = Arc::new(Mutex::new(0));
    let (seen, all) = (most.clone(), pods.clone());
    pods.add_handler(move |_| {
        let mut most = seen.lock().unwrap();
        *most = all.len().max(*most);
    });
    world.api::<Deployment>().create(&deployment("web", 2000)).await.unwrap();
    let deployments = world.informer::<Deployment>();
    until(&deployments, "web", |web| web.status.replicas == 2000).await;
    assert_eq!((pods.len(), *most.lock().unwrap()), (2000, 2000));
}
