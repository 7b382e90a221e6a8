//! Properties of decisions: both ways of asking a plugin agree, a snapshot changed step by step equals one built anew, and
//! nothing is ever overcommitted.
//!
//! Method: proptest makes clusters and pods from small alphabets, so that labels, taints, ports and affinity often meet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::api::core::v1::{
    Affinity, Container, ContainerImage, ContainerPort, Node, NodeAffinity, NodeSelector, NodeSelectorRequirement,
    NodeSelectorTerm, Pod, PodAffinity, PodAffinityTerm, PodAntiAffinity, PreferredSchedulingTerm, Taint, Toleration,
    TopologySpreadConstraint, WeightedPodAffinityTerm,
};
use pintle_object_model::api::meta::v1::LabelSelector;
use pintle_object_model::clock::Random;
use pintle_scheduler::{
    Attempt, Binding, Core, CoreConfig, Cursor, Cycle, CycleState, Decision, NodeIndex, NodeSet, Nominator, PodInfo,
    Profile, ResourceId, Snapshot,
};
use pintle_watch::Delta;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const KEYS: [&str; 4] = ["zone", "rack", "kubernetes.io/hostname", "topology.kubernetes.io/zone"];
const VALUES: [&str; 3] = ["1", "2", "x"];
const APPS: [&str; 3] = ["web", "db", "job"];

fn any_node() -> impl Strategy<Value = Node> {
    let labels = vec((select(&KEYS[..]), select(&VALUES[..])), 0..4);
    let taints = vec((select(&VALUES[..]), select(&["NoSchedule", "PreferNoSchedule", "NoExecute"][..])), 0..2);
    (labels, taints, prop::bool::weighted(0.1), 1..5i64, 1..4i64, option::of(select(&APPS[..]))).prop_map(
        |(labels, taints, cordoned, cpu, pods, image)| {
            let mut node = Node::default();
            node.metadata.labels = labels.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
            node.spec.unschedulable = cordoned;
            node.spec.taints = taints
                .into_iter()
                .map(|(key, effect)| Taint { key: key.into(), effect: effect.into(), ..Taint::default() })
                .collect();
            let amounts = [
                ("cpu", cpu.to_string()),
                ("memory", format!("{cpu}Gi")),
                ("pods", (pods * 3).to_string()),
                ("example.com/gpu", (cpu % 2).to_string()),
            ];
            node.status.allocatable =
                amounts.into_iter().map(|(name, amount)| (name.into(), amount.parse().unwrap())).collect();
            node.status.images = image
                .map(|app| ContainerImage { names: vec![format!("{app}:latest")], size_bytes: 500 << 20 })
                .into_iter()
                .collect();
            node
        },
    )
}

fn any_term() -> impl Strategy<Value = PodAffinityTerm> {
    (select(&APPS[..]), select(&KEYS[..])).prop_map(|(app, key)| {
        let mut selector = LabelSelector::default();
        selector.match_labels.insert("app".into(), app.into());
        PodAffinityTerm {
            label_selector: Some(Box::new(selector)),
            topology_key: key.into(),
            ..PodAffinityTerm::default()
        }
    })
}

fn any_weighted() -> impl Strategy<Value = WeightedPodAffinityTerm> {
    (any_term(), 1..100i32)
        .prop_map(|(pod_affinity_term, weight)| WeightedPodAffinityTerm { weight, pod_affinity_term })
}

fn any_node_term() -> impl Strategy<Value = NodeSelectorTerm> {
    let operators = select(&["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"][..]);
    vec((select(&KEYS[..]), operators, select(&VALUES[..])), 0..3).prop_map(|list| NodeSelectorTerm {
        match_expressions: list
            .into_iter()
            .map(|(key, operator, value)| NodeSelectorRequirement {
                key: key.into(),
                operator: operator.into(),
                values: if operator.contains("Exist") { vec![] } else { vec![value.into()] },
            })
            .collect(),
        ..NodeSelectorTerm::default()
    })
}

fn any_affinity() -> impl Strategy<Value = Affinity> {
    (
        option::weighted(0.3, vec(any_node_term(), 0..3)),
        vec((any_node_term(), 1..100i32), 0..2),
        vec(any_term(), 0..2),
        vec(any_weighted(), 0..2),
        vec(any_term(), 0..2),
        vec(any_weighted(), 0..2),
    )
        .prop_map(|(required, preferred, near, rather_near, far, rather_far)| Affinity {
            node_affinity: Some(Box::new(NodeAffinity {
                required_during_scheduling_ignored_during_execution: required
                    .map(|node_selector_terms| Box::new(NodeSelector { node_selector_terms })),
                preferred_during_scheduling_ignored_during_execution: preferred
                    .into_iter()
                    .map(|(preference, weight)| PreferredSchedulingTerm { weight, preference })
                    .collect(),
            })),
            pod_affinity: Some(Box::new(PodAffinity {
                required_during_scheduling_ignored_during_execution: near,
                preferred_during_scheduling_ignored_during_execution: rather_near,
            })),
            pod_anti_affinity: Some(Box::new(PodAntiAffinity {
                required_during_scheduling_ignored_during_execution: far,
                preferred_during_scheduling_ignored_during_execution: rather_far,
            })),
        })
}

fn any_constraint() -> impl Strategy<Value = TopologySpreadConstraint> {
    let when = select(&["DoNotSchedule", "ScheduleAnyway"][..]);
    let policy = || option::of(select(&["Honor", "Ignore"][..]));
    (select(&KEYS[..]), when, 1..3i32, option::of(1..4i32), policy(), policy(), select(&APPS[..])).prop_map(
        |(key, when, max_skew, min_domains, affinity, taints, app)| {
            let mut selector = LabelSelector::default();
            selector.match_labels.insert("app".into(), app.into());
            TopologySpreadConstraint {
                max_skew,
                topology_key: key.into(),
                when_unsatisfiable: when.into(),
                label_selector: Some(Box::new(selector)),
                min_domains,
                node_affinity_policy: affinity.map(str::to_owned),
                node_taints_policy: taints.map(str::to_owned),
                match_label_keys: vec![],
            }
        },
    )
}

fn any_pod() -> impl Strategy<Value = Pod> {
    (
        select(&APPS[..]),
        0..2000i64,
        prop::bool::weighted(0.2),
        option::weighted(0.4, any_affinity()),
        option::weighted(0.4, vec(any_constraint(), 1..3)),
        option::weighted(0.2, 80..82i32),
        vec(select(&VALUES[..]), 0..2),
        0..3i32,
    )
        .prop_map(|(app, millis, gpu, affinity, spread, port, tolerated, priority)| {
            let mut pod = Pod::default();
            pod.metadata.namespace = "default".into();
            pod.metadata.labels.insert("app".into(), app.into());
            let mut container = Container { name: "c".into(), image: app.into(), ..Container::default() };
            let requests = &mut container.resources.requests;
            requests.insert("cpu".into(), format!("{millis}m").parse().unwrap());
            if gpu {
                requests.insert("example.com/gpu".into(), "1".parse().unwrap());
            }
            container.ports =
                port.map(|host_port| ContainerPort { host_port, ..ContainerPort::default() }).into_iter().collect();
            pod.spec.containers = vec![container];
            pod.spec.affinity = affinity.map(Box::new);
            pod.spec.topology_spread_constraints = spread.unwrap_or_default();
            pod.spec.tolerations = tolerated
                .into_iter()
                .map(|key| Toleration { key: key.into(), operator: "Exists".into(), ..Toleration::default() })
                .collect();
            pod.spec.priority = Some(priority);
            pod
        })
}

fn crowded_node(number: usize, zone: &str) -> Node {
    let mut node = Node::default();
    node.metadata.name = format!("n{number}");
    node.metadata.labels.insert("zone".into(), zone.into());
    node.metadata.labels.insert("kubernetes.io/hostname".into(), format!("n{number}"));
    for (name, amount) in [("cpu", "2"), ("pods", "6")] {
        node.status.allocatable.insert(name.into(), amount.parse().unwrap());
    }
    node
}

/// A pod that often quarrels with others: few apps, anti-affinity, narrow spreading.
fn any_crowded() -> impl Strategy<Value = Pod> {
    let term = || (select(&APPS[..2]), select(&["zone", "kubernetes.io/hostname"][..]));
    let quarrel = prop_oneof![Just(0), Just(1), Just(2)];
    (select(&APPS[..2]), 1..9i64, quarrel, term(), 0..3i32).prop_map(
        |(app, tenths, quarrel, (other, key), priority)| {
            let mut pod = Pod::default();
            pod.metadata.namespace = "default".into();
            pod.metadata.labels.insert("app".into(), app.into());
            let mut container = Container { name: "c".into(), ..Container::default() };
            container.resources.requests.insert("cpu".into(), format!("{tenths}00m").parse().unwrap());
            pod.spec.containers = vec![container];
            pod.spec.priority = Some(priority);
            let mut selector = LabelSelector::default();
            selector.match_labels.insert("app".into(), other.into());
            match quarrel {
                1 => {
                    let far = pod.spec.affinity.get_or_insert_default().pod_anti_affinity.get_or_insert_default();
                    far.required_during_scheduling_ignored_during_execution = vec![PodAffinityTerm {
                        label_selector: Some(Box::new(selector)),
                        topology_key: key.into(),
                        ..PodAffinityTerm::default()
                    }];
                }
                2 => {
                    pod.spec.topology_spread_constraints = vec![TopologySpreadConstraint {
                        max_skew: 1,
                        topology_key: key.into(),
                        when_unsatisfiable: "DoNotSchedule".into(),
                        label_selector: Some(Box::new(selector)),
                        ..TopologySpreadConstraint::default()
                    }];
                }
                _ => {}
            }
            pod
        },
    )
}

fn named(mut pod: Pod, name: String) -> Pod {
    pod.metadata.uid.clone_from(&name);
    pod.metadata.name = name;
    pod
}

/// One step in the life of a cluster.
#[derive(Clone, Debug)]
enum Step {
    PutNode(usize, Box<Node>),
    RemoveNode(usize),
    Place(usize, Box<Pod>),
    Remove(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..6usize, any_node()).prop_map(|(number, node)| Step::PutNode(number, Box::new(node))),
        1 => (0..6usize).prop_map(Step::RemoveNode),
        4 => (0..6usize, any_pod()).prop_map(|(number, pod)| Step::Place(number, Box::new(pod))),
        1 => (0..20usize).prop_map(Step::Remove),
    ]
}

/// Plays the steps; pods are removed by the number of their placement.
fn play(steps: &[Step]) -> Snapshot {
    let mut snapshot = Snapshot::new();
    let mut placed: Vec<Option<Arc<PodInfo>>> = vec![];
    for step in steps {
        match step {
            Step::PutNode(number, node) => {
                let mut node = (**node).clone();
                node.metadata.name = format!("n{number}");
                snapshot.put_node(Arc::new(node));
            }
            Step::RemoveNode(number) => snapshot.remove_node(&format!("n{number}")),
            Step::Place(number, pod) => {
                let mut pod = named((**pod).clone(), format!("p{}", placed.len()));
                pod.spec.node_name = format!("n{number}");
                let info = PodInfo::shared(Arc::new(pod));
                snapshot.add_pod(Arc::clone(&info));
                placed.push(Some(info));
            }
            Step::Remove(number) => {
                if let Some(info) = placed.get_mut(*number).and_then(Option::take) {
                    snapshot.remove_pod(&info);
                }
            }
        }
    }
    snapshot
}

fn describe(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = vec![];
    let mut resources = vec![ResourceId::CPU, ResourceId::MEMORY, ResourceId::EPHEMERAL_STORAGE, ResourceId::PODS];
    resources.extend(snapshot.resource_id("example.com/gpu"));
    for node in snapshot.nodes() {
        let mut pods: Vec<&str> = node.pods().iter().map(|pod| pod.uid()).collect();
        pods.sort_unstable();
        let amounts: Vec<(i64, i64)> =
            resources.iter().map(|id| (node.allocatable(*id), node.requested(*id))).collect();
        let label = |key: &str| {
            let value = node.label(snapshot.label_key(key)?)?;
            Some(snapshot.label_text(value).to_owned())
        };
        lines.push(format!(
            "{} {pods:?} {amounts:?} {} {} {:?} {:?} {} {}",
            node.name(),
            node.scored_cpu_millis(),
            node.scored_memory_bytes(),
            KEYS.map(label),
            node.taints().iter().map(|taint| (&taint.key, &taint.effect)).collect::<Vec<_>>(),
            snapshot.unschedulable().contains(node.index()),
            snapshot.with_host_ports().contains(node.index()),
        ));
    }
    for class in snapshot.classes() {
        let mut nodes: Vec<(String, i64)> =
            class.nodes().map(|(index, count)| (snapshot.view(index).unwrap().name().to_owned(), count)).collect();
        nodes.sort();
        lines.push(format!("class {:?} {nodes:?}", class.sample().pod().metadata.labels));
    }
    for (node, pods) in snapshot.pods_elsewhere() {
        let mut uids: Vec<&str> = pods.iter().map(|pod| pod.uid()).collect();
        uids.sort_unstable();
        lines.push(format!("elsewhere {node} {uids:?}"));
    }
    lines.sort();
    lines
}

fn prepared(profile: &Profile, snapshot: &Snapshot, pod: &Arc<PodInfo>) -> CycleState {
    // The state as the plugins themselves prepare it, whatever they would skip.
    let mut state = CycleState::default();
    for plugin in profile.pre_filters() {
        plugin.pre_filter(Cycle { snapshot, pod }, &mut state);
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn step_by_step_equals_built_anew(steps in vec(any_step(), 0..40)) {
        let snapshot = play(&steps);
        prop_assert_eq!(describe(&snapshot), describe(&snapshot.compacted()));
    }

    #[test]
    fn filters_agree_on_one_node_and_on_many(steps in vec(any_step(), 0..30), pod in any_pod()) {
        let snapshot = play(&steps);
        let pod = PodInfo::shared(Arc::new(named(pod, "new".into())));
        let profile = Profile::default_plugins("default-scheduler").build();
        let state = prepared(&profile, &snapshot, &pod);
        let cycle = Cycle { snapshot: &snapshot, pod: &pod };
        for plugin in profile.filters() {
            let mut many = snapshot.live().clone();
            plugin.filter_nodes(cycle, &state, &mut many);
            let one_by_one: NodeSet = snapshot
                .nodes()
                .filter(|node| plugin.filter(cycle, &state, *node).fits())
                .map(|node| node.index())
                .collect();
            prop_assert_eq!(many.iter().collect::<Vec<_>>(), one_by_one.iter().collect::<Vec<_>>(), "{}", plugin.name());
        }
    }

    #[test]
    fn scores_agree_on_one_node_and_on_many(steps in vec(any_step(), 0..30), pod in any_pod()) {
        let snapshot = play(&steps);
        let pod = PodInfo::shared(Arc::new(named(pod, "new".into())));
        let profile = Profile::default_plugins("default-scheduler").build();
        let nodes: Vec<NodeIndex> = snapshot.live().iter().collect();
        let mut state = prepared(&profile, &snapshot, &pod);
        let cycle = Cycle { snapshot: &snapshot, pod: &pod };
        for plugin in profile.pre_scores() {
            plugin.pre_score(cycle, &mut state, &nodes);
        }
        for (plugin, _) in profile.scores() {
            let mut many = vec![-1; nodes.len()];
            plugin.score_nodes(cycle, &state, &nodes, &mut many);
            let each: Vec<i64> = snapshot.nodes().map(|node| plugin.score(cycle, &state, node)).collect();
            prop_assert_eq!(&many, &each, "{}", plugin.name());
            plugin.normalize(cycle, &state, &nodes, &mut many);
            prop_assert!(many.iter().all(|score| (0..=100).contains(score)), "{} {many:?}", plugin.name());
        }
    }

    #[test]
    fn a_decision_is_one_that_the_filters_allow(steps in vec(any_step(), 0..30), pod in any_pod(), seed: u64) {
        let snapshot = play(&steps);
        let pod = PodInfo::shared(Arc::new(named(pod, "new".into())));
        let profile = Profile::default_plugins("default-scheduler").build();
        let state = prepared(&profile, &snapshot, &pod);
        let cycle = Cycle { snapshot: &snapshot, pod: &pod };
        let allowed = |index| {
            let node = snapshot.view(index).unwrap();
            profile.filters().iter().all(|plugin| plugin.filter(cycle, &state, node).fits())
        };
        let decide = || {
            let random = Random::seeded(seed);
            profile.schedule_one(&snapshot, &pod, &Nominator::default(), &mut Cursor::default(), &random)
        };
        match decide() {
            Decision::Place(placement) => {
                prop_assert!(allowed(placement.index));
                let Decision::Place(again) = decide() else { panic!("the same seed decides the same") };
                prop_assert_eq!(again.node, placement.node);
            }
            Decision::Unschedulable { preemption, .. } => {
                prop_assert!(!snapshot.live().iter().any(allowed));
                if let Some(preemption) = preemption {
                    // With the victims gone, the pod fits where it was nominated to.
                    let mut after = snapshot.clone();
                    for victim in &preemption.victims {
                        prop_assert!(victim.priority() < pod.priority());
                        after.remove_pod(victim);
                    }
                    let state = prepared(&profile, &after, &pod);
                    let cycle = Cycle { snapshot: &after, pod: &pod };
                    let node = after.node(&preemption.node).unwrap();
                    for plugin in profile.filters() {
                        prop_assert!(plugin.filter(cycle, &state, node).fits(), "{}", plugin.name());
                    }
                }
            }
        }
    }

    #[test]
    fn preemption_finds_room_exactly_where_there_is_some(
        zones in vec(select(&VALUES[..2]), 1..4),
        placed in vec((0..4usize, any_crowded()), 1..12),
        new in any_crowded(),
        seed: u64,
    ) {
        let mut snapshot = Snapshot::new();
        for (number, zone) in zones.iter().enumerate() {
            snapshot.put_node(Arc::new(crowded_node(number, zone)));
        }
        for (number, (node, pod)) in placed.into_iter().enumerate() {
            let mut pod = named(pod, format!("p{number}"));
            pod.spec.node_name = format!("n{}", node % zones.len());
            snapshot.add_pod(PodInfo::shared(Arc::new(pod)));
        }
        let mut new = named(new, "new".into());
        new.spec.priority = Some(2);
        let pod = PodInfo::shared(Arc::new(new));
        let profile = Profile::default_plugins("default-scheduler").build();
        let fits_without = |node: &str, gone: &[Arc<PodInfo>]| {
            let mut after = snapshot.clone();
            for victim in gone {
                after.remove_pod(victim);
            }
            let state = prepared(&profile, &after, &pod);
            let cycle = Cycle { snapshot: &after, pod: &pod };
            profile.filters().iter().all(|plugin| plugin.filter(cycle, &state, after.node(node).unwrap()).fits())
        };
        let random = Random::seeded(seed);
        let decision =
            profile.schedule_one(&snapshot, &pod, &Nominator::default(), &mut Cursor::default(), &random);
        match decision {
            Decision::Place(placement) => prop_assert!(fits_without(&placement.node, &[])),
            Decision::Unschedulable { preemption: Some(found), .. } => {
                prop_assert!(!found.victims.is_empty());
                prop_assert!(found.victims.iter().all(|victim| victim.priority() < 2));
                prop_assert!(fits_without(&found.node, &found.victims), "{:?}", found.victims);
            }
            Decision::Unschedulable { preemption: None, diagnosis, .. } => {
                for node in snapshot.nodes() {
                    let lesser: Vec<_> = node.pods().iter().filter(|pod| pod.priority() < 2).cloned().collect();
                    prop_assert!(!fits_without(node.name(), &lesser), "{} {}", node.name(), diagnosis.message());
                }
            }
        }
    }

    #[test]
    fn nothing_is_ever_overcommitted(
        nodes in vec(any_node(), 1..5),
        pods in vec(any_pod(), 1..40),
        fates in vec(0..10usize, 120),
    ) {
        let mut core = Core::new(
            vec![Profile::default_plugins("default-scheduler").build()],
            CoreConfig::default(),
            Random::seeded(5),
        );
        let mut now = Duration::ZERO;
        // What the API has, against which the core's own books are checked.
        let mut placed: BTreeMap<String, Pod> = BTreeMap::new();
        let mut under_way: Vec<Binding> = vec![];
        for (number, mut node) in nodes.into_iter().enumerate() {
            node.metadata.name = format!("n{number}");
            core.on_node(&Delta::Added(Arc::new(node)), now);
        }
        for (number, pod) in pods.into_iter().enumerate() {
            core.on_pod(&Delta::Added(Arc::new(named(pod, format!("p{number}")))), now);
        }
        for fate in fates {
            now += Duration::from_millis(300);
            match core.next(now) {
                Some(Attempt::Bind(binding)) => under_way.push(*binding),
                Some(Attempt::Report(failure)) => {
                    for victim in failure.preemption.map(|preemption| preemption.victims).unwrap_or_default() {
                        placed.remove(victim.uid());
                        core.on_pod(&Delta::Deleted { last: Arc::clone(victim.pod()), missed: false }, now);
                    }
                }
                None => {}
            }
            // One of the bindings under way ends, one way or the other; most of the time none does.
            if fate < under_way.len() {
                let binding = under_way.swap_remove(fate);
                let pod = Arc::clone(binding.queued.info.pod());
                if fate == 0 {
                    core.binding_failed(binding, now);
                } else if core.is_assumed(&pod.metadata.uid) {
                    core.bound(&binding, now);
                    let mut new = (*pod).clone();
                    new.spec.node_name.clone_from(&binding.node);
                    placed.insert(new.metadata.uid.clone(), new.clone());
                    core.on_pod(&Delta::Updated { old: pod, new: Arc::new(new) }, now);
                }
            }
            for node in core.snapshot().nodes() {
                let here = placed.values().filter(|pod| pod.spec.node_name == node.name());
                let on = here.chain(under_way.iter().filter(|binding| {
                    binding.node == node.name() && core.is_assumed(binding.queued.info.uid())
                }).map(|binding| &**binding.queued.info.pod()));
                let requests: Vec<_> = on.map(|pod| PodInfo::new(Arc::new(pod.clone()))).collect();
                let cpu: i64 = requests.iter().map(|pod| pod.requests().cpu_millis).sum();
                prop_assert!(cpu <= node.allocatable(ResourceId::CPU), "{}: {cpu}", node.name());
                prop_assert!(requests.len() as i64 <= node.allocatable(ResourceId::PODS), "{}", node.name());
                prop_assert_eq!(cpu, node.requested(ResourceId::CPU));
            }
        }
    }
}
