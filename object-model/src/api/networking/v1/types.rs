//! Types of API group `networking`, version `v1`.

use crate::{Reflect, Resource};

/// An ip address.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "networking.k8s.io", version = "v1", plural = "ipaddresses", scope = "Cluster", short = "ip", rules)]
pub struct IPAddress {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: IPAddressSpec,
}

/// An ingress.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "networking.k8s.io",
    version = "v1",
    plural = "ingresses",
    short = "ing",
    subresources = "status",
    rules
)]
pub struct Ingress {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: IngressSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: IngressStatus,
}

/// An ingress class.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "networking.k8s.io", version = "v1", plural = "ingressclasses", scope = "Cluster", rules)]
pub struct IngressClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: IngressClassSpec,
}

/// A network policy.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "networking.k8s.io", version = "v1", plural = "networkpolicies", short = "netpol", rules)]
pub struct NetworkPolicy {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: NetworkPolicySpec,
}

/// A service cidr.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "networking.k8s.io",
    version = "v1",
    plural = "servicecidrs",
    scope = "Cluster",
    subresources = "status",
    rules
)]
pub struct ServiceCIDR {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: ServiceCIDRSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: ServiceCIDRStatus,
}

/// A http ingress path.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPIngressPath {
    /// Path.
    #[field(tag = 1)]
    pub path: String,
    /// Backend.
    #[field(tag = 2, always, required)]
    pub backend: IngressBackend,
    /// Path type.
    #[field(tag = 3, required)]
    pub path_type: Option<String>,
}

/// A http ingress rule value.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPIngressRuleValue {
    /// Paths.
    #[field(tag = 1, always, required, list = "atomic")]
    pub paths: Vec<HTTPIngressPath>,
}

/// An ip address spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IPAddressSpec {
    /// Parent reference.
    #[field(tag = 1, always, required)]
    pub parent_ref: ParentReference,
}

/// An ip block.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IPBlock {
    /// Cidr.
    #[field(tag = 1, always, required)]
    pub cidr: String,
    /// Except.
    #[field(tag = 2, list = "atomic")]
    pub except: Vec<String>,
}

/// An ingress backend.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressBackend {
    /// Resource.
    #[field(tag = 3)]
    pub resource: Option<Box<crate::api::core::v1::TypedLocalObjectReference>>,
    /// Service.
    #[field(tag = 4)]
    pub service: Option<Box<IngressServiceBackend>>,
}

/// An ingress class parameters reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressClassParametersReference {
    /// Api group.
    #[field(tag = 1)]
    pub api_group: Option<String>,
    /// Kind of the object.
    #[field(tag = 2, always, required)]
    pub kind: String,
    /// Name.
    #[field(tag = 3, always, required)]
    pub name: String,
    /// Scope.
    #[field(tag = 4)]
    pub scope: Option<String>,
    /// Namespace.
    #[field(tag = 5)]
    pub namespace: Option<String>,
}

/// An ingress class spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressClassSpec {
    /// Controller.
    #[field(tag = 1)]
    pub controller: String,
    /// Parameters.
    #[field(tag = 2)]
    pub parameters: Option<Box<IngressClassParametersReference>>,
}

/// An ingress load balancer ingress.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressLoadBalancerIngress {
    /// Ip.
    #[field(tag = 1)]
    pub ip: String,
    /// Hostname.
    #[field(tag = 2)]
    pub hostname: String,
    /// Ports.
    #[field(tag = 4, list = "atomic")]
    pub ports: Vec<IngressPortStatus>,
}

/// An ingress load balancer status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressLoadBalancerStatus {
    /// Ingress.
    #[field(tag = 1, list = "atomic")]
    pub ingress: Vec<IngressLoadBalancerIngress>,
}

/// An ingress port status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressPortStatus {
    /// Port.
    #[field(tag = 1, always, required)]
    pub port: i32,
    /// Protocol.
    #[field(tag = 2, always, required)]
    pub protocol: String,
    /// Error.
    #[field(tag = 3)]
    pub error: Option<String>,
}

/// An ingress rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressRule {
    /// Host.
    #[field(tag = 1)]
    pub host: String,
    /// Http.
    #[field(tag = 1, within = 2)]
    pub http: Option<Box<HTTPIngressRuleValue>>,
}

/// An ingress service backend.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressServiceBackend {
    /// Name.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// Port.
    #[field(tag = 2)]
    pub port: Option<Box<ServiceBackendPort>>,
}

/// An ingress spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressSpec {
    /// Default backend.
    #[field(tag = 1)]
    pub default_backend: Option<Box<IngressBackend>>,
    /// Tls.
    #[field(tag = 2, list = "atomic")]
    pub tls: Vec<IngressTLS>,
    /// Rules.
    #[field(tag = 3, list = "atomic")]
    pub rules: Vec<IngressRule>,
    /// Ingress class name.
    #[field(tag = 4)]
    pub ingress_class_name: Option<String>,
}

/// An ingress status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressStatus {
    /// Load balancer.
    #[field(tag = 1, always)]
    pub load_balancer: IngressLoadBalancerStatus,
}

/// An ingress tls.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressTLS {
    /// Hosts.
    #[field(tag = 1, list = "atomic")]
    pub hosts: Vec<String>,
    /// Secret name.
    #[field(tag = 2)]
    pub secret_name: String,
}

/// A network policy egress rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicyEgressRule {
    /// Ports.
    #[field(tag = 1, list = "atomic")]
    pub ports: Vec<NetworkPolicyPort>,
    /// To.
    #[field(tag = 2, list = "atomic")]
    pub to: Vec<NetworkPolicyPeer>,
}

/// A network policy ingress rule.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicyIngressRule {
    /// Ports.
    #[field(tag = 1, list = "atomic")]
    pub ports: Vec<NetworkPolicyPort>,
    /// From.
    #[field(tag = 2, list = "atomic")]
    pub from: Vec<NetworkPolicyPeer>,
}

/// A network policy peer.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicyPeer {
    /// Pod selector.
    #[field(tag = 1)]
    pub pod_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Namespace selector.
    #[field(tag = 2)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// Ip block.
    #[field(tag = 3)]
    pub ip_block: Option<Box<IPBlock>>,
}

/// A network policy port.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicyPort {
    /// Protocol.
    #[field(tag = 1)]
    pub protocol: Option<String>,
    /// Port.
    #[field(tag = 2)]
    pub port: Option<crate::IntOrString>,
    /// End port.
    #[field(tag = 3)]
    pub end_port: Option<i32>,
}

/// A network policy spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicySpec {
    /// Pod selector.
    #[field(tag = 1, always)]
    pub pod_selector: crate::api::meta::v1::LabelSelector,
    /// Ingress.
    #[field(tag = 2, list = "atomic")]
    pub ingress: Vec<NetworkPolicyIngressRule>,
    /// Egress.
    #[field(tag = 3, list = "atomic")]
    pub egress: Vec<NetworkPolicyEgressRule>,
    /// Policy types.
    #[field(tag = 4, list = "atomic")]
    pub policy_types: Vec<String>,
}

/// A parent reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ParentReference {
    /// Group.
    #[field(tag = 1)]
    pub group: String,
    /// Resource.
    #[field(tag = 2, always, required)]
    pub resource: String,
    /// Namespace.
    #[field(tag = 3)]
    pub namespace: String,
    /// Name.
    #[field(tag = 4, always, required)]
    pub name: String,
}

/// A service backend port.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ServiceBackendPort {
    /// Name.
    #[field(tag = 1)]
    pub name: String,
    /// Number.
    #[field(tag = 2)]
    pub number: i32,
}

/// A service cidr spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceCIDRSpec {
    /// Cidrs.
    #[field(tag = 1, list = "atomic")]
    pub cidrs: Vec<String>,
}

/// A service cidr status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceCIDRStatus {
    /// Conditions.
    #[field(tag = 1, list = "map", keys = "type", patch = "merge", merge_key = "type")]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}
