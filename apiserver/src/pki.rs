//! The cluster's own certificate authority: server, client and signing keys.
//!
//! In: names. Out: PEM. Invariant: private keys leave this module only as PEM that the caller asked for.

use std::net::IpAddr;

use pintle_object_model::Time;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

/// Keys or certificates that cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[error("making certificates: {0}")]
pub struct PkiError(String);

impl From<rcgen::Error> for PkiError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.to_string())
    }
}

/// A certificate and its key.
#[derive(Clone, PartialEq)]
pub struct Issued {
    /// Certificate, PEM.
    pub certificate: String,
    /// Private key, PKCS #8 PEM.
    pub key: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issued(..)")
    }
}

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    key: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(..)")
    }
}

const YEAR_SECONDS: i64 = 365 * 24 * 3600;

fn validity(params: &mut CertificateParams, now: Time, years: i64) -> Result<(), PkiError> {
    // A little earlier, for clocks that differ.
    let at = |seconds: i64| rcgen_time(seconds);
    params.not_before = at(now.unix() - 300)?;
    params.not_after = at(now.unix() + years * YEAR_SECONDS)?;
    Ok(())
}

fn rcgen_time(seconds: i64) -> Result<time::OffsetDateTime, PkiError> {
    time::OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| PkiError(error.to_string()))
}

impl Authority {
    /// A new authority, valid for ten years.
    ///
    /// # Errors
    /// If the cryptography library fails.
    pub fn generate(name: &str, now: Time) -> Result<Self, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        validity(&mut params, now, 10)?;
        let pair = KeyPair::generate()?;
        let certificate = params.self_signed(&pair)?.pem();
        Self::from_pem(&Issued { certificate, key: pair.serialize_pem() })
    }

    /// An authority that was made earlier.
    ///
    /// # Errors
    /// If the certificate or the key is not PEM of what it should be.
    pub fn from_pem(pair: &Issued) -> Result<Self, PkiError> {
        let issuer = Issuer::from_ca_cert_pem(&pair.certificate, KeyPair::from_pem(&pair.key)?)?;
        Ok(Self { issuer, certificate: pair.certificate.clone(), key: pair.key.clone() })
    }

    /// Certificate and key, to be kept for the next start.
    pub fn to_pem(&self) -> Issued {
        Issued { certificate: self.certificate.clone(), key: self.key.clone() }
    }

    /// The authority's certificate, PEM.
    pub fn certificate(&self) -> String {
        self.certificate.clone()
    }

    /// A certificate for a server with these names and addresses.
    ///
    /// # Errors
    /// If a name is malformed.
    pub fn server(&self, name: &str, dns: &[&str], addresses: &[IpAddr], now: Time) -> Result<Issued, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        for name in dns {
            let name = (*name).try_into().map_err(|_| PkiError(format!("{name:?} is no DNS name")))?;
            params.subject_alt_names.push(SanType::DnsName(name));
        }
        params.subject_alt_names.extend(addresses.iter().map(|address| SanType::IpAddress(*address)));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, now)
    }

    /// A certificate for a client: user and group.
    ///
    /// # Errors
    /// If the cryptography library fails.
    pub fn client(&self, user: &str, group: &str, now: Time) -> Result<Issued, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        params.distinguished_name.push(DnType::OrganizationName, group);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params, now)
    }

    fn issue(&self, mut params: CertificateParams, now: Time) -> Result<Issued, PkiError> {
        validity(&mut params, now, 1)?;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// A key pair for signing tokens: private and public half, PEM.
///
/// # Errors
/// If the cryptography library fails.
pub fn signing_keys() -> Result<(String, String), PkiError> {
    let key = KeyPair::generate()?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}

/// As [`signing_keys`], with RSA: takes a moment to make, and is what every relying party understands.
///
/// # Errors
/// If the cryptography library fails.
pub fn rsa_signing_keys() -> Result<(String, String), PkiError> {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}
