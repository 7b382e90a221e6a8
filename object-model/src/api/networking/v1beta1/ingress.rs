//! The Ingress of `networking.k8s.io/v1beta1`: that of `extensions/v1beta1` under another name.

use crate::Resource;
use crate::api::extensions::v1beta1::IngressSpec;
use crate::api::meta::v1::ObjectMeta;
use crate::api::networking::v1::IngressStatus;

/// Routes HTTP requests by host and path to Services.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "networking.k8s.io",
    version = "v1beta1",
    plural = "ingresses",
    short = "ing",
    subresources = "status",
    rules
)]
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
