//! Columns of what nodes have and what is taken.

use std::collections::BTreeMap;

use pintle_object_model::Quantity;

use super::NodeIndex;
use crate::Requests;
use crate::interner::Interner;
use crate::requests::{CPU, EPHEMERAL_STORAGE, MEMORY, PODS, amount_of, is_extended};

/// The id of a resource in one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(u32);

impl ResourceId {
    /// Millicores.
    pub const CPU: Self = Self(0);
    /// Bytes.
    pub const MEMORY: Self = Self(1);
    /// Bytes of local scratch space.
    pub const EPHEMERAL_STORAGE: Self = Self(2);
    /// Number of pods.
    pub const PODS: Self = Self(3);

    fn at(self) -> usize {
        self.0 as usize
    }
}

/// One resource of all nodes.
#[derive(Clone, Debug, Default)]
pub struct ResourceColumn {
    /// What the node offers to pods.
    pub allocatable: Vec<i64>,
    /// What its pods ask for.
    pub requested: Vec<i64>,
}

impl ResourceColumn {
    /// What is left on a node; negative if it is overcommitted.
    pub fn free(&self, node: NodeIndex) -> i64 {
        self.allocatable[node.index()] - self.requested[node.index()]
    }

    fn grow(&mut self, slots: usize) {
        if self.allocatable.len() < slots {
            self.allocatable.resize(slots, 0);
            self.requested.resize(slots, 0);
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct ResourceColumns {
    names: Interner,
    columns: Vec<ResourceColumn>,
    pub(super) scored_cpu: Vec<i64>,
    pub(super) scored_memory: Vec<i64>,
}

impl Default for ResourceColumns {
    fn default() -> Self {
        let mut names = Interner::default();
        for name in [CPU, MEMORY, EPHEMERAL_STORAGE, PODS] {
            names.intern(name);
        }
        let columns = vec![ResourceColumn::default(); names.len()];
        Self { names, columns, scored_cpu: vec![], scored_memory: vec![] }
    }
}

impl ResourceColumns {
    pub(super) fn column(&self, resource: ResourceId) -> &ResourceColumn {
        &self.columns[resource.at()]
    }

    pub(super) fn id(&self, name: &str) -> Option<ResourceId> {
        self.names.get(name).map(|id| ResourceId(id - 1))
    }

    fn id_or_new(&mut self, name: &str) -> ResourceId {
        let id = self.names.intern(name) - 1;
        if id as usize >= self.columns.len() {
            let mut column = ResourceColumn::default();
            column.grow(self.scored_cpu.len());
            self.columns.push(column);
        }
        ResourceId(id)
    }

    fn grow(&mut self, node: NodeIndex) {
        let slots = node.index() + 1;
        if self.scored_cpu.len() < slots {
            self.scored_cpu.resize(slots, 0);
            self.scored_memory.resize(slots, 0);
            for column in &mut self.columns {
                column.grow(slots);
            }
        }
    }

    pub(super) fn set_allocatable(&mut self, node: NodeIndex, offered: &BTreeMap<String, Quantity>) {
        self.grow(node);
        for column in &mut self.columns {
            column.allocatable[node.index()] = 0;
        }
        for (name, quantity) in offered {
            if is_extended(name) || matches!(name.as_str(), CPU | MEMORY | EPHEMERAL_STORAGE | PODS) {
                let id = self.id_or_new(name);
                self.columns[id.at()].allocatable[node.index()] = amount_of(name, quantity);
            }
        }
    }

    pub(super) fn clear(&mut self, node: NodeIndex) {
        for column in &mut self.columns {
            column.allocatable[node.index()] = 0;
        }
    }

    /// Adds what a pod asks for (`times` 1), or takes it away (-1).
    pub(super) fn add(&mut self, node: NodeIndex, requests: &Requests, times: i64) {
        let at = node.index();
        self.columns[ResourceId::CPU.at()].requested[at] += times * requests.cpu_millis;
        self.columns[ResourceId::MEMORY.at()].requested[at] += times * requests.memory_bytes;
        self.columns[ResourceId::EPHEMERAL_STORAGE.at()].requested[at] += times * requests.ephemeral_storage_bytes;
        self.columns[ResourceId::PODS.at()].requested[at] += times;
        for (name, amount) in &requests.extended {
            let id = self.id_or_new(name);
            self.columns[id.at()].requested[at] += times * amount;
        }
        self.scored_cpu[at] += times * requests.scored_cpu_millis;
        self.scored_memory[at] += times * requests.scored_memory_bytes;
    }
}
