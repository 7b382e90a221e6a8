//! Certificates by server name.
//!
//! In: Secrets of type `kubernetes.io/tls` that Ingresses name. Out: the certificate for a handshake. Invariant: a server name
//! without a certificate gets the default one, so that its client sees a wrong name rather than a broken handshake.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use pintle_object_model::api::core::v1::Secret;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::IngressError;
use crate::route::Routes;

/// Certificates by Secret (`namespace/name`).
pub(crate) type Certificates = HashMap<String, Arc<CertifiedKey>>;

/// Picks the certificate of a handshake.
pub(crate) struct Resolver {
    pub(crate) routes: Arc<ArcSwap<Routes>>,
    pub(crate) certificates: Arc<ArcSwap<Certificates>>,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certificates = self.certificates.load();
        let routes = self.routes.load();
        let by_name = hello.server_name().and_then(|name| routes.secret_for(name));
        by_name.and_then(|secret| certificates.get(secret)).or_else(|| certificates.get("")).cloned()
    }
}

/// The certificate and key of a Secret.
pub(crate) fn certified_key(secret: &Secret) -> Result<CertifiedKey, String> {
    let part = |name: &str| secret.data.get(name).ok_or_else(|| format!("it has no {name}"));
    pem_key(&part("tls.crt")?.0, &part("tls.key")?.0)
}

pub(crate) fn pem_key(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    let chain = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("tls.crt: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("tls.key: {error}"))?;
    CertifiedKey::from_der(chain, key, &rustls::crypto::aws_lc_rs::default_provider())
        .map_err(|error| error.to_string())
}

pub(crate) fn server_config(resolver: Resolver) -> Result<rustls::ServerConfig, IngressError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| IngressError::Tls(error.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
