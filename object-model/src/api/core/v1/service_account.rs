//! `ServiceAccount` and the types that only it uses.

use crate::Resource;

use super::{LocalObjectReference, ObjectReference};

/// A service account.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "serviceaccounts", short = "sa", subresources = "token", rules)]
pub struct ServiceAccount {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Secrets.
    #[field(tag = 2, list = "map", keys = "name", patch = "merge", merge_key = "name")]
    pub secrets: Vec<ObjectReference>,
    /// Image pull secrets.
    #[field(tag = 3, list = "atomic")]
    pub image_pull_secrets: Vec<LocalObjectReference>,
    /// Automount service account token.
    #[field(tag = 4)]
    pub automount_service_account_token: Option<bool>,
}
