//! TLS of the server: what it shows of itself, and whose certificates it believes.
//!
//! In: certificates and keys, PEM. Out: the configuration of one handshake. Invariants: material that cannot be used
//! leaves the former in place; connections that are open keep what they began with. Elsewhere: who a certificate stands
//! for (`authn`), making certificates (`pki`).

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;
use x509_parser::extensions::{GeneralName, ParsedExtension};

use crate::pki::Issued;
use crate::server::SetupError;

/// What a server shows and believes.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsMaterial {
    /// Shown to whoever asks for no other name.
    pub identity: Issued,
    /// Shown to those who ask for certain names, the first that fits.
    pub named: Vec<NamedIdentity>,
    /// Authorities of clients, PEM; several may stand one after the other.
    pub client_ca: String,
    /// The oldest version that is spoken.
    pub oldest: TlsVersion,
}

/// A certificate for certain host names.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedIdentity {
    /// Names such as `api.example.com` or `*.example.com`; those of the certificate if empty.
    pub names: Vec<String>,
    /// The certificate and its key.
    pub identity: Issued,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// The server's side of TLS. Clones share what they show, so that it can be changed while the server runs.
#[derive(Clone, Debug)]
pub struct TlsServer {
    current: Arc<ArcSwap<ServerConfig>>,
}

impl TlsServer {
    /// Serves with this certificate; clients may show certificates of `client_ca` (PEM).
    ///
    /// # Errors
    /// If the material cannot be used.
    pub fn new(identity: &Issued, client_ca: &str) -> Result<Self, SetupError> {
        Self::of(&TlsMaterial {
            identity: identity.clone(),
            named: vec![],
            client_ca: client_ca.to_owned(),
            oldest: TlsVersion::default(),
        })
    }

    /// Serves with this material.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn of(material: &TlsMaterial) -> Result<Self, SetupError> {
        Ok(Self { current: Arc::new(ArcSwap::from(configuration(material)?)) })
    }

    /// Shows and believes this from the next connection on.
    ///
    /// # Errors
    /// If the material cannot be used; the former stays.
    pub fn reload(&self, material: &TlsMaterial) -> Result<(), SetupError> {
        self.current.store(configuration(material)?);
        Ok(())
    }

    /// For one handshake.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }
}

fn unusable(why: impl std::fmt::Display) -> SetupError {
    SetupError::Config(format!("setting up TLS: {why}"))
}

fn configuration(material: &TlsMaterial) -> Result<Arc<ServerConfig>, SetupError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(material.client_ca.as_bytes()) {
        roots.add(certificate.map_err(unusable)?).map_err(unusable)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(unusable)?;
    let mut named = vec![];
    for each in &material.named {
        let key = certified(&each.identity, &provider)?;
        let names = if each.names.is_empty() { names_of(&key)? } else { each.names.clone() };
        named.push((names.iter().map(|name| name.to_ascii_lowercase()).collect(), Arc::new(key)));
    }
    let shown = Shown { usual: Arc::new(certified(&material.identity, &provider)?), named };
    let versions: &[_] = match material.oldest {
        TlsVersion::Tls12 => &[&rustls::version::TLS12, &rustls::version::TLS13],
        TlsVersion::Tls13 => &[&rustls::version::TLS13],
    };
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(unusable)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(shown));
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(server))
}

fn certified(identity: &Issued, provider: &CryptoProvider) -> Result<CertifiedKey, SetupError> {
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(unusable)?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(unusable)?;
    // Also holds the key against the certificate.
    CertifiedKey::from_der(chain, key, provider).map_err(unusable)
}

/// The host names that a certificate is for.
fn names_of(key: &CertifiedKey) -> Result<Vec<String>, SetupError> {
    let der = key.cert.first().ok_or_else(|| unusable("there is no certificate"))?;
    let (_, certificate) = x509_parser::parse_x509_certificate(der).map_err(unusable)?;
    let names = certificate.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    let names = names.flatten().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    Ok(names.collect())
}

/// Chooses what to show by the name that a client asks for.
#[derive(Debug)]
struct Shown {
    usual: Arc<CertifiedKey>,
    named: Vec<(Vec<String>, Arc<CertifiedKey>)>,
}

impl Shown {
    fn choose(&self, asked: Option<&str>) -> &Arc<CertifiedKey> {
        let Some(asked) = asked.map(str::to_ascii_lowercase) else { return &self.usual };
        let fits = |name: &String| match name.strip_prefix("*.") {
            // A star stands for one label.
            Some(parent) => asked.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && rest == parent),
            None => *name == asked,
        };
        self.named.iter().find(|(names, _)| names.iter().any(fits)).map_or(&self.usual, |(_, key)| key)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.choose(hello.server_name())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::Authority;
    use pintle_object_model::Time;

    fn identity(authority: &Authority, names: &[&str]) -> Issued {
        authority.server("server", names, &[], Time::from_unix(1_700_000_000)).unwrap()
    }

    #[test]
    fn names_choose_certificates() {
        let authority = Authority::generate("ca", Time::from_unix(1_700_000_000)).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let key = |names: &[&str]| certified(&identity(&authority, names), &provider).unwrap();
        let api = key(&["api.example.com"]);
        assert_eq!(names_of(&api).unwrap(), ["api.example.com"]);
        let shown = Shown {
            usual: Arc::new(key(&["localhost"])),
            named: vec![
                (vec!["api.example.com".into()], Arc::new(api)),
                (vec!["*.apps.example.com".into()], Arc::new(key(&["x"]))),
            ],
        };
        let place = |asked| {
            let chosen = shown.choose(asked);
            shown.named.iter().position(|(_, key)| Arc::ptr_eq(key, chosen))
        };
        assert_eq!(place(Some("API.example.com")), Some(0));
        assert_eq!(place(Some("a.apps.example.com")), Some(1));
        assert_eq!(place(Some("a.b.apps.example.com")), None);
        assert_eq!(place(Some("apps.example.com")), None);
        assert_eq!(place(None), None);
    }

    #[test]
    fn what_cannot_be_used_changes_nothing() {
        let authority = Authority::generate("ca", Time::from_unix(1_700_000_000)).unwrap();
        let good = identity(&authority, &["localhost"]);
        let server = TlsServer::new(&good, &authority.certificate()).unwrap();
        let before = server.current.load_full();
        let mut material = TlsMaterial {
            identity: Issued { key: identity(&authority, &["localhost"]).key, ..good.clone() },
            named: vec![],
            client_ca: authority.certificate(),
            oldest: TlsVersion::Tls13,
        };
        // The key of another certificate.
        assert!(server.reload(&material).is_err());
        assert!(Arc::ptr_eq(&before, &server.current.load_full()));
        material.identity = good;
        server.reload(&material).unwrap();
        assert!(!Arc::ptr_eq(&before, &server.current.load_full()));
    }
}
