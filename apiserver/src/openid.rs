//! What others need to verify our service-account tokens: the issuer's description and its public keys.
//!
//! Source: Kubernetes docs, "Service account issuer discovery"; OpenID Connect Discovery 1.0; RFC 7517.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::tokens::ISSUER;

/// The public half of the signing key, as the documents tell of it.
#[derive(Clone, Debug)]
pub(crate) struct OpenId {
    key: Value,
}

impl OpenId {
    /// From the public key's PEM. A key of an unknown kind is left out of the set.
    pub(crate) fn new(public_pem: &str, key_id: &str) -> Self {
        let key = jwk(public_pem, key_id).unwrap_or(Value::Null);
        Self { key }
    }

    /// `/.well-known/openid-configuration` of a server that is reached here.
    pub(crate) fn configuration(&self, address: &str) -> Value {
        let algorithms: Vec<&Value> = self.key.get("alg").into_iter().collect();
        json!({
            "issuer": ISSUER,
            "jwks_uri": format!("https://{address}/openid/v1/jwks"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
        })
    }

    /// `/openid/v1/jwks`.
    pub(crate) fn keys(&self) -> Value {
        let keys: Vec<&Value> = Some(&self.key).into_iter().filter(|key| !key.is_null()).collect();
        json!({"keys": keys})
    }
}

fn jwk(public_pem: &str, key_id: &str) -> Option<Value> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(public_pem.as_bytes()).ok()?;
    let (_, info) = SubjectPublicKeyInfo::from_der(&pem.contents).ok()?;
    let number = |bytes: &[u8]| {
        // Numbers are written without leading zeros.
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        URL_SAFE_NO_PAD.encode(&bytes[first..])
    };
    match info.parsed().ok()? {
        PublicKey::RSA(key) => Some(json!({
            "use": "sig", "kty": "RSA", "alg": "RS256", "kid": key_id,
            "n": number(key.modulus), "e": number(key.exponent),
        })),
        PublicKey::EC(point) => {
            // An uncompressed point: a mark, then both coordinates.
            let coordinates = point.data().strip_prefix(&[4])?;
            let (x, y) = coordinates.split_at_checked(32).filter(|(_, y)| y.len() == 32)?;
            Some(json!({
                "use": "sig", "kty": "EC", "alg": "ES256", "kid": key_id, "crv": "P-256",
                "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
            }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_told_by_its_coordinates() {
        let (_, public) = crate::pki::signing_keys().unwrap();
        let keys = OpenId::new(&public, "one").keys();
        let key = &keys["keys"][0];
        assert_eq!((key["kty"].as_str(), key["kid"].as_str()), (Some("EC"), Some("one")));
        assert_eq!(key["x"].as_str().map(str::len), Some(43));
        assert_eq!(OpenId::new("nonsense", "one").keys(), json!({"keys": []}));
    }
}
