//! Flags of the API server's certificates, named as kube-apiserver names them.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use pintle::{KeyFiles, TlsFiles};
use pintle_apiserver::TlsVersion;

/// Certificates of the server and of its clients. The files are read again when they change.
#[derive(Clone, Debug, Args)]
pub struct TlsFlags {
    /// The server's certificate instead of one of the cluster's own, PEM.
    #[arg(long, requires = "tls_private_key_file")]
    tls_cert_file: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long, requires = "tls_cert_file")]
    tls_private_key_file: Option<PathBuf>,
    /// `CERTIFICATE,KEY` or `CERTIFICATE,KEY:NAME,NAME`: shown to those who ask for these names. May be given several times.
    #[arg(long)]
    tls_sni_cert_key: Vec<SniFlag>,
    /// Authorities of client certificates beside the cluster's own, PEM.
    #[arg(long)]
    client_ca_file: Option<PathBuf>,
    /// The oldest version of TLS that is spoken.
    #[arg(long, value_enum, default_value = "VersionTLS12")]
    tls_min_version: VersionFlag,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum VersionFlag {
    #[value(name = "VersionTLS12")]
    Tls12,
    #[value(name = "VersionTLS13")]
    Tls13,
}

/// A certificate for certain names.
#[derive(Clone, Debug)]
struct SniFlag(Vec<String>, KeyFiles);

impl FromStr for SniFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (files, names) = text.split_once(':').unwrap_or((text, ""));
        let (certificate, key) = files.split_once(',').ok_or("expected CERTIFICATE,KEY or CERTIFICATE,KEY:NAMES")?;
        let names = names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(Self(names, KeyFiles { certificate: certificate.into(), key: key.into() }))
    }
}

impl TlsFlags {
    /// The files that the flags name.
    pub fn files(&self) -> TlsFiles {
        let pair = self.tls_cert_file.clone().zip(self.tls_private_key_file.clone());
        TlsFiles {
            identity: pair.map(|(certificate, key)| KeyFiles { certificate, key }),
            named: self.tls_sni_cert_key.iter().map(|flag| (flag.0.clone(), flag.1.clone())).collect(),
            client_ca: self.client_ca_file.clone(),
            oldest: match self.tls_min_version {
                VersionFlag::Tls12 => TlsVersion::Tls12,
                VersionFlag::Tls13 => TlsVersion::Tls13,
            },
        }
    }
}
