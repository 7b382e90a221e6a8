//! Taints of nodes, as the number of a shared set: a pod's tolerations are compared with each set once, not with each node.

use pintle_object_model::api::core::v1::Taint;

use super::NodeIndex;

/// Beyond this many sets that nobody uses any more, numbers are given anew.
const UNUSED_MAX: usize = 1024;

#[derive(Clone, Debug)]
pub(super) struct TaintSets {
    /// Set 0 is the empty one.
    sets: Vec<Vec<Taint>>,
    users: Vec<usize>,
    of: Vec<usize>,
}

impl Default for TaintSets {
    fn default() -> Self {
        Self { sets: vec![vec![]], users: vec![0], of: vec![] }
    }
}

impl TaintSets {
    pub(super) fn of(&self, node: NodeIndex) -> usize {
        self.of.get(node.index()).copied().unwrap_or_default()
    }

    pub(super) fn sets(&self) -> &[Vec<Taint>] {
        &self.sets
    }

    pub(super) fn set(&mut self, node: NodeIndex, taints: &[Taint]) {
        if self.of.len() <= node.index() {
            self.of.resize(node.index() + 1, 0);
        }
        let old = self.of[node.index()];
        self.users[old] = self.users[old].saturating_sub(1);
        let found = self.sets.iter().position(|set| same(set, taints));
        // An unused number is taken over rather than a new one made; 0 stays the empty set.
        let free = || self.users.iter().skip(1).position(|users| *users == 0).map(|at| at + 1);
        let new = match found.or_else(|| if self.sets.len() > UNUSED_MAX { free() } else { None }) {
            Some(at) => at,
            None => {
                self.sets.push(vec![]);
                self.users.push(0);
                self.sets.len() - 1
            }
        };
        if found.is_none() {
            self.sets[new] = taints.to_vec();
        }
        self.users[new] += 1;
        self.of[node.index()] = new;
    }
}

/// When a taint was added does not matter to scheduling.
fn same(a: &[Taint], b: &[Taint]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.key == b.key && a.value == b.value && a.effect == b.effect)
}
