//! Affinity of pods to pods, parsed.
//!
//! In: `spec.affinity` of a pod. Out: [`PodTerms`]. Invariant: a selector that cannot be parsed selects nothing (the API
//! server refuses such pods). Source: Kubernetes concepts, "Inter-pod affinity and anti-affinity"; KEP-3633
//! (`matchLabelKeys`, `mismatchLabelKeys`).

use std::collections::BTreeMap;

use pintle_object_model::api::core::v1::{Pod, PodAffinityTerm, WeightedPodAffinityTerm};
use pintle_object_model::selector::{Operator, Requirement, Selector};

use crate::PodInfo;

/// One term: which pods it is about, and the domain in which it holds.
#[derive(Clone, Debug)]
pub struct PodTerm {
    namespaces: Vec<String>,
    namespace_selector: Option<Selector>,
    selector: Selector,
    /// The node label that names the domain.
    pub topology_key: String,
    /// How much a preferred term counts (1 to 100); 1 for required ones.
    pub weight: i32,
}

/// All terms of a pod.
#[derive(Clone, Debug, Default)]
pub struct PodTerms {
    /// Must be near.
    pub required_affinity: Vec<PodTerm>,
    /// Must not be near.
    pub required_anti_affinity: Vec<PodTerm>,
    /// Had better be near.
    pub preferred_affinity: Vec<PodTerm>,
    /// Had better not be near.
    pub preferred_anti_affinity: Vec<PodTerm>,
}

impl PodTerms {
    pub(crate) fn of(pod: &Pod) -> Self {
        let Some(affinity) = &pod.spec.affinity else { return Self::default() };
        let required = |terms: &[PodAffinityTerm]| terms.iter().map(|term| PodTerm::new(pod, term, 1)).collect();
        let preferred = |terms: &[WeightedPodAffinityTerm]| {
            terms.iter().map(|term| PodTerm::new(pod, &term.pod_affinity_term, term.weight)).collect()
        };
        let mut found = Self::default();
        if let Some(near) = &affinity.pod_affinity {
            found.required_affinity = required(&near.required_during_scheduling_ignored_during_execution);
            found.preferred_affinity = preferred(&near.preferred_during_scheduling_ignored_during_execution);
        }
        if let Some(far) = &affinity.pod_anti_affinity {
            found.required_anti_affinity = required(&far.required_during_scheduling_ignored_during_execution);
            found.preferred_anti_affinity = preferred(&far.preferred_during_scheduling_ignored_during_execution);
        }
        found
    }

    /// Are there no terms at all?
    pub fn is_empty(&self) -> bool {
        !self.has_required() && !self.has_preferred()
    }

    /// Are there required terms?
    pub fn has_required(&self) -> bool {
        !self.required_affinity.is_empty() || !self.required_anti_affinity.is_empty()
    }

    /// Are there preferred terms?
    pub fn has_preferred(&self) -> bool {
        !self.preferred_affinity.is_empty() || !self.preferred_anti_affinity.is_empty()
    }
}

impl PodTerm {
    fn new(pod: &Pod, term: &PodAffinityTerm, weight: i32) -> Self {
        let mut selector = Selector::from_field(term.label_selector.as_deref());
        let extra = keyed(pod, &term.match_label_keys, Operator::In)
            .into_iter()
            .chain(keyed(pod, &term.mismatch_label_keys, Operator::NotIn))
            .collect::<Vec<_>>();
        if !extra.is_empty() && term.label_selector.is_some() {
            selector = Selector::new(selector.requirements().iter().cloned().chain(extra).collect());
        }
        let mut namespaces = term.namespaces.clone();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.push(pod.metadata.namespace.clone());
        }
        Self {
            namespaces,
            namespace_selector: term.namespace_selector.as_deref().map(|field| Selector::from_field(Some(field))),
            selector,
            topology_key: term.topology_key.clone(),
            weight,
        }
    }

    /// Is the term about this pod? `namespace_labels` are those of the pod's namespace.
    pub fn matches(&self, pod: &PodInfo, namespace_labels: &BTreeMap<String, String>) -> bool {
        let in_namespace = self.namespaces.iter().any(|namespace| namespace == pod.namespace())
            || self.namespace_selector.as_ref().is_some_and(|selector| selector.matches(namespace_labels));
        in_namespace && self.selector.matches(&pod.pod().metadata.labels)
    }

    /// As [`matches`](Self::matches), but a namespace whose labels are not known counts as selected.
    pub(crate) fn could_match(&self, pod: &PodInfo, namespace_labels: &BTreeMap<String, String>) -> bool {
        self.matches(pod, namespace_labels)
            || self.namespace_selector.is_some() && self.selector.matches(&pod.pod().metadata.labels)
    }
}

/// One requirement per key that the pod itself has as a label.
pub(crate) fn keyed(pod: &Pod, keys: &[String], operator: Operator) -> Vec<Requirement> {
    keys.iter()
        .filter_map(|key| {
            let value = pod.metadata.labels.get(key)?;
            Some(Requirement { key: key.clone(), operator, values: vec![value.clone()] })
        })
        .collect()
}
