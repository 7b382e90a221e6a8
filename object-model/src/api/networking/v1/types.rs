//! Types of API group `networking`, version `v1`.

use crate::{Reflect, Resource};

/// IPAddress as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "networking.k8s.io",
    version = "v1",
    plural = "ipaddresses",
    scope = "Cluster",
    short = "ip"
)]
pub struct IPAddress {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: IPAddressSpec,
}

/// Ingress as of the API group it belongs to.
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
    #[field(tag = 2)]
    pub spec: Option<Box<IngressSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<IngressStatus>>,
}

/// IngressClass as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "networking.k8s.io",
    version = "v1",
    plural = "ingressclasses",
    scope = "Cluster",
    rules
)]
pub struct IngressClass {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<IngressClassSpec>>,
}

/// NetworkPolicy as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "networking.k8s.io",
    version = "v1",
    plural = "networkpolicies",
    short = "netpol",
    rules
)]
pub struct NetworkPolicy {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<NetworkPolicySpec>>,
}

/// ServiceCIDR as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "networking.k8s.io",
    version = "v1",
    plural = "servicecidrs",
    scope = "Cluster",
    subresources = "status"
)]
pub struct ServiceCIDR {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<ServiceCIDRSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<ServiceCIDRStatus>>,
}

/// HTTPIngressPath as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPIngressPath {
    /// See the API reference.
    #[field(tag = 1)]
    pub path: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub backend: IngressBackend,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub path_type: String,
}

/// HTTPIngressRuleValue as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct HTTPIngressRuleValue {
    /// See the API reference.
    #[field(tag = 1, always, required, list = "atomic")]
    pub paths: Vec<HTTPIngressPath>,
}

/// IPAddressSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IPAddressSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub parent_ref: ParentReference,
}

/// IPBlock as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IPBlock {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub cidr: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub except: Vec<String>,
}

/// IngressBackend as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressBackend {
    /// See the API reference.
    #[field(tag = 3)]
    pub resource: Option<Box<crate::api::core::v1::TypedLocalObjectReference>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub service: Option<Box<IngressServiceBackend>>,
}

/// IngressClassParametersReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressClassParametersReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub api_group: String,
    /// Kind of the object.
    #[field(tag = 2, always, required)]
    pub kind: String,
    /// See the API reference.
    #[field(tag = 3, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub scope: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub namespace: String,
}

/// IngressClassSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressClassSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub controller: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub parameters: Option<Box<IngressClassParametersReference>>,
}

/// IngressLoadBalancerIngress as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressLoadBalancerIngress {
    /// See the API reference.
    #[field(tag = 1)]
    pub ip: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub hostname: String,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub ports: Vec<IngressPortStatus>,
}

/// IngressLoadBalancerStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressLoadBalancerStatus {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub ingress: Vec<IngressLoadBalancerIngress>,
}

/// IngressPortStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressPortStatus {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub port: i32,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub protocol: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub error: String,
}

/// IngressRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressRule {
    /// See the API reference.
    #[field(tag = 1)]
    pub host: String,
    /// See the API reference.
    #[field(tag = 1, within = 2)]
    pub http: Option<Box<HTTPIngressRuleValue>>,
}

/// IngressServiceBackend as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressServiceBackend {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub port: Option<Box<ServiceBackendPort>>,
}

/// IngressSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressSpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub default_backend: Option<Box<IngressBackend>>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub tls: Vec<IngressTLS>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub rules: Vec<IngressRule>,
    /// See the API reference.
    #[field(tag = 4)]
    pub ingress_class_name: String,
}

/// IngressStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub load_balancer: Option<Box<IngressLoadBalancerStatus>>,
}

/// IngressTLS as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct IngressTLS {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub hosts: Vec<String>,
    /// See the API reference.
    #[field(tag = 2)]
    pub secret_name: String,
}

/// NetworkPolicyEgressRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicyEgressRule {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub ports: Vec<NetworkPolicyPort>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub to: Vec<NetworkPolicyPeer>,
}

/// NetworkPolicyIngressRule as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicyIngressRule {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub ports: Vec<NetworkPolicyPort>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub from: Vec<NetworkPolicyPeer>,
}

/// NetworkPolicyPeer as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicyPeer {
    /// See the API reference.
    #[field(tag = 1)]
    pub pod_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 2)]
    pub namespace_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub ip_block: Option<Box<IPBlock>>,
}

/// NetworkPolicyPort as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicyPort {
    /// See the API reference.
    #[field(tag = 1)]
    pub protocol: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub port: crate::IntOrString,
    /// See the API reference.
    #[field(tag = 3)]
    pub end_port: i32,
}

/// NetworkPolicySpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct NetworkPolicySpec {
    /// See the API reference.
    #[field(tag = 1)]
    pub pod_selector: Option<Box<crate::api::meta::v1::LabelSelector>>,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub ingress: Vec<NetworkPolicyIngressRule>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub egress: Vec<NetworkPolicyEgressRule>,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub policy_types: Vec<String>,
}

/// ParentReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ParentReference {
    /// See the API reference.
    #[field(tag = 1)]
    pub group: String,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub resource: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub namespace: String,
    /// See the API reference.
    #[field(tag = 4, always, required)]
    pub name: String,
}

/// ServiceBackendPort as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(atomic)]
pub struct ServiceBackendPort {
    /// See the API reference.
    #[field(tag = 1)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub number: i32,
}

/// ServiceCIDRSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceCIDRSpec {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub cidrs: Vec<String>,
}

/// ServiceCIDRStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct ServiceCIDRStatus {
    /// See the API reference.
    #[field(
        tag = 1,
        list = "map",
        keys = "type",
        patch = "merge",
        merge_key = "type"
    )]
    pub conditions: Vec<crate::api::meta::v1::Condition>,
}
