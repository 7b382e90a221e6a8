//! A set of nodes of one snapshot, as bits.
//!
//! In: node indexes. Out: set operations that plugins use to rule out many nodes at once. Invariant: a set may cover only a
//! window of the indexes (a block of one cycle); what lies outside the window is not in the set.

use crate::snapshot::NodeIndex;

/// A set of [`NodeIndex`]es. Iteration is in ascending order.
#[derive(Clone, Debug, Default)]
pub struct NodeSet {
    /// Index of the first word.
    first: usize,
    words: Vec<u64>,
}

const BITS: usize = 64;

impl NodeSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The members of `of` in the half-open range of indexes.
    pub(crate) fn window(of: &Self, from: usize, to: usize) -> Self {
        if from >= to {
            return Self::default();
        }
        let first = from / BITS;
        let last = (to - 1) / BITS;
        let mut words: Vec<u64> = (first..=last).map(|word| of.word(word)).collect();
        words[0] &= u64::MAX << (from % BITS);
        if !to.is_multiple_of(BITS) {
            let end = words.len() - 1;
            words[end] &= u64::MAX >> (BITS - to % BITS);
        }
        Self { first, words }
    }

    fn word(&self, word: usize) -> u64 {
        word.checked_sub(self.first).and_then(|at| self.words.get(at)).copied().unwrap_or_default()
    }

    /// Adds a node. Sets that were cut to a window grow as needed.
    pub fn insert(&mut self, node: NodeIndex) {
        let word = node.index() / BITS;
        if self.words.is_empty() {
            self.first = word;
        } else if word < self.first {
            let missing = self.first - word;
            self.words.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = word;
        }
        let at = word - self.first;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        self.words[at] |= 1 << (node.index() % BITS);
    }

    /// Takes a node out.
    pub fn remove(&mut self, node: NodeIndex) {
        let word = node.index() / BITS;
        if let Some(found) = word.checked_sub(self.first).and_then(|at| self.words.get_mut(at)) {
            *found &= !(1 << (node.index() % BITS));
        }
    }

    /// Adds or takes out a node.
    pub fn set(&mut self, node: NodeIndex, member: bool) {
        if member {
            self.insert(node);
        } else {
            self.remove(node);
        }
    }

    /// Is this node a member?
    pub fn contains(&self, node: NodeIndex) -> bool {
        self.word(node.index() / BITS) & (1 << (node.index() % BITS)) != 0
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Are there no members?
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Keeps the members for which `keep` holds. This is the inner loop of whole-snapshot filters.
    pub fn retain(&mut self, mut keep: impl FnMut(NodeIndex) -> bool) {
        for (at, word) in self.words.iter_mut().enumerate() {
            let base = (self.first + at) * BITS;
            let mut rest = *word;
            while rest != 0 {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                if !keep(NodeIndex::new(base + bit)) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// Takes out all members of `other`.
    pub fn subtract(&mut self, other: &Self) {
        for (at, word) in self.words.iter_mut().enumerate() {
            *word &= !other.word(self.first + at);
        }
    }

    /// Keeps only members of `other`.
    pub fn intersect(&mut self, other: &Self) {
        for (at, word) in self.words.iter_mut().enumerate() {
            *word &= other.word(self.first + at);
        }
    }

    /// Takes out everything.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.words.iter().enumerate().flat_map(move |(at, word)| {
            let base = (self.first + at) * BITS;
            let mut rest = *word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                Some(NodeIndex::new(base + bit))
            })
        })
    }
}

impl PartialEq for NodeSet {
    /// Equal members; windows do not matter.
    fn eq(&self, other: &Self) -> bool {
        let first = self.first.min(other.first);
        let last = (self.first + self.words.len()).max(other.first + other.words.len());
        (first..last).all(|word| self.word(word) == other.word(word))
    }
}
impl Eq for NodeSet {}

impl FromIterator<NodeIndex> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeIndex>>(nodes: I) -> Self {
        let mut set = Self::new();
        for node in nodes {
            set.insert(node);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(indexes: &[usize]) -> NodeSet {
        indexes.iter().map(|index| NodeIndex::new(*index)).collect()
    }
    fn indexes(set: &NodeSet) -> Vec<usize> {
        set.iter().map(NodeIndex::index).collect()
    }

    #[test]
    fn a_window_holds_exactly_its_range() {
        let all = set(&[0, 5, 63, 64, 127, 128, 300]);
        assert_eq!(indexes(&NodeSet::window(&all, 5, 128)), [5, 63, 64, 127]);
        assert_eq!(indexes(&NodeSet::window(&all, 64, 65)), [64]);
        assert_eq!(indexes(&NodeSet::window(&all, 129, 301)), [300]);
        assert!(NodeSet::window(&all, 7, 7).is_empty());
    }

    #[test]
    fn operations_across_windows() {
        let mut window = NodeSet::window(&set(&[1, 64, 65, 200]), 64, 256);
        window.subtract(&set(&[1, 65]));
        assert_eq!(indexes(&window), [64, 200]);
        window.insert(NodeIndex::new(2));
        assert_eq!(indexes(&window), [2, 64, 200]);
        window.retain(|node| node.index() > 2);
        window.intersect(&set(&[200, 2]));
        assert_eq!(window, set(&[200]));
        assert_eq!(window.len(), 1);
        assert!(window.contains(NodeIndex::new(200)) && !window.contains(NodeIndex::new(64)));
    }
}
