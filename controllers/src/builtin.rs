//! The built-in controllers, one module each.

pub(crate) mod daemon_set;
pub(crate) mod deployment;
pub(crate) mod endpoints;
pub(crate) mod garbage;
pub(crate) mod job;
pub(crate) mod namespace;
pub(crate) mod namespaced;
pub(crate) mod nodes;
pub(crate) mod replicas;
pub(crate) mod stateful_set;
