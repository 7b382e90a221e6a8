//! Pods per second through the core: decision, assumption, confirmation; no API.
//!
//! The workloads follow scheduler_perf's of Kubernetes: `SchedulingBasic`, `TopologySpreading` (zones, required) and
//! `SchedulingPodAntiAffinity` (one pod per host). Each iteration schedules 1,000 pods on a cluster that runs 1,000 already.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pintle_object_model::api::core::v1::{Container, Node, Pod, PodAffinityTerm, TopologySpreadConstraint};
use pintle_object_model::api::meta::v1::LabelSelector;
use pintle_object_model::clock::Random;
use pintle_scheduler::{Attempt, Core, CoreConfig, Profile};
use pintle_watch::Delta;

const PODS: usize = 1000;

fn node(number: usize) -> Node {
    let mut node = Node::default();
    node.metadata.name = format!("node-{number}");
    let labels = [
        ("kubernetes.io/hostname", format!("node-{number}")),
        ("topology.kubernetes.io/zone", format!("zone-{}", number % 3)),
        ("kubernetes.io/arch", "amd64".to_owned()),
        ("kubernetes.io/os", "linux".to_owned()),
    ];
    node.metadata.labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    for (name, amount) in [("cpu", "4"), ("memory", "32Gi"), ("pods", "110"), ("ephemeral-storage", "100Gi")] {
        node.status.allocatable.insert(name.into(), amount.parse().unwrap());
    }
    node
}

fn pod(name: &str) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.name = name.into();
    pod.metadata.uid = name.into();
    pod.metadata.namespace = "default".into();
    let mut container = Container { name: "pause".into(), image: "pause".into(), ..Container::default() };
    for (name, amount) in [("cpu", "100m"), ("memory", "500Mi")] {
        container.resources.requests.insert(name.into(), amount.parse().unwrap());
    }
    pod.spec.containers = vec![container];
    pod
}

fn green() -> Option<Box<LabelSelector>> {
    let mut selector = LabelSelector::default();
    selector.match_labels.insert("color".into(), "green".into());
    Some(Box::new(selector))
}

fn basic(name: &str) -> Pod {
    pod(name)
}

fn spread(name: &str) -> Pod {
    let mut pod = pod(name);
    pod.metadata.labels.insert("color".into(), "green".into());
    pod.spec.topology_spread_constraints = vec![TopologySpreadConstraint {
        max_skew: 5,
        topology_key: "topology.kubernetes.io/zone".into(),
        when_unsatisfiable: "DoNotSchedule".into(),
        label_selector: green(),
        ..TopologySpreadConstraint::default()
    }];
    pod
}

fn anti_affinity(name: &str) -> Pod {
    let mut pod = pod(name);
    pod.metadata.labels.insert("color".into(), "green".into());
    let far = pod.spec.affinity.get_or_insert_default().pod_anti_affinity.get_or_insert_default();
    far.required_during_scheduling_ignored_during_execution = vec![PodAffinityTerm {
        label_selector: green(),
        topology_key: "kubernetes.io/hostname".into(),
        ..PodAffinityTerm::default()
    }];
    pod
}

fn cluster(nodes: usize, make: fn(&str) -> Pod, running: usize) -> Core {
    let profiles = vec![Profile::default_plugins("default-scheduler").build()];
    let mut core = Core::new(profiles, CoreConfig::default(), Random::seeded(1));
    for number in 0..nodes {
        core.on_node(&Delta::Added(Arc::new(node(number))), Duration::ZERO);
    }
    let before: Vec<_> = (0..running).map(|number| Arc::new(make(&format!("init-{number}")))).collect();
    schedule(&mut core, &before);
    core
}

/// Schedules the pods and confirms each; answers how many got a node.
fn schedule(core: &mut Core, pods: &[Arc<Pod>]) -> usize {
    let now = Duration::ZERO;
    for pod in pods {
        core.on_pod(&Delta::Added(Arc::clone(pod)), now);
    }
    let mut bound = 0;
    while let Some(attempt) = core.next(now) {
        let Attempt::Bind(binding) = attempt else { continue };
        core.bound(&binding, now);
        let old = binding.queued.info.pod();
        let mut new = (**old).clone();
        new.spec.node_name.clone_from(&binding.node);
        core.on_pod(&Delta::Updated { old: Arc::clone(old), new: Arc::new(new) }, now);
        bound += 1;
    }
    bound
}

fn throughput(criterion: &mut Criterion) {
    type Make = fn(&str) -> Pod;
    let workloads: [(&str, Make, usize); 3] = [
        ("basic", basic, 1),
        ("topology_spread", spread, 1),
        // One pod per host: fewer pods than hosts, so that all find one.
        ("anti_affinity", anti_affinity, 3),
    ];
    for (name, make, share) in workloads {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_millis(500));
        for nodes in [100, 1000, 5000] {
            let count = if share == 1 { PODS.min(nodes * 20) } else { (nodes / share).min(PODS) };
            group.throughput(Throughput::Elements(count as u64));
            let pods: Vec<_> = (0..count).map(|number| Arc::new(make(&format!("pod-{number}")))).collect();
            group.bench_function(format!("{nodes}_nodes"), |bencher| {
                bencher.iter_batched(
                    || cluster(nodes, make, count.min(1000)),
                    |mut core| assert_eq!(schedule(&mut core, &pods), count),
                    BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, throughput);
criterion_main!(benches);
