//! Defaults and validation of the built-in kinds.
//!
//! In: objects as their authors wrote them. Out: filled in, and everything that is wrong with them. Invariant: pure
//! functions; the words are those that clients of Kubernetes see. Elsewhere: metadata (`validation`), rules that
//! need other objects (admission in `apiserver`).

mod admission;
mod config;
mod definition;
mod legacy;
mod network;
mod pod;
mod pod_defaults;
mod policy;
mod rbac;
mod selectors;
mod service;
mod storage;
mod workload;

/// Kinds whose rules beyond their metadata are not written yet: they are stored as given.
macro_rules! metadata_only {
    ($($kind:ty),* $(,)?) => {
        $(impl crate::Rules for $kind {})*
    };
}

metadata_only!(
    crate::api::autoscaling::v1::Scale,
    crate::api::core::v1::Binding,
    crate::api::core::v1::ResourceQuota,
    crate::api::node::v1::RuntimeClass,
);
