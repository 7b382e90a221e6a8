//! What patches of a Deployment with three containers cost.
//!
//! Aims: strategic merge under 50 µs, apply under 200 µs, tracking an update far below both.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use pintle_object_model::api::apps::v1::Deployment;
use pintle_object_model::api::meta::v1::ManagedFieldsEntry;
use pintle_object_model::json::{DecodeOptions, decode_kind};
use pintle_object_model::patch::{
    Application, FieldSet, ManagedFields, Node, PatchKind, SchemeVersions, Writer, apply, apply_any, compare,
};
use pintle_object_model::reflect::StaticSchema;
use pintle_object_model::{KindInfo, Resource, Rules, Scheme, Time};
use serde_json::{Value, json};

fn config(replicas: i32, image: &str) -> Value {
    let container = |name: &str| {
        json!({
            "name": name, "image": image,
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 443, "name": "https"}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": 80}, "periodSeconds": 5},
            "volumeMounts": [{"name": "data", "mountPath": "/data"}]
        })
    };
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "n", "labels": {"app": "a", "tier": "web"}, "annotations": {"x": "y"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "a"}},
            "template": {
                "metadata": {"labels": {"app": "a", "tier": "web"}},
                "spec": {
                    "containers": [container("one"), container("two"), container("three")],
                    "volumes": [{"name": "data", "emptyDir": {}}]
                }
            }
        }
    })
}

fn ignored(_: &KindInfo) -> FieldSet {
    FieldSet::of_fields([&["status"][..]])
}

fn applied(scheme: &Scheme, live: &Deployment, exists: bool, config: &Value) -> Deployment {
    let entry = scheme.kind(&Deployment::INFO.gvk()).unwrap();
    let tree = Node::of(live).to_tree();
    let outcome = apply(&Application {
        live: &tree,
        exists,
        config,
        managed: &live.metadata.managed_fields,
        writer: Writer { manager: "m", api_version: "apps/v1", subresource: "", now: Time::from_unix(1) },
        schema: entry.schema(),
        force: false,
        versions: &SchemeVersions { scheme, entry, ignored: &ignored },
    })
    .unwrap();
    let mut object = match outcome.object {
        Some(tree) => {
            let mut object = Deployment::default();
            decode_kind(&serde_json::to_vec(&tree).unwrap(), &mut object, &DecodeOptions::default()).unwrap();
            object
        }
        None => live.clone(),
    };
    object.metadata.managed_fields = outcome.managed;
    Rules::set_defaults(&mut object);
    object
}

fn tracked(old: &Deployment, new: &Deployment) -> Vec<ManagedFieldsEntry> {
    let comparison = compare(Node::of(old), Node::of(new), Deployment::static_schema());
    if comparison.is_same() {
        return old.metadata.managed_fields.clone();
    }
    let mut managed = ManagedFields::of_update(&[], &old.metadata.managed_fields, "");
    let writer = Writer { manager: "u", api_version: "apps/v1", subresource: "", now: Time::from_unix(2) };
    managed.update(&writer, comparison, false, &mut |_| None);
    managed.encode()
}

fn patches(criterion: &mut Criterion) {
    let scheme = Scheme::builtin();
    let live = applied(&scheme, &Deployment::default(), false, &config(1, "app:1"));
    let tree = Node::of(&live).to_tree();
    let patch = br#"{"spec":{"template":{"spec":{"containers":[{"name":"two","image":"app:2","env":[{"name":"C","value":"3"}]}]}}}}"#;
    criterion.bench_function("strategic_merge", |bencher| {
        bencher.iter_batched(
            || tree.clone(),
            |mut tree| {
                apply_any(&mut tree, PatchKind::Strategic, patch, Deployment::static_schema()).unwrap();
                tree
            },
            BatchSize::SmallInput,
        );
    });
    let (same, other) = (config(1, "app:1"), config(2, "app:2"));
    criterion.bench_function("apply_same", |bencher| {
        bencher.iter(|| applied(&scheme, black_box(&live), true, black_box(&same)));
    });
    criterion.bench_function("apply_changed", |bencher| {
        bencher.iter(|| applied(&scheme, black_box(&live), true, black_box(&other)));
    });
    let mut changed = live.clone();
    changed.spec.replicas = Some(5);
    changed.spec.template.spec.containers[1].image = "app:3".into();
    criterion.bench_function("track_unchanged", |bencher| {
        bencher.iter(|| tracked(black_box(&live), black_box(&live)));
    });
    criterion.bench_function("track_changed", |bencher| {
        bencher.iter(|| tracked(black_box(&live), black_box(&changed)));
    });
    let zero = Deployment::default();
    criterion.bench_function("track_created", |bencher| {
        bencher.iter(|| tracked(black_box(&zero), black_box(&live)));
    });
}

criterion_group!(benches, patches);
criterion_main!(benches);
