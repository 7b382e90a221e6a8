//! API group `networking`, version `v1`.

mod types;

pub use types::{
    HTTPIngressPath, HTTPIngressRuleValue, IPAddress, IPAddressSpec, IPBlock, Ingress, IngressBackend, IngressClass,
    IngressClassParametersReference, IngressClassSpec, IngressLoadBalancerIngress, IngressLoadBalancerStatus,
    IngressPortStatus, IngressRule, IngressServiceBackend, IngressSpec, IngressStatus, IngressTLS, NetworkPolicy,
    NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    ParentReference, ServiceBackendPort, ServiceCIDR, ServiceCIDRSpec, ServiceCIDRStatus,
};
