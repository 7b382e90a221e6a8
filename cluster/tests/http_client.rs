//! The client over HTTPS on a cluster's own server, through the files that a cluster writes: encodings, compression, watches,
//! impersonation, streams. Loopback only.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use pintle::Cluster;
use pintle_client::{
    Client, ExecOptions, ExecOutcome, FieldValidation, Followed, HttpOptions, Identity, Kubeconfig, LogOptions, Params,
    Reason,
};
use pintle_object_model::api::core::v1::{ConfigMap, Pod};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::clock::SystemClock;
use pintle_object_model::{Format, Scheme};

const HELLO: &str = include_str!("../../examples/manifests/hello.yaml");

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it takes too long")
}

fn connect(kubeconfig: &Path, format: Format) -> Client {
    let config = Kubeconfig::read_all([kubeconfig]).unwrap();
    let options = HttpOptions { format, ..HttpOptions::default() };
    config.client_with(None, Path::new("."), Scheme::builtin(), options, SystemClock::shared()).unwrap()
}

fn map(name: &str, text: &str) -> ConfigMap {
    let mut map = ConfigMap::default();
    map.metadata.name = name.into();
    map.data.insert("text".into(), text.into());
    map
}

#[tokio::test]
async fn both_encodings_carry_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("config");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let cluster = in_time(Cluster::builder().nodes(0).listen(listen).kubeconfig(&kubeconfig).start()).await.unwrap();
    for format in [Format::Json, Format::Protobuf] {
        let client = connect(&kubeconfig, format);
        let api = client.namespaced::<ConfigMap>("default");
        let name = |number: u32| format!("{format:?}-{number}").to_lowercase();
        let mut changes = Box::pin(api.follow(Params::default()));
        assert!(matches!(in_time(changes.next()).await, Some(Ok(Followed::Restarted(_)))));

        // Large enough that the server compresses the list.
        for number in 0..3 {
            api.create(&map(&name(number), &"x".repeat(100_000))).await.unwrap();
        }
        let status = api.create(&map(&name(0), "")).await.unwrap_err();
        assert_eq!((Reason::of(&status), status.details.unwrap().name), (Reason::AlreadyExists, name(0)));
        let paged: Vec<_> = api.list_all(Params { limit: 1, ..Params::default() }).collect().await;
        let paged = paged.into_iter().map(Result::unwrap).filter(|map| map.metadata.name.starts_with(&name(0)[..4]));
        assert_eq!(paged.count(), 3);
        assert!(api.list(Params::default()).await.unwrap().items.iter().any(|map| map.data["text"].len() == 100_000));

        let changed = api.edit(&name(0), |map| map.data.insert("text".into(), "short".into()).is_some()).await.unwrap();
        assert_eq!(changed.data["text"], "short");
        let applied = api.apply(&map(&name(0), "applied"), "me", true).await.unwrap();
        assert_eq!(applied.data["text"], "applied");
        let dry = Params::default().dry().manager("me").validation(FieldValidation::Strict);
        let patch = pintle_client::Patch::merge(&serde_json::json!({"data": {"text": "dry"}}));
        assert_eq!(api.patch(&name(0), patch, dry).await.unwrap().data["text"], "dry");
        assert_eq!(api.get(&name(0)).await.unwrap().data["text"], "applied");
        api.delete(&name(0), DeleteOptions::default()).await.unwrap();
        assert_eq!(Reason::of(&api.get(&name(0)).await.unwrap_err()), Reason::NotFound);

        let mut seen = vec![];
        while !matches!(seen.last(), Some(Followed::Deleted(_))) {
            seen.push(in_time(changes.next()).await.unwrap().unwrap());
        }
        let added = seen.iter().filter(|event| matches!(event, Followed::Added(_))).count();
        assert_eq!((added, seen.len()), (3, 6), "three made, one changed twice and deleted");

        let nobody = client.impersonating(Identity { user: "nobody".into(), ..Identity::default() });
        let refused = nobody.namespaced::<ConfigMap>("default").get("x").await.unwrap_err();
        assert_eq!(Reason::of(&refused), Reason::Forbidden);
        assert!(refused.message.contains("\"nobody\""), "{}", refused.message);
    }
    in_time(cluster.stop()).await;
}

#[tokio::test]
async fn programs_in_pods_are_reached_over_https() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("config");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let cluster = in_time(Cluster::builder().nodes(1).listen(listen).kubeconfig(&kubeconfig).start()).await.unwrap();
    cluster.apply(HELLO).await.unwrap();
    in_time(cluster.wait_available("default", "hello")).await;
    let pods = connect(&kubeconfig, Format::Json).namespaced::<Pod>("default");
    let name = pods.list(Params::default()).await.unwrap().items[0].metadata.name.clone();

    let mut log = in_time(pods.logs(&name, &LogOptions::default())).await.unwrap();
    while let Some(bytes) = in_time(log.stream.next()).await {
        bytes.unwrap();
    }
    let streams = in_time(pods.exec(&name, &ExecOptions::new(["true"]))).await.unwrap();
    let (_, _, outcome) = in_time(streams.output(1 << 20)).await;
    assert!(matches!(outcome, ExecOutcome::Exited(_)), "{outcome:?}");
    let missing = in_time(pods.exec("missing", &ExecOptions::new(["true"]))).await.unwrap_err();
    assert_eq!(Reason::of(&missing), Reason::NotFound);
    in_time(cluster.stop()).await;
}
