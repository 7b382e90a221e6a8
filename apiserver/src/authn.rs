//! Authentication: who a caller is.
//!
//! In: certificates and tokens. Out: an [`Identity`], or 401. Invariant: a credential that is there but wrong is
//! refused, never treated as anonymous. Source: Kubernetes reference, "Authenticating".

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use pintle_client::{Caller, Identity};
use pintle_object_model::Status;

use crate::tokens::{ISSUER, ServiceAccountTokens};

mod bootstrap_token;
mod oidc;
mod webhook;

pub(crate) use bootstrap_token::BootstrapTokens;
pub use oidc::{ClaimMapping, JwtAuthenticator, JwtIssuer, KeySource, StaticKeys};
pub use webhook::WebhookAuthenticator;

/// Who a token belongs to, and for which of the audiences that were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Reviewed {
    /// Whose it is.
    pub identity: Identity,
    /// The audiences that token and question have in common.
    pub audiences: Vec<String>,
}

/// Knows some kind of credentials.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// Who this is; `None` if the credentials are of another kind or unknown here.
    ///
    /// # Errors
    /// If the credentials are of this kind and wrong.
    async fn authenticate(&self, caller: &Caller) -> Result<Option<Identity>, Status>;

    /// Whose token this is, if it is meant for one of these audiences. What knows nothing of audiences issues tokens
    /// for this server alone.
    ///
    /// # Errors
    /// What is wrong with a token of this kind.
    async fn review(&self, token: &str, audiences: &[String]) -> Result<Option<Reviewed>, String> {
        if !audiences.iter().any(|audience| audience == ISSUER) {
            return Ok(None);
        }
        let found = self.authenticate(&Caller::Token(token.into())).await.map_err(|status| status.message)?;
        Ok(found.map(|identity| Reviewed { identity, audiences: vec![ISSUER.to_owned()] }))
    }
}

/// Asks several authenticators in turn.
#[derive(Clone, Default)]
pub struct Authentication {
    authenticators: Arc<Vec<Arc<dyn Authenticator>>>,
    anonymous: bool,
}

impl std::fmt::Debug for Authentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authentication").field("anonymous", &self.anonymous).finish_non_exhaustive()
    }
}

impl Authentication {
    /// These, in this order. With `anonymous`, a caller without credentials is `system:anonymous`.
    pub fn new(authenticators: Vec<Arc<dyn Authenticator>>, anonymous: bool) -> Self {
        Self { authenticators: Arc::new(authenticators), anonymous }
    }

    /// Who the caller is.
    ///
    /// # Errors
    /// 401 if nobody knows the credentials, or there are none and anonymous callers are not welcome.
    pub async fn identify(&self, caller: &Caller) -> Result<Arc<Identity>, Status> {
        match caller {
            Caller::Identity(identity) => return Ok(Arc::clone(identity)),
            Caller::Anonymous if self.anonymous => return Ok(Arc::new(Identity::anonymous())),
            Caller::Anonymous => return Err(Status::unauthorized()),
            Caller::Token(_) | Caller::Certificate(_) => {}
        }
        for authenticator in self.authenticators.iter() {
            // What one of them finds wrong may be another's kind of token.
            match authenticator.authenticate(caller).await {
                Ok(Some(identity)) => return Ok(Arc::new(identity)),
                Ok(None) => {}
                Err(status) if status.code == 401 => {}
                Err(status) => return Err(status),
            }
        }
        Err(Status::unauthorized())
    }

    /// Whose token this is, and for which of these audiences; without any, for this server.
    ///
    /// # Errors
    /// Why nobody vouches for it.
    pub(crate) async fn review(&self, token: &str, audiences: &[String]) -> Result<Reviewed, String> {
        let own = [ISSUER.to_owned()];
        let audiences = if audiences.is_empty() { &own } else { audiences };
        let mut problems = vec![];
        for authenticator in self.authenticators.iter() {
            match authenticator.review(token, audiences).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        let invalid = "invalid bearer token";
        problems.retain(|problem| problem != invalid);
        if problems.is_empty() {
            return Err(invalid.into());
        }
        Err(format!("[{invalid}, {}]", problems.join(", ")))
    }
}

/// Tokens of a fixed list: `token,user,uid,"group1,group2"` a line.
#[derive(Debug, Default)]
pub struct StaticTokens {
    by_token: HashMap<String, Identity>,
}

impl StaticTokens {
    /// Reads the CSV form of `--token-file`.
    ///
    /// # Errors
    /// The number of the line that is malformed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Self::default();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let fields = csv_fields(line);
            let [token, user, uid, groups @ ..] = fields.as_slice() else {
                return Err(format!("line {} has fewer than the three columns token, user, uid", number + 1));
            };
            let groups = groups.first().map(String::as_str).unwrap_or_default();
            let groups = groups.split(',').map(str::trim).filter(|group| !group.is_empty());
            tokens.add(token, Identity { uid: uid.clone(), ..Identity::new(user, groups) });
        }
        Ok(tokens)
    }

    /// Adds one.
    pub fn add(&mut self, token: &str, identity: Identity) {
        self.by_token.insert(token.to_owned(), identity);
    }
}

/// Columns of a line, of which some are quoted.
fn csv_fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for letter in line.trim_end_matches(['\r', '\n']).chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().expect("there is always a column").push(other),
        }
    }
    fields
}

#[async_trait]
impl Authenticator for StaticTokens {
    async fn authenticate(&self, caller: &Caller) -> Result<Option<Identity>, Status> {
        match caller {
            Caller::Token(token) => Ok(self.by_token.get(&**token).cloned()),
            _ => Ok(None),
        }
    }
}

/// Client certificates that TLS has verified: the common name is the user, organizations are groups.
#[derive(Debug, Default)]
pub struct Certificates;

#[async_trait]
impl Authenticator for Certificates {
    async fn authenticate(&self, caller: &Caller) -> Result<Option<Identity>, Status> {
        let Caller::Certificate(der) = caller else { return Ok(None) };
        let (_, certificate) = x509_parser::parse_x509_certificate(der).map_err(|_| Status::unauthorized())?;
        let subject = certificate.subject();
        let Some(user) = subject.iter_common_name().find_map(|name| name.as_str().ok()) else {
            return Err(Status::unauthorized());
        };
        let groups = subject.iter_organization().filter_map(|name| name.as_str().ok());
        Ok(Some(Identity::new(user, groups)))
    }
}

#[async_trait]
impl Authenticator for ServiceAccountTokens {
    async fn authenticate(&self, caller: &Caller) -> Result<Option<Identity>, Status> {
        match caller {
            Caller::Token(token) => match self.identify(token, &[ISSUER.to_owned()]).await {
                Ok(found) => Ok(found.map(|found| found.identity)),
                Err(_) => Err(Status::unauthorized()),
            },
            _ => Ok(None),
        }
    }

    async fn review(&self, token: &str, audiences: &[String]) -> Result<Option<Reviewed>, String> {
        self.identify(token, audiences).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn token_file_lines_give_user_uid_and_groups() {
        let tokens = StaticTokens::parse("t1,alice,u1,\"a,b\"\nt2,bob,u2\n").unwrap();
        let alice = tokens.authenticate(&Caller::Token("t1".into())).await.unwrap().unwrap();
        assert_eq!((alice.user.as_str(), alice.uid.as_str()), ("alice", "u1"));
        assert_eq!(alice.groups, ["a", "b", "system:authenticated"]);
        assert!(tokens.authenticate(&Caller::Token("t3".into())).await.unwrap().is_none());
        assert!(StaticTokens::parse("only,two").is_err());
    }
}
