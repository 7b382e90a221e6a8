//! Tokens that a program outside knows: the token webhook.
//!
//! In: a token. Out: whose it is, as the answer to a TokenReview says. Invariants: a token is never kept, only its hash; what
//! went wrong stands in the log, not in the refusal. Source: Kubernetes reference, "Webhook Token Authentication".

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::{Caller, Identity, JsonEndpoint};
use pintle_object_model::Status;
use pintle_object_model::api::authentication::v1::{TokenReview, TokenReviewSpec};
use pintle_object_model::clock::{Clock, Random};
use tracing::warn;

use super::{Authenticator, Reviewed};
use crate::tokens::ISSUER;
use crate::webhook::{self, Answers, WebhookCalls, fingerprint};

/// What the webhook says of a token: whose it is, or (in its own words, which may be empty) that it knows nobody.
type Verdict = Result<Reviewed, String>;

/// Asks a webhook about tokens, with TokenReviews of `authentication.k8s.io/v1`. Its answers are remembered for a while, up to
/// 8192 of them; its failures are not.
pub struct WebhookAuthenticator {
    endpoint: JsonEndpoint,
    clock: Arc<dyn Clock>,
    random: Random,
    calls: WebhookCalls,
    remember: Duration,
    answers: Answers<Verdict>,
}

impl std::fmt::Debug for WebhookAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookAuthenticator").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl WebhookAuthenticator {
    /// Asks this endpoint, and remembers what it says for two minutes.
    pub fn new(endpoint: JsonEndpoint, clock: Arc<dyn Clock>, random: Random) -> Self {
        let remember = Duration::from_secs(120);
        Self { endpoint, clock, random, calls: WebhookCalls::default(), remember, answers: Answers::default() }
    }

    /// Asks as patiently as this.
    #[must_use]
    pub fn calls(mut self, calls: WebhookCalls) -> Self {
        self.calls = calls;
        self
    }

    /// Remembers answers for this long; zero for not at all.
    #[must_use]
    pub fn remember(mut self, remember: Duration) -> Self {
        self.remember = remember;
        self
    }

    /// What the webhook says of this token for these audiences.
    ///
    /// # Errors
    /// If it cannot be asked, or makes no sense. That has been logged.
    async fn ask(&self, token: &str, audiences: &[String]) -> Result<Verdict, ()> {
        let spec = TokenReviewSpec { token: token.to_owned(), audiences: audiences.to_vec() };
        let body = webhook::question(&TokenReview { spec, ..TokenReview::default() });
        let question = fingerprint(&body);
        if let Some(verdict) = self.answers.get(&question, self.clock.now()) {
            return Ok(verdict);
        }
        let answer = self.calls.post(&self.endpoint, body, &self.random).await;
        let verdict = answer.map_err(|status| status.message).and_then(|answer| verdict(&answer, audiences));
        let verdict = verdict.map_err(|why| warn!(why, "the token webhook could not be asked"))?;
        self.answers.put(question, verdict.clone(), self.clock.now() + self.remember);
        Ok(verdict)
    }
}

/// Reads the answer to a question about these audiences.
fn verdict(answer: &[u8], asked: &[String]) -> Result<Verdict, String> {
    let status = webhook::answer::<TokenReview>(answer)?.status;
    if !status.authenticated {
        return Ok(Err(status.error));
    }
    if status.user.username.is_empty() {
        return Err("a token is said to be good, but not whose it is".into());
    }
    // Who says nothing of audiences does not know of them, and vouches for this server alone.
    let meant = if status.audiences.is_empty() { vec![ISSUER.to_owned()] } else { status.audiences };
    let audiences: Vec<String> = asked.iter().filter(|audience| meant.contains(audience)).cloned().collect();
    if audiences.is_empty() {
        return Ok(Err(String::new()));
    }
    let user = status.user;
    let groups = user.groups.iter().map(String::as_str).filter(|group| *group != "system:authenticated");
    let identity = Identity { uid: user.uid, extra: user.extra, ..Identity::new(&user.username, groups) };
    Ok(Ok(Reviewed { identity, audiences }))
}

#[async_trait]
impl Authenticator for WebhookAuthenticator {
    async fn authenticate(&self, caller: &Caller) -> Result<Option<Identity>, Status> {
        let Caller::Token(token) = caller else { return Ok(None) };
        match self.ask(token, &[ISSUER.to_owned()]).await {
            Ok(Ok(found)) => Ok(Some(found.identity)),
            Ok(Err(_)) => Ok(None),
            Err(()) => Err(Status::unauthorized()),
        }
    }

    async fn review(&self, token: &str, audiences: &[String]) -> Result<Option<Reviewed>, String> {
        match self.ask(token, audiences).await {
            Ok(Ok(found)) => Ok(Some(found)),
            Ok(Err(why)) if why.is_empty() => Ok(None),
            Ok(Err(why)) => Err(why),
            Err(()) => Err("the token webhook could not be asked".into()),
        }
    }
}
