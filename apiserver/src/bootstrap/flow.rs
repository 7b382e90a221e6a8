//! How a server's capacity is shared from the first moment on: priority levels, and who belongs to which.
//!
//! In: nothing. Out: PriorityLevelConfigurations and FlowSchemas, as objects. Elsewhere: what is made of them. Source:
//! Kubernetes concepts, "API Priority and Fairness", defaults.

use pintle_object_model::Time;
pub(super) use pintle_object_model::api::flowcontrol::v1::FlowSchema;
use pintle_object_model::api::flowcontrol::v1::{
    ExemptPriorityLevelConfiguration, FlowDistinguisherMethod, FlowSchemaCondition, GroupSubject, LimitResponse,
    LimitedPriorityLevelConfiguration, NonResourcePolicyRule, PolicyRulesWithSubjects, PriorityLevelConfiguration,
    QueuingConfiguration, ResourcePolicyRule, ServiceAccountSubject, Subject, UserSubject,
};

const AUTOUPDATE: &str = "apf.kubernetes.io/autoupdate-spec";

/// Name, shares, queues, queues per flow, and how much may be lent, in percent. All queues hold fifty requests.
const QUEUED: [(&str, i32, i32, i32, i32); 6] = [
    ("system", 30, 64, 6, 33),
    ("node-high", 40, 64, 6, 25),
    ("leader-election", 10, 16, 4, 0),
    ("workload-high", 40, 128, 6, 50),
    ("workload-low", 100, 128, 6, 90),
    ("global-default", 20, 128, 6, 50),
];

fn level(name: &str) -> PriorityLevelConfiguration {
    let mut level = PriorityLevelConfiguration::default();
    level.metadata.name = name.into();
    level.metadata.annotations.insert(AUTOUPDATE.into(), "true".into());
    level
}

fn limited(name: &str, shares: i32, lendable: i32, response: LimitResponse) -> PriorityLevelConfiguration {
    let mut level = level(name);
    level.spec.type_ = "Limited".into();
    level.spec.limited = Some(Box::new(LimitedPriorityLevelConfiguration {
        nominal_concurrency_shares: Some(shares),
        lendable_percent: Some(lendable),
        limit_response: Some(Box::new(response)),
        ..LimitedPriorityLevelConfiguration::default()
    }));
    level
}

pub(super) fn levels() -> Vec<PriorityLevelConfiguration> {
    let mut exempt = level("exempt");
    exempt.spec.type_ = "Exempt".into();
    exempt.spec.exempt = Some(Box::new(ExemptPriorityLevelConfiguration {
        nominal_concurrency_shares: Some(0),
        lendable_percent: Some(0),
    }));
    let reject = LimitResponse { type_: "Reject".into(), queuing: None };
    let mut all = vec![exempt, limited("catch-all", 5, 0, reject)];
    all.extend(QUEUED.iter().map(|&(name, shares, queues, hand_size, lendable)| {
        let queuing = Some(Box::new(QueuingConfiguration { queues, hand_size, queue_length_limit: 50 }));
        limited(name, shares, lendable, LimitResponse { type_: "Queue".into(), queuing })
    }));
    all
}

/// Whom a schema is about.
#[derive(Clone, Copy)]
enum Who {
    Group(&'static str),
    User(&'static str),
    /// A service account of `kube-system`.
    Account(&'static str),
}

const EVERYBODY: &[Who] = &[Who::Group("system:unauthenticated"), Who::Group("system:authenticated")];
const MANAGER: Who = Who::User("system:kube-controller-manager");
const SCHEDULER: Who = Who::User("system:kube-scheduler");
const SYSTEM: Who = Who::Account("*");

/// Name, level, precedence, what tells flows apart, and whom it is about.
type Row = (&'static str, &'static str, i32, &'static str, &'static [Who]);

/// Schemas for whatever these ask.
const ANYTHING: [Row; 8] = [
    ("exempt", "exempt", 1, "", &[Who::Group("system:masters")]),
    ("system-nodes", "system", 500, "ByUser", &[Who::Group("system:nodes")]),
    ("kube-controller-manager", "workload-high", 800, "ByNamespace", &[MANAGER]),
    ("kube-scheduler", "workload-high", 800, "ByNamespace", &[SCHEDULER]),
    ("kube-system-service-accounts", "workload-high", 900, "ByNamespace", &[SYSTEM]),
    ("service-accounts", "workload-low", 9000, "ByUser", &[Who::Group("system:serviceaccounts")]),
    ("global-default", "global-default", 9900, "ByUser", EVERYBODY),
    ("catch-all", "catch-all", 10000, "ByUser", EVERYBODY),
];

fn subject(who: &Who) -> Subject {
    let mut subject = Subject::default();
    match who {
        Who::Group(name) => {
            subject.kind = "Group".into();
            subject.group = Some(Box::new(GroupSubject { name: (*name).into() }));
        }
        Who::User(name) => {
            subject.kind = "User".into();
            subject.user = Some(Box::new(UserSubject { name: (*name).into() }));
        }
        Who::Account(name) => {
            subject.kind = "ServiceAccount".into();
            subject.service_account =
                Some(Box::new(ServiceAccountSubject { name: (*name).into(), namespace: "kube-system".into() }));
        }
    }
    subject
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

fn on(verbs: &str, groups: &str, resources: &str, cluster_scope: bool) -> ResourcePolicyRule {
    ResourcePolicyRule {
        verbs: words(verbs),
        api_groups: words(groups),
        resources: words(resources),
        cluster_scope,
        namespaces: words("*"),
    }
}

fn paths(verbs: &str, urls: &str) -> NonResourcePolicyRule {
    NonResourcePolicyRule { verbs: words(verbs), non_resource_urls: words(urls) }
}

fn schema(row: &Row, resources: Vec<ResourcePolicyRule>, urls: Vec<NonResourcePolicyRule>) -> FlowSchema {
    let (name, level, precedence, method, who) = row;
    let mut schema = FlowSchema::default();
    schema.metadata.name = (*name).into();
    schema.metadata.annotations.insert(AUTOUPDATE.into(), "true".into());
    schema.spec.priority_level_configuration.name = (*level).into();
    schema.spec.matching_precedence = *precedence;
    schema.spec.distinguisher_method =
        (!method.is_empty()).then(|| Box::new(FlowDistinguisherMethod { type_: (*method).into() }));
    schema.spec.rules = vec![PolicyRulesWithSubjects {
        subjects: who.iter().map(subject).collect(),
        resource_rules: resources,
        non_resource_rules: urls,
    }];
    schema
}

pub(super) fn schemas() -> Vec<FlowSchema> {
    const CLAIM: &str = "get,create,update";
    let leases = || vec![on(CLAIM, "coordination.k8s.io", "leases", false)];
    let mut all: Vec<_> =
        ANYTHING.iter().map(|row| schema(row, vec![on("*", "*", "*", true)], vec![paths("*", "*")])).collect();
    let probes: Row = ("probes", "exempt", 2, "", EVERYBODY);
    all.push(schema(&probes, vec![], vec![paths("get", "/healthz,/readyz,/livez")]));
    let leaders: Row = ("system-leader-election", "leader-election", 100, "ByUser", &[MANAGER, SCHEDULER, SYSTEM]);
    all.push(schema(&leaders, leases(), vec![]));
    let workloads: Row = ("workload-leader-election", "leader-election", 200, "ByUser", &[SYSTEM]);
    all.push(schema(&workloads, leases(), vec![]));
    const ENDPOINTS: &[Who] =
        &[MANAGER, Who::Account("endpoint-controller"), Who::Account("endpointslicemirroring-controller")];
    let endpoints: Row = ("endpoint-controller", "workload-high", 150, "ByUser", ENDPOINTS);
    all.push(schema(&endpoints, vec![on(CLAIM, "", "endpoints", false)], vec![]));
    let nodes: Row = ("system-node-high", "node-high", 400, "ByUser", &[Who::Group("system:nodes")]);
    let heartbeat = vec![on("*", "", "nodes,nodes/status", true), on("*", "coordination.k8s.io", "leases", false)];
    all.push(schema(&nodes, heartbeat, vec![]));
    all
}

/// The schema, with the note that its level is there.
pub(super) fn found(mut schema: FlowSchema, now: Time) -> FlowSchema {
    let level = &schema.spec.priority_level_configuration.name;
    schema.status.conditions = vec![FlowSchemaCondition {
        type_: "Dangling".into(),
        status: "False".into(),
        last_transition_time: Some(now),
        reason: "Found".into(),
        message: format!(
            "This FlowSchema references the PriorityLevelConfiguration object named {level:?} and it exists"
        ),
    }];
    schema
}
