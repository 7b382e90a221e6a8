//! Volumes from the API: set up, changed, refreshed, refused.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Running, World, pod};
use pintle_object_model::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, EmptyDirVolumeSource, NFSVolumeSource, Pod, Secret, SecretVolumeSource, Volume,
    VolumeMount,
};
use pintle_object_model::clock::Random;
use pintle_runtime::default_volume_drivers;

fn mount(pod: &mut Pod, volume: Volume) {
    let mount =
        VolumeMount { name: volume.name.clone(), mount_path: format!("/{}", volume.name), ..Default::default() };
    pod.spec.containers[0].volume_mounts.push(mount);
    pod.spec.volumes.push(volume);
}

struct Node {
    world: World,
    running: Running,
    directory: tempfile::TempDir,
}

impl Node {
    async fn new() -> Self {
        let world = World::new().await;
        let directory = tempfile::tempdir().unwrap();
        let drivers = default_volume_drivers(Arc::clone(&world.clock), Random::seeded(4), BTreeMap::new());
        let running = world.run(world.builder().data_dir(directory.path()).volume_drivers(drivers));
        let mut ca = ConfigMap::default();
        ca.metadata.name = "kube-root-ca.crt".into();
        ca.data.insert("ca.crt".into(), "the CA".into());
        world.client.namespaced("shop").create(&ca).await.unwrap();
        Self { world, running, directory }
    }

    fn path(&self, pod: &Pod, volume: &str) -> PathBuf {
        self.directory.path().join("pods").join(&pod.metadata.uid).join("volumes").join(volume)
    }
}

#[tokio::test(start_paused = true)]
async fn contents_follow_the_api() {
    let node = Node::new().await;
    let mut map = ConfigMap::default();
    map.metadata.name = "settings".into();
    map.data.insert("color".into(), "blue".into());
    let maps = node.world.client.namespaced::<ConfigMap>("shop");
    maps.create(&map).await.unwrap();
    let mut web = pod("web");
    let source = ConfigMapVolumeSource { name: "settings".into(), ..Default::default() };
    mount(&mut web, Volume { name: "settings".into(), config_map: Some(Box::new(source)), ..Default::default() });
    let source = EmptyDirVolumeSource::default();
    mount(&mut web, Volume { name: "scratch".into(), empty_dir: Some(Box::new(source)), ..Default::default() });
    node.world.create(&web).await;
    let web = node.world.until_running("web").await;
    let color = node.path(&web, "settings").join("color");
    assert_eq!(std::fs::read_to_string(&color).unwrap(), "blue");
    assert!(node.path(&web, "scratch").is_dir());
    map.data.insert("color".into(), "green".into());
    maps.replace(&map).await.unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    node.world.until("web", "refreshed", |_| std::fs::read_to_string(&color).unwrap() == "green").await;
    let volumes = node.path(&web, "");
    node.world.client.namespaced::<Pod>("shop").delete("web", Default::default()).await.unwrap();
    node.world.until_gone("web").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!volumes.exists(), "nothing of a removed pod stays");
    node.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn tokens_are_renewed_before_they_end() {
    let node = Node::new().await;
    node.world.create(&pod("web")).await;
    let web = node.world.until_running("web").await;
    let volume = web.spec.volumes.iter().find(|volume| volume.projected.is_some()).unwrap();
    let directory = node.path(&web, &volume.name);
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    assert_eq!((read("namespace").as_str(), read("ca.crt").as_str()), ("shop", "the CA"));
    let first = read("token");
    tokio::time::sleep(Duration::from_secs(2800)).await;
    assert_eq!(read("token"), first, "not yet 80 % of 3607 s");
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_ne!(read("token"), first);
    node.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_told_and_waited_for() {
    let node = Node::new().await;
    let mut web = pod("web");
    let source = SecretVolumeSource { secret_name: "keys".into(), ..Default::default() };
    mount(&mut web, Volume { name: "keys".into(), secret: Some(Box::new(source)), ..Default::default() });
    node.world.create(&web).await;
    let mut other = pod("other");
    let source = NFSVolumeSource { server: "s".into(), path: "/".into(), ..Default::default() };
    mount(&mut other, Volume { name: "share".into(), nfs: Some(Box::new(source)), ..Default::default() });
    node.world.create(&other).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let failed = |events: &[(String, String)]| {
        events.iter().find(|(reason, _)| reason == "FailedMount").map(|(_, message)| message.clone())
    };
    assert_eq!(
        failed(&node.world.events("web").await).unwrap(),
        "MountVolume.SetUp failed for volume \"keys\" : secret \"keys\" not found"
    );
    assert_eq!(
        failed(&node.world.events("other").await).unwrap(),
        "MountVolume.SetUp failed for volume \"share\" : no volume driver of this node provides volumes of type nfs"
    );
    let waiting = node.world.get("web").await.unwrap();
    let state = waiting.status.container_statuses[0].state.waiting.as_deref().unwrap();
    assert_eq!((waiting.status.phase.as_str(), state.reason.as_str()), ("Pending", "ContainerCreating"));
    let mut secret = Secret::default();
    secret.metadata.name = "keys".into();
    secret.data.insert("a".into(), "1".into());
    node.world.client.namespaced("shop").create(&secret).await.unwrap();
    node.world.until_running("web").await;
    node.running.stop().await;
}
