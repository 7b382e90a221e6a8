//! Node selectors, compiled against one snapshot: keys and values as ids.

use std::collections::BTreeMap;

use pintle_object_model::api::core::v1::{NodeSelector, NodeSelectorRequirement, NodeSelectorTerm};

use crate::{LabelKey, LabelValue, NodeView, Snapshot};

/// A compiled comparison.
#[derive(Clone, Debug)]
enum Test {
    /// The label has one of these values. `None`: the key is unknown, so no node has it.
    In(Option<LabelKey>, Vec<LabelValue>),
    /// The label is missing or has none of these values.
    NotIn(Option<LabelKey>, Vec<LabelValue>),
    Exists(Option<LabelKey>),
    DoesNotExist(Option<LabelKey>),
    Greater(Option<LabelKey>, i64),
    Less(Option<LabelKey>, i64),
    Name(String),
    NotName(String),
    /// Malformed: nothing matches.
    Never,
}

impl Test {
    fn label(snapshot: &Snapshot, requirement: &NodeSelectorRequirement) -> Self {
        let key = snapshot.label_key(&requirement.key);
        let values = || requirement.values.iter().filter_map(|value| snapshot.label_value(value)).collect();
        let number = || match requirement.values.as_slice() {
            [one] => one.parse::<i64>().ok(),
            _ => None,
        };
        match requirement.operator.as_str() {
            "In" => Self::In(key, values()),
            "NotIn" => Self::NotIn(key, values()),
            "Exists" => Self::Exists(key),
            "DoesNotExist" => Self::DoesNotExist(key),
            "Gt" => number().map_or(Self::Never, |bound| Self::Greater(key, bound)),
            "Lt" => number().map_or(Self::Never, |bound| Self::Less(key, bound)),
            _ => Self::Never,
        }
    }

    fn field(requirement: &NodeSelectorRequirement) -> Self {
        match (requirement.key.as_str(), requirement.operator.as_str(), requirement.values.as_slice()) {
            ("metadata.name", "In", [name]) => Self::Name(name.clone()),
            ("metadata.name", "NotIn", [name]) => Self::NotName(name.clone()),
            _ => Self::Never,
        }
    }

    fn holds(&self, node: NodeView<'_>) -> bool {
        let value = |key: &Option<LabelKey>| key.and_then(|key| node.label(key));
        let number =
            |key: &Option<LabelKey>| value(key).and_then(|value| node.snapshot().label_text(value).parse::<i64>().ok());
        match self {
            Self::In(key, values) => value(key).is_some_and(|value| values.contains(&value)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| !values.contains(&value)),
            Self::Exists(key) => value(key).is_some(),
            Self::DoesNotExist(key) => value(key).is_none(),
            Self::Greater(key, bound) => number(key).is_some_and(|number| number > *bound),
            Self::Less(key, bound) => number(key).is_some_and(|number| number < *bound),
            Self::Name(name) => node.name() == name,
            Self::NotName(name) => node.name() != name,
            Self::Never => false,
        }
    }
}

/// All requirements of one term. An empty term matches nothing.
#[derive(Clone, Debug)]
pub(super) struct CompiledTerm {
    tests: Vec<Test>,
}

impl CompiledTerm {
    pub(super) fn new(snapshot: &Snapshot, term: &NodeSelectorTerm) -> Self {
        let labels = term.match_expressions.iter().map(|requirement| Test::label(snapshot, requirement));
        let fields = term.match_fields.iter().map(Test::field);
        Self { tests: labels.chain(fields).collect() }
    }

    /// Every label equal to the given ones; none of them matches everything.
    fn equals(snapshot: &Snapshot, labels: &BTreeMap<String, String>) -> Self {
        let test = |(key, value): (&String, &String)| {
            Test::In(snapshot.label_key(key), snapshot.label_value(value).into_iter().collect())
        };
        Self { tests: labels.iter().map(test).collect() }
    }

    fn all(&self, node: NodeView<'_>) -> bool {
        self.tests.iter().all(|test| test.holds(node))
    }

    pub(super) fn matches(&self, node: NodeView<'_>) -> bool {
        !self.tests.is_empty() && self.all(node)
    }
}

/// What a pod requires of its node's labels: `nodeSelector` and required node affinity.
#[derive(Clone, Debug)]
pub(super) struct CompiledNodeSelector {
    equals: CompiledTerm,
    any_of: Option<Vec<CompiledTerm>>,
}

impl CompiledNodeSelector {
    pub(super) fn new(snapshot: &Snapshot, pod: &pintle_object_model::api::core::v1::Pod) -> Self {
        let affinity = pod.spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let required =
            affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
        Self {
            equals: CompiledTerm::equals(snapshot, &pod.spec.node_selector),
            any_of: required.map(|selector| {
                selector.node_selector_terms.iter().map(|term| CompiledTerm::new(snapshot, term)).collect()
            }),
        }
    }

    /// A selector by itself, such as a volume's.
    pub(super) fn of_terms(snapshot: &Snapshot, selector: &NodeSelector) -> Self {
        let terms = selector.node_selector_terms.iter().map(|term| CompiledTerm::new(snapshot, term));
        Self { equals: CompiledTerm { tests: vec![] }, any_of: Some(terms.collect()) }
    }

    /// Does it match every node?
    pub(super) fn is_empty(&self) -> bool {
        self.equals.tests.is_empty() && self.any_of.is_none()
    }

    pub(super) fn matches(&self, node: NodeView<'_>) -> bool {
        self.equals.all(node) && self.any_of.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(node)))
    }
}
