//! Service-account tokens: signed statements that a caller is a service account, perhaps bound to a pod.
//!
//! In: TokenRequests and tokens. Out: JWTs and identities. Invariant: a token is worth nothing once its account, or
//! the pod, secret or node it is bound to, is gone. Source: Kubernetes reference, "Managing Service Accounts"; KEP-1205.

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonwebtoken::{Header, Validation};
use pintle_client::{Identity, Response};
use pintle_object_model::api::core::v1::{Node, Pod, Secret, ServiceAccount};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{AnyResource, Resource, Status, Time};
use serde::{Deserialize, Serialize};

use crate::authn::Reviewed;
use crate::authz::go_list;
use crate::storage::Storages;

mod keys;
mod published;

pub(crate) use keys::SigningKeys;
use published::Published;
pub(crate) use published::{KEYS_PATH, KEYS_TYPE};

/// How long a token outlives its pod or account that is being deleted, in seconds, so that it can still say goodbye.
const GRACE_SECONDS: i64 = 60;

/// The issuer and default audience.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// Signs and verifies tokens.
#[derive(Clone)]
pub struct ServiceAccountTokens {
    inner: Arc<Inner>,
}

struct Inner {
    keys: SigningKeys,
    published: Published,
    clock: Arc<dyn Clock>,
    random: Random,
    storages: Storages,
}

impl std::fmt::Debug for ServiceAccountTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceAccountTokens").field("key_id", &self.inner.keys.id).finish_non_exhaustive()
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
    node: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Reference>,
    serviceaccount: Reference,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) uid: String,
}

/// What a token is bound to, beyond its account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bound {
    pub(crate) pod: Option<Reference>,
    pub(crate) secret: Option<Reference>,
    /// The node itself, or that of the pod.
    pub(crate) node: Option<Reference>,
}

impl ServiceAccountTokens {
    /// Signs with these keys. `address` is where the server is reached, empty if it does not listen.
    pub(crate) fn new(
        keys: SigningKeys,
        clock: Arc<dyn Clock>,
        random: Random,
        storages: Storages,
        address: &str,
    ) -> Self {
        let published = Published::new(&keys, address);
        Self { inner: Arc::new(Inner { keys, published, clock, random, storages }) }
    }

    /// What others need to verify tokens, if this is where they look for it.
    pub(crate) fn document(&self, path: &str) -> Option<Response> {
        self.inner.published.answer(path)
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
        let Bound { pod, secret, node } = bound;
        let claims = Claims {
            aud: if audiences.is_empty() { vec![ISSUER.to_owned()] } else { audiences.to_vec() },
            exp: now + seconds,
            iat: now,
            iss: ISSUER.into(),
            jti: inner.random.uuid(),
            kubernetes: Private {
                namespace: metadata.namespace.clone(),
                node,
                pod,
                secret,
                serviceaccount: Reference { name: metadata.name.clone(), uid: metadata.uid.clone() },
            },
            nbf: now,
            sub: format!("system:serviceaccount:{}:{}", metadata.namespace, metadata.name),
        };
        let mut header = Header::new(inner.keys.algorithm);
        header.kid = Some(inner.keys.id.clone());
        let token = jsonwebtoken::encode(&header, &claims, &inner.keys.encoding).map_err(Status::internal)?;
        Ok((token, claims.exp))
    }

    /// Whose token this is, and for which of `audiences`; `None` if it is no token of ours.
    pub(crate) async fn identify(&self, token: &str, audiences: &[String]) -> Result<Option<Reviewed>, String> {
        let inner = &self.inner;
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(None) };
        if header.alg != inner.keys.algorithm || header.kid.as_deref() != Some(&inner.keys.id) {
            return Ok(None);
        }
        let mut validation = Validation::new(inner.keys.algorithm);
        // Time is ours to judge, by the injected clock; audiences are told apart below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.set_issuer(&[ISSUER]);
        let claims = match jsonwebtoken::decode::<Claims>(token, &inner.keys.decoding, &validation) {
            Ok(data) => data.claims,
            Err(_) => return Err("invalid bearer token".into()),
        };
        let now = inner.clock.utc().to_time().unix();
        if now >= claims.exp {
            return Err("service account token has expired".into());
        }
        if now < claims.nbf {
            return Err("service account token is not valid yet".into());
        }
        let common: Vec<String> = audiences.iter().filter(|one| claims.aud.contains(one)).cloned().collect();
        if common.is_empty() {
            return Err(format!(
                "token audiences {} is invalid for the target audiences {}",
                go_list(&claims.aud),
                go_list(audiences)
            ));
        }
        self.still_there(&claims, now).await?;
        Ok(Some(Reviewed { identity: identity_of(&claims), audiences: common }))
    }

    async fn still_there(&self, claims: &Claims, now: i64) -> Result<(), String> {
        let Private { namespace, node, pod, secret, serviceaccount } = &claims.kubernetes;
        self.is_there::<ServiceAccount>(namespace, serviceaccount, now).await?;
        if let Some(secret) = secret {
            self.is_there::<Secret>(namespace, secret, now).await?;
        }
        match (pod, node) {
            // The node of a pod is told, not promised: the pod alone decides.
            (Some(pod), _) => self.is_there::<Pod>(namespace, pod, now).await,
            (None, Some(node)) => self.is_there::<Node>("", node, now).await,
            (None, None) => Ok(()),
        }
    }

    /// Is the object that a token depends on still the same, and not long gone?
    async fn is_there<K: Resource>(&self, namespace: &str, reference: &Reference, now: i64) -> Result<(), String> {
        let invalid = || "service account token has been invalidated".to_owned();
        let storage = self.inner.storages.get(&K::INFO.gvk()).ok_or_else(invalid)?;
        let found = storage.get(namespace, &reference.name).await.map_err(|status| status.message)?;
        let metadata = found.as_ref().map(|found| found.value.metadata()).ok_or_else(invalid)?;
        let over = |end: Time| end.unix().saturating_add(GRACE_SECONDS) < now;
        if metadata.uid != reference.uid || metadata.deletion_timestamp.is_some_and(over) {
            return Err(invalid());
        }
        Ok(())
    }
}

fn identity_of(claims: &Claims) -> Identity {
    let Private { namespace, node, pod, serviceaccount, .. } = &claims.kubernetes;
    let mut identity = Identity::new(
        &format!("system:serviceaccount:{namespace}:{}", serviceaccount.name),
        ["system:serviceaccounts", &format!("system:serviceaccounts:{namespace}")],
    );
    identity.uid.clone_from(&serviceaccount.uid);
    let mut extra = BTreeMap::new();
    let mut note = |key: &str, value: &str| {
        if !value.is_empty() {
            extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
        }
    };
    note("credential-id", &format!("JTI={}", claims.jti));
    for (sort, reference) in [("pod", pod), ("node", node)] {
        if let Some(reference) = reference {
            note(&format!("{sort}-name"), &reference.name);
            note(&format!("{sort}-uid"), &reference.uid);
        }
    }
    identity.extra = extra;
    identity
}

/// A reference to an object that is there.
pub(crate) fn reference_to(object: &dyn AnyResource) -> Reference {
    Reference { name: object.metadata().name.clone(), uid: object.metadata().uid.clone() }
}
