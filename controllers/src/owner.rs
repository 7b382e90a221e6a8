//! Owner references.

use pintle_object_model::Resource;
use pintle_object_model::api::meta::v1::{ObjectMeta, OwnerReference};

/// The reference that marks its bearer as controlled by `owner`.
pub fn controller_reference<K: Resource>(owner: &K) -> OwnerReference {
    OwnerReference {
        api_version: K::INFO.api_version(),
        kind: K::INFO.kind.to_owned(),
        name: owner.metadata().name.clone(),
        uid: owner.metadata().uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The reference to whoever controls the object, if anybody does.
pub fn controller_of(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.iter().find(|reference| reference.controller == Some(true))
}

/// Is the object controlled by the one with this UID?
pub fn is_controlled_by(metadata: &ObjectMeta, uid: &str) -> bool {
    controller_of(metadata).is_some_and(|reference| reference.uid == uid)
}

/// For indexes: the UID of the controller; `orphan/NAMESPACE` for what nobody controls.
pub(crate) fn controller_key(metadata: &ObjectMeta) -> Vec<String> {
    match controller_of(metadata) {
        Some(reference) => vec![reference.uid.clone()],
        None => vec![orphan_key(&metadata.namespace)],
    }
}

/// Where [`controller_key`] puts the orphans of a namespace.
pub(crate) fn orphan_key(namespace: &str) -> String {
    format!("orphan/{namespace}")
}
