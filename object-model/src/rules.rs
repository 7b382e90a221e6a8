//! Defaults and validation of the built-in kinds.
//!
//! In: objects as their authors wrote them. Out: filled in, and everything that is wrong with them. Invariant: pure
//! functions; the words are those that clients of Kubernetes see. Elsewhere: metadata (`validation`), rules that
//! need other objects (admission in `apiserver`).

mod admission;
mod autoscaling;
mod check;
mod cluster;
mod config;
mod definition;
mod device;
mod driver;
mod endpoints;
mod event;
mod flowcontrol;
mod go;
mod ingress;
mod legacy;
mod network;
mod pod;
mod pod_defaults;
mod quota;
mod rbac;
mod registration;
mod revision;
mod scheduling;
mod selectors;
mod service;
mod slice;
mod storage;
mod volume;
mod webhook;
mod workload;

pub(crate) use registration::USAGES;

/// Kinds that are never stored: what they ask for is checked where it is carried out.
macro_rules! metadata_only {
    ($($kind:ty),* $(,)?) => {
        $(impl crate::Rules for $kind {})*
    };
}

metadata_only!(crate::api::autoscaling::v1::Scale, crate::api::core::v1::Binding,);
