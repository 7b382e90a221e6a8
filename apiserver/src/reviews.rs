//! Reviews: kinds that are asked, not stored. May I? Who am I? Whose token is this?
//!
//! In: a review with its spec. Out: the same with its status. Elsewhere: the decisions (`authn`, `authz`, `tokens`).

use std::sync::Arc;

use pintle_client::{Content, Identity, Request, Response, Verb};
use pintle_object_model::api::authentication::v1::{
    SelfSubjectReview, SelfSubjectReviewStatus, TokenRequest, TokenReview, TokenReviewStatus, UserInfo,
};
use pintle_object_model::api::authorization::v1::{
    LocalSubjectAccessReview, NonResourceRule, ResourceRule, SelfSubjectAccessReview, SelfSubjectRulesReview,
    SubjectAccessReview, SubjectAccessReviewStatus, SubjectRulesReviewStatus,
};
use pintle_object_model::api::core::v1::{Pod, Secret, ServiceAccount};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{GroupVersionResource, Object, Resource, Scheme, Status, Time};

use crate::admission::Warnings;
use crate::authn::Authentication;
use crate::authz::{Action, Authorizer};
use crate::registry::{decode_object, method_not_allowed, no_such_resource};
use crate::storage::Storages;
use crate::tokens::{Bound, ServiceAccountTokens};

/// Shortest and longest life of a requested token, in seconds.
const TOKEN_SECONDS: std::ops::RangeInclusive<i64> = 600..=1 << 32;

/// Answers reviews and issues tokens.
#[derive(Clone)]
pub(crate) struct Reviews {
    pub(crate) authentication: Authentication,
    pub(crate) authorizer: Arc<dyn Authorizer>,
    pub(crate) tokens: Option<ServiceAccountTokens>,
    pub(crate) clock: Arc<dyn pintle_object_model::clock::Clock>,
}

impl std::fmt::Debug for Reviews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reviews").finish_non_exhaustive()
    }
}

impl Reviews {
    /// Is this a resource that is asked, not stored?
    pub(crate) fn handles(&self, resource: &GroupVersionResource) -> bool {
        matches!(resource.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io")
    }

    pub(crate) async fn answer(
        &self,
        identity: &Identity,
        resource: &GroupVersionResource,
        namespace: &str,
        request: Request,
        scheme: &Scheme,
    ) -> Result<Response, Status> {
        let entry = scheme.resource(resource).ok_or_else(no_such_resource)?;
        if request.verb != Verb::Create {
            return Err(method_not_allowed());
        }
        let Request { body, params, .. } = request;
        let warnings = Warnings::default();
        let mut review = decode_object(scheme, entry, body, &params, &warnings)?;
        let any = review.as_any_mut();
        if let Some(review) = any.downcast_mut::<SelfSubjectAccessReview>() {
            let action =
                action_of(review.spec.resource_attributes.as_deref(), review.spec.non_resource_attributes.as_deref());
            let action = action.ok_or_else(exactly_one::<SelfSubjectAccessReview>)?;
            review.status = self.decide(identity, &action);
        } else if let Some(review) = any.downcast_mut::<SubjectAccessReview>() {
            let spec = &review.spec;
            let action = action_of(spec.resource_attributes.as_deref(), spec.non_resource_attributes.as_deref());
            let action = action.ok_or_else(exactly_one::<SubjectAccessReview>)?;
            let asked = subject(&spec.user, &spec.uid, &spec.groups, &spec.extra);
            review.status = self.decide(&asked, &action);
        } else if let Some(review) = any.downcast_mut::<LocalSubjectAccessReview>() {
            let spec = &review.spec;
            let action = action_of(spec.resource_attributes.as_deref(), None)
                .ok_or_else(exactly_one::<LocalSubjectAccessReview>)?;
            if let Action::Resource { namespace: asked, .. } = &action
                && asked != namespace
            {
                return Err(Status::bad_request("spec.resourceAttributes.namespace must match metadata.namespace"));
            }
            let asked = subject(&spec.user, &spec.uid, &spec.groups, &spec.extra);
            review.status = self.decide(&asked, &action);
        } else if let Some(review) = any.downcast_mut::<SelfSubjectRulesReview>() {
            if review.spec.namespace.is_empty() {
                return Err(Status::bad_request("no namespace on request"));
            }
            review.status = self.rules(identity, &review.spec.namespace);
        } else if let Some(review) = any.downcast_mut::<TokenReview>() {
            if review.spec.token.is_empty() {
                return Err(Status::bad_request("token is required for TokenReview in authentication"));
            }
            review.status = self.token_review(&review.spec.token, &review.spec.audiences).await;
        } else if let Some(review) = any.downcast_mut::<SelfSubjectReview>() {
            review.status = SelfSubjectReviewStatus { user_info: user_info(identity) };
            review.metadata.creation_timestamp = Some(self.clock.utc().to_time());
        } else {
            return Err(no_such_resource());
        }
        let mut response = Response::new(Content::Object { code: 201, object: Object::from_box(review) });
        response.warnings = warnings.take();
        Ok(response)
    }

    fn decide(&self, identity: &Identity, action: &Action) -> SubjectAccessReviewStatus {
        SubjectAccessReviewStatus {
            allowed: self.authorizer.allows(identity, action),
            ..SubjectAccessReviewStatus::default()
        }
    }

    fn rules(&self, identity: &Identity, namespace: &str) -> SubjectRulesReviewStatus {
        let mut status = SubjectRulesReviewStatus::default();
        for rule in self.authorizer.rules(identity, namespace) {
            if !rule.resources.is_empty() {
                status.resource_rules.push(ResourceRule {
                    verbs: rule.verbs.clone(),
                    api_groups: rule.api_groups.clone(),
                    resources: rule.resources.clone(),
                    resource_names: rule.resource_names.clone(),
                });
            }
            if !rule.non_resource_urls.is_empty() {
                status.non_resource_rules.push(NonResourceRule {
                    verbs: rule.verbs.clone(),
                    non_resource_urls: rule.non_resource_urls.clone(),
                });
            }
        }
        status
    }

    async fn token_review(&self, token: &str, audiences: &[String]) -> TokenReviewStatus {
        let caller = pintle_client::Caller::Token(Arc::from(token));
        let found = match &self.tokens {
            Some(tokens) if !audiences.is_empty() => match tokens.identify(token, audiences).await {
                Ok(Some(identity)) => Ok(Arc::new(identity)),
                _ => self.authentication.identify(&caller).await,
            },
            _ => self.authentication.identify(&caller).await,
        };
        match found {
            Ok(identity) if !token.is_empty() => TokenReviewStatus {
                authenticated: true,
                user: user_info(&identity),
                audiences: if audiences.is_empty() {
                    vec![crate::tokens::ISSUER.to_owned()]
                } else {
                    audiences.to_vec()
                },
                ..TokenReviewStatus::default()
            },
            _ => TokenReviewStatus { error: "invalid bearer token".into(), ..TokenReviewStatus::default() },
        }
    }

    /// Answers a TokenRequest.
    pub(crate) async fn issue_token(
        &self,
        account: &ServiceAccount,
        mut request: TokenRequest,
        storages: &Storages,
    ) -> Result<TokenRequest, Status> {
        let Some(tokens) = &self.tokens else {
            return Err(Status::failure(501, "NotImplemented", "this server issues no service account tokens"));
        };
        let seconds = request.spec.expiration_seconds.unwrap_or(3600);
        let mut errors = FieldErrors::default();
        let path = Path::new("spec").child("expirationSeconds");
        if seconds < *TOKEN_SECONDS.start() {
            errors.invalid(&path, seconds, "may not specify a duration less than 10 minutes");
        } else if seconds > *TOKEN_SECONDS.end() {
            errors.invalid(&path, seconds, "may not specify a duration larger than 2^32 seconds");
        }
        if !errors.is_empty() {
            return Err(Status::invalid("authentication.k8s.io", "TokenRequest", &account.metadata.name, &errors));
        }
        let bound = match request.spec.bound_object_ref.as_deref() {
            None => Bound::Nothing,
            Some(reference) => {
                let (hub, resource) = match reference.kind.as_str() {
                    "Pod" => (Pod::INFO.gvk(), "pods"),
                    "Secret" => (Secret::INFO.gvk(), "secrets"),
                    other => {
                        return Err(Status::bad_request(format!(
                            "cannot bind token for serviceaccount to object type {other}"
                        )));
                    }
                };
                let storage = storages.get(&hub).ok_or_else(no_such_resource)?;
                let found = storage.get(&account.metadata.namespace, &reference.name).await?;
                let gone =
                    || Status::not_found(&pintle_object_model::GroupResource::new("", resource), &reference.name);
                let uid = found.ok_or_else(gone)?.value.metadata().uid.clone();
                if !reference.uid.is_empty() && reference.uid != uid {
                    return Err(Status::conflict(
                        &pintle_object_model::GroupResource::new("", resource),
                        &reference.name,
                        format!(
                            "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
                            reference.uid
                        ),
                    ));
                }
                let name = reference.name.clone();
                if reference.kind == "Pod" { Bound::Pod { name, uid } } else { Bound::Secret { name, uid } }
            }
        };
        let (token, end) = tokens.issue(account, &request.spec.audiences, seconds, bound)?;
        if request.spec.audiences.is_empty() {
            request.spec.audiences = vec![crate::tokens::ISSUER.into()];
        }
        request.spec.expiration_seconds = Some(seconds);
        request.status.token = token;
        request.status.expiration_timestamp = Some(Time::from_unix(end));
        request.metadata.name.clone_from(&account.metadata.name);
        request.metadata.namespace.clone_from(&account.metadata.namespace);
        request.metadata.creation_timestamp = Some(Time::from_unix(end - seconds));
        Ok(request)
    }
}

fn exactly_one<K: Resource>() -> Status {
    let mut errors = FieldErrors::default();
    errors.required(&Path::new("spec"), "exactly one of nonResourceAttributes or resourceAttributes must be specified");
    Status::invalid(K::INFO.group, K::INFO.kind, "", &errors)
}

fn action_of(
    resource: Option<&pintle_object_model::api::authorization::v1::ResourceAttributes>,
    path: Option<&pintle_object_model::api::authorization::v1::NonResourceAttributes>,
) -> Option<Action> {
    match (resource, path) {
        (Some(of), None) => Some(Action::Resource {
            verb: of.verb.clone(),
            group: of.group.clone(),
            version: of.version.clone(),
            resource: of.resource.clone(),
            subresource: of.subresource.clone(),
            namespace: of.namespace.clone(),
            name: of.name.clone(),
        }),
        (None, Some(of)) => Some(Action::Path { verb: of.verb.clone(), path: of.path.clone() }),
        _ => None,
    }
}

fn subject(
    user: &str,
    uid: &str,
    groups: &[String],
    extra: &std::collections::BTreeMap<String, Vec<String>>,
) -> Identity {
    Identity { user: user.into(), uid: uid.into(), groups: groups.to_vec(), extra: extra.clone() }
}

fn user_info(identity: &Identity) -> UserInfo {
    UserInfo {
        username: identity.user.clone(),
        uid: identity.uid.clone(),
        groups: identity.groups.clone(),
        extra: identity.extra.clone(),
    }
}
