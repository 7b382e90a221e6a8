//! Certificates, signing keys and kubeconfigs of a cluster.
//!
//! In: where the server listens, and the folder in which keys are kept. Out: PEM and the text of kubeconfigs. Invariant: a
//! cluster that starts again on the same folder has the same authority and signing key, so that kubeconfigs and tokens
//! that were handed out stay valid. Elsewhere: making keys (`apiserver`).

use std::net::IpAddr;
use std::path::Path;

use pintle_apiserver::{Authority, Issued, PkiError, rsa_signing_keys, signing_keys};
use pintle_client::{Cluster as ServerEntry, Kubeconfig, TlsOptions, User};
use pintle_object_model::Time;

use crate::ClusterError;

/// The authority of a cluster, its server's certificate, and the key that signs its service-account tokens.
#[derive(Debug)]
pub struct Credentials {
    authority: Authority,
    server: Issued,
    signing: (String, String),
    now: Time,
}

/// Names by which the server is reached inside the cluster.
const NAMES: [&str; 5] =
    ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];

impl Credentials {
    /// New keys for a server with these addresses.
    ///
    /// # Errors
    /// If the cryptography library fails.
    pub fn generate(addresses: &[IpAddr], now: Time) -> Result<Self, PkiError> {
        Self::of(Authority::generate("pintle-ca", now)?, signing_keys()?, addresses, now)
    }

    /// The keys that are kept in a folder; made and written there if they are missing.
    ///
    /// # Errors
    /// If a file cannot be read or written, or does not hold what it should.
    pub async fn load(folder: &Path, addresses: &[IpAddr], now: Time) -> Result<Self, ClusterError> {
        let [ca, ca_key, signer, verifier] = ["ca.crt", "ca.key", "sa.key", "sa.pub"].map(|name| folder.join(name));
        if tokio::fs::try_exists(&ca).await.unwrap_or(false) {
            let pair = Issued { certificate: read(&ca).await?, key: read(&ca_key).await? };
            let signing = (read(&signer).await?, read(&verifier).await?);
            return Ok(Self::of(Authority::from_pem(&pair)?, signing, addresses, now)?);
        }
        // Keys that stay are of the sort that every relying party understands; they take a moment to make.
        let made = Self::of(Authority::generate("pintle-ca", now)?, rsa_signing_keys()?, addresses, now)?;
        let pair = made.authority.to_pem();
        write_private(&signer, &made.signing.0).await?;
        write_private(&verifier, &made.signing.1).await?;
        write_private(&ca_key, &pair.key).await?;
        // Last, because its presence says that all is there.
        write_private(&ca, &pair.certificate).await?;
        Ok(made)
    }

    fn of(authority: Authority, signing: (String, String), addresses: &[IpAddr], now: Time) -> Result<Self, PkiError> {
        let server = authority.server("kube-apiserver", &NAMES, addresses, now)?;
        Ok(Self { authority, server, signing, now })
    }

    /// The authority, to issue further certificates.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The server's certificate and key.
    pub fn server(&self) -> &Issued {
        &self.server
    }

    /// Private and public half of the key that signs service-account tokens, PEM.
    pub fn signing(&self) -> &(String, String) {
        &self.signing
    }

    /// What the API server shows to node agents.
    ///
    /// # Errors
    /// If the cryptography library fails.
    pub fn node_client(&self) -> Result<TlsOptions, PkiError> {
        let issued = self.authority.client("kube-apiserver-kubelet-client", "system:masters", self.now)?;
        let client = Some((issued.certificate.into_bytes(), issued.key.into_bytes()));
        Ok(TlsOptions { client, ..TlsOptions::default() })
    }

    /// The text of a kubeconfig for a user (of a group) of the server at this URL.
    ///
    /// # Errors
    /// If the cryptography library fails.
    pub fn kubeconfig(&self, url: &str, user: &str, group: &str) -> Result<String, PkiError> {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let issued = self.authority.client(user, group, self.now)?;
        let cluster = ServerEntry {
            server: url.to_owned(),
            certificate_authority_data: encode(&self.authority.certificate()),
            ..ServerEntry::default()
        };
        let user = User {
            client_certificate_data: encode(&issued.certificate),
            client_key_data: encode(&issued.key),
            ..User::default()
        };
        Ok(Kubeconfig::single("pintle", &cluster, &user))
    }
}

pub(crate) async fn read(path: &Path) -> Result<String, ClusterError> {
    tokio::fs::read_to_string(path).await.map_err(|source| ClusterError::Read { path: path.to_owned(), source })
}

/// Writes a file that only its owner can read: it holds keys. It appears whole or not at all.
pub(crate) async fn write_private(path: &Path, text: &str) -> Result<(), ClusterError> {
    write(path, text).await.map_err(|source| ClusterError::Write { path: path.to_owned(), source })
}

async fn write(path: &Path, text: &str) -> std::io::Result<()> {
    use tokio::io::AsyncWriteExt as _;
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        tokio::fs::create_dir_all(directory).await?;
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&part).await?;
    file.write_all(text.as_bytes()).await?;
    file.sync_all().await?;
    tokio::fs::rename(&part, path).await
}
