//! Tokens of other issuers: JSON Web Tokens whose claims say who somebody is.
//!
//! In: tokens, the issuers that are trusted, and their keys: given, or fetched by a [`KeySource`] of the host. Out:
//! identities made of claims. Invariants: only asymmetric signatures count; a key set is fetched at most once in
//! [`REFRESH_SECONDS`] however many tokens name unknown keys. Source: Kubernetes reference, "Authenticating", JSON Web
//! Token authentication.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use pintle_client::{Caller, Identity};
use pintle_object_model::Status;
use pintle_object_model::clock::Clock;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{Authenticator, Reviewed};
use crate::tokens::ISSUER;

/// Shortest time between two fetches of an issuer's keys.
const REFRESH_SECONDS: i64 = 10;

const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// Brings the keys of an issuer. Called when a token names a key that is not known, one call at a time per issuer.
#[async_trait]
pub trait KeySource: Send + Sync + 'static {
    /// The issuer's JSON Web Key Set, as text.
    ///
    /// # Errors
    /// Why it could not be had; the next token asks again.
    async fn fetch(&self, issuer: &str) -> Result<String, String>;
}

/// Keys that never change: the text of a JSON Web Key Set.
#[derive(Clone, Debug)]
pub struct StaticKeys(pub String);

#[async_trait]
impl KeySource for StaticKeys {
    async fn fetch(&self, _issuer: &str) -> Result<String, String> {
        Ok(self.0.clone())
    }
}

/// A claim, and what is put before its value so that it cannot be mistaken for another's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimMapping {
    /// Name of the claim.
    pub claim: String,
    /// Prefix; may be empty.
    pub prefix: String,
}

impl ClaimMapping {
    /// This claim with this prefix.
    pub fn new(claim: &str, prefix: &str) -> Self {
        Self { claim: claim.into(), prefix: prefix.into() }
    }
}

/// An issuer that is trusted, and how its claims are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwtIssuer {
    /// What `iss` must be.
    pub url: String,
    /// One of these must be in `aud`.
    pub audiences: Vec<String>,
    /// The user's name.
    pub username: ClaimMapping,
    /// The user's groups: text or a list of it. `None` for no groups.
    pub groups: Option<ClaimMapping>,
    /// The claim with the user's unique ID.
    pub uid: Option<String>,
    /// Further attributes: key and claim.
    pub extra: BTreeMap<String, String>,
    /// Claims that must have these values.
    pub required: BTreeMap<String, String>,
}

/// Believes one issuer.
pub struct JwtAuthenticator {
    issuer: JwtIssuer,
    source: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
    keys: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    keys: Vec<Jwk>,
    fetched: Option<i64>,
}

impl std::fmt::Debug for JwtAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JwtAuthenticator").field("issuer", &self.issuer.url).finish_non_exhaustive()
    }
}

impl JwtAuthenticator {
    /// Believes this issuer.
    ///
    /// # Errors
    /// If the issuer has no URL, no audience or no claim for the user's name.
    pub fn new(issuer: JwtIssuer, source: Arc<dyn KeySource>, clock: Arc<dyn Clock>) -> Result<Self, String> {
        if issuer.url.is_empty() || issuer.audiences.is_empty() || issuer.username.claim.is_empty() {
            return Err("an issuer needs a URL, at least one audience, and a claim that names the user".into());
        }
        if issuer.url == ISSUER {
            return Err(format!("{ISSUER} is the issuer of service account tokens"));
        }
        Ok(Self { issuer, source, clock, keys: Mutex::default() })
    }

    /// The keys that may have signed a token that names this one; all if it names none.
    async fn keys(&self, id: Option<&str>, now: i64) -> Result<Vec<Jwk>, String> {
        let mut known = self.keys.lock().await;
        let fits = |key: &&Jwk| id.is_none_or(|id| key.common.key_id.as_deref() == Some(id));
        let mut found: Vec<Jwk> = known.keys.iter().filter(fits).cloned().collect();
        if found.is_empty() && known.fetched.is_none_or(|at| now - at >= REFRESH_SECONDS) {
            known.fetched = Some(now);
            let text = self.source.fetch(&self.issuer.url).await?;
            let set: JwkSet =
                serde_json::from_str(&text).map_err(|error| format!("its keys are malformed: {error}"))?;
            known.keys = set.keys;
            found = known.keys.iter().filter(fits).cloned().collect();
        }
        Ok(found)
    }

    /// The claims of a token, if it is one of this issuer; `None` for anything else.
    async fn claims(&self, token: &str, now: i64) -> Result<Option<Map<String, Value>>, String> {
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(None) };
        if unverified_issuer(token).as_deref() != Some(&self.issuer.url) {
            return Ok(None);
        }
        if !ALGORITHMS.contains(&header.alg) {
            return Err(format!("oidc: signatures by {:?} are not accepted", header.alg));
        }
        let mut validation = Validation::new(header.alg);
        // Time is ours to judge, by the injected clock; audiences are told apart by the caller.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.set_issuer(&[&self.issuer.url]);
        let keys = self.keys(header.kid.as_deref(), now).await.map_err(|why| format!("oidc: verify token: {why}"))?;
        for key in &keys {
            let Ok(key) = DecodingKey::from_jwk(key) else { continue };
            if let Ok(data) = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation) {
                return Ok(Some(data.claims));
            }
        }
        Err("oidc: verify token: failed to verify signature: no known key has signed it".into())
    }

    async fn identify(&self, token: &str) -> Result<Option<Identity>, String> {
        let now = self.clock.utc().to_time().unix();
        let Some(claims) = self.claims(token, now).await? else { return Ok(None) };
        check_time(&claims, now)?;
        let audiences = texts(claims.get("aud"));
        if !audiences.iter().any(|audience| self.issuer.audiences.contains(audience)) {
            return Err(format!(
                "oidc: verify token: expected audience in {:?} got {audiences:?}",
                self.issuer.audiences
            ));
        }
        for (claim, value) in &self.issuer.required {
            if claims.get(claim).and_then(Value::as_str) != Some(value) {
                return Err(format!("oidc: required claim {claim} does not have the value that it must have"));
            }
        }
        self.mapped(&claims).map(Some)
    }

    fn mapped(&self, claims: &Map<String, Value>) -> Result<Identity, String> {
        let username = &self.issuer.username;
        let name = claims.get(&username.claim).and_then(Value::as_str).filter(|name| !name.is_empty());
        let name =
            name.ok_or_else(|| format!("oidc: parse username claims {:?}: claim not present", username.claim))?;
        if username.claim == "email" && claims.get("email_verified").is_some_and(|flag| *flag != Value::Bool(true)) {
            return Err("oidc: email not verified".into());
        }
        let mut groups = vec![];
        if let Some(mapping) = &self.issuer.groups {
            groups.extend(texts(claims.get(&mapping.claim)).into_iter().map(|group| mapping.prefix.clone() + &group));
        }
        let mut identity = Identity::new(&(username.prefix.clone() + name), groups.iter().map(String::as_str));
        if let Some(claim) = &self.issuer.uid {
            identity.uid = claims.get(claim).and_then(Value::as_str).unwrap_or_default().to_owned();
        }
        for (key, claim) in &self.issuer.extra {
            let values = texts(claims.get(claim));
            if !values.is_empty() {
                identity.extra.insert(key.clone(), values);
            }
        }
        Ok(identity)
    }
}

/// What a token says of its issuer, to choose who looks at it. Nothing else may be believed before it is verified.
fn unverified_issuer(token: &str) -> Option<String> {
    use base64::Engine as _;
    let payload = token.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

fn check_time(claims: &Map<String, Value>, now: i64) -> Result<(), String> {
    let seconds = |claim: &str| claims.get(claim).and_then(|value| value.as_i64().or(value.as_f64().map(|v| v as i64)));
    match (seconds("exp"), seconds("nbf")) {
        (None, _) => Err("oidc: verify token: token does not say when it expires".into()),
        (Some(end), _) if now >= end => Err("oidc: verify token: token is expired".into()),
        (_, Some(start)) if now < start => Err("oidc: verify token: token is not valid yet".into()),
        _ => Ok(()),
    }
}

/// A claim that is text or a list of text.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec![],
    }
}

#[async_trait]
impl Authenticator for JwtAuthenticator {
    async fn authenticate(&self, caller: &Caller) -> Result<Option<Identity>, Status> {
        match caller {
            Caller::Token(token) => self.identify(token).await.map_err(|_| Status::unauthorized()),
            _ => Ok(None),
        }
    }

    async fn review(&self, token: &str, audiences: &[String]) -> Result<Option<Reviewed>, String> {
        if !audiences.iter().any(|audience| audience == ISSUER) {
            return Ok(None);
        }
        let found = self.identify(token).await?;
        Ok(found.map(|identity| Reviewed { identity, audiences: vec![ISSUER.to_owned()] }))
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use pintle_object_model::clock::ManualClock;
    use serde_json::json;

    use super::*;
    use crate::tokens::SigningKeys;

    const NOW: i64 = 1_700_000_000;

    fn issuer() -> JwtIssuer {
        JwtIssuer {
            url: "https://issuer.example".into(),
            audiences: vec!["cluster".into()],
            username: ClaimMapping::new("sub", "ext:"),
            groups: Some(ClaimMapping::new("roles", "ext:")),
            uid: Some("id".into()),
            extra: [("example.com/team".to_owned(), "team".to_owned())].into(),
            required: [("tenant".to_owned(), "t1".to_owned())].into(),
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://issuer.example", "aud": ["cluster", "other"], "exp": NOW + 60, "sub": "ann", "id": "7",
            "roles": ["dev", "ops"], "team": "blue", "tenant": "t1",
        })
    }

    async fn ask(change: impl Fn(&mut Value)) -> Result<Option<Identity>, String> {
        let (private, public) = crate::pki::signing_keys().unwrap();
        let keys = SigningKeys::from_pem(&private, &public).unwrap();
        let mut claims = claims();
        change(&mut claims);
        let encoding = EncodingKey::from_ec_pem(private.as_bytes()).unwrap();
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &encoding).unwrap();
        let source = Arc::new(StaticKeys(keys.key_set().to_string()));
        let authenticator = JwtAuthenticator::new(issuer(), source, ManualClock::at(NOW)).unwrap();
        authenticator.identify(&token).await
    }

    #[tokio::test]
    async fn claims_make_an_identity() {
        let ann = ask(|_| {}).await.unwrap().unwrap();
        assert_eq!((ann.user.as_str(), ann.uid.as_str()), ("ext:ann", "7"));
        assert_eq!(ann.groups, ["ext:dev", "ext:ops", "system:authenticated"]);
        assert_eq!(ann.extra["example.com/team"], ["blue"]);
    }

    #[tokio::test]
    async fn tokens_that_do_not_fit_are_refused() {
        assert_eq!(ask(|claims| claims["iss"] = json!("https://else.example")).await, Ok(None));
        for (claim, value, word) in [
            ("aud", json!("other"), "audience"),
            ("exp", json!(NOW), "expired"),
            ("nbf", json!(NOW + 1), "not valid yet"),
            ("tenant", json!("t2"), "required claim"),
            ("sub", json!(5), "username"),
        ] {
            let problem = ask(|claims| claims[claim] = value.clone()).await.unwrap_err();
            assert!(problem.contains(word), "{claim}: {problem}");
        }
    }
}
