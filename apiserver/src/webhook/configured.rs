//! The webhooks that a write concerns, and one call of one of them.

use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, RuleWithOperations, ValidatingWebhook, WebhookClientConfig,
};
use pintle_object_model::api::meta::v1::LabelSelector;
use pintle_object_model::clock::Random;
use pintle_object_model::{AnyResource, Object, Status};

use super::outbound::{Outbound, Target};
use super::review::{self, Answer};
use crate::admission::Attributes;
use crate::authz::Authorizer;
use crate::kinds::Kinds;
use crate::policy::{Conditions, Rule, Subject};
use crate::storage::Storage;

/// How long a webhook may take that does not say.
const TIMEOUT_SECONDS: i32 = 10;

/// What the plugins of webhooks work with.
#[derive(Clone)]
pub(crate) struct Hooks {
    pub(super) configurations: Arc<Storage>,
    namespaces: Arc<Storage>,
    kinds: Arc<Kinds>,
    authorizer: Arc<dyn Authorizer>,
    outbound: Outbound,
    random: Random,
}

/// What both sorts of webhooks have.
pub(super) struct Hook<'a> {
    pub(super) name: &'a str,
    config: &'a WebhookClientConfig,
    rules: &'a [RuleWithOperations],
    ignores_failure: bool,
    namespace_selector: Option<&'a LabelSelector>,
    object_selector: Option<&'a LabelSelector>,
    side_effects: Option<&'a str>,
    timeout: i32,
    versions: &'a [String],
    conditions: &'a [MatchCondition],
}

macro_rules! hook_from {
    ($kind:ty) => {
        impl<'a> From<&'a $kind> for Hook<'a> {
            fn from(of: &'a $kind) -> Self {
                Self {
                    name: &of.name,
                    config: &of.client_config,
                    rules: &of.rules,
                    ignores_failure: of.failure_policy.as_deref() == Some("Ignore"),
                    namespace_selector: of.namespace_selector.as_deref(),
                    object_selector: of.object_selector.as_deref(),
                    side_effects: of.side_effects.as_deref(),
                    timeout: of.timeout_seconds.unwrap_or(TIMEOUT_SECONDS),
                    versions: &of.admission_review_versions,
                    conditions: &of.match_conditions,
                }
            }
        }
    };
}
hook_from!(MutatingWebhook);
hook_from!(ValidatingWebhook);

impl Hooks {
    pub(crate) fn new(
        configurations: Arc<Storage>,
        namespaces: Arc<Storage>,
        kinds: Arc<Kinds>,
        authorizer: Arc<dyn Authorizer>,
        outbound: Outbound,
        random: Random,
    ) -> Self {
        Self { configurations, namespaces, kinds, authorizer, outbound, random }
    }

    pub(super) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn namespace(&self, name: &str) -> Option<Object> {
        if name.is_empty() { None } else { self.namespaces.cache.get("", name) }
    }

    /// Is the webhook to be asked about this write?
    pub(super) fn concerns(
        &self,
        hook: &Hook<'_>,
        attributes: &Attributes<'_>,
        object: Option<&dyn AnyResource>,
    ) -> Result<bool, Status> {
        let scheme = self.kinds.current();
        let namespace = self.namespace(attributes.namespace);
        let subject = Subject { attributes, object, namespace: namespace.as_ref(), scheme: &scheme };
        let ruled = hook.rules.iter().any(|rule| {
            subject.rule(&Rule {
                operations: &rule.operations,
                groups: &rule.api_groups,
                versions: &rule.api_versions,
                resources: &rule.resources,
                scope: rule.scope.as_deref(),
            })
        });
        if subject.is_exempt()
            || !ruled
            || !subject.namespace_matches(hook.namespace_selector)
            || !subject.object_matches(hook.object_selector)
        {
            return Ok(false);
        }
        match Conditions::hold(hook.conditions, attributes, object, namespace.as_ref(), &*self.authorizer) {
            Ok(holds) => Ok(holds),
            Err(_) if hook.ignores_failure => Ok(false),
            Err(why) => Err(crate::admission::refuse(attributes, why)),
        }
    }

    /// Asks one webhook. `None` if it did not answer and that does not matter.
    pub(super) async fn ask(
        &self,
        hook: &Hook<'_>,
        attributes: &Attributes<'_>,
        object: Option<&dyn AnyResource>,
    ) -> Result<Option<Answer>, Status> {
        if attributes.dry_run && !matches!(hook.side_effects, Some("None" | "NoneOnDryRun")) {
            return Err(Status::bad_request(format!("admission webhook {:?} does not support dry run", hook.name)));
        }
        match self.exchange(hook, attributes, object).await {
            Ok(answer) => {
                for warning in &answer.warnings {
                    attributes.warnings.add(warning.as_str());
                }
                if answer.allowed { Ok(Some(answer)) } else { Err(review::refusal(hook.name, answer.status)) }
            }
            Err(why) if hook.ignores_failure => {
                tracing::warn!(webhook = hook.name, %why, "a webhook did not answer, which its configuration allows");
                Ok(None)
            }
            Err(why) => Err(Status::internal(format!("failed calling webhook {:?}: {why}", hook.name))),
        }
    }

    async fn exchange(
        &self,
        hook: &Hook<'_>,
        attributes: &Attributes<'_>,
        object: Option<&dyn AnyResource>,
    ) -> Result<Answer, String> {
        let version = hook.versions.iter().find(|version| matches!(version.as_str(), "v1" | "v1beta1"));
        let version = version.ok_or("webhook does not accept known AdmissionReview versions (v1, v1beta1)")?;
        let uid = self.random.uuid();
        let body = review::question(version, &uid, attributes, object);
        let service = hook.config.service.as_deref().map(|service| {
            let path = service.path.as_deref().unwrap_or_default();
            (service.namespace.as_str(), service.name.as_str(), service.port.unwrap_or(443), path)
        });
        let target = Target { url: hook.config.url.as_deref(), service, ca: &hook.config.ca_bundle.0 };
        let timeout = Duration::from_secs(u64::try_from(hook.timeout.max(1)).unwrap_or(1));
        let answered = self.outbound.post(&target, body, timeout).await;
        let answered = answered.map_err(|why| format!("failed to call webhook: {why}"))?;
        review::answer(version, &uid, &answered)
    }
}

impl Hooks {
    /// Is there any configuration?
    pub(super) fn any(&self) -> bool {
        !self.configurations.cache.snapshot().is_empty()
    }

    /// The configurations, in the order of their names.
    pub(super) fn all<K: pintle_object_model::Resource>(&self) -> Vec<Arc<K>> {
        self.configurations.cache.snapshot().iter("", None).filter_map(|(_, object)| object.downcast_arc()).collect()
    }
}
