//! API group `certificates`, version `v1`.

mod types;

pub use types::{
    CertificateSigningRequest, CertificateSigningRequestCondition, CertificateSigningRequestSpec,
    CertificateSigningRequestStatus,
};
