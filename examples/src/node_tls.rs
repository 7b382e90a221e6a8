//! TLS of a node's API: a certificate of its own making, and callers of the cluster's authority only.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use pintle_apiserver::Authority;
use pintle_object_model::Time;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// The configuration for a node of this name and address, whose callers must show certificates of `authority` (PEM).
///
/// # Errors
/// If the authority cannot be used.
pub fn node_tls(authority: &str, name: &str, address: IpAddr, now: Time) -> Result<Arc<ServerConfig>> {
    let own = Authority::generate(&format!("{name}-ca"), now)?.server(
        &format!("system:node:{name}"),
        &[name],
        &[address],
        now,
    )?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        roots.add(certificate.context("reading the cluster's authority")?)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    let chain = CertificateDer::pem_slice_iter(own.certificate.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes())?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}
