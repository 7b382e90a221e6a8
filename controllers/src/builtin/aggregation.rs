//! Cluster roles that are put together from others.
//!
//! In: ClusterRoles with an `aggregationRule`, and those that their selectors match. Out: their `rules`. Elsewhere: what
//! the rules allow (the API server, which draws the sum itself where nothing is written yet). Source: Kubernetes
//! reference, "Using RBAC Authorization", aggregated ClusterRoles.

use async_trait::async_trait;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::rbac::v1::{ClusterRole, PolicyRule};
use pintle_object_model::selector::Selector;

use crate::error::{Doing, gone_is_fine};
use crate::{Action, Context, Controller, ControllerError, Reconciler};

/// The `clusterrole-aggregation` controller.
pub(crate) fn controller() -> Controller {
    Controller::new("clusterrole-aggregation")
        .component("clusterrole-aggregation-controller")
        .for_::<ClusterRole>()
        .watches::<ClusterRole>(sums)
        .build(Aggregation)
}

/// Any role may be part of any sum; what a changed role was part of before only its old labels would tell.
fn sums(_changed: &ClusterRole, ctx: &Context) -> Vec<ObjectRef> {
    let all = ctx.cached::<ClusterRole>().list_in("");
    all.iter().filter(|role| role.aggregation_rule.is_some()).map(|role| ObjectRef::of(&**role)).collect()
}

struct Aggregation;

/// The rules of all roles that a selector of the role matches, each once, in the order of the roles' names.
fn sum<'a>(role: &ClusterRole, all: impl IntoIterator<Item = &'a ClusterRole>) -> Vec<PolicyRule> {
    let mut others: Vec<&ClusterRole> =
        all.into_iter().filter(|other| other.metadata.name != role.metadata.name).collect();
    others.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    let selectors = role.aggregation_rule.iter().flat_map(|rule| &rule.cluster_role_selectors);
    let mut rules: Vec<PolicyRule> = vec![];
    for selector in selectors.filter_map(|selector| Selector::from_object(selector).ok()) {
        for other in others.iter().filter(|other| selector.matches(&other.metadata.labels)) {
            for rule in &other.rules {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
    }
    rules
}

#[async_trait]
impl Reconciler for Aggregation {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(role) = ctx.cached::<ClusterRole>().get("", &key.name) else { return Ok(Action::done()) };
        if role.aggregation_rule.is_none() || role.metadata.deletion_timestamp.is_some() {
            return Ok(Action::done());
        }
        let all = ctx.cached::<ClusterRole>().list_in("");
        let rules = sum(&role, all.iter().map(|role| &**role));
        if rules != role.rules {
            let updated = ClusterRole { rules, ..(*role).clone() };
            let written = ctx.api::<ClusterRole>("").replace(&updated).await;
            gone_is_fine(written).doing(|| format!("writing the rules of {key}"))?;
        }
        Ok(Action::done())
    }
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::meta::v1::LabelSelector;
    use pintle_object_model::api::rbac::v1::AggregationRule;

    use super::*;

    fn part(name: &str, label: &str, verb: &str) -> ClusterRole {
        let mut role = ClusterRole::default();
        role.metadata.name = name.into();
        role.metadata.labels.insert(label.into(), "true".into());
        role.rules = vec![PolicyRule { verbs: vec![verb.into()], ..PolicyRule::default() }];
        role
    }

    #[test]
    fn rules_of_all_matching_roles_are_taken_once() {
        let mut whole = ClusterRole::default();
        whole.metadata.name = "whole".into();
        let selector =
            LabelSelector { match_labels: [("x".to_owned(), "true".to_owned())].into(), ..LabelSelector::default() };
        whole.aggregation_rule = Some(Box::new(AggregationRule { cluster_role_selectors: vec![selector] }));
        // The sum is itself labelled: it must not feed on itself.
        whole.metadata.labels.insert("x".into(), "true".into());
        whole.rules = vec![PolicyRule { verbs: vec!["old".into()], ..PolicyRule::default() }];
        let roles =
            [part("b", "x", "get"), part("a", "x", "list"), part("c", "x", "get"), part("d", "y", "no"), whole.clone()];
        let verbs: Vec<String> = sum(&whole, &roles).into_iter().flat_map(|rule| rule.verbs).collect();
        assert_eq!(verbs, ["list", "get"]);
    }
}
