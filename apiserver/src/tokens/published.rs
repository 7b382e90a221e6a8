//! OpenID Connect discovery: how others verify the tokens of service accounts.
//!
//! In: the signing key's public half. Out: two documents. Source: Kubernetes reference, "Service account issuer
//! discovery"; OpenID Connect Discovery 1.0.

use bytes::Bytes;
use pintle_client::{Content, Document, Response};
use serde_json::json;

use super::{ISSUER, SigningKeys};

/// Where the keys are published, and the only form in which they are.
pub(crate) const KEYS_PATH: &str = "/openid/v1/jwks";
pub(crate) const KEYS_TYPE: &str = "application/jwk-set+json";

/// The documents, written once.
pub(super) struct Published {
    configuration: Bytes,
    keys: Bytes,
}

impl Published {
    pub(super) fn new(keys: &SigningKeys, address: &str) -> Self {
        let host = if address.is_empty() { ISSUER.to_owned() } else { format!("https://{address}") };
        let configuration = json!({
            "issuer": ISSUER,
            "jwks_uri": format!("{host}{KEYS_PATH}"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [keys.algorithm_name()],
        });
        Self { configuration: configuration.to_string().into(), keys: keys.key_set().to_string().into() }
    }

    pub(super) fn answer(&self, path: &str) -> Option<Response> {
        let (content_type, body) = match path.trim_end_matches('/') {
            "/.well-known/openid-configuration" => ("application/json", &self.configuration),
            KEYS_PATH => (KEYS_TYPE, &self.keys),
            _ => return None,
        };
        Some(Response::new(Content::Document(Document {
            code: 200,
            content_type: content_type.into(),
            body: body.clone(),
            headers: vec![("cache-control".into(), "public, max-age=3600".into())],
        })))
    }
}
