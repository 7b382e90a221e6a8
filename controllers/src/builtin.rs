//! The built-in controllers, one module each.

pub(crate) mod deployment;
pub(crate) mod endpoints;
pub(crate) mod garbage;
pub(crate) mod namespace;
pub(crate) mod namespaced;
pub(crate) mod nodes;
pub(crate) mod replicas;
