//! Types of API group `authentication`, version `v1`.

use std::collections::BTreeMap;

use crate::{Reflect, Resource};

/// A self subject review.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "authentication.k8s.io", version = "v1", plural = "selfsubjectreviews", scope = "Cluster")]
pub struct SelfSubjectReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What was last seen; written by the system.
    #[field(tag = 2, always)]
    pub status: SelfSubjectReviewStatus,
}

/// A token request.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "authentication.k8s.io", version = "v1")]
pub struct TokenRequest {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always)]
    pub spec: TokenRequestSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: TokenRequestStatus,
}

/// A token review.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "authentication.k8s.io", version = "v1", plural = "tokenreviews", scope = "Cluster")]
pub struct TokenReview {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// What is wanted.
    #[field(tag = 2, always, required)]
    pub spec: TokenReviewSpec,
    /// What was last seen; written by the system.
    #[field(tag = 3, always)]
    pub status: TokenReviewStatus,
}

/// A bound object reference.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct BoundObjectReference {
    /// Kind of the object.
    #[field(tag = 1)]
    pub kind: String,
    /// API version of the object.
    #[field(tag = 2)]
    pub api_version: String,
    /// Name.
    #[field(tag = 3)]
    pub name: String,
    /// Uid.
    #[field(tag = 4)]
    pub uid: String,
}

/// A self subject review status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct SelfSubjectReviewStatus {
    /// User info.
    #[field(tag = 1, always)]
    pub user_info: UserInfo,
}

/// A token request spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenRequestSpec {
    /// Audiences.
    #[field(tag = 1, list = "atomic")]
    pub audiences: Vec<String>,
    /// Bound object reference.
    #[field(tag = 3, always)]
    pub bound_object_ref: Option<Box<BoundObjectReference>>,
    /// Expiration, in seconds.
    #[field(tag = 4)]
    pub expiration_seconds: Option<i64>,
}

/// A token request status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenRequestStatus {
    /// Token.
    #[field(tag = 1)]
    pub token: String,
    /// Expiration timestamp.
    #[field(tag = 2, value, always)]
    pub expiration_timestamp: Option<crate::Time>,
}

/// A token review spec.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenReviewSpec {
    /// Token.
    #[field(tag = 1, always, required)]
    pub token: String,
    /// Audiences.
    #[field(tag = 2, list = "atomic")]
    pub audiences: Vec<String>,
}

/// A token review status.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct TokenReviewStatus {
    /// Authenticated.
    #[field(tag = 1)]
    pub authenticated: bool,
    /// User.
    #[field(tag = 2, always)]
    pub user: UserInfo,
    /// Error.
    #[field(tag = 3)]
    pub error: String,
    /// Audiences.
    #[field(tag = 4, list = "atomic")]
    pub audiences: Vec<String>,
}

/// An user info.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct UserInfo {
    /// Username.
    #[field(tag = 1)]
    pub username: String,
    /// Uid.
    #[field(tag = 2)]
    pub uid: String,
    /// Groups.
    #[field(tag = 3, list = "atomic")]
    pub groups: Vec<String>,
    /// Extra.
    #[field(tag = 4)]
    pub extra: BTreeMap<String, Vec<String>>,
}
