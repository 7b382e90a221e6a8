//! Defaults and validation of the built-in kinds.
//!
//! In: objects as their authors wrote them. Out: filled in, and everything that is wrong with them. Invariant: pure
//! functions; the words are those that clients of Kubernetes see. Elsewhere: metadata (`validation`), rules that
//! need other objects (admission in `apiserver`).

mod config;
mod legacy;
mod network;
mod pod;
mod pod_defaults;
mod rbac;
mod service;
mod workload;

/// Kinds whose rules beyond their metadata are not written yet: they are stored as given.
macro_rules! metadata_only {
    ($($kind:ty),* $(,)?) => {
        $(impl crate::Rules for $kind {})*
    };
}

metadata_only!(
    crate::api::apps::v1::ControllerRevision,
    crate::api::autoscaling::v1::Scale,
    crate::api::autoscaling::v2::HorizontalPodAutoscaler,
    crate::api::batch::v1::CronJob,
    crate::api::core::v1::Binding,
    crate::api::core::v1::LimitRange,
    crate::api::core::v1::PersistentVolume,
    crate::api::core::v1::PersistentVolumeClaim,
    crate::api::core::v1::ResourceQuota,
    crate::api::networking::v1::NetworkPolicy,
    crate::api::node::v1::RuntimeClass,
    crate::api::policy::v1::PodDisruptionBudget,
    crate::api::scheduling::v1::PriorityClass,
    crate::api::storage::v1::StorageClass,
);
