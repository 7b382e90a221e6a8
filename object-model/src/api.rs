//! The kinds of the Kubernetes API, by group and version.
//!
//! Every struct here is the single definition of its type: the derive turns it into the tables from
//! which JSON, protobuf, OpenAPI and merge behaviour follow. Fields are `Vec`, `BTreeMap` or plain
//! values where empty and absent mean the same on the wire, and `Option` where they differ.

pub mod admissionregistration;
pub mod apiextensions;
pub mod apiregistration;
pub mod apiserverinternal;
pub mod apps;
pub mod authentication;
pub mod authorization;
pub mod autoscaling;
pub mod batch;
pub mod certificates;
pub mod coordination;
pub mod core;
pub mod discovery;
pub mod events;
pub mod extensions;
pub mod flowcontrol;
pub mod meta;
pub mod networking;
pub mod node;
pub mod policy;
pub mod rbac;
pub mod resource;
pub mod scheduling;
pub mod storage;
pub mod storagemigration;
