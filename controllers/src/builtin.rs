//! The built-in controllers, by the names that Kubernetes gives them.

mod deployment;
mod endpoint_slice;
mod endpoints;
mod garbage;
mod namespace;
mod node_ipam;
mod node_lifecycle;
mod pod_garbage;
mod pods;
mod replica_set;
mod root_ca;
mod service_account;
mod service_endpoints;

use std::sync::Arc;

use ipnet::Ipv4Net;
use pintle_object_model::Scheme;
use pintle_object_model::clock::Clock;

use crate::Controller;

/// The names of all built-in controllers, in the order in which they are started.
pub const BUILTIN: [&str; 11] = [
    "serviceaccount",
    "root-ca-certificate-publisher",
    "nodeipam",
    "nodelifecycle",
    "pod-garbage-collector",
    "replicaset",
    "deployment",
    "endpoints",
    "endpointslice",
    "namespace",
    "garbagecollector",
];

/// What the built-in controllers must be told.
#[derive(Clone, Debug)]
pub struct BuiltinOptions {
    /// The kinds whose objects are collected with their owners and namespaces.
    pub scheme: Scheme,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Addresses of pods, cut into one range of 256 per node.
    pub pod_cidr: Option<Ipv4Net>,
    /// Certificate of the cluster's authority (PEM), published into every namespace.
    pub cluster_ca: Option<String>,
}

/// The built-in controller of this name, or `None` if it has nothing to do with these options (or there is none).
pub fn builtin(name: &str, options: &BuiltinOptions) -> Option<Controller> {
    Some(match name {
        "serviceaccount" => service_account::controller(),
        "root-ca-certificate-publisher" => root_ca::controller(options.cluster_ca.clone()?),
        "nodeipam" => node_ipam::controller(options.pod_cidr?),
        "nodelifecycle" => node_lifecycle::controller(),
        "pod-garbage-collector" => pod_garbage::controller(),
        "replicaset" => replica_set::controller(&options.clock),
        "deployment" => deployment::controller(),
        "endpoints" => endpoints::controller(),
        "endpointslice" => endpoint_slice::controller(),
        "namespace" => namespace::controller(&options.scheme),
        "garbagecollector" => garbage::controller(&options.scheme),
        _ => return None,
    })
}
