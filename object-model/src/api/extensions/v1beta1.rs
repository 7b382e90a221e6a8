//! API group `extensions`, version `v1beta1`: converted to `apps/v1` and `networking.k8s.io/v1`, in which the
//! objects are stored (see `scheme`).

use crate::api::apps::v1::{DeploymentStatus, DeploymentStrategy, ReplicaSetSpec, ReplicaSetStatus};
use crate::api::core::v1::{PodTemplateSpec, TypedLocalObjectReference};
use crate::api::meta::v1::{LabelSelector, ObjectMeta};
use crate::api::networking::v1::{IngressStatus, IngressTLS};
use crate::{IntOrString, Reflect, Resource};

/// Runs a number of equal pods and replaces them step by step when their template changes.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "extensions", version = "v1beta1", plural = "deployments", subresources = "scale,status", rules)]
pub struct Deployment {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: DeploymentSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: DeploymentStatus,
}

/// The pods that are wanted and how to replace them.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct DeploymentSpec {
    /// How many pods; 1 if not given.
    #[field(tag = 1)]
    pub replicas: Option<i32>,
    /// Which pods belong to the deployment; the labels of the template if not given.
    #[field(tag = 2)]
    pub selector: Option<Box<LabelSelector>>,
    /// What the pods look like.
    #[field(tag = 3, always, required)]
    pub template: PodTemplateSpec,
    /// How old pods are replaced.
    #[field(tag = 4, always, patch = "retainKeys")]
    pub strategy: DeploymentStrategy,
    /// How long a new pod must be ready before it counts, in seconds.
    #[field(tag = 5)]
    pub min_ready_seconds: i32,
    /// How many old replica sets are kept to roll back to.
    #[field(tag = 6)]
    pub revision_history_limit: Option<i32>,
    /// Changes of the template are not rolled out for now.
    #[field(tag = 7)]
    pub paused: bool,
    /// The revision to roll back to; accepted and ignored, as rolling back is done by applying an old template.
    #[field(tag = 8)]
    pub rollback_to: Option<Box<RollbackConfig>>,
    /// How long a rollout may stand still before it is reported as failed, in seconds.
    #[field(tag = 9)]
    pub progress_deadline_seconds: Option<i32>,
}

/// A revision to roll back to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct RollbackConfig {
    /// Its number; 0 for the last one.
    #[field(tag = 1)]
    pub revision: i64,
}

/// Keeps a number of equal pods running.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "extensions", version = "v1beta1", plural = "replicasets", subresources = "scale,status", rules)]
pub struct ReplicaSet {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: ReplicaSetSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ReplicaSetStatus,
}

/// Routes HTTP requests by host and path to Services.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "extensions", version = "v1beta1", plural = "ingresses", subresources = "status", rules)]
pub struct Ingress {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: IngressSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: IngressStatus,
}

/// The routes of an Ingress.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressSpec {
    /// Where requests go that no rule matches.
    #[field(tag = 1)]
    pub backend: Option<Box<IngressBackend>>,
    /// Certificates by host.
    #[field(tag = 2)]
    pub tls: Vec<IngressTLS>,
    /// Routes by host.
    #[field(tag = 3)]
    pub rules: Vec<IngressRule>,
    /// Name of the IngressClass that says who carries this out.
    #[field(tag = 4)]
    pub ingress_class_name: Option<String>,
}

/// Where requests go.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressBackend {
    /// Name of a Service in the namespace of the Ingress.
    #[field(tag = 1)]
    pub service_name: String,
    /// Number or name of a port of the Service.
    #[field(tag = 2, always)]
    pub service_port: IntOrString,
    /// Another object that takes the requests, instead of a Service.
    #[field(tag = 3)]
    pub resource: Option<Box<TypedLocalObjectReference>>,
}

/// The routes of one host.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressRule {
    /// DNS name of the host, perhaps with a `*` as its first label; empty for all.
    #[field(tag = 1)]
    pub host: String,
    /// Its paths.
    #[field(tag = 1, within = 2)]
    pub http: Option<Box<HTTPIngressRuleValue>>,
}

/// Paths and where they lead.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPIngressRuleValue {
    /// The paths.
    #[field(tag = 1, always, required)]
    pub paths: Vec<HTTPIngressPath>,
}

/// A path and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPIngressPath {
    /// The path; empty for all.
    #[field(tag = 1)]
    pub path: String,
    /// Where requests go.
    #[field(tag = 2, always, required)]
    pub backend: IngressBackend,
    /// How the path is compared: `Exact`, `Prefix` or `ImplementationSpecific` (what it is if not given).
    #[field(tag = 3)]
    pub path_type: Option<String>,
}
