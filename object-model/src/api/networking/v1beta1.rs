//! API group `networking`, version `v1beta1`.

mod ingress;
mod types;

pub use ingress::Ingress;
pub use types::{IPAddress, IPAddressSpec, ParentReference, ServiceCIDR, ServiceCIDRSpec, ServiceCIDRStatus};
