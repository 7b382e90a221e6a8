//! Judges the history of one register with compare-and-swap: is there an order of its operations, each between its
//! call and its return, in which every answer is right?
//!
//! In: operations with their times. Out: yes or no. Method: depth-first search over what may come next, remembering
//! the pairs of done operations and state that led nowhere (Wing and Gong's algorithm with Lowe's memory). Values are
//! unique, so the search rarely branches.

use std::collections::HashSet;

/// What is in the register: the number of a value, or nothing.
pub(super) type Content = Option<u64>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Read {
        found: Content,
    },
    /// Done, since `expected` was there.
    Swapped {
        expected: Content,
        new: Content,
    },
    /// Not done, since `found` was there.
    Refused {
        expected: Content,
        found: Content,
    },
    /// Nobody knows: done at some time after the call, or never.
    Unknown {
        expected: Content,
        new: Content,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) called: u64,
    /// `u64::MAX` if it never did.
    pub(super) returned: u64,
    pub(super) action: Action,
}

impl Action {
    /// The content after it, if it is right to happen on `content`.
    fn apply(self, content: Content) -> Option<Content> {
        match self {
            Self::Read { found } => (found == content).then_some(content),
            Self::Swapped { expected, new } => (expected == content).then_some(new),
            Self::Refused { expected, found } => (found == content && expected != content).then_some(content),
            // Where it would change nothing it need not happen at all, which spares the search that choice.
            Self::Unknown { expected, new } => (expected == content).then_some(new),
        }
    }
}

/// Is there such an order, from an empty register?
pub(super) fn is_linearizable(operations: &[Operation]) -> bool {
    let mut sorted = operations.to_vec();
    sorted.sort_by_key(|operation| operation.called);
    let mut search = Search { done: vec![0; sorted.len().div_ceil(64)], failed: HashSet::new(), operations: sorted };
    search.from(None)
}

struct Search {
    operations: Vec<Operation>,
    done: Vec<u64>,
    failed: HashSet<(Vec<u64>, Content)>,
}

impl Search {
    fn is_done(&self, index: usize) -> bool {
        self.done[index / 64] & 1 << (index % 64) != 0
    }

    /// Depth is the number of operations, which harnesses keep to hundreds.
    fn from(&mut self, content: Content) -> bool {
        let open: Vec<usize> = (0..self.operations.len()).filter(|index| !self.is_done(*index)).collect();
        // What nobody knows the outcome of may never happen.
        if open.iter().all(|index| matches!(self.operations[*index].action, Action::Unknown { .. })) {
            return true;
        }
        if !self.failed.insert((self.done.clone(), content)) {
            return false;
        }
        // Nothing that was called after another had returned may come before it.
        let first_return = open.iter().map(|index| self.operations[*index].returned).min().unwrap_or(u64::MAX);
        for index in open {
            if self.operations[index].called > first_return {
                break;
            }
            let Some(after) = self.operations[index].action.apply(content) else { continue };
            self.done[index / 64] |= 1 << (index % 64);
            if self.from(after) {
                return true;
            }
            self.done[index / 64] &= !(1 << (index % 64));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(operations: &[(u64, u64, Action)]) -> bool {
        let operation = |(called, returned, action): &(u64, u64, Action)| Operation {
            called: *called,
            returned: *returned,
            action: *action,
        };
        is_linearizable(&operations.iter().map(operation).collect::<Vec<_>>())
    }

    const CREATE: Action = Action::Swapped { expected: None, new: Some(1) };
    const UPDATE: Action = Action::Swapped { expected: Some(1), new: Some(2) };

    #[test]
    fn right_histories_pass() {
        assert!(history(&[(0, 1, CREATE), (2, 3, UPDATE), (4, 5, Action::Read { found: Some(2) })]));
        // Reads that overlap a change may see either side of it.
        assert!(history(&[(0, 1, CREATE), (2, 9, UPDATE), (3, 4, Action::Read { found: Some(1) })]));
        assert!(history(&[(0, 1, CREATE), (2, 9, UPDATE), (3, 4, Action::Read { found: Some(2) })]));
        let refused = Action::Refused { expected: None, found: Some(1) };
        assert!(history(&[(0, 5, CREATE), (1, 4, refused)]));
        let lost = Action::Unknown { expected: Some(1), new: Some(2) };
        assert!(history(&[(0, 1, CREATE), (2, u64::MAX, lost), (5, 6, Action::Read { found: Some(2) })]));
        assert!(history(&[(0, 1, CREATE), (2, u64::MAX, lost), (5, 6, Action::Read { found: Some(1) })]));
    }

    #[test]
    fn wrong_histories_do_not() {
        // A stale read.
        assert!(!history(&[(0, 1, CREATE), (2, 3, UPDATE), (4, 5, Action::Read { found: Some(1) })]));
        // A value that nobody had put yet.
        assert!(!history(&[(0, 1, Action::Read { found: Some(1) }), (2, 3, CREATE)]));
        // Two swaps of the same value.
        let other = Action::Swapped { expected: Some(1), new: Some(3) };
        assert!(!history(&[(0, 1, CREATE), (2, 9, UPDATE), (2, 9, other)]));
        // Refused although the expected value was there all the time.
        assert!(!history(&[
            (0, 1, CREATE),
            (2, 3, Action::Refused { expected: Some(1), found: Some(2) }),
            (4, 5, UPDATE)
        ]));
        // Back and forth.
        let reads = [Some(2), Some(1)].map(|found| Action::Read { found });
        assert!(!history(&[(0, 1, CREATE), (2, 9, UPDATE), (3, 4, reads[0]), (5, 6, reads[1])]));
    }
}
