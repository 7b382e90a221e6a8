//! Deployments and ReplicaSets against a real API server, with a kubelet that only pretends.

mod world;

use pintle_client::Patch;
use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet};
use pintle_object_model::api::core::v1::Pod;
use world::{World, deployment, until, until_all};

fn complete(replicas: i32) -> impl Fn(&Deployment) -> bool {
    move |deployment| {
        let status = &deployment.status;
        status.observed_generation == deployment.metadata.generation
            && (status.replicas, status.updated_replicas, status.available_replicas) == (replicas, replicas, replicas)
    }
}

fn set_image(image: &str) -> Patch {
    Patch::strategic(
        &serde_json::json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}}),
    )
}

#[tokio::test(start_paused = true)]
async fn a_rollout_replaces_all_pods_and_going_back_uses_the_old_set_again() {
    let mut world = World::new().await;
    world.start("deployment,replicaset");
    world.kubelet();
    let (deployments, sets) = (world.informer::<Deployment>(), world.informer::<ReplicaSet>());
    let pods = world.informer::<Pod>();
    let api = world.api::<Deployment>();
    api.create(&deployment("web", 3)).await.unwrap();
    let first = until(&deployments, "web", complete(3)).await;
    assert_eq!(first.metadata.annotations["deployment.kubernetes.io/revision"], "1");
    let progressing = |d: &Deployment| d.status.conditions.iter().find(|c| c.type_ == "Progressing").unwrap().clone();
    let done = until(&deployments, "web", |d| progressing(d).reason == "NewReplicaSetAvailable").await;
    let set = sets.list()[0].clone();
    assert_eq!(
        progressing(&done).message,
        format!("ReplicaSet \"{}\" has successfully progressed.", set.metadata.name)
    );

    api.patch("web", set_image("two"), Default::default()).await.unwrap();
    until(&deployments, "web", |d| {
        complete(3)(d) && d.metadata.annotations["deployment.kubernetes.io/revision"] == "2"
    })
    .await;
    until_all(&pods, |pods| pods.len() == 3 && pods.iter().all(|pod| pod.spec.containers[0].image == "two")).await;
    assert_eq!(sets.len(), 2);

    api.patch("web", set_image("one"), Default::default()).await.unwrap();
    until(&deployments, "web", |d| {
        complete(3)(d) && d.metadata.annotations["deployment.kubernetes.io/revision"] == "3"
    })
    .await;
    until_all(&pods, |pods| pods.len() == 3 && pods.iter().all(|pod| pod.spec.containers[0].image == "one")).await;
    let back = sets.get("default", &set.metadata.name).unwrap();
    assert_eq!(back.metadata.annotations["deployment.kubernetes.io/revision"], "3");
    assert_eq!(back.metadata.annotations["deployment.kubernetes.io/revision-history"], "1");
    assert_eq!(sets.len(), 2, "no new set was needed");
}

#[tokio::test(start_paused = true)]
async fn a_rollout_never_leaves_its_bounds() {
    let mut world = World::new().await;
    world.start("deployment,replicaset");
    world.kubelet();
    let (deployments, pods) = (world.informer::<Deployment>(), world.informer::<Pod>());
    let seen = std::sync::Arc::new(std::sync::Mutex::new((i32::MAX, 0)));
    let mut wanted = deployment("web", 8);
    wanted.spec.strategy.type_ = "RollingUpdate".into();
    world.api::<Deployment>().create(&wanted).await.unwrap();
    until(&deployments, "web", complete(8)).await;
    let (record, all) = (seen.clone(), pods.clone());
    pods.add_handler(move |_| {
        let list = all.list();
        let there = list.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
        let ready = there.clone().filter(|pod| pod.status.phase == "Running").count() as i32;
        let mut seen = record.lock().unwrap();
        *seen = (seen.0.min(ready), seen.1.max(there.count() as i32));
    });
    world.api::<Deployment>().patch("web", set_image("two"), Default::default()).await.unwrap();
    until(&deployments, "web", |d| {
        complete(8)(d) && d.metadata.annotations["deployment.kubernetes.io/revision"] == "2"
    })
    .await;
    // 25 % of 8, rounded down and up.
    let (fewest, most) = *seen.lock().unwrap();
    assert!(fewest >= 6, "only {fewest} were ready");
    assert!(most <= 10, "{most} were there");
}

#[tokio::test(start_paused = true)]
async fn a_broken_rollout_times_out_and_keeps_the_old_pods() {
    let mut world = World::new().await;
    world.start("deployment,replicaset");
    world.kubelet();
    let (deployments, pods) = (world.informer::<Deployment>(), world.informer::<Pod>());
    let mut wanted = deployment("web", 4);
    wanted.spec.progress_deadline_seconds = Some(60);
    world.api::<Deployment>().create(&wanted).await.unwrap();
    until(&deployments, "web", complete(4)).await;
    world.api::<Deployment>().patch("web", set_image("broken"), Default::default()).await.unwrap();
    let reason = |d: &Deployment, of: &str| {
        d.status.conditions.iter().find(|c| c.type_ == of).map(|c| (c.status.clone(), c.reason.clone())).unwrap()
    };
    let stuck =
        until(&deployments, "web", |d| reason(d, "Progressing") == ("False".into(), "ProgressDeadlineExceeded".into()))
            .await;
    assert_eq!(reason(&stuck, "Available"), ("True".into(), "MinimumReplicasAvailable".into()));
    let (good, bad): (Vec<_>, Vec<_>) = pods.list().into_iter().partition(|pod| pod.spec.containers[0].image == "one");
    assert_eq!((good.len(), bad.len()), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn recreate_starts_the_new_only_when_the_old_are_gone() {
    let mut world = World::new().await;
    world.start("deployment,replicaset");
    world.kubelet();
    let (deployments, pods) = (world.informer::<Deployment>(), world.informer::<Pod>());
    let mut wanted = deployment("web", 3);
    wanted.spec.strategy.type_ = "Recreate".into();
    world.api::<Deployment>().create(&wanted).await.unwrap();
    until(&deployments, "web", complete(3)).await;
    let mixed = std::sync::Arc::new(std::sync::Mutex::new(false));
    let (record, all) = (mixed.clone(), pods.clone());
    pods.add_handler(move |_| {
        let images: std::collections::BTreeSet<_> =
            all.list().iter().map(|pod| pod.spec.containers[0].image.clone()).collect();
        *record.lock().unwrap() |= images.len() > 1;
    });
    world.api::<Deployment>().patch("web", set_image("two"), Default::default()).await.unwrap();
    until(&deployments, "web", |d| {
        complete(3)(d) && d.metadata.annotations["deployment.kubernetes.io/revision"] == "2"
    })
    .await;
    assert!(!*mixed.lock().unwrap());
}

#[tokio::test(start_paused = true)]
async fn scaling_down_gives_up_the_pods_that_are_not_ready() {
    let mut world = World::new().await;
    world.start("deployment,replicaset");
    world.kubelet();
    let (deployments, pods) = (world.informer::<Deployment>(), world.informer::<Pod>());
    world.api::<Deployment>().create(&deployment("web", 5)).await.unwrap();
    until(&deployments, "web", complete(5)).await;
    let mut broken = vec![];
    for pod in pods.list().into_iter().take(2) {
        let mut changed = (*pod).clone();
        world::set_ready(&mut changed, false);
        world.api::<Pod>().replace_status(&changed).await.unwrap();
        broken.push(pod.metadata.name.clone());
    }
    until(&deployments, "web", |d| d.status.available_replicas == 3).await;
    world.api::<Deployment>().set_scale("web", 3).await.unwrap();
    until(&deployments, "web", complete(3)).await;
    let left = until_all(&pods, |pods| pods.len() == 3).await;
    assert!(left.iter().all(|pod| !broken.contains(&pod.metadata.name)));
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_crashes_in_the_middle_goes_on_after_its_restart() {
    for steps in [1_u64, 2, 5, 9, 17] {
        let mut world = World::new().await;
        world.start("deployment,replicaset");
        let pods = world.informer::<Pod>();
        world.api::<Deployment>().create(&deployment("web", 20)).await.unwrap();
        // Crash once some, but rarely all, of the pods have been made.
        until_all(&pods, |pods| pods.len() as u64 >= steps).await;
        world.crash();
        world.kubelet();
        world.start("deployment,replicaset");
        let deployments = world.informer::<Deployment>();
        until(&deployments, "web", complete(20)).await;
        assert_eq!(pods.list().len(), 20, "crashed after {steps} pods");
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn pods_that_match_are_adopted_and_those_that_no_longer_do_are_released() {
    let mut world = World::new().await;
    let mut orphan = Pod::default();
    orphan.metadata.name = "orphan".into();
    orphan.metadata.labels.insert("app".into(), "web".into());
    orphan.spec = world::template("web", "one").spec;
    world.api::<Pod>().create(&orphan).await.unwrap();
    let mut set = ReplicaSet::default();
    set.metadata.name = "web".into();
    set.spec.replicas = Some(2);
    set.spec.selector = world::selector("web");
    set.spec.template = world::template("web", "one");
    world.api::<ReplicaSet>().create(&set).await.unwrap();
    world.start("replicaset");
    let pods = world.informer::<Pod>();
    let owned = |pod: &Pod| pod.metadata.owner_references.iter().any(|owner| owner.name == "web");
    until_all(&pods, |pods| pods.len() == 2 && pods.iter().all(|pod| owned(pod))).await;
    let patch = Patch::merge(&serde_json::json!({"metadata": {"labels": {"app": "other"}}}));
    world.api::<Pod>().patch("orphan", patch, Default::default()).await.unwrap();
    let all = until_all(&pods, |pods| pods.iter().filter(|pod| owned(pod)).count() == 2 && pods.len() == 3).await;
    assert!(all.iter().any(|pod| pod.metadata.name == "orphan" && !owned(pod)));
}

#[tokio::test(start_paused = true)]
async fn a_paused_deployment_scales_but_does_not_roll() {
    let mut world = World::new().await;
    world.start("deployment,replicaset");
    world.kubelet();
    let (deployments, sets) = (world.informer::<Deployment>(), world.informer::<ReplicaSet>());
    let api = world.api::<Deployment>();
    api.create(&deployment("web", 2)).await.unwrap();
    until(&deployments, "web", complete(2)).await;
    let pause = |paused| Patch::merge(&serde_json::json!({"spec": {"paused": paused}}));
    api.patch("web", pause(true), Default::default()).await.unwrap();
    api.patch("web", set_image("two"), Default::default()).await.unwrap();
    api.set_scale("web", 4).await.unwrap();
    let reason = |d: &Deployment| d.status.conditions.iter().find(|c| c.type_ == "Progressing").unwrap().reason.clone();
    until(&deployments, "web", |d| d.status.available_replicas == 4 && reason(d) == "DeploymentPaused").await;
    assert_eq!(sets.len(), 1, "no set for the new template yet");
    api.patch("web", pause(false), Default::default()).await.unwrap();
    until(&deployments, "web", complete(4)).await;
    assert_eq!(sets.len(), 2);
}
