//! Documents: the node's pods, their use of resources.
//!
//! Source: the kubelet's Summary API and its `/metrics/resource`, as metrics-server reads them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use http::Response;
use pintle_object_model::api::core::v1::Pod;
use pintle_object_model::{MicroTime, Object, Resource as _};
use serde_json::{Value, json};

use super::{Body, Refusal, document};
use crate::agent::Shared;
use crate::{ContainerInfo, ContainerState, ContainerStats};

/// `/pods`: a PodList.
pub(super) fn pods(shared: &Shared) -> Response<Body> {
    let items = shared.pods.list().into_iter().map(|pod| Object::from_arc(pod).to_value());
    let list = json!({
        "kind": "PodList", "apiVersion": Pod::INFO.api_version(), "metadata": {}, "items": items.collect::<Vec<_>>(),
    });
    document("application/json", list.to_string())
}

/// One running container and what it uses.
struct Used {
    pod: Arc<Pod>,
    name: String,
    started: MicroTime,
    stats: ContainerStats,
}

async fn used(shared: &Shared) -> Result<Vec<Used>, Refusal> {
    let sandboxes = shared.runtime.sandboxes().await?;
    let pods: BTreeMap<String, Arc<Pod>> =
        shared.pods.list().into_iter().map(|pod| (pod.metadata.uid.clone(), pod)).collect();
    let mut all = vec![];
    for ContainerInfo { id, sandbox, name, state, .. } in shared.runtime.containers().await? {
        let ContainerState::Running { started } = state else { continue };
        let owner = sandboxes.iter().find(|found| found.id == sandbox);
        let Some(pod) = owner.and_then(|found| pods.get(&found.identity.uid)) else { continue };
        // What has ended between the list and the question is not counted.
        let Ok(stats) = shared.runtime.stats(&id).await else { continue };
        all.push(Used { pod: Arc::clone(pod), name, started, stats });
    }
    Ok(all)
}

fn cpu_nanos(stats: &ContainerStats) -> u64 {
    u64::try_from(stats.cpu.as_nanos()).unwrap_or(u64::MAX)
}

/// `/stats/summary`.
pub(super) async fn summary(shared: &Shared) -> Result<Response<Body>, Refusal> {
    let now = shared.clock.utc().to_time().to_string();
    let mut by_pod: BTreeMap<(String, String), (Arc<Pod>, Vec<Used>)> = BTreeMap::new();
    for used in used(shared).await? {
        let key = (used.pod.metadata.namespace.clone(), used.pod.metadata.name.clone());
        by_pod.entry(key).or_insert_with(|| (Arc::clone(&used.pod), vec![])).1.push(used);
    }
    let usage = |cpu: u64, memory: u64| {
        (
            json!({"time": now, "usageCoreNanoSeconds": cpu}),
            json!({"time": now, "usageBytes": memory, "workingSetBytes": memory}),
        )
    };
    let (mut node_cpu, mut node_memory) = (0u64, 0u64);
    let mut pods: Vec<Value> = vec![];
    for (pod, containers) in by_pod.values() {
        let cpu = containers.iter().map(|used| cpu_nanos(&used.stats)).sum::<u64>();
        let memory = containers.iter().map(|used| used.stats.memory_working_set_bytes).sum::<u64>();
        (node_cpu, node_memory) = (node_cpu.saturating_add(cpu), node_memory.saturating_add(memory));
        let list = containers.iter().map(|used| {
            let (cpu, memory) = usage(cpu_nanos(&used.stats), used.stats.memory_working_set_bytes);
            json!({
                "name": used.name, "startTime": used.started.to_time().to_string(), "cpu": cpu, "memory": memory,
                "rootfs": {"time": now, "usedBytes": used.stats.file_system_bytes},
            })
        });
        let list: Vec<Value> = list.collect();
        let (cpu, memory) = usage(cpu, memory);
        let metadata = &pod.metadata;
        pods.push(json!({
            "podRef": {"name": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid},
            "startTime": pod.status.start_time.map(|time| time.to_string()),
            "containers": list, "cpu": cpu, "memory": memory,
        }));
    }
    let (cpu, memory) = usage(node_cpu, node_memory);
    let node = json!({"nodeName": shared.config.node_name, "cpu": cpu, "memory": memory});
    Ok(document("application/json", json!({"node": node, "pods": pods}).to_string()))
}

/// `/metrics/resource`, in Prometheus' text format.
pub(super) async fn resource_metrics(shared: &Shared) -> Result<Response<Body>, Refusal> {
    let all = used(shared).await?;
    let millis = shared.clock.utc().unix_micros() / 1000;
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let mut text = String::new();
    let mut family = |name: &str, help: &str, type_: &str, lines: Vec<(String, f64)>| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {type_}");
        for (labels, value) in lines {
            let _ = writeln!(text, "{name}{labels} {value} {millis}");
        }
    };
    let label = |used: &Used| {
        let metadata = &used.pod.metadata;
        format!("{{container=\"{}\",namespace=\"{}\",pod=\"{}\"}}", used.name, metadata.namespace, metadata.name)
    };
    let each = |value: fn(&ContainerStats) -> f64| all.iter().map(|used| (label(used), value(&used.stats))).collect();
    family(
        "container_cpu_usage_seconds_total",
        "[STABLE] Cumulative cpu time consumed by the container in core-seconds",
        "counter",
        each(|stats| stats.cpu.as_secs_f64()),
    );
    family(
        "container_memory_working_set_bytes",
        "[STABLE] Current working set of the container in bytes",
        "gauge",
        each(|stats| stats.memory_working_set_bytes as f64),
    );
    let started = all.iter().map(|used| (label(used), used.started.unix_micros() as f64 / 1e6)).collect();
    family(
        "container_start_time_seconds",
        "[STABLE] Start time of the container since unix epoch in seconds",
        "gauge",
        started,
    );
    let cpu = all.iter().map(|used| cpu_nanos(&used.stats)).sum::<u64>();
    let memory = all.iter().map(|used| used.stats.memory_working_set_bytes).sum::<u64>();
    family(
        "node_cpu_usage_seconds_total",
        "[STABLE] Cumulative cpu time consumed by the node in core-seconds",
        "counter",
        vec![(String::new(), seconds(cpu))],
    );
    family(
        "node_memory_working_set_bytes",
        "[STABLE] Current working set of the node in bytes",
        "gauge",
        vec![(String::new(), memory as f64)],
    );
    Ok(document("text/plain; version=0.0.4; charset=utf-8", text))
}
