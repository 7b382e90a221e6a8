//! TLS for connections to API servers.
//!
//! Invariant: no process-wide provider is set; a server is always verified unless the caller says otherwise.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::Service;

/// How to secure a connection.
#[derive(Clone, Default)]
pub struct TlsOptions {
    /// Certificates of the authorities to trust (PEM).
    pub ca: Option<Vec<u8>>,
    /// Client certificate and key (PEM).
    pub client: Option<(Vec<u8>, Vec<u8>)>,
    /// Name to verify instead of the one in the address.
    pub server_name: Option<String>,
    /// Trust any server. For tests only.
    pub insecure: bool,
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("ca", &self.ca.is_some())
            .field("client", &self.client.is_some())
            .field("server_name", &self.server_name)
            .field("insecure", &self.insecure)
            .finish()
    }
}

/// TLS material that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Not PEM of what was expected.
    #[error("reading {what}: {why}")]
    Pem {
        /// What was read.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The TLS library refuses it.
    #[error("setting up TLS: {0}")]
    Refused(String),
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::Pem { what, why: error.to_string() })
}

fn pair(certificate: &[u8], key: &[u8]) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let chain = certificates(certificate, "the client certificate")?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| TlsError::Pem { what: "the client key", why: error.to_string() })?;
    Ok((chain, key))
}

/// The client certificate for new connections, where it may change. Empty at first.
#[derive(Debug, Default)]
pub struct CertificateSlot(Mutex<Option<Arc<CertifiedKey>>>);

impl CertificateSlot {
    /// Puts a certificate and its key (PEM) in.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn set(&self, certificate: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let (chain, key) = pair(certificate, key)?;
        let certified = CertifiedKey::from_der(chain, key, &provider());
        let certified = certified.map_err(|error| TlsError::Refused(error.to_string()))?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(certified));
        Ok(())
    }

    fn get(&self) -> Option<Arc<CertifiedKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesClientCert for CertificateSlot {
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.get().filter(|certified| certified.key.choose_scheme(schemes).is_some())
    }
    fn has_certs(&self) -> bool {
        self.get().is_some()
    }
}

impl TlsOptions {
    /// The rustls configuration, offering h2 if asked.
    ///
    /// # Errors
    /// If the certificates or the key cannot be used.
    pub fn config(&self, h2: bool) -> Result<ClientConfig, TlsError> {
        self.config_with(h2, None)
    }

    /// The same with client certificates that may change; the fixed one goes before them.
    fn config_with(&self, h2: bool, slot: Option<Arc<CertificateSlot>>) -> Result<ClientConfig, TlsError> {
        let refused = |error: rustls::Error| TlsError::Refused(error.to_string());
        let builder =
            ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(refused)?;
        let builder = if self.insecure {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(TrustAnyone(provider())))
        } else {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(self.ca.as_deref().unwrap_or_default(), "the CA bundle")? {
                roots.add(certificate).map_err(refused)?;
            }
            builder.with_root_certificates(roots)
        };
        let mut config = match (&self.client, slot) {
            (None, None) => builder.with_no_client_auth(),
            (None, Some(slot)) => builder.with_client_cert_resolver(slot),
            (Some((certificate, key)), _) => {
                let (chain, key) = pair(certificate, key)?;
                builder.with_client_auth_cert(chain, key).map_err(refused)?
            }
        };
        config.alpn_protocols =
            if h2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
        Ok(config)
    }
}

/// Verifies signatures, not names: the other side may be anyone.
#[derive(Debug)]
struct TrustAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Opens TCP connections, with TLS for `https`.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
    server_name: Option<String>,
    timeout: Duration,
}

impl Connector {
    pub(crate) fn new(
        options: &TlsOptions,
        h2: bool,
        timeout: Duration,
        slot: Option<Arc<CertificateSlot>>,
    ) -> Result<Self, TlsError> {
        let tls = TlsConnector::from(Arc::new(options.config_with(h2, slot)?));
        Ok(Self { tls, server_name: options.server_name.clone(), timeout })
    }

    async fn connect(self, uri: Uri) -> std::io::Result<TokioIo<Stream>> {
        let timeout = self.timeout;
        let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, format!("no connection within {timeout:?}"));
        tokio::time::timeout(timeout, self.open(uri)).await.map_err(late)?
    }

    async fn open(self, uri: Uri) -> std::io::Result<TokioIo<Stream>> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let tcp = TcpStream::connect((host.as_str(), port)).await?;
        tcp.set_nodelay(true)?;
        if !secure {
            return Ok(TokioIo::new(Stream::Plain(tcp)));
        }
        let name = self.server_name.unwrap_or(host);
        let name = ServerName::try_from(name).map_err(std::io::Error::other)?;
        let stream = self.tls.connect(name, tcp).await?;
        Ok(TokioIo::new(Stream::Tls(Box::new(stream))))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<TokioIo<Stream>>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// A connection with or without TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match self {
            Self::Tls(stream) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => Connected::new().negotiated_h2(),
            _ => Connected::new(),
        }
    }
}

macro_rules! both {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain(inner) => {
                let $stream = Pin::new(inner);
                $call
            }
            Stream::Tls(inner) => {
                let $stream = Pin::new(inner);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        both!(self, stream => stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        both!(self, stream => stream.poll_write(cx, bytes))
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        both!(self, stream => stream.poll_flush(cx))
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        both!(self, stream => stream.poll_shutdown(cx))
    }
}
