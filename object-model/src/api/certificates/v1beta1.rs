//! API group `certificates`, version `v1beta1`.

mod types;

pub use types::{
    ClusterTrustBundle, ClusterTrustBundleSpec, PodCertificateRequest, PodCertificateRequestSpec,
    PodCertificateRequestStatus,
};
