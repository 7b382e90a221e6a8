//! Certificates and the kubeconfig of a cluster.
//!
//! In: where the server listens. Out: PEM and the text of a kubeconfig. Elsewhere: making keys (`apiserver`).

use std::net::IpAddr;

use pintle_apiserver::{Authority, Issued, PkiError};
use pintle_client::{Cluster as ServerEntry, Kubeconfig, User};
use pintle_object_model::Time;

/// The authority of a cluster, its server's certificate and its administrator's.
#[derive(Debug)]
pub struct Credentials {
    authority: Authority,
    server: Issued,
    admin: Issued,
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
        let authority = Authority::generate("pintle-ca", now)?;
        let server = authority.server("kube-apiserver", &NAMES, addresses, now)?;
        let admin = authority.client("kubernetes-admin", "system:masters", now)?;
        Ok(Self { authority, server, admin })
    }

    /// The authority, to issue further certificates.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The server's certificate and key.
    pub fn server(&self) -> &Issued {
        &self.server
    }

    /// The text of the administrator's kubeconfig for a server at this URL.
    pub fn kubeconfig(&self, url: &str) -> String {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let cluster = ServerEntry {
            server: url.to_owned(),
            certificate_authority_data: encode(&self.authority.certificate()),
            ..ServerEntry::default()
        };
        let user = User {
            client_certificate_data: encode(&self.admin.certificate),
            client_key_data: encode(&self.admin.key),
            ..User::default()
        };
        Kubeconfig::single("pintle", &cluster, &user)
    }
}
