//! Labels of nodes, as numbers, by column.
//!
//! Invariant: a key has a column (one entry per node) if it was among the first [`COLUMNS_MAX`]; labels of rarer keys are
//! found in the node's own list. So a cluster whose nodes have wildly different keys costs no more than its labels.

use std::collections::BTreeMap;

use super::{LabelKey, LabelValue, NodeIndex};
use crate::interner::{ABSENT, Id, Interner};

const COLUMNS_MAX: usize = 128;

#[derive(Clone, Debug, Default)]
pub(super) struct LabelColumns {
    keys: Interner,
    values: Interner,
    /// By key id - 1.
    columns: Vec<Vec<Id>>,
    /// Per node, ordered by key id.
    lists: Vec<Vec<(Id, Id)>>,
    in_use: usize,
    /// By key: how many nodes have each value.
    counts: BTreeMap<Id, BTreeMap<Id, usize>>,
}

impl LabelColumns {
    pub(super) fn key(&self, key: &str) -> Option<LabelKey> {
        self.keys.get(key).map(LabelKey)
    }

    pub(super) fn value(&self, value: &str) -> Option<LabelValue> {
        self.values.get(value).map(LabelValue)
    }

    pub(super) fn text(&self, value: LabelValue) -> &str {
        self.values.text(value.0)
    }

    pub(super) fn values_len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn len_in_use(&self) -> usize {
        self.in_use
    }

    pub(super) fn get(&self, node: NodeIndex, key: LabelKey) -> Option<LabelValue> {
        let found = match self.columns.get(key.0 as usize - 1) {
            Some(column) => column.get(node.index()).copied().unwrap_or(ABSENT),
            None => {
                let list = self.lists.get(node.index())?;
                list.binary_search_by_key(&key.0, |(key, _)| *key).map_or(ABSENT, |at| list[at].1)
            }
        };
        (found != ABSENT).then_some(LabelValue(found))
    }

    /// The values of a key, and how many nodes have each.
    pub(super) fn values_of(&self, key: LabelKey) -> impl Iterator<Item = (LabelValue, usize)> + '_ {
        self.counts.get(&key.0).into_iter().flatten().map(|(value, nodes)| (LabelValue(*value), *nodes))
    }

    fn uncount(&mut self, key: Id, value: Id) {
        let Some(values) = self.counts.get_mut(&key) else { return };
        if let Some(nodes) = values.get_mut(&value) {
            *nodes -= 1;
            if *nodes == 0 {
                values.remove(&value);
            }
        }
        if values.is_empty() {
            self.counts.remove(&key);
        }
    }

    pub(super) fn set(&mut self, node: NodeIndex, labels: &BTreeMap<String, String>) {
        if self.lists.len() <= node.index() {
            self.lists.resize(node.index() + 1, vec![]);
        }
        for (key, value) in std::mem::take(&mut self.lists[node.index()]) {
            self.in_use -= 1;
            self.uncount(key, value);
            if let Some(column) = self.columns.get_mut(key as usize - 1) {
                column[node.index()] = ABSENT;
            }
        }
        let mut list: Vec<(Id, Id)> =
            labels.iter().map(|(key, value)| (self.keys.intern(key), self.values.intern(value))).collect();
        list.sort_unstable();
        self.in_use += list.len();
        for (key, value) in &list {
            *self.counts.entry(*key).or_default().entry(*value).or_default() += 1;
            let at = *key as usize - 1;
            while self.columns.len() <= at && self.columns.len() < COLUMNS_MAX {
                self.columns.push(vec![]);
            }
            if let Some(column) = self.columns.get_mut(at) {
                if column.len() <= node.index() {
                    column.resize(node.index() + 1, ABSENT);
                }
                column[node.index()] = *value;
            }
        }
        self.lists[node.index()] = list;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_beyond_the_columns_are_found_too() {
        let mut labels = LabelColumns::default();
        let many: BTreeMap<String, String> = (0..300).map(|n| (format!("k{n:03}"), format!("v{n}"))).collect();
        labels.set(NodeIndex::new(2), &many);
        labels.set(NodeIndex::new(1), &BTreeMap::from([("k299".into(), "x".into())]));
        for n in [0, 127, 128, 299] {
            let key = labels.key(&format!("k{n:03}")).unwrap();
            let found = labels.get(NodeIndex::new(2), key).map(|value| labels.text(value).to_owned());
            assert_eq!(found, Some(format!("v{n}")));
            assert_eq!(labels.get(NodeIndex::new(0), key), None);
        }
        assert_eq!(labels.columns.len(), COLUMNS_MAX);
        labels.set(NodeIndex::new(2), &BTreeMap::new());
        assert_eq!(labels.get(NodeIndex::new(2), labels.key("k000").unwrap()), None);
        assert_eq!(labels.len_in_use(), 1);
    }
}
