//! The machine against a runtime that is a few vectors: what it asks for, and what it does not ask for twice.

use std::time::Duration;

use pintle_object_model::api::core::v1::{Container, Pod, Probe};
use pintle_object_model::{MicroTime, Time};

use super::*;
use crate::Identity;

fn pod(names: &[&str]) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.uid = "u".into();
    pod.metadata.name = "p".into();
    pod.metadata.namespace = "n".into();
    pod.spec.restart_policy = "Always".into();
    pod.spec.containers = names.iter().map(|name| named(name)).collect();
    pod
}

fn named(name: &str) -> Container {
    Container { name: name.into(), ..Container::default() }
}

struct Bench {
    pod: Pod,
    machine: PodMachine,
    sandboxes: Vec<SandboxInfo>,
    containers: Vec<ContainerInfo>,
    now: Duration,
    removed: bool,
}

impl Bench {
    fn new(pod: Pod) -> Self {
        let machine = PodMachine::new(&pod, Time::from_unix(0));
        Self { pod, machine, sandboxes: vec![], containers: vec![], now: Duration::ZERO, removed: false }
    }

    fn utc(&self) -> MicroTime {
        MicroTime::from_unix_micros(i64::try_from(self.now.as_micros()).unwrap())
    }

    fn plan(&mut self) -> Plan {
        let view =
            View { pod: &self.pod, removed: self.removed, sandboxes: &self.sandboxes, containers: &self.containers };
        let utc = MicroTime::from_unix_micros(i64::try_from(self.now.as_micros()).unwrap());
        self.machine.step(&view, self.now, utc)
    }

    fn step(&mut self) -> Vec<Action> {
        self.plan().actions
    }

    fn with_sandbox(mut self) -> Self {
        assert_eq!(self.step(), [Action::SetUp { attempt: 0 }]);
        self.sandboxes.push(SandboxInfo {
            id: SandboxId("s".into()),
            identity: Identity { uid: "u".into(), ..Identity::default() },
            ready: true,
            ..SandboxInfo::default()
        });
        self.machine.set_up(Ok(()), self.now);
        self
    }

    fn info(&self, name: &str, attempt: u32, state: ContainerState) -> ContainerInfo {
        ContainerInfo {
            id: ContainerId(format!("{name}-{attempt}")),
            sandbox: SandboxId("s".into()),
            name: name.into(),
            attempt,
            image: String::new(),
            image_id: String::new(),
            state,
            created: MicroTime::default(),
            labels: BTreeMap::new(),
            log_path: std::path::PathBuf::new(),
        }
    }

    /// The container is started as asked.
    fn run(&mut self, name: &str, attempt: u32) {
        let started = self.utc();
        let info = self.info(name, attempt, ContainerState::Running { started });
        self.containers.retain(|found| found.id != info.id);
        self.containers.push(info);
        self.machine.started(name, attempt, Ok(()), self.now);
    }

    fn exit(&mut self, name: &str, attempt: u32, exit_code: i32) {
        let finished = self.utc();
        let state = ContainerState::Exited {
            started: Some(finished),
            finished,
            exit_code,
            reason: "Error".into(),
            message: String::new(),
        };
        let info = self.info(name, attempt, state);
        self.containers.retain(|found| found.id != info.id);
        self.containers.push(info);
    }
}

fn start(name: &str, attempt: u32) -> Action {
    Action::Start { name: name.into(), attempt, sandbox: SandboxId("s".into()) }
}

fn starts(actions: &[Action]) -> Vec<&str> {
    fn name(action: &Action) -> Option<&str> {
        match action {
            Action::Start { name, .. } => Some(name),
            _ => None,
        }
    }
    actions.iter().filter_map(name).collect()
}

#[test]
fn nothing_is_asked_for_twice() {
    let mut bench = Bench::new(pod(&["a", "b"]));
    assert_eq!(bench.step(), [Action::SetUp { attempt: 0 }]);
    assert_eq!(bench.step(), []);
    bench.machine.set_up(Ok(()), bench.now);
    let mut bench = bench.with_sandbox();
    assert_eq!(bench.step(), [start("a", 0), start("b", 0)]);
    assert_eq!(bench.step(), []);
    bench.run("a", 0);
    bench.run("b", 0);
    assert_eq!(bench.step(), []);
}

#[test]
fn a_crash_restarts_at_once_then_after_growing_waits() {
    let mut bench = Bench::new(pod(&["a"])).with_sandbox();
    bench.step();
    bench.run("a", 0);
    bench.exit("a", 0, 1);
    assert_eq!(bench.step(), [start("a", 1)]);
    let mut waits = vec![];
    for attempt in 1..8 {
        bench.run("a", attempt);
        bench.exit("a", attempt, 1);
        let plan = bench.plan();
        assert_eq!(plan.actions, []);
        assert_eq!(plan.notices, [Notice::CrashBackOff { name: "a".into() }]);
        waits.push((plan.wake.unwrap() - bench.now).as_secs());
        bench.now = plan.wake.unwrap();
        assert_eq!(bench.step(), [start("a", attempt + 1)]);
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
    // After ten minutes of running the waits start over.
    bench.run("a", 8);
    bench.now += Duration::from_secs(601);
    bench.exit("a", 8, 1);
    assert_eq!(bench.step(), [start("a", 9)]);
}

#[test]
fn restart_policies_decide() {
    for (policy, code, wanted) in
        [("Always", 0, true), ("OnFailure", 0, false), ("OnFailure", 1, true), ("Never", 1, false)]
    {
        let mut pod = pod(&["a"]);
        pod.spec.restart_policy = policy.into();
        let mut bench = Bench::new(pod).with_sandbox();
        bench.step();
        bench.run("a", 0);
        bench.exit("a", 0, code);
        let actions = bench.step();
        assert_eq!(starts(&actions) == ["a"], wanted, "{policy} {code}");
        assert_eq!(bench.machine.end().is_none(), wanted, "{policy} {code}");
    }
}

#[test]
fn a_containers_own_rules_go_before_the_pods_policy() {
    use pintle_object_model::api::core::v1::{ContainerRestartRule, ContainerRestartRuleOnExitCodes};
    let mut pod = pod(&["a"]);
    pod.spec.restart_policy = "Never".into();
    pod.spec.containers[0].restart_policy = Some("Never".into());
    pod.spec.containers[0].restart_policy_rules = vec![ContainerRestartRule {
        action: "Restart".into(),
        exit_codes: Some(Box::new(ContainerRestartRuleOnExitCodes { operator: "In".into(), values: vec![42] })),
    }];
    let part = &parts(&pod)[0];
    assert!(restarts(&pod, part, 42));
    assert!(!restarts(&pod, part, 41));
}

#[test]
fn init_containers_come_one_after_the_other() {
    let mut pod = pod(&["main"]);
    let mut sidecar = named("side");
    sidecar.restart_policy = Some("Always".into());
    pod.spec.init_containers = vec![named("one"), sidecar, named("two")];
    let mut bench = Bench::new(pod).with_sandbox();
    assert_eq!(bench.step(), [start("one", 0)]);
    bench.run("one", 0);
    assert_eq!(bench.step(), []);
    bench.exit("one", 0, 0);
    assert_eq!(bench.step(), [start("side", 0)]);
    bench.run("side", 0);
    assert_eq!(bench.step(), [start("two", 0)]);
    bench.run("two", 0);
    bench.exit("two", 0, 1);
    assert_eq!(bench.step(), [start("two", 1)], "it failed and is tried again");
    bench.run("two", 1);
    bench.exit("two", 1, 0);
    assert_eq!(bench.step(), [start("main", 0)]);
    bench.run("main", 0);
    bench.exit("side", 0, 0);
    assert_eq!(bench.step(), [start("side", 1)], "a sidecar runs as long as its pod");
}

#[test]
fn a_failed_init_container_ends_a_pod_that_never_restarts() {
    let mut pod = pod(&["main"]);
    pod.spec.restart_policy = "Never".into();
    pod.spec.init_containers = vec![named("one")];
    let mut bench = Bench::new(pod).with_sandbox();
    bench.step();
    bench.run("one", 0);
    bench.exit("one", 0, 3);
    assert_eq!(bench.step(), [Action::StopSandboxes(vec![SandboxId("s".into())])]);
    assert_eq!(bench.machine.end(), Some(End::Completed));
}

#[test]
fn an_ending_pod_stops_main_containers_before_sidecars_and_frees_its_node() {
    let mut pod = pod(&["main"]);
    let sidecar = |name: &str| Container { restart_policy: Some("Always".into()), ..named(name) };
    pod.spec.init_containers = vec![sidecar("first"), sidecar("second")];
    let mut bench = Bench::new(pod).with_sandbox();
    for name in ["first", "second", "main"] {
        bench.run(name, 0);
    }
    bench.step();
    bench.pod.metadata.deletion_timestamp = Some(Time::from_unix(30));
    bench.pod.metadata.deletion_grace_period_seconds = Some(30);
    for name in ["main", "second", "first"] {
        let actions = bench.step();
        let [Action::Stop { name: stopped, grace, .. }] = actions.as_slice() else { panic!("{actions:?}") };
        assert_eq!((stopped.as_str(), *grace), (name, Duration::from_secs(30) - bench.now));
        assert_eq!(bench.step(), [], "the stop is on its way");
        bench.now += Duration::from_secs(1);
        bench.exit(name, 0, 0);
        bench.machine.stopped(name);
    }
    assert_eq!(bench.step(), [Action::StopSandboxes(vec![SandboxId("s".into())])]);
    bench.sandboxes[0].ready = false;
    bench.machine.sandboxes_stopped(Ok(()), bench.now);
    assert_eq!(bench.step(), [Action::TearDown]);
    assert!(!bench.machine.is_ended());
    bench.machine.torn_down(true);
    assert_eq!(bench.step(), []);
    assert!(bench.machine.is_ended());
    bench.removed = true;
    assert_eq!(bench.step(), [Action::Remove]);
    assert_eq!(bench.step(), []);
}

#[test]
fn a_second_deletion_may_shorten_the_grace() {
    let mut bench = Bench::new(pod(&["a"])).with_sandbox();
    bench.step();
    bench.run("a", 0);
    bench.pod.metadata.deletion_timestamp = Some(Time::from_unix(30));
    bench.pod.metadata.deletion_grace_period_seconds = Some(30);
    assert!(matches!(bench.step().as_slice(), [Action::Stop { pre_stop: true, .. }]));
    bench.pod.metadata.deletion_grace_period_seconds = Some(5);
    let actions = bench.step();
    let wanted = Duration::from_secs(5);
    assert!(
        matches!(actions.as_slice(), [Action::Stop { pre_stop: false, grace, .. }] if *grace == wanted),
        "{actions:?}"
    );
    bench.pod.metadata.deletion_grace_period_seconds = Some(20);
    assert_eq!(bench.step(), []);
}

#[test]
fn a_start_is_given_up_when_the_pod_ends() {
    let mut bench = Bench::new(pod(&["a"])).with_sandbox();
    assert_eq!(bench.step(), [start("a", 0)]);
    bench.pod.metadata.deletion_timestamp = Some(Time::from_unix(1));
    let actions = bench.step();
    assert_eq!(actions[0], Action::AbortStart { name: "a".into() });
    assert_eq!(actions[1], Action::StopSandboxes(vec![SandboxId("s".into())]));
}

#[test]
fn a_failed_pull_is_shown_then_waited_out() {
    let mut bench = Bench::new(pod(&["a"])).with_sandbox();
    bench.step();
    let failure = || Failure { kind: FailureKind::Pull, reason: "ErrImagePull".into(), message: "gone".into() };
    bench.machine.started("a", 0, Err(failure()), bench.now);
    assert_eq!(bench.step(), []);
    bench.now += Duration::from_secs(5);
    assert_eq!(bench.plan().notices, [Notice::PullBackOff { name: "a".into() }]);
    assert_eq!(bench.machine.slot("a").unwrap().failure.as_ref().unwrap().reason, "ImagePullBackOff");
    bench.now += Duration::from_secs(5);
    assert_eq!(bench.step(), [start("a", 0)], "no attempt was used up");
    bench.machine.started("a", 0, Err(failure()), bench.now);
    let wake = bench.plan().wake.unwrap();
    assert_eq!(wake, bench.now + Duration::from_secs(5));
    bench.now = wake;
    assert_eq!(bench.plan().wake, Some(Duration::from_secs(30)), "the second wait is 20 s");
}

#[test]
fn probes_run_in_turn_and_their_results_belong_to_one_container() {
    let mut pod = pod(&["a"]);
    let probe = || Some(Box::<Probe>::default());
    let container = &mut pod.spec.containers[0];
    (container.startup_probe, container.liveness_probe, container.readiness_probe) = (probe(), probe(), probe());
    let mut bench = Bench::new(pod).with_sandbox();
    bench.step();
    bench.run("a", 0);
    let id = ContainerId("a-0".into());
    let kinds = |plan: &Plan| plan.probes.iter().map(|(_, _, kind)| *kind).collect::<Vec<_>>();
    assert_eq!(kinds(&bench.plan()), [ProbeKind::Startup]);
    bench.machine.probed("a", &ContainerId("other".into()), ProbeKind::Startup, true);
    assert_eq!(kinds(&bench.plan()), [ProbeKind::Startup], "that was about another container");
    bench.machine.probed("a", &id, ProbeKind::Startup, true);
    assert_eq!(kinds(&bench.plan()), [ProbeKind::Liveness, ProbeKind::Readiness]);
    bench.machine.probed("a", &id, ProbeKind::Liveness, false);
    let actions = bench.step();
    let [Action::Stop { message, .. }] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(message, "Container a failed liveness probe, will be restarted");
    bench.exit("a", 0, 137);
    bench.machine.stopped("a");
    assert_eq!(bench.step(), [start("a", 1)]);
    bench.run("a", 1);
    assert_eq!(kinds(&bench.plan()), [ProbeKind::Startup], "the next container starts without results");
}

#[test]
fn an_agent_that_starts_anew_counts_on() {
    use pintle_object_model::api::core::v1::{ContainerStatus, PodStatus};
    let mut pod = pod(&["a"]);
    let mut status =
        ContainerStatus { name: "a".into(), restart_count: 4, ready: true, started: Some(true), ..Default::default() };
    status.container_id = "pintle://a-4".into();
    pod.status = PodStatus { container_statuses: vec![status], ..PodStatus::default() };
    let mut lost = Bench::new(pod.clone()).with_sandbox();
    assert_eq!(lost.step(), [start("a", 5)], "the runtime has forgotten the container");
    let mut kept = Bench::new(pod).with_sandbox();
    kept.pod.spec.containers[0].readiness_probe = Some(Box::default());
    let info = kept.info("a", 4, ContainerState::Running { started: MicroTime::default() });
    kept.containers.push(info);
    assert_eq!(kept.step(), []);
    assert!(kept.machine.slot("a").unwrap().ready, "it was ready and stays so until a probe says otherwise");
}

#[test]
fn a_deadline_ends_the_pod() {
    let mut pod = pod(&["a"]);
    pod.spec.active_deadline_seconds = Some(60);
    let mut bench = Bench::new(pod).with_sandbox();
    bench.step();
    bench.run("a", 0);
    assert_eq!(bench.plan().wake, Some(Duration::from_secs(60)));
    bench.now = Duration::from_secs(60);
    let plan = bench.plan();
    assert_eq!(plan.notices, [Notice::DeadlineExceeded]);
    assert!(matches!(plan.actions.as_slice(), [Action::Stop { .. }]), "{plan:?}");
}

#[test]
fn another_image_replaces_the_container() {
    let mut bench = Bench::new(pod(&["a"])).with_sandbox();
    bench.step();
    bench.run("a", 0);
    bench.containers[0].labels.insert(IMAGE_LABEL.into(), "app:1".into());
    bench.pod.spec.containers[0].image = "app:2".into();
    bench.pod.metadata.generation = 2;
    let actions = bench.step();
    let [Action::Stop { message, .. }] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(message, "Container a definition changed, will be restarted");
}
