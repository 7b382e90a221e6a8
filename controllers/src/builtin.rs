//! The built-in controllers, one module each.

pub(crate) mod aggregation;
pub(crate) mod cron_job;
pub(crate) mod daemon_set;
pub(crate) mod deployment;
pub(crate) mod disruption;
pub(crate) mod endpoints;
pub(crate) mod garbage;
pub(crate) mod job;
pub(crate) mod namespace;
pub(crate) mod namespaced;
pub(crate) mod nodes;
pub(crate) mod quota;
pub(crate) mod replicas;
pub(crate) mod stateful_set;
pub(crate) mod ttl;
