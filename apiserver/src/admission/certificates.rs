//! Certificates: who may approve and sign requests, attest trust, and what no request may ask for.
//!
//! Source: Kubernetes admission controllers reference, "CertificateApproval", "CertificateSigning",
//! "CertificateSubjectRestriction", "ClusterTrustBundleAttest".

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::certificates::v1::CertificateSigningRequest;
use pintle_object_model::api::certificates::{v1alpha1, v1beta1};
use pintle_object_model::{AnyResource, Status};
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::{AdmissionPlugin, Attributes, Operation, collects_garbage, refuse};
use crate::authz::{Authorizer, ResourceAction};

const GROUP: &str = "certificates.k8s.io";

/// May the author do this for the signer, by its name or by all of its domain?
fn may(authorizer: &dyn Authorizer, attributes: &Attributes<'_>, verb: &str, signer: &str) -> bool {
    let domain = signer.split_once('/').map(|(domain, _)| format!("{domain}/*"));
    let names = [Some(signer.to_owned()), domain];
    names.into_iter().flatten().any(|name| {
        authorizer.allows(attributes.identity, &ResourceAction::new(verb, GROUP, "signers").on("", &name).into())
    })
}

macro_rules! asks_authorizer {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name {
            authorizer: Arc<dyn Authorizer>,
        }

        impl $name {
            /// Asks this authorizer.
            pub fn new(authorizer: Arc<dyn Authorizer>) -> Self {
                Self { authorizer }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

asks_authorizer!(
    /// Only who may `approve` for a signer approves or denies requests to it.
    CertificateApproval
);
asks_authorizer!(
    /// Only who may `sign` for a signer sets certificates of requests to it.
    CertificateSigning
);
asks_authorizer!(
    /// Only who may `attest` for a signer says whom its holders are to trust.
    ClusterTrustBundleAttest
);

#[async_trait]
impl AdmissionPlugin for CertificateApproval {
    fn name(&self) -> &'static str {
        "CertificateApproval"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Update
    }

    async fn validate(&self, attributes: &Attributes<'_>, _object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let old = attributes.old.and_then(|old| old.downcast::<CertificateSigningRequest>());
        let Some(old) = old.filter(|_| attributes.subresource == "approval") else { return Ok(()) };
        let signer = &old.spec.signer_name;
        if may(&*self.authorizer, attributes, "approve", signer) {
            return Ok(());
        }
        Err(refuse(attributes, format!("user not permitted to approve requests with signerName {signer:?}")))
    }
}

#[async_trait]
impl AdmissionPlugin for CertificateSigning {
    fn name(&self) -> &'static str {
        "CertificateSigning"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Update
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let new = object.and_then(|object| object.as_any().downcast_ref::<CertificateSigningRequest>());
        let old = attributes.old.and_then(|old| old.downcast::<CertificateSigningRequest>());
        let (Some(new), Some(old), "status") = (new, old, attributes.subresource) else { return Ok(()) };
        let failed = |of: &CertificateSigningRequest| {
            of.status.conditions.iter().filter(|condition| condition.type_ == "Failed").cloned().collect::<Vec<_>>()
        };
        // Only the certificate and the note that there will be none are the signer's business.
        if new.status.certificate == old.status.certificate && failed(new) == failed(old) {
            return Ok(());
        }
        let signer = &old.spec.signer_name;
        if may(&*self.authorizer, attributes, "sign", signer) {
            return Ok(());
        }
        Err(refuse(attributes, format!("user not permitted to sign requests with signerName {signer:?}")))
    }
}

/// The signer that a trust bundle names; `None` for other objects, and for bundles of no signer.
fn signer_of_bundle(object: &dyn std::any::Any) -> Option<&str> {
    let name = if let Some(bundle) = object.downcast_ref::<v1beta1::ClusterTrustBundle>() {
        &bundle.spec.signer_name
    } else {
        &object.downcast_ref::<v1alpha1::ClusterTrustBundle>()?.spec.signer_name
    };
    (!name.is_empty()).then_some(name)
}

#[async_trait]
impl AdmissionPlugin for ClusterTrustBundleAttest {
    fn name(&self) -> &'static str {
        "ClusterTrustBundleAttest"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let Some(object) = object else { return Ok(()) };
        let Some(signer) = signer_of_bundle(object.as_any()) else { return Ok(()) };
        let collected = attributes.old.and_then(|old| old.typed()).is_some_and(|old| collects_garbage(object, old));
        if collected || may(&*self.authorizer, attributes, "attest", signer) {
            return Ok(());
        }
        Err(refuse(attributes, format!("user not permitted to attest for signerName {signer:?}")))
    }
}

/// Nobody becomes `system:masters` by a client certificate.
#[derive(Debug, Default)]
pub struct CertificateSubjectRestriction;

/// Does the request (PEM) ask for a certificate of this organization?
fn asks_for(request: &[u8], organization: &str) -> bool {
    let Ok(der) = CertificateSigningRequestDer::from_pem_slice(request) else { return false };
    let Ok((_, parsed)) = X509CertificationRequest::from_der(&der) else { return false };
    let subject = &parsed.certification_request_info.subject;
    subject.iter_organization().filter_map(|name| name.as_str().ok()).any(|name| name == organization)
}

#[async_trait]
impl AdmissionPlugin for CertificateSubjectRestriction {
    fn name(&self) -> &'static str {
        "CertificateSubjectRestriction"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        const SIGNER: &str = "kubernetes.io/kube-apiserver-client";
        let request = object.and_then(|object| object.as_any().downcast_ref::<CertificateSigningRequest>());
        let Some(request) = request.filter(|_| attributes.subresource.is_empty()) else { return Ok(()) };
        if request.spec.signer_name == SIGNER && asks_for(request.spec.request.as_ref(), "system:masters") {
            return Err(refuse(attributes, format!("use of {SIGNER} signer with system:masters group is not allowed")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organization_of_a_request_is_read() {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "system:masters");
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.serialize_request(&key).unwrap().pem().unwrap();
        assert!(asks_for(pem.as_bytes(), "system:masters"));
        assert!(!asks_for(pem.as_bytes(), "others"));
        assert!(!asks_for(b"nonsense", "system:masters"));
    }
}
