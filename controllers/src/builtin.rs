//! The built-in controllers, one module each.

pub(crate) mod deployment;
pub(crate) mod replicas;
