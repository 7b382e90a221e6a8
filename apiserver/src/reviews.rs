//! Reviews: kinds that are asked, not stored. May I? Who am I? Whose token is this?
//!
//! In: a review with its spec. Out: the same with its status. Elsewhere: the decisions (`authn`, `authz`, `tokens`).

use std::sync::Arc;

use pintle_client::{Content, Identity, Request, Response, Verb};
use pintle_object_model::api::authentication::v1::{
    SelfSubjectReview, SelfSubjectReviewStatus, TokenReview, TokenReviewStatus, UserInfo,
};
use pintle_object_model::api::authorization::v1::{
    LocalSubjectAccessReview, NonResourceRule, ResourceRule, SelfSubjectAccessReview, SelfSubjectRulesReview,
    SelfSubjectRulesReviewSpec, SubjectAccessReview, SubjectRulesReviewStatus,
};
use pintle_object_model::{GroupVersionResource, Object, Scheme, Status};

use crate::admission::Warnings;
use crate::authn::Authentication;
use crate::authz::Authorizer;
use crate::registry::{decode_object, method_not_allowed, no_such_resource};
use crate::tokens::ServiceAccountTokens;

mod access;
mod token;

pub(crate) use token::{check_names as check_token_names, complete as complete_token};

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
            access::own(&*self.authorizer, identity, review).await?;
        } else if let Some(review) = any.downcast_mut::<SubjectAccessReview>() {
            access::of_subject(&*self.authorizer, review).await?;
        } else if let Some(review) = any.downcast_mut::<LocalSubjectAccessReview>() {
            access::in_namespace(&*self.authorizer, namespace, review).await?;
        } else if let Some(review) = any.downcast_mut::<SelfSubjectRulesReview>() {
            if review.spec.namespace.is_empty() {
                return Err(Status::bad_request("no namespace on request"));
            }
            review.status = self.rules(identity, &review.spec.namespace);
            // The question is not repeated in the answer.
            review.spec = SelfSubjectRulesReviewSpec::default();
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

    fn rules(&self, identity: &Identity, namespace: &str) -> SubjectRulesReviewStatus {
        let mut status = SubjectRulesReviewStatus::default();
        let held = self.authorizer.rules(identity, namespace);
        status.incomplete = !held.incomplete.is_empty();
        status.evaluation_error = held.incomplete;
        for rule in held.rules {
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
        match self.authentication.review(token, audiences).await {
            Ok(found) => TokenReviewStatus {
                authenticated: true,
                user: user_info(&found.identity),
                audiences: found.audiences,
                ..TokenReviewStatus::default()
            },
            Err(error) => TokenReviewStatus { error, ..TokenReviewStatus::default() },
        }
    }
}

fn user_info(identity: &Identity) -> UserInfo {
    UserInfo {
        username: identity.user.clone(),
        uid: identity.uid.clone(),
        groups: identity.groups.clone(),
        extra: identity.extra.clone(),
    }
}
