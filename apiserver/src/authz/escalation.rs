//! Nobody gives away rights that they do not have.
//!
//! In: writes of roles and bindings. Out: refusals that name the rights that are missing. Who may `escalate` the role,
//! or `bind` it, is not asked further, nor is `system:masters`. Unlike the other plugins this one cannot be switched
//! off: RBAC without it protects nothing. Source: Kubernetes reference, "Privilege escalation prevention and
//! bootstrapping".

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use pintle_client::Identity;
use pintle_object_model::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef};
use pintle_object_model::{AnyResource, Status};

use super::rbac::{Rbac, joined};
use super::rules::{go_list, missing, shown};
use super::{Authorizer, ResourceAction, is_master};
use crate::admission::{AdmissionPlugin, Attributes, Operation, collects_garbage, refuse};

/// See the module documentation.
pub(crate) struct EscalationGuard {
    rbac: Arc<Rbac>,
    authorizer: Arc<dyn Authorizer>,
}

const GROUP: &str = "rbac.authorization.k8s.io";

impl EscalationGuard {
    pub(crate) fn new(rbac: Arc<Rbac>, authorizer: Arc<dyn Authorizer>) -> Self {
        Self { rbac, authorizer }
    }

    fn may(&self, identity: &Identity, verb: &str, resource: &str, namespace: &str, name: &str) -> bool {
        self.authorizer.allows(identity, &ResourceAction::new(verb, GROUP, resource).on(namespace, name).into())
    }

    /// Does the author of the write hold all of this?
    fn holds(&self, attributes: &Attributes<'_>, wanted: &[PolicyRule]) -> Result<(), String> {
        let identity = attributes.identity;
        let (held, problems) = self.rbac.held(identity, attributes.namespace);
        let lacking: BTreeSet<String> = missing(&held, wanted).iter().map(shown).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let lines = lacking.into_iter().collect::<Vec<_>>().join("\n");
        let mut why = format!(
            "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{lines}",
            identity.user,
            go_list(&identity.groups)
        );
        if !problems.is_empty() {
            why.push_str(&format!("; resolution errors: {}", joined(&problems)));
        }
        Err(why)
    }

    fn check_role(
        &self,
        attributes: &Attributes<'_>,
        resource: &str,
        name: &str,
        rules: &[PolicyRule],
        aggregates: bool,
    ) -> Result<(), Status> {
        if self.may(attributes.identity, "escalate", resource, attributes.namespace, name) {
            return Ok(());
        }
        self.holds(attributes, rules).map_err(|why| refuse(attributes, why))?;
        if aggregates && self.holds(attributes, &everything()).is_err() {
            return Err(refuse(attributes, "must have cluster-admin privileges to use the aggregationRule"));
        }
        Ok(())
    }

    fn check_binding(&self, attributes: &Attributes<'_>, reference: &RoleRef) -> Result<(), Status> {
        let resource = if reference.kind == "ClusterRole" { "clusterroles" } else { "roles" };
        if self.may(attributes.identity, "bind", resource, attributes.namespace, &reference.name) {
            return Ok(());
        }
        let Some(rules) = self.rbac.rules_of(reference, attributes.namespace) else {
            return Err(Status::not_found(&attributes.resource.group_resource(), &reference.name));
        };
        self.holds(attributes, &rules).map_err(|why| refuse(attributes, why))
    }
}

fn everything() -> Vec<PolicyRule> {
    let all = || vec!["*".to_owned()];
    vec![
        PolicyRule { verbs: all(), api_groups: all(), resources: all(), ..PolicyRule::default() },
        PolicyRule { verbs: all(), non_resource_urls: all(), ..PolicyRule::default() },
    ]
}

#[async_trait]
impl AdmissionPlugin for EscalationGuard {
    fn name(&self) -> &'static str {
        "RbacEscalation"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        if attributes.kind.group != GROUP || is_master(attributes.identity) {
            return Ok(());
        }
        let old = attributes.old.and_then(|old| old.typed());
        if old.is_some_and(|old| collects_garbage(object, old)) {
            return Ok(());
        }
        let any = object.as_any();
        if let Some(role) = any.downcast_ref::<Role>() {
            self.check_role(attributes, "roles", &role.metadata.name, &role.rules, false)
        } else if let Some(role) = any.downcast_ref::<ClusterRole>() {
            let before = attributes.old.and_then(|old| old.downcast::<ClusterRole>());
            let aggregates =
                role.aggregation_rule.is_some() || before.is_some_and(|before| before.aggregation_rule.is_some());
            self.check_role(attributes, "clusterroles", &role.metadata.name, &role.rules, aggregates)
        } else if let Some(binding) = any.downcast_ref::<RoleBinding>() {
            self.check_binding(attributes, &binding.role_ref)
        } else if let Some(binding) = any.downcast_ref::<ClusterRoleBinding>() {
            self.check_binding(attributes, &binding.role_ref)
        } else {
            Ok(())
        }
    }
}
