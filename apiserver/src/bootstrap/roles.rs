//! The roles that every cluster has, and who has them.
//!
//! In: nothing. Out: ClusterRoles, Roles and their bindings, as objects. Elsewhere: the tables of the controllers'
//! roles (`controllers`). Source: Kubernetes reference, "Using RBAC Authorization", default roles and role bindings.

use pintle_object_model::Resource;
use pintle_object_model::api::meta::v1::{LabelSelector, ObjectMeta};
use pintle_object_model::api::rbac::v1::{
    AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

use super::controllers::{self, Row};

fn rule(verbs: &str, groups: &str, resources: &str) -> PolicyRule {
    let list = |text: &str| text.split(',').map(|word| word.trim().to_owned()).collect();
    PolicyRule { verbs: list(verbs), api_groups: list(groups), resources: list(resources), ..PolicyRule::default() }
}

fn urls(verbs: &str, paths: &str) -> PolicyRule {
    let list = |text: &str| text.split(',').map(|word| word.trim().to_owned()).collect();
    PolicyRule { verbs: list(verbs), non_resource_urls: list(paths), ..PolicyRule::default() }
}

/// Metadata that tells the objects of this module from those that people make.
fn metadata(namespace: &str, name: &str) -> ObjectMeta {
    let pair = |key: &str, value: &str| [(key.to_owned(), value.to_owned())].into();
    ObjectMeta {
        name: name.into(),
        namespace: namespace.into(),
        labels: pair("kubernetes.io/bootstrapping", "rbac-defaults"),
        annotations: pair("rbac.authorization.kubernetes.io/autoupdate", "true"),
        ..ObjectMeta::default()
    }
}

fn role(name: &str, rules: Vec<PolicyRule>) -> ClusterRole {
    ClusterRole { metadata: metadata("", name), rules, ..ClusterRole::default() }
}

/// Rules of a table. A resource may be narrowed to one name: `leases=kube-scheduler`.
fn rules(rows: &[Row]) -> Vec<PolicyRule> {
    let one = |(verbs, groups, resources): &Row| {
        let (resources, name) = resources.split_once('=').unwrap_or((resources, ""));
        let mut rule = rule(verbs, groups, resources);
        rule.resource_names.extend((!name.is_empty()).then(|| name.to_owned()));
        rule
    };
    rows.iter().map(one).collect()
}

/// What every node may do; the node authorizer narrows it to what its own pods need.
pub(crate) fn node_rules() -> Vec<PolicyRule> {
    rules(controllers::NODE)
}

pub(super) fn cluster_roles() -> Vec<ClusterRole> {
    const READ: &str = "get,list,watch";
    const WRITE: &str = "create,delete,deletecollection,patch,update";
    let view = rules(controllers::VIEW);
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
        role("system:node", node_rules()),
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
    roles.extend(controllers::COMPONENTS.iter().map(|(name, list)| role(name, rules(list))));
    roles.extend(
        controllers::CONTROLLERS.iter().map(|(name, list)| role(&format!("system:controller:{name}"), rules(list))),
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

fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef { api_group: Role::INFO.group.into(), kind: kind.into(), name: name.into() }
}

fn subject(kind: &str, name: &str) -> Subject {
    let namespace = if kind == "ServiceAccount" { "kube-system" } else { "" };
    Subject { kind: kind.into(), name: name.into(), namespace: namespace.into(), ..Subject::default() }
}

pub(super) fn cluster_bindings() -> Vec<ClusterRoleBinding> {
    let binding = |role: &str, kind: &str, subjects: &[&str]| ClusterRoleBinding {
        metadata: metadata("", role),
        role_ref: role_ref("ClusterRole", role),
        subjects: subjects.iter().map(|name| subject(kind, name)).collect(),
    };
    let mut all: Vec<_> = [
        ("cluster-admin", &["system:masters"][..]),
        ("system:discovery", &["system:authenticated"]),
        ("system:public-info-viewer", &["system:authenticated", "system:unauthenticated"]),
        ("system:basic-user", &["system:authenticated"]),
        // Nodes have their rights from the node authorizer.
        ("system:node", &[]),
        ("system:monitoring", &["system:monitoring"]),
        ("system:service-account-issuer-discovery", &["system:serviceaccounts"]),
    ]
    .iter()
    .map(|(role, groups)| binding(role, "Group", groups))
    .collect();
    all.extend(controllers::USERS.iter().map(|(role, user)| binding(role, "User", &[user])));
    let accounts = controllers::CONTROLLERS.iter().map(|(name, _)| (format!("system:controller:{name}"), *name));
    let accounts = accounts.chain([("system:kube-dns".to_owned(), "kube-dns")]);
    all.extend(accounts.map(|(role, account)| binding(&role, "ServiceAccount", &[account])));
    all
}

pub(super) fn roles() -> Vec<Role> {
    let role = |(namespace, name, rows, _): &controllers::Namespaced| Role {
        metadata: metadata(namespace, name),
        rules: rules(rows),
    };
    controllers::NAMESPACED.iter().map(role).collect()
}

pub(super) fn bindings() -> Vec<RoleBinding> {
    let binding = |(namespace, role, _, subjects): &controllers::Namespaced| {
        // The one binding that is not named after its role.
        let name = match *role {
            "extension-apiserver-authentication-reader" => "system::extension-apiserver-authentication-reader",
            other => other,
        };
        RoleBinding {
            metadata: metadata(namespace, name),
            role_ref: role_ref("Role", role),
            subjects: subjects.iter().map(|(kind, name)| subject(kind, name)).collect(),
        }
    };
    controllers::NAMESPACED.iter().map(binding).collect()
}
