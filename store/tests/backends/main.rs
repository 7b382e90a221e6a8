//! Every backend keeps the promises of the trait, and its own. One binary, since linking is what tests cost most.

#[cfg(feature = "etcd")]
mod cluster;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "etcd")]
mod faults;
#[cfg(feature = "file")]
mod file;
#[cfg(feature = "file")]
mod full_disk;
mod linearizability;
mod memory;
#[cfg(feature = "etcd")]
mod support;
