//! An unmodified kube-rs client on an in-process cluster, without a socket.

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use pintle::{Cluster, Toggle};
use pintle_controllers::ControllerSet;
use serde_json::json;

fn pod(name: &str) -> Pod {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "demo"}},
        "spec": {"containers": [{"name": "main", "image": "demo"}]},
    });
    serde_json::from_value(pod).unwrap()
}

async fn cluster() -> (Cluster, Api<Pod>) {
    let cluster =
        Cluster::builder().nodes(0).scheduler(Toggle::Off).controllers(ControllerSet::none()).start().await.unwrap();
    wait_for_account(&cluster).await;
    let client = kube::Client::new(cluster.http_service(), "default");
    (cluster, Api::namespaced(client, "default"))
}

/// Pods need their namespace's service account, which a controller makes; none runs here.
async fn wait_for_account(cluster: &Cluster) {
    use pintle_object_model::api::core::v1::ServiceAccount;
    let mut account = ServiceAccount::default();
    account.metadata.name = "default".into();
    cluster.client().namespaced::<ServiceAccount>("default").create(&account).await.unwrap();
}

#[tokio::test]
async fn pods_are_created_listed_patched_and_deleted() {
    let (cluster, pods) = cluster().await;
    let created = pods.create(&PostParams::default(), &pod("a")).await.unwrap();
    assert_eq!(created.metadata.namespace.as_deref(), Some("default"));
    assert_eq!(created.status.and_then(|status| status.phase).as_deref(), Some("Pending"));
    pods.create(&PostParams::default(), &pod("b")).await.unwrap();

    let listed = pods.list(&ListParams::default().limit(1)).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.metadata.remaining_item_count, Some(1));

    let patch = json!({"metadata": {"labels": {"tier": "web"}}});
    let patched = pods.patch("a", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    assert_eq!(patched.metadata.labels.unwrap()["tier"], "web");

    pods.delete("a", &DeleteParams::default()).await.unwrap();
    let error = pods.get("a").await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 404), "{error}");
    let error = pods.create(&PostParams::default(), &pod("Not_A_Name")).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 422), "{error}");
    cluster.stop().await;
}

#[tokio::test]
async fn changes_are_watched() {
    let (cluster, pods) = cluster().await;
    // The bookmark at the end of what was there, which is nothing, is of no interest.
    let parameters = WatchParams::default().labels("app=demo").disable_bookmarks();
    let mut events = pods.watch(&parameters, "0").await.unwrap().boxed();
    pods.create(&PostParams::default(), &pod("a")).await.unwrap();
    pods.delete("a", &DeleteParams::default().grace_period(0)).await.unwrap();
    let first = events.try_next().await.unwrap().unwrap();
    assert!(matches!(&first, WatchEvent::Added(pod) if pod.metadata.name.as_deref() == Some("a")), "{first:?}");
    let mut second = events.try_next().await.unwrap().unwrap();
    // Pods are marked before they go.
    if matches!(&second, WatchEvent::Modified(pod) if pod.metadata.deletion_timestamp.is_some()) {
        second = events.try_next().await.unwrap().unwrap();
    }
    assert!(matches!(&second, WatchEvent::Deleted(pod) if pod.metadata.name.as_deref() == Some("a")), "{second:?}");
    cluster.stop().await;
}
