//! `ServiceAccount` and the types that only it uses.

use crate::Resource;

use super::{LocalObjectReference, ObjectReference};

/// ServiceAccount as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    version = "v1",
    plural = "serviceaccounts",
    short = "sa",
    subresources = "token",
    rules
)]
pub struct ServiceAccount {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(
        tag = 2,
        list = "map",
        keys = "name",
        patch = "merge",
        merge_key = "name"
    )]
    pub secrets: Vec<ObjectReference>,
    /// See the API reference.
    #[field(tag = 3, list = "atomic")]
    pub image_pull_secrets: Vec<LocalObjectReference>,
    /// See the API reference.
    #[field(tag = 4)]
    pub automount_service_account_token: bool,
}
