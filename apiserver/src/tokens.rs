//! Service-account tokens: signed statements that a caller is a service account, perhaps bound to a pod.
//!
//! In: TokenRequests and tokens. Out: JWTs and identities. Invariant: a token is worth nothing once its account, or
//! the pod it is bound to, is gone. Source: Kubernetes reference, "Managing Service Accounts"; KEP-1205.

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use pintle_client::Identity;
use pintle_object_model::api::core::v1::{Pod, Secret, ServiceAccount};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{Resource, Status};
use serde::{Deserialize, Serialize};

use crate::storage::Storages;

/// The issuer and default audience.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// Signs and verifies tokens.
#[derive(Clone)]
pub struct ServiceAccountTokens {
    inner: Arc<Inner>,
}

struct Inner {
    encoding: EncodingKey,
    decoding: DecodingKey,
    key_id: String,
    clock: Arc<dyn Clock>,
    random: Random,
    storages: Storages,
}

impl std::fmt::Debug for ServiceAccountTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceAccountTokens").field("key_id", &self.inner.key_id).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: Vec<String>,
    exp: i64,
    iat: i64,
    iss: String,
    jti: String,
    #[serde(rename = "kubernetes.io")]
    kubernetes: Private,
    nbf: i64,
    sub: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Private {
    namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Reference>,
    serviceaccount: Reference,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reference {
    name: String,
    uid: String,
}

/// What a token is bound to, beyond its account.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Nothing,
    Pod { name: String, uid: String },
    Secret { name: String, uid: String },
}

impl ServiceAccountTokens {
    /// Signs with this ECDSA P-256 key (PKCS #8 PEM); `public_pem` is its public half.
    ///
    /// # Errors
    /// If the keys are malformed.
    pub(crate) fn new(
        private_pem: &str,
        public_pem: &str,
        clock: Arc<dyn Clock>,
        random: Random,
        storages: Storages,
    ) -> Result<Self, jsonwebtoken::errors::Error> {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(public_pem.as_bytes());
        let key_id = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let inner = Inner {
            encoding: EncodingKey::from_ec_pem(private_pem.as_bytes())?,
            decoding: DecodingKey::from_ec_pem(public_pem.as_bytes())?,
            key_id,
            clock,
            random,
            storages,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The name of the key, as tokens and key sets carry it.
    pub(crate) fn key_id(&self) -> &str {
        &self.inner.key_id
    }

    /// A token for an account. Answers with the token and its end in Unix seconds.
    pub(crate) fn issue(
        &self,
        account: &ServiceAccount,
        audiences: &[String],
        seconds: i64,
        bound: Bound,
    ) -> Result<(String, i64), Status> {
        let inner = &self.inner;
        let now = inner.clock.utc().to_time().unix();
        let metadata = &account.metadata;
        let (pod, secret) = match bound {
            Bound::Nothing => (None, None),
            Bound::Pod { name, uid } => (Some(Reference { name, uid }), None),
            Bound::Secret { name, uid } => (None, Some(Reference { name, uid })),
        };
        let claims = Claims {
            aud: if audiences.is_empty() { vec![ISSUER.to_owned()] } else { audiences.to_vec() },
            exp: now + seconds,
            iat: now,
            iss: ISSUER.into(),
            jti: inner.random.uuid(),
            kubernetes: Private {
                namespace: metadata.namespace.clone(),
                pod,
                secret,
                serviceaccount: Reference { name: metadata.name.clone(), uid: metadata.uid.clone() },
            },
            nbf: now,
            sub: format!("system:serviceaccount:{}:{}", metadata.namespace, metadata.name),
        };
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(inner.key_id.clone());
        let token = jsonwebtoken::encode(&header, &claims, &inner.encoding).map_err(Status::internal)?;
        Ok((token, claims.exp))
    }

    /// Whose token this is; `None` if it is no token of ours. `audiences` are those accepted; empty for the
    /// server's own.
    pub(crate) async fn identify(&self, token: &str, audiences: &[String]) -> Result<Option<Identity>, Status> {
        let inner = &self.inner;
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(None) };
        if header.alg != Algorithm::ES256 || header.kid.as_deref() != Some(&inner.key_id) {
            return Ok(None);
        }
        let mut validation = Validation::new(Algorithm::ES256);
        // Time is ours to judge, by the injected clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.set_issuer(&[ISSUER]);
        if audiences.is_empty() {
            validation.set_audience(&[ISSUER]);
        } else {
            validation.set_audience(audiences);
        }
        let Ok(data) = jsonwebtoken::decode::<Claims>(token, &inner.decoding, &validation) else {
            return Err(Status::unauthorized());
        };
        let claims = data.claims;
        let now = inner.clock.utc().to_time().unix();
        if now >= claims.exp || now < claims.nbf {
            return Err(Status::unauthorized());
        }
        self.still_there(&claims).await?;
        let account = &claims.kubernetes.serviceaccount;
        let namespace = &claims.kubernetes.namespace;
        let mut identity = Identity::new(
            &format!("system:serviceaccount:{namespace}:{}", account.name),
            ["system:serviceaccounts", &format!("system:serviceaccounts:{namespace}")],
        );
        identity.uid.clone_from(&account.uid);
        let mut extra = BTreeMap::from([(
            "authentication.kubernetes.io/credential-id".into(),
            vec![format!("JTI={}", claims.jti)],
        )]);
        if let Some(pod) = &claims.kubernetes.pod {
            extra.insert("authentication.kubernetes.io/pod-name".into(), vec![pod.name.clone()]);
            extra.insert("authentication.kubernetes.io/pod-uid".into(), vec![pod.uid.clone()]);
        }
        identity.extra = extra;
        Ok(Some(identity))
    }

    async fn still_there(&self, claims: &Claims) -> Result<(), Status> {
        let namespace = &claims.kubernetes.namespace;
        let storages = &self.inner.storages;
        let account = &claims.kubernetes.serviceaccount;
        let mut wanted = vec![(ServiceAccount::INFO.gvk(), account)];
        wanted.extend(claims.kubernetes.pod.iter().map(|pod| (Pod::INFO.gvk(), pod)));
        wanted.extend(claims.kubernetes.secret.iter().map(|secret| (Secret::INFO.gvk(), secret)));
        for (gvk, reference) in wanted {
            let Some(storage) = storages.get(&gvk) else { return Err(Status::unauthorized()) };
            let found = storage.get(namespace, &reference.name).await?;
            if found.is_none_or(|found| found.value.metadata().uid != reference.uid) {
                return Err(Status::unauthorized());
            }
        }
        Ok(())
    }
}
