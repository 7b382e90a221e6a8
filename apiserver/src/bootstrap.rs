//! What every cluster has from its first moment: namespaces, roles, priority classes, the `kubernetes` Service.
//!
//! In: an empty or older store. Out: what is missing, made; what is there is left alone. Source: Kubernetes reference,
//! "Default roles and role bindings".

use std::net::Ipv4Addr;

use pintle_client::{Client, Status};
use pintle_object_model::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Namespace, Service, ServicePort,
};
use pintle_object_model::api::discovery::v1::{Endpoint, EndpointPort as SlicePort, EndpointSlice};
use pintle_object_model::api::meta::v1::LabelSelector;
use pintle_object_model::api::rbac::v1::{
    AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, RoleRef, Subject,
};
use pintle_object_model::api::scheduling::v1::PriorityClass;
use pintle_object_model::{IntOrString, Resource};

mod controllers;

/// Where the server itself is reached, for the `kubernetes` Service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnAddress {
    pub(crate) cluster_ip: Ipv4Addr,
    pub(crate) listen: Option<(Ipv4Addr, u16)>,
}

/// Makes what is missing.
pub(crate) async fn run(client: &Client, own: OwnAddress) -> Result<(), Status> {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        let mut namespace = Namespace::default();
        namespace.metadata.name = name.into();
        ensure(client, "", &namespace).await?;
    }
    for class in priority_classes() {
        ensure(client, "", &class).await?;
    }
    for role in cluster_roles() {
        ensure(client, "", &role).await?;
    }
    for binding in bindings() {
        ensure(client, "", &binding).await?;
    }
    own_service(client, own).await
}

async fn ensure<K: Resource>(client: &Client, namespace: &str, object: &K) -> Result<(), Status> {
    let api = client.namespaced::<K>(namespace);
    // Looked for first: a Service that is there holds the very address that creating it again would ask for.
    if api.get_opt(&object.metadata().name).await?.is_some() {
        return Ok(());
    }
    match api.create(object).await {
        // Another server was faster.
        Err(status) if status.is_already_exists() => Ok(()),
        other => other.map(drop),
    }
}

fn priority_classes() -> Vec<PriorityClass> {
    let class = |name: &str, value, description: &str| {
        let mut class = PriorityClass { value, description: description.into(), ..PriorityClass::default() };
        class.metadata.name = name.into();
        class.preemption_policy = Some("PreemptLowerPriority".into());
        class
    };
    vec![
        class("system-cluster-critical", 2_000_000_000, "For pods without which the cluster does not work."),
        class("system-node-critical", 2_000_001_000, "For pods without which a node does not work."),
    ]
}

fn rule(verbs: &str, groups: &str, resources: &str) -> PolicyRule {
    let list = |text: &str| text.split(',').map(|word| word.trim().to_owned()).collect();
    PolicyRule { verbs: list(verbs), api_groups: list(groups), resources: list(resources), ..PolicyRule::default() }
}

fn urls(verbs: &str, paths: &str) -> PolicyRule {
    let list = |text: &str| text.split(',').map(|word| word.trim().to_owned()).collect();
    PolicyRule { verbs: list(verbs), non_resource_urls: list(paths), ..PolicyRule::default() }
}

fn role(name: &str, rules: Vec<PolicyRule>) -> ClusterRole {
    let mut role = ClusterRole { rules, ..ClusterRole::default() };
    role.metadata.name = name.into();
    role.metadata.labels.insert("kubernetes.io/bootstrapping".into(), "rbac-defaults".into());
    role.metadata.annotations.insert("rbac.authorization.kubernetes.io/autoupdate".into(), "true".into());
    role
}

fn cluster_roles() -> Vec<ClusterRole> {
    const READ: &str = "get,list,watch";
    const WRITE: &str = "create,delete,deletecollection,patch,update";
    let view = vec![
        rule(
            READ,
            "",
            "configmaps,endpoints,events,limitranges,namespaces,namespaces/status,persistentvolumeclaims,persistentvolumeclaims/status,pods,pods/log,pods/status,replicationcontrollers,replicationcontrollers/scale,replicationcontrollers/status,resourcequotas,resourcequotas/status,serviceaccounts,services,services/status,bindings",
        ),
        rule(
            READ,
            "apps",
            "controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status",
        ),
        rule(READ, "autoscaling", "horizontalpodautoscalers,horizontalpodautoscalers/status"),
        rule(READ, "batch", "cronjobs,cronjobs/status,jobs,jobs/status"),
        rule(
            READ,
            "extensions",
            "deployments,deployments/scale,deployments/status,ingresses,ingresses/status,replicasets,replicasets/scale,replicasets/status",
        ),
        rule(READ, "networking.k8s.io", "ingresses,ingresses/status,networkpolicies"),
        rule(READ, "policy", "poddisruptionbudgets,poddisruptionbudgets/status"),
        rule(READ, "discovery.k8s.io", "endpointslices"),
    ];
    let edit_only = vec![
        rule(READ, "", "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy"),
        rule("impersonate", "", "serviceaccounts"),
        rule(WRITE, "", "pods,pods/attach,pods/exec,pods/portforward,pods/proxy"),
        rule("create", "", "pods/eviction"),
        rule(
            WRITE,
            "",
            "configmaps,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy",
        ),
        rule("create", "", "serviceaccounts/token"),
        rule(WRITE, ",events.k8s.io", "events"),
        rule(
            WRITE,
            "apps",
            "daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale",
        ),
        rule(WRITE, "autoscaling", "horizontalpodautoscalers"),
        rule(WRITE, "batch", "cronjobs,jobs"),
        rule(
            WRITE,
            "extensions",
            "daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale",
        ),
        rule(WRITE, "policy", "poddisruptionbudgets"),
        rule(WRITE, "networking.k8s.io", "ingresses,networkpolicies"),
        rule("create,delete,deletecollection,get,list,patch,update,watch", "coordination.k8s.io", "leases"),
        rule(WRITE, "resource.k8s.io", "resourceclaims,resourceclaimtemplates"),
    ];
    let admin_only = vec![
        rule("create", "authorization.k8s.io", "localsubjectaccessreviews"),
        rule(
            "create,delete,deletecollection,get,list,patch,update,watch",
            "rbac.authorization.k8s.io",
            "rolebindings,roles",
        ),
    ];
    let mut roles = vec![
        role("cluster-admin", vec![rule("*", "*", "*"), urls("*", "*")]),
        part("admin", admin_only),
        part("edit", edit_only),
        part("view", view),
        whole("admin"),
        whole("edit"),
        whole("view"),
        role(
            "system:discovery",
            vec![urls(
                "get",
                "/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/",
            )],
        ),
        role("system:public-info-viewer", vec![urls("get", "/healthz,/livez,/readyz,/version,/version/")]),
        role(
            "system:basic-user",
            vec![
                rule("create", "authorization.k8s.io", "selfsubjectaccessreviews,selfsubjectrulesreviews"),
                rule("create", "authentication.k8s.io", "selfsubjectreviews"),
            ],
        ),
        role(
            "system:node",
            vec![
                rule("create,get,list,watch,patch,update,delete", "", "nodes,nodes/status,pods,pods/status"),
                rule(
                    "get,list,watch",
                    "",
                    "services,endpoints,configmaps,secrets,persistentvolumes,persistentvolumeclaims,serviceaccounts",
                ),
                rule("create", "", "serviceaccounts/token,pods/eviction"),
                rule("create,patch,update", "", "events"),
                rule("create,get,update,patch,delete", "coordination.k8s.io", "leases"),
                rule("get,list,watch", "discovery.k8s.io", "endpointslices"),
                rule("create", "authentication.k8s.io", "tokenreviews"),
                rule("create", "authorization.k8s.io", "localsubjectaccessreviews,subjectaccessreviews"),
            ],
        ),
        role(
            "system:monitoring",
            vec![
                urls(
                    "get",
                    "/flagz,/healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*,/statusz",
                ),
                rule("get", "", "nodes/metrics"),
            ],
        ),
        role(
            "system:service-account-issuer-discovery",
            vec![urls(
                "get",
                "/.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/",
            )],
        ),
    ];
    let rows = |rows: &[controllers::Row]| rows.iter().map(|(verbs, of, what)| rule(verbs, of, what)).collect();
    roles.extend(controllers::COMPONENTS.iter().map(|(name, list)| role(name, rows(list))));
    roles.extend(
        controllers::CONTROLLERS.iter().map(|(name, list)| role(&format!("system:controller:{name}"), rows(list))),
    );
    roles.extend(controllers::APPROVERS.iter().map(|(name, signer)| {
        let mut approve = rule("approve", "certificates.k8s.io", "signers");
        approve.resource_names = vec![(*signer).to_owned()];
        role(name, vec![approve])
    }));
    roles
}

/// A part of one of the roles that are put together from others.
fn part(of: &str, rules: Vec<PolicyRule>) -> ClusterRole {
    let mut role = role(&format!("system:aggregate-to-{of}"), rules);
    role.metadata.labels.insert(format!("rbac.authorization.k8s.io/aggregate-to-{of}"), "true".into());
    role
}

/// A role that is put together from all that are labelled for it, and is itself part of the next larger one.
fn whole(name: &str) -> ClusterRole {
    let mut role = role(name, vec![]);
    if let Some(larger) = match name {
        "edit" => Some("admin"),
        "view" => Some("edit"),
        _ => None,
    } {
        role.metadata.labels.insert(format!("rbac.authorization.k8s.io/aggregate-to-{larger}"), "true".into());
    }
    let label = (format!("rbac.authorization.k8s.io/aggregate-to-{name}"), "true".to_owned());
    let selector = LabelSelector { match_labels: [label].into(), ..LabelSelector::default() };
    role.aggregation_rule = Some(Box::new(AggregationRule { cluster_role_selectors: vec![selector] }));
    role
}

fn bindings() -> Vec<ClusterRoleBinding> {
    let binding = |role: &str, groups: &[&str]| {
        let mut binding = ClusterRoleBinding::default();
        binding.metadata.name = role.into();
        binding.metadata.labels.insert("kubernetes.io/bootstrapping".into(), "rbac-defaults".into());
        binding.metadata.annotations.insert("rbac.authorization.kubernetes.io/autoupdate".into(), "true".into());
        binding.role_ref =
            RoleRef { api_group: "rbac.authorization.k8s.io".into(), kind: "ClusterRole".into(), name: role.into() };
        let subject = |group: &&str| Subject { kind: "Group".into(), name: (*group).into(), ..Subject::default() };
        binding.subjects = groups.iter().map(subject).collect();
        binding
    };
    let mut all = vec![
        binding("cluster-admin", &["system:masters"]),
        binding("system:discovery", &["system:authenticated"]),
        binding("system:public-info-viewer", &["system:authenticated", "system:unauthenticated"]),
        binding("system:basic-user", &["system:authenticated"]),
        binding("system:node", &["system:nodes"]),
        binding("system:monitoring", &["system:monitoring"]),
        binding("system:service-account-issuer-discovery", &["system:serviceaccounts"]),
    ];
    for (role, user) in controllers::USERS {
        let mut one = binding(role, &[]);
        one.subjects.push(Subject { kind: "User".into(), name: (*user).into(), ..Subject::default() });
        all.push(one);
    }
    let accounts = controllers::CONTROLLERS.iter().map(|(name, _)| (format!("system:controller:{name}"), *name));
    for (role, account) in accounts.chain([("system:kube-dns".to_owned(), "kube-dns")]) {
        let mut one = binding(&role, &[]);
        one.subjects.push(Subject {
            kind: "ServiceAccount".into(),
            name: account.into(),
            namespace: "kube-system".into(),
            ..Subject::default()
        });
        all.push(one);
    }
    all
}

/// The `kubernetes` Service and its endpoints: how pods reach the server.
async fn own_service(client: &Client, own: OwnAddress) -> Result<(), Status> {
    let mut service = Service::default();
    service.metadata.name = "kubernetes".into();
    service.metadata.labels =
        [("component", "apiserver"), ("provider", "kubernetes")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    service.spec.cluster_ip = own.cluster_ip.to_string();
    let target = own.listen.map_or(6443, |(_, port)| i32::from(port));
    service.spec.ports.push(ServicePort {
        name: "https".into(),
        protocol: "TCP".into(),
        port: 443,
        target_port: IntOrString::Int(target),
        ..ServicePort::default()
    });
    ensure(client, "default", &service).await?;
    let Some((address, port)) = own.listen else { return Ok(()) };
    let mut endpoints = Endpoints::default();
    endpoints.metadata.name = "kubernetes".into();
    endpoints.metadata.labels.insert("endpointslice.kubernetes.io/skip-mirror".into(), "true".into());
    endpoints.subsets.push(EndpointSubset {
        addresses: vec![EndpointAddress { ip: address.to_string(), ..EndpointAddress::default() }],
        ports: vec![EndpointPort {
            name: "https".into(),
            port: i32::from(port),
            protocol: "TCP".into(),
            ..EndpointPort::default()
        }],
        ..EndpointSubset::default()
    });
    // The address may differ from that of the last run, so these are replaced rather than left.
    let api = client.namespaced::<Endpoints>("default");
    if !is_loopback(address) {
        api.replace(&endpoints).await?;
        let mut slice = EndpointSlice { address_type: "IPv4".into(), ..EndpointSlice::default() };
        slice.metadata.name = "kubernetes".into();
        slice.metadata.labels.insert("kubernetes.io/service-name".into(), "kubernetes".into());
        let mut endpoint = Endpoint { addresses: vec![address.to_string()], ..Endpoint::default() };
        endpoint.conditions.ready = Some(true);
        slice.endpoints.push(endpoint);
        slice.ports.push(SlicePort {
            name: Some("https".into()),
            port: Some(i32::from(port)),
            protocol: Some("TCP".into()),
            ..SlicePort::default()
        });
        let slices = client.namespaced::<EndpointSlice>("default");
        match slices.create(&slice).await {
            Err(status) if status.is_already_exists() => drop(slices.replace(&slice).await?),
            other => drop(other?),
        }
    }
    Ok(())
}

/// Endpoints must not be loopback addresses: in a pod they would lead to the pod itself.
fn is_loopback(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_unspecified()
}
