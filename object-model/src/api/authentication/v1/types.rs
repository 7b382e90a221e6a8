//! Types of API group `authentication`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// SelfSubjectReview as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "authentication.k8s.io",
    version = "v1",
    plural = "selfsubjectreviews",
    scope = "Cluster"
)]
pub struct SelfSubjectReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What was last seen; written by the system.
    #[field(tag = 2)]
    pub status: Option<Box<SelfSubjectReviewStatus>>,
}

/// TokenRequest as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "authentication.k8s.io", version = "v1")]
pub struct TokenRequest {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2)]
    pub spec: Option<Box<TokenRequestSpec>>,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<TokenRequestStatus>>,
}

/// TokenReview as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "authentication.k8s.io",
    version = "v1",
    plural = "tokenreviews",
    scope = "Cluster"
)]
pub struct TokenReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: TokenReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3)]
    pub status: Option<Box<TokenReviewStatus>>,
}

/// BoundObjectReference as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct BoundObjectReference {
    /// Kind of the object.
    #[field(tag = 1)]
    pub kind: String,
    /// API version of the object.
    #[field(tag = 2)]
    pub api_version: String,
    /// See the API reference.
    #[field(tag = 3)]
    pub name: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub uid: String,
}

/// SelfSubjectReviewStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SelfSubjectReviewStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub user_info: Option<Box<UserInfo>>,
}

/// TokenRequestSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenRequestSpec {
    /// See the API reference.
    #[field(tag = 1, list = "atomic")]
    pub audiences: Vec<String>,
    /// See the API reference.
    #[field(tag = 3)]
    pub bound_object_ref: Option<Box<BoundObjectReference>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub expiration_seconds: i64,
}

/// TokenRequestStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenRequestStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub token: String,
    /// See the API reference.
    #[field(tag = 2, value, always)]
    pub expiration_timestamp: Option<crate::Time>,
}

/// TokenReviewSpec as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenReviewSpec {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub token: String,
    /// See the API reference.
    #[field(tag = 2, list = "atomic")]
    pub audiences: Vec<String>,
}

/// TokenReviewStatus as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenReviewStatus {
    /// See the API reference.
    #[field(tag = 1)]
    pub authenticated: bool,
    /// See the API reference.
    #[field(tag = 2)]
    pub user: Option<Box<UserInfo>>,
    /// See the API reference.
    #[field(tag = 3)]
    pub error: String,
    /// See the API reference.
    #[field(tag = 4, list = "atomic")]
    pub audiences: Vec<String>,
}

/// UserInfo as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct UserInfo {
    /// See the API reference.
    #[field(tag = 1)]
    pub username: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub uid: String,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub groups: Vec<String>,
    /// See the API reference.
    #[field(tag = 4)]
    pub extra: BTreeMap<String, Vec<String>>,
}
