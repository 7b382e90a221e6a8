//! The columns of each kind and how their cells are filled.

use serde_json::{Value, json};

use super::{Column, human_duration};
use crate::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use crate::api::batch::v1::{CronJob, Job};
use crate::api::coordination::v1::Lease;
use crate::api::core::v1::{ConfigMap, Container, Endpoints, Event, Namespace, Node, Pod, Secret, Service};
use crate::api::discovery::v1::EndpointSlice;
use crate::api::extensions::v1beta1 as old;
use crate::api::meta::v1::LabelSelector;
use crate::api::networking::v1::{Ingress, IngressClass};
use crate::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use crate::selector::Selector;
use crate::{Converts, Object, Time};

pub(super) const NAME: Column = Column {
    name: "Name",
    kind: "string",
    format: "name",
    priority: 0,
    description: "Name of the object, unique within its namespace.",
};
pub(super) const AGE: Column = text("Age", "Time since the object was created.");
const CREATED: Column =
    Column { name: "Created At", kind: "date", format: "", priority: 0, description: "When the object was created." };

pub(super) const fn text(name: &'static str, description: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 0, description }
}
pub(super) const fn number(name: &'static str, description: &'static str) -> Column {
    Column { name, kind: "integer", format: "", priority: 0, description }
}
pub(super) const fn wide(name: &'static str, description: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 1, description }
}

const CONTAINERS: [Column; 3] = [
    wide("Containers", "Names of the containers of the template."),
    wide("Images", "Images of the containers of the template."),
    wide("Selector", "Which pods belong to the object."),
];

/// What makes a row less interesting: the pod of the row has ended.
pub(super) fn row_conditions(object: &Object) -> Option<Value> {
    let pod: &Pod = object.downcast()?;
    let (reason, message) = match pod.status.phase.as_str() {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}

pub(super) fn of(group: &str, kind: &str) -> Vec<Column> {
    let mut list = vec![NAME];
    let rest: &[Column] = match (group, kind) {
        ("", "Pod") => &[
            text("Ready", "How many of the containers are ready."),
            text("Status", "What the pod is doing, or why it is not running."),
            text("Restarts", "How often containers were restarted, and when last."),
            AGE,
            wide("IP", "Address of the pod."),
            wide("Node", "Node that the pod is bound to."),
            wide("Nominated Node", "Node that the pod may get after preemption."),
            wide("Readiness Gates", "How many of the readiness gates are met."),
        ],
        ("", "Service") => &[
            text("Type", "How the service is reached."),
            text("Cluster-IP", "Address inside the cluster."),
            text("External-IP", "Addresses from outside."),
            text("Port(s)", "Ports, with their node ports."),
            AGE,
            wide("Selector", "Which pods the service leads to."),
        ],
        ("apps" | "extensions", "Deployment") => &[
            text("Ready", "Ready and wanted pods."),
            text("Up-to-date", "Pods of the current template."),
            text("Available", "Pods that have been ready long enough."),
            AGE,
            CONTAINERS[0],
            CONTAINERS[1],
            CONTAINERS[2],
        ],
        ("apps" | "extensions", "ReplicaSet") => &[
            number("Desired", "Pods that are wanted."),
            number("Current", "Pods that are there."),
            number("Ready", "Pods that are ready."),
            AGE,
            CONTAINERS[0],
            CONTAINERS[1],
            CONTAINERS[2],
        ],
        ("apps", "StatefulSet") => &[text("Ready", "Ready and wanted pods."), AGE, CONTAINERS[0], CONTAINERS[1]],
        ("apps", "DaemonSet") => &[
            number("Desired", "Nodes that should run the pod."),
            number("Current", "Nodes that run it."),
            number("Ready", "Nodes on which it is ready."),
            number("Up-to-date", "Nodes that run the current template."),
            number("Available", "Nodes on which it has been ready long enough."),
            text("Node Selector", "Which nodes should run the pod."),
            AGE,
            CONTAINERS[0],
            CONTAINERS[1],
            CONTAINERS[2],
        ],
        ("batch", "Job") => &[
            text("Status", "Whether the job runs, is complete or has failed."),
            text("Completions", "Pods that have succeeded, of those wanted."),
            text("Duration", "How long the job ran."),
            AGE,
            CONTAINERS[0],
            CONTAINERS[1],
            CONTAINERS[2],
        ],
        ("batch", "CronJob") => &[
            text("Schedule", "When jobs are made."),
            text("Timezone", "Time zone of the schedule."),
            Column { kind: "boolean", ..text("Suspend", "No jobs are made for now.") },
            number("Active", "Jobs that run."),
            text("Last Schedule", "Time since the last job was made."),
            AGE,
            CONTAINERS[0],
            CONTAINERS[1],
            CONTAINERS[2],
        ],
        ("", "Node") => &[
            text("Status", "Whether the node is ready and takes pods."),
            text("Roles", "Roles from the node's labels."),
            AGE,
            text("Version", "Version of the node agent."),
            wide("Internal-IP", "Address inside the cluster."),
            wide("External-IP", "Address from outside."),
            wide("OS-Image", "Operating system."),
            wide("Kernel-Version", "Kernel."),
            wide("Container-Runtime", "Container runtime."),
        ],
        ("", "Namespace") => &[text("Status", "Active or being deleted."), AGE],
        ("", "ConfigMap") => &[text("Data", "How many entries there are."), AGE],
        ("", "Secret") => &[text("Type", "What the secret is for."), text("Data", "How many entries there are."), AGE],
        ("", "Endpoints") => &[text("Endpoints", "Addresses and ports."), AGE],
        ("discovery.k8s.io", "EndpointSlice") => &[
            text("AddressType", "Kind of addresses."),
            text("Ports", "Ports of the endpoints."),
            text("Endpoints", "Addresses."),
            AGE,
        ],
        ("networking.k8s.io" | "extensions", "Ingress") => &[
            text("Class", "Class that says who carries it out."),
            text("Hosts", "Hosts of the rules."),
            text("Address", "Where it is reached."),
            text("Ports", "Ports that are listened on."),
            AGE,
        ],
        ("networking.k8s.io", "IngressClass") => &[
            text("Controller", "Who carries out Ingresses of the class."),
            text("Parameters", "Further parameters."),
            AGE,
        ],
        ("" | "events.k8s.io", "Event") => {
            return vec![
                text("Last Seen", "Time since it was last observed."),
                text("Type", "Normal or Warning."),
                text("Reason", "Why it was reported."),
                text("Object", "What it is about."),
                wide("Subobject", "Part of the object that it is about."),
                wide("Source", "Who reported it."),
                text("Message", "What happened."),
                wide("First Seen", "Time since it was first observed."),
                wide("Count", "How often it was observed."),
                Column { priority: 1, ..NAME },
            ];
        }
        ("coordination.k8s.io", "Lease") => &[text("Holder", "Who holds the lease."), AGE],
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => &[
            text("Role", "What is granted."),
            AGE,
            wide("Users", "To which users."),
            wide("Groups", "To which groups."),
            wide("ServiceAccounts", "To which service accounts."),
        ],
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => &[CREATED],
        ("storage.k8s.io", "CSIStorageCapacity") | ("", "LimitRange") => &[CREATED],
        _ => {
            list.extend(
                super::control::of(group, kind)
                    .or_else(|| super::further::of(group, kind))
                    .unwrap_or_else(|| vec![AGE]),
            );
            return list;
        }
    };
    list.extend_from_slice(rest);
    list
}

fn since(time: Option<Time>, now: Time) -> String {
    time.map_or_else(|| "<unknown>".to_owned(), |time| human_duration(now.since(time)))
}

fn age(object: &Object, now: Time) -> Value {
    since(object.metadata().creation_timestamp, now).into()
}

pub(super) fn or_none(text: String) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

pub(super) fn joined<'a>(list: impl Iterator<Item = &'a str>) -> String {
    list.collect::<Vec<_>>().join(",")
}

pub(super) fn template(containers: &[Container]) -> [Value; 2] {
    [
        joined(containers.iter().map(|c| c.name.as_str())).into(),
        joined(containers.iter().map(|c| c.image.as_str())).into(),
    ]
}

pub(super) fn selector(selector: Option<&LabelSelector>) -> Value {
    or_none(Selector::from_field(selector).to_string())
}

/// The cells of an object's row.
pub(super) fn cells(object: &Object, now: Time) -> Vec<Value> {
    let name: Value = object.metadata().name.clone().into();
    let age = age(object, now);
    let any = object.typed().map(crate::AnyResource::as_any);
    macro_rules! as_kind {
        ($kind:ty) => {
            any.and_then(|any| any.downcast_ref::<$kind>())
        };
    }
    // Rows of old versions look like those of the versions that they are stored as.
    if let Some(Ok(hub)) = as_kind!(old::Deployment).map(|deployment| deployment.clone().into_hub()) {
        return cells(&Object::new(hub), now);
    }
    if let Some(Ok(hub)) = as_kind!(old::ReplicaSet).map(|set| set.clone().into_hub()) {
        return cells(&Object::new(hub), now);
    }
    if let Some(Ok(hub)) = as_kind!(old::Ingress).map(|ingress| ingress.clone().into_hub()) {
        return cells(&Object::new(hub), now);
    }
    if let Some(Ok(hub)) = as_kind!(crate::api::networking::v1beta1::Ingress).map(|ingress| ingress.clone().into_hub())
    {
        return cells(&Object::new(hub), now);
    }
    if let Some(pod) = as_kind!(Pod) {
        return pod_cells(pod, name, age, now);
    }
    if let Some(service) = as_kind!(Service) {
        return service_cells(service, name, age);
    }
    if let Some(deployment) = as_kind!(Deployment) {
        let status = &deployment.status;
        let [containers, images] = template(&deployment.spec.template.spec.containers);
        let ready = format!("{}/{}", status.ready_replicas, deployment.spec.replicas.unwrap_or(1));
        let selected = selector(deployment.spec.selector.as_deref());
        return vec![
            name,
            ready.into(),
            status.updated_replicas.into(),
            status.available_replicas.into(),
            age,
            containers,
            images,
            selected,
        ];
    }
    if let Some(set) = as_kind!(ReplicaSet) {
        let [containers, images] = template(&set.spec.template.spec.containers);
        let wanted = set.spec.replicas.unwrap_or(1);
        let selected = selector(set.spec.selector.as_deref());
        return vec![
            name,
            wanted.into(),
            set.status.replicas.into(),
            set.status.ready_replicas.into(),
            age,
            containers,
            images,
            selected,
        ];
    }
    if let Some(set) = as_kind!(StatefulSet) {
        let [containers, images] = template(&set.spec.template.spec.containers);
        let ready = format!("{}/{}", set.status.ready_replicas, set.spec.replicas.unwrap_or(1));
        return vec![name, ready.into(), age, containers, images];
    }
    if let Some(set) = as_kind!(DaemonSet) {
        let [containers, images] = template(&set.spec.template.spec.containers);
        let status = &set.status;
        let nodes = or_none(Selector::equals(&set.spec.template.spec.node_selector).to_string());
        return vec![
            name,
            status.desired_number_scheduled.into(),
            status.current_number_scheduled.into(),
            status.number_ready.into(),
            status.updated_number_scheduled.into(),
            status.number_available.into(),
            nodes,
            age,
            containers,
            images,
            selector(set.spec.selector.as_deref()),
        ];
    }
    if let Some(job) = as_kind!(Job) {
        let done = |kind: &str| job.status.conditions.iter().any(|c| c.type_ == kind && c.status == "True");
        let kinds = ["Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"];
        let status = kinds.into_iter().find(|kind| done(kind)).unwrap_or(match job.metadata.deletion_timestamp {
            Some(_) => "Terminating",
            None => "Running",
        });
        let completions = match (job.spec.completions, job.spec.parallelism.unwrap_or(0)) {
            (Some(wanted), _) => format!("{}/{wanted}", job.status.succeeded),
            (None, workers) if workers > 1 => format!("{}/1 of {workers}", job.status.succeeded),
            (None, _) => format!("{}/1", job.status.succeeded),
        };
        let end = job.status.completion_time.unwrap_or(now);
        let ran = job.status.start_time.map_or_else(String::new, |start| human_duration(end.since(start)));
        let [containers, images] = template(&job.spec.template.spec.containers);
        let selected = selector(job.spec.selector.as_deref());
        return vec![name, status.into(), completions.into(), ran.into(), age, containers, images, selected];
    }
    if let Some(job) = as_kind!(CronJob) {
        let last =
            job.status.last_schedule_time.map_or_else(|| "<none>".to_owned(), |time| human_duration(now.since(time)));
        let zone = job.spec.time_zone.clone().unwrap_or_else(|| "<none>".into());
        let suspended = if job.spec.suspend == Some(true) { "True" } else { "False" };
        let [containers, images] = template(&job.spec.job_template.spec.template.spec.containers);
        return vec![
            name,
            job.spec.schedule.clone().into(),
            zone.into(),
            suspended.into(),
            job.status.active.len().into(),
            last.into(),
            age,
            containers,
            images,
            selector(job.spec.job_template.spec.selector.as_deref()),
        ];
    }
    if let Some(node) = as_kind!(Node) {
        return node_cells(node, name, age);
    }
    if let Some(namespace) = as_kind!(Namespace) {
        return vec![name, namespace.status.phase.clone().into(), age];
    }
    if let Some(map) = as_kind!(ConfigMap) {
        return vec![name, (map.data.len() + map.binary_data.len()).into(), age];
    }
    if let Some(secret) = as_kind!(Secret) {
        return vec![name, secret.type_.clone().into(), secret.data.len().into(), age];
    }
    if let Some(endpoints) = as_kind!(Endpoints) {
        return vec![name, or_none(endpoints_text(endpoints)), age];
    }
    if let Some(slice) = as_kind!(EndpointSlice) {
        let ports =
            slice.ports.iter().filter_map(|port| port.port).map(|port| port.to_string()).collect::<Vec<_>>().join(",");
        let addresses: Vec<&str> =
            slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses).map(String::as_str).collect();
        let ports = if ports.is_empty() { "<unset>".into() } else { ports.into() };
        return vec![name, slice.address_type.clone().into(), ports, shortened(&addresses), age];
    }
    if let Some(ingress) = as_kind!(Ingress) {
        let hosts: Vec<&str> =
            ingress.spec.rules.iter().map(|rule| rule.host.as_str()).filter(|host| !host.is_empty()).collect();
        let hosts = if hosts.is_empty() { "*".into() } else { shortened(&hosts) };
        let points = &ingress.status.load_balancer.ingress;
        let address = joined(
            points.iter().map(|point| if point.ip.is_empty() { point.hostname.as_str() } else { point.ip.as_str() }),
        );
        let ports = if ingress.spec.tls.is_empty() { "80" } else { "80, 443" };
        let class = ingress.spec.ingress_class_name.clone().unwrap_or_else(|| "<none>".into());
        return vec![name, class.into(), hosts, address.into(), ports.into(), age];
    }
    if let Some(class) = as_kind!(IngressClass) {
        let parameters = class.spec.parameters.as_ref().map(|p| format!("{}/{}", p.kind, p.name)).unwrap_or_default();
        return vec![name, class.spec.controller.clone().into(), or_none(parameters), age];
    }
    if let Some(event) = as_kind!(Event) {
        return event_cells(event, name, now);
    }
    if let Some(event) = as_kind!(crate::api::events::v1::Event)
        && let Ok(event) = crate::Converts::into_hub(event.clone())
    {
        return event_cells(&event, name, now);
    }
    if let Some(lease) = as_kind!(Lease) {
        return vec![name, lease.spec.holder_identity.clone().unwrap_or_default().into(), age];
    }
    if let Some(binding) = as_kind!(RoleBinding) {
        return binding_cells(name, age, &binding.role_ref, &binding.subjects);
    }
    if let Some(binding) = as_kind!(ClusterRoleBinding) {
        return binding_cells(name, age, &binding.role_ref, &binding.subjects);
    }
    let gvk = object.gvk();
    if gvk.group == "rbac.authorization.k8s.io" || matches!(gvk.kind.as_str(), "CSIStorageCapacity" | "LimitRange") {
        return vec![name, object.metadata().creation_timestamp.map(|time| time.to_string()).into()];
    }
    if let Some(rest) = super::control::cells(object, age.clone()) {
        return std::iter::once(name).chain(rest).collect();
    }
    super::further::cells(object, age.clone()).unwrap_or_else(|| vec![name, age])
}

fn shortened(list: &[&str]) -> Value {
    match list {
        [] => "<unset>".into(),
        [.., _] if list.len() > 3 => format!("{} + {} more...", list[..3].join(","), list.len() - 3).into(),
        all => all.join(",").into(),
    }
}

fn binding_cells(
    name: Value,
    age: Value,
    role: &crate::api::rbac::v1::RoleRef,
    subjects: &[crate::api::rbac::v1::Subject],
) -> Vec<Value> {
    let of = |kind: &str| -> Value {
        let names = subjects.iter().filter(|subject| subject.kind == kind).map(|subject| {
            if subject.namespace.is_empty() {
                subject.name.clone()
            } else {
                format!("{}/{}", subject.namespace, subject.name)
            }
        });
        names.collect::<Vec<_>>().join(", ").into()
    };
    vec![name, format!("{}/{}", role.kind, role.name).into(), age, of("User"), of("Group"), of("ServiceAccount")]
}

/// What a pod is doing, in a word: as `kubectl get pods` shows it.
fn pod_status(pod: &Pod) -> String {
    let mut reason = if pod.status.reason.is_empty() { pod.status.phase.clone() } else { pod.status.reason.clone() };
    let mut initializing = false;
    for (index, status) in pod.status.init_container_statuses.iter().enumerate() {
        if let Some(ended) = &status.state.terminated {
            if ended.exit_code == 0 {
                continue;
            }
            reason = if ended.reason.is_empty() {
                format!("Init:ExitCode:{}", ended.exit_code)
            } else {
                format!("Init:{}", ended.reason)
            };
        } else if let Some(waiting) =
            status.state.waiting.as_ref().filter(|w| !w.reason.is_empty() && w.reason != "PodInitializing")
        {
            reason = format!("Init:{}", waiting.reason);
        } else if status.started == Some(true) {
            continue;
        } else {
            reason = format!("Init:{index}/{}", pod.spec.init_containers.len());
        }
        initializing = true;
        break;
    }
    if !initializing {
        let mut running = false;
        for status in pod.status.container_statuses.iter().rev() {
            if let Some(waiting) = status.state.waiting.as_ref().filter(|w| !w.reason.is_empty()) {
                reason.clone_from(&waiting.reason);
            } else if let Some(ended) = &status.state.terminated {
                reason = match (ended.reason.is_empty(), ended.signal) {
                    (false, _) => ended.reason.clone(),
                    (true, 0) => format!("ExitCode:{}", ended.exit_code),
                    (true, signal) => format!("Signal:{signal}"),
                };
            } else if status.ready && status.state.running.is_some() {
                running = true;
            }
        }
        if reason == "Completed" && running {
            reason = "Running".into();
        }
    }
    if pod.metadata.deletion_timestamp.is_some() {
        reason = if pod.status.reason == "NodeLost" { "Unknown".into() } else { "Terminating".into() };
    }
    reason
}

fn pod_cells(pod: &Pod, name: Value, age: Value, now: Time) -> Vec<Value> {
    let statuses = &pod.status.container_statuses;
    let ready = format!("{}/{}", statuses.iter().filter(|status| status.ready).count(), pod.spec.containers.len());
    let restarts: i32 = statuses.iter().map(|status| status.restart_count).sum();
    let last = statuses.iter().filter_map(|status| status.last_state.terminated.as_ref()?.finished_at).max();
    let restarts = match last {
        Some(last) if restarts > 0 => format!("{restarts} ({} ago)", human_duration(now.since(last))),
        _ => restarts.to_string(),
    };
    let gates = if pod.spec.readiness_gates.is_empty() {
        String::new()
    } else {
        let met = pod.spec.readiness_gates.iter().filter(|gate| {
            pod.status
                .conditions
                .iter()
                .any(|condition| condition.type_ == gate.condition_type && condition.status == "True")
        });
        format!("{}/{}", met.count(), pod.spec.readiness_gates.len())
    };
    vec![
        name,
        ready.into(),
        pod_status(pod).into(),
        restarts.into(),
        age,
        or_none(pod.status.pod_ip.clone()),
        or_none(pod.spec.node_name.clone()),
        or_none(pod.status.nominated_node_name.clone()),
        or_none(gates),
    ]
}

fn service_cells(service: &Service, name: Value, age: Value) -> Vec<Value> {
    let spec = &service.spec;
    let ports = spec.ports.iter().map(|port| match port.node_port {
        0 => format!("{}/{}", port.port, port.protocol),
        node_port => format!("{}:{node_port}/{}", port.port, port.protocol),
    });
    let ports = ports.collect::<Vec<_>>().join(",");
    let external = match spec.type_.as_str() {
        "ExternalName" => spec.external_name.clone(),
        "LoadBalancer" => {
            let points = service.status.load_balancer.ingress.iter();
            let found = joined(
                points.map(|point| if point.ip.is_empty() { point.hostname.as_str() } else { point.ip.as_str() }),
            );
            if found.is_empty() && spec.external_ips.is_empty() { "<pending>".into() } else { found }
        }
        _ => spec.external_ips.join(","),
    };
    let selected = or_none(Selector::equals(&spec.selector).to_string());
    vec![
        name,
        spec.type_.clone().into(),
        or_none(spec.cluster_ip.clone()),
        or_none(external),
        or_none(ports),
        age,
        selected,
    ]
}

fn node_cells(node: &Node, name: Value, age: Value) -> Vec<Value> {
    let ready = node.status.conditions.iter().find(|condition| condition.type_ == "Ready");
    let mut status = match ready.map(|condition| condition.status.as_str()) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if node.spec.unschedulable {
        status.push_str(",SchedulingDisabled");
    }
    let roles = node.metadata.labels.keys().filter_map(|key| key.strip_prefix("node-role.kubernetes.io/"));
    let address = |kind: &str| {
        let found = node.status.addresses.iter().find(|address| address.type_ == kind);
        or_none(found.map(|address| address.address.clone()).unwrap_or_default())
    };
    let info = &node.status.node_info;
    let unknown = |text: &str| -> Value { if text.is_empty() { "<unknown>".into() } else { text.into() } };
    vec![
        name,
        status.into(),
        or_none(joined(roles)),
        age,
        info.kubelet_version.clone().into(),
        address("InternalIP"),
        address("ExternalIP"),
        unknown(&info.os_image),
        unknown(&info.kernel_version),
        unknown(&info.container_runtime_version),
    ]
}

fn endpoints_text(endpoints: &Endpoints) -> String {
    let mut list = vec![];
    for subset in &endpoints.subsets {
        for address in &subset.addresses {
            if subset.ports.is_empty() {
                list.push(address.ip.clone());
            }
            list.extend(subset.ports.iter().map(|port| format!("{}:{}", address.ip, port.port)));
        }
    }
    if list.len() > 3 { format!("{} + {} more...", list[..3].join(","), list.len() - 3) } else { list.join(",") }
}

fn event_cells(event: &Event, name: Value, now: Time) -> Vec<Value> {
    let micro = event.event_time.map(crate::MicroTime::to_time);
    let last = event.series.as_ref().and_then(|series| series.last_observed_time).map(crate::MicroTime::to_time);
    let last = last.or(event.last_timestamp).or(micro);
    let first = event.first_timestamp.or(micro);
    let object = &event.involved_object;
    let first_of = |one: &String, other: &String| if one.is_empty() { other.clone() } else { one.clone() };
    let component = first_of(&event.source.component, &event.reporting_component);
    let instance = first_of(&event.source.host, &event.reporting_instance);
    let source = if instance.is_empty() { component } else { format!("{component}, {instance}") };
    let count = event.series.as_ref().map_or(event.count.max(1), |series| series.count);
    vec![
        since(last, now).into(),
        event.type_.clone().into(),
        event.reason.clone().into(),
        format!("{}/{}", object.kind.to_lowercase(), object.name).into(),
        object.field_path.clone().into(),
        source.into(),
        event.message.trim().into(),
        since(first, now).into(),
        json!(count),
        name,
    ]
}
