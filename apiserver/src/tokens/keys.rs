//! The keys that sign service-account tokens, and how others learn to verify them.
//!
//! In: PEM of an ECDSA P-256 or an RSA key pair. Out: keys for signing and verifying, and the public half for others. Source: Kubernetes reference, "Service account issuer discovery"; RFC 7517.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::Digest as _;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A key pair.
pub(crate) struct SigningKeys {
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    pub(super) algorithm: Algorithm,
    /// Tells keys apart: a hash of the public half.
    pub(super) id: String,
    /// The public half as a JSON Web Key.
    public: Value,
}

impl SigningKeys {
    /// Reads PKCS #8 PEM of the private and PEM of the public half.
    ///
    /// # Errors
    /// If they are malformed or of a sort that tokens are not signed with.
    pub(crate) fn from_pem(private: &str, public: &str) -> Result<Self, String> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(public.as_bytes()).map_err(|error| error.to_string())?;
        let (_, info) = SubjectPublicKeyInfo::from_der(&der).map_err(|error| error.to_string())?;
        let id = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&der));
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let wrong = |error: jsonwebtoken::errors::Error| error.to_string();
        match info.parsed().map_err(|error| error.to_string())? {
            PublicKey::EC(point) => {
                // An uncompressed point: a mark, then both coordinates.
                let [4, coordinates @ ..] = point.data() else { return Err("the curve's point is compressed".into()) };
                if coordinates.len() != 64 {
                    return Err("elliptic curves other than P-256 are not supported".into());
                }
                let (x, y) = coordinates.split_at(32);
                Ok(Self {
                    encoding: EncodingKey::from_ec_pem(private.as_bytes()).map_err(wrong)?,
                    decoding: DecodingKey::from_ec_pem(public.as_bytes()).map_err(wrong)?,
                    algorithm: Algorithm::ES256,
                    public: json!({
                        "use": "sig", "kty": "EC", "kid": id, "crv": "P-256", "alg": "ES256", "x": text(x), "y": text(y),
                    }),
                    id,
                })
            }
            PublicKey::RSA(key) => Ok(Self {
                encoding: EncodingKey::from_rsa_pem(private.as_bytes()).map_err(wrong)?,
                decoding: DecodingKey::from_rsa_pem(public.as_bytes()).map_err(wrong)?,
                algorithm: Algorithm::RS256,
                public: json!({
                    "use": "sig", "kty": "RSA", "kid": id, "alg": "RS256",
                    "n": text(trimmed(key.modulus)), "e": text(trimmed(key.exponent)),
                }),
                id,
            }),
            _ => Err("tokens are signed with ECDSA P-256 or RSA keys".into()),
        }
    }

    /// The public half as a JSON Web Key Set.
    pub(crate) fn key_set(&self) -> Value {
        json!({"keys": [self.public]})
    }

    /// The algorithm, by the name that the documents use.
    pub(super) fn algorithm_name(&self) -> &Value {
        &self.public["alg"]
    }
}

/// A number without leading zeros.
fn trimmed(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    &number[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_key_verifies_what_the_private_one_signs() {
        for (private, public) in [crate::pki::signing_keys().unwrap(), crate::pki::rsa_signing_keys().unwrap()] {
            let keys = SigningKeys::from_pem(&private, &public).unwrap();
            let mut header = jsonwebtoken::Header::new(keys.algorithm);
            header.kid = Some(keys.id.clone());
            let token = jsonwebtoken::encode(&header, &json!({"sub": "a"}), &keys.encoding).unwrap();
            let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys.key_set()).unwrap();
            let key = DecodingKey::from_jwk(set.find(&keys.id).unwrap()).unwrap();
            let mut validation = jsonwebtoken::Validation::new(keys.algorithm);
            validation.required_spec_claims.clear();
            validation.validate_exp = false;
            let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
            assert_eq!(claims["sub"], "a");
        }
        assert!(SigningKeys::from_pem("nonsense", "nonsense").is_err());
    }
}
