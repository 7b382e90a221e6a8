//! API group `networking`, version `v1beta1`.

mod types;

pub use types::{
    IPAddress, IPAddressSpec, ParentReference, ServiceCIDR, ServiceCIDRSpec, ServiceCIDRStatus,
};
