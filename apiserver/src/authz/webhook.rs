//! A program outside that decides: the authorization webhook.
//!
//! In: who asks for what. Out: the decision, as the answer to a SubjectAccessReview says. Invariant: a webhook that cannot be
//! asked allows nothing. Left out: match conditions (everything is asked about) and label selectors (no action carries one).
//! Source: Kubernetes reference, "Webhook Mode".

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::{Identity, JsonEndpoint};
use pintle_object_model::api::authorization::v1::{
    FieldSelectorAttributes, NonResourceAttributes, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use pintle_object_model::api::meta::v1::FieldSelectorRequirement;
use pintle_object_model::clock::{Clock, Random};
use tokio::runtime::{Handle, RuntimeFlavor};
use tracing::{debug, warn};

use super::{Action, Authorizer, Decision, ResourceAction, RuleList};
use crate::webhook::{self, Answers, Fingerprint, WebhookCalls, fingerprint};

/// Questions longer than this are not remembered: whoever asks decides how long they are.
const REMEMBERED_BYTES_MAX: usize = 10_000;

/// What is decided when the webhook cannot be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebhookFailure {
    /// Nothing: the next authorizer is asked.
    #[default]
    NoOpinion,
    /// No.
    Deny,
}

/// Asks a webhook, with SubjectAccessReviews of `authorization.k8s.io/v1`. Its answers are remembered for a while, up to 8192
/// of them; its failures are not.
pub struct WebhookAuthorizer {
    endpoint: JsonEndpoint,
    clock: Arc<dyn Clock>,
    random: Random,
    calls: WebhookCalls,
    failure: WebhookFailure,
    allowed_for: Duration,
    refused_for: Duration,
    answers: Answers<Decision>,
}

impl std::fmt::Debug for WebhookAuthorizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookAuthorizer").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl WebhookAuthorizer {
    /// Asks this endpoint; remembers what it allows for five minutes and everything else for 30 s.
    pub fn new(endpoint: JsonEndpoint, clock: Arc<dyn Clock>, random: Random) -> Self {
        Self {
            endpoint,
            clock,
            random,
            calls: WebhookCalls::default(),
            failure: WebhookFailure::default(),
            allowed_for: Duration::from_secs(300),
            refused_for: Duration::from_secs(30),
            answers: Answers::default(),
        }
    }

    /// Asks as patiently as this.
    #[must_use]
    pub fn calls(mut self, calls: WebhookCalls) -> Self {
        self.calls = calls;
        self
    }

    /// Decides this when the webhook cannot be asked.
    #[must_use]
    pub fn on_failure(mut self, failure: WebhookFailure) -> Self {
        self.failure = failure;
        self
    }

    /// Remembers for this long what is allowed, and what is not.
    #[must_use]
    pub fn remember(mut self, allowed: Duration, refused: Duration) -> Self {
        (self.allowed_for, self.refused_for) = (allowed, refused);
        self
    }

    fn known(&self, question: &Fingerprint) -> Option<Decision> {
        self.answers.get(question, self.clock.now())
    }

    async fn find_out(&self, body: Vec<u8>) -> Decision {
        let question = fingerprint(&body);
        if let Some(decision) = self.known(&question) {
            return decision;
        }
        let remembered = body.len() <= REMEMBERED_BYTES_MAX;
        let answer = self.calls.post(&self.endpoint, body, &self.random).await;
        match answer.map_err(|status| status.message).and_then(|answer| read(&answer)) {
            Ok(decision) => {
                let time = if decision.is_allowed() { self.allowed_for } else { self.refused_for };
                if remembered {
                    self.answers.put(question, decision.clone(), self.clock.now() + time);
                }
                decision
            }
            Err(why) => {
                warn!(why, "the authorization webhook could not be asked");
                self.failed()
            }
        }
    }

    fn failed(&self) -> Decision {
        let why = "the authorization webhook could not be asked".to_owned();
        match self.failure {
            WebhookFailure::NoOpinion => Decision::NoOpinion { why },
            WebhookFailure::Deny => Decision::Denied { why },
        }
    }
}

/// The question, as text.
fn question(identity: &Identity, action: &Action) -> Vec<u8> {
    let mut spec = SubjectAccessReviewSpec {
        user: identity.user.clone(),
        groups: identity.groups.clone(),
        extra: identity.extra.clone(),
        uid: identity.uid.clone(),
        ..SubjectAccessReviewSpec::default()
    };
    match action {
        Action::Resource(action) => spec.resource_attributes = Some(Box::new(attributes(action))),
        Action::Path { verb, path } => {
            let of = NonResourceAttributes { path: path.clone(), verb: verb.clone() };
            spec.non_resource_attributes = Some(Box::new(of));
        }
    }
    webhook::question(&SubjectAccessReview { spec, ..SubjectAccessReview::default() })
}

fn attributes(action: &ResourceAction) -> ResourceAttributes {
    let terms = action.fields.iter().map(|term| FieldSelectorRequirement {
        key: term.path.clone(),
        operator: if term.equal { "In" } else { "NotIn" }.into(),
        values: vec![term.value.clone()],
    });
    let requirements: Vec<_> = terms.collect();
    let selector = FieldSelectorAttributes { requirements, ..FieldSelectorAttributes::default() };
    ResourceAttributes {
        namespace: action.namespace.clone(),
        verb: action.verb.clone(),
        group: action.group.clone(),
        version: action.version.clone(),
        resource: action.resource.clone(),
        subresource: action.subresource.clone(),
        name: action.name.clone(),
        field_selector: (!selector.requirements.is_empty()).then(|| Box::new(selector)),
        label_selector: None,
    }
}

fn read(answer: &[u8]) -> Result<Decision, String> {
    let status = webhook::answer::<SubjectAccessReview>(answer)?.status;
    if !status.evaluation_error.is_empty() {
        debug!(why = status.evaluation_error, "the authorization webhook had difficulties");
    }
    let why = if status.reason.is_empty() { status.evaluation_error } else { status.reason };
    match (status.allowed, status.denied) {
        (true, false) => Ok(Decision::Allowed { why }),
        (false, true) => Ok(Decision::Denied { why }),
        (false, false) => Ok(Decision::NoOpinion { why }),
        (true, true) => {
            warn!("the authorization webhook says yes and no at once, which counts as no");
            Ok(Decision::Denied { why: "the authorization webhook answered both yes and no".into() })
        }
    }
}

#[async_trait]
impl Authorizer for WebhookAuthorizer {
    /// Waits for the webhook where the runtime has other threads to go on with; on a runtime of one thread, and outside of
    /// any, only what is remembered is known.
    fn decide(&self, identity: &Identity, action: &Action) -> Decision {
        let body = question(identity, action);
        if let Some(decision) = self.known(&fingerprint(&body)) {
            return decision;
        }
        match Handle::try_current() {
            Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
                tokio::task::block_in_place(|| handle.block_on(self.find_out(body)))
            }
            _ => self.failed(),
        }
    }

    async fn ask(&self, identity: &Identity, action: &Action) -> Decision {
        self.find_out(question(identity, action)).await
    }

    fn rules(&self, _identity: &Identity, _namespace: &str) -> RuleList {
        let incomplete = "webhook authorizer does not support user rule resolution".to_owned();
        RuleList { rules: vec![], incomplete }
    }
}
