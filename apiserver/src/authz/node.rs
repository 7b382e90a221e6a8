//! What node agents may do: read what their own pods need, and report on themselves.
//!
//! In: requests of users `system:node:NAME` in the group `system:nodes`. Out: yes, or which relation is missing.
//! Relations are looked up in the caches: a Secret is readable if a pod of the node refers to it. Elsewhere: what
//! depends on the object being written (the admission plugin `NodeRestriction`). Source: Kubernetes reference,
//! "Using Node Authorization".

use std::sync::Arc;

use pintle_client::Identity;
use pintle_object_model::Resource;
use pintle_object_model::api::core::v1::{PersistentVolume, Pod};
use pintle_object_model::api::rbac::v1::PolicyRule;
use pintle_object_model::api::resource::v1::ResourceSlice;
use pintle_object_model::api::storage::v1::VolumeAttachment;

use super::rules::rule_allows;
use super::{Action, Authorizer, Decision, Referenced, ResourceAction, RuleList, references};
use crate::storage::{Storage, Storages};

/// Namespace of the leases by which nodes show that they are alive.
pub(crate) const LEASES: &str = "kube-node-lease";

/// See the module documentation.
#[derive(Debug)]
pub struct NodeAuthorizer {
    storages: Storages,
    /// What every node may do, whatever its pods are.
    rules: Vec<PolicyRule>,
}

/// The node that an identity is, if it is one: `Some("")` for a member of `system:nodes` with an unfit name.
pub(crate) fn node_name(identity: &Identity) -> Option<&str> {
    let name = identity.user.strip_prefix("system:node:")?;
    identity.groups.iter().any(|group| group == "system:nodes").then_some(name)
}

fn allowed() -> Decision {
    Decision::Allowed { why: String::new() }
}

fn no(why: impl Into<String>) -> Decision {
    Decision::NoOpinion { why: why.into() }
}

impl NodeAuthorizer {
    pub(crate) fn new(storages: Storages, rules: Vec<PolicyRule>) -> Self {
        Self { storages, rules }
    }

    fn storage<K: Resource>(&self) -> Option<Arc<Storage>> {
        self.storages.get(&K::INFO.gvk())
    }

    /// Does a pod of the node, in this namespace, meet the condition? Mirror pods are the node's own claim and
    /// prove nothing.
    fn runs(&self, node: &str, namespace: &str, meets: impl Fn(&Pod) -> bool) -> bool {
        let Some(storage) = self.storage::<Pod>() else { return false };
        let snapshot = storage.cache.snapshot();
        let mut pods = snapshot.iter(namespace, None).filter_map(|(_, object)| object.downcast::<Pod>());
        pods.any(|pod| pod.spec.node_name == node && !is_mirror(pod) && meets(pod))
    }

    fn refers(&self, node: &str, sort: Referenced, namespace: &str, name: &str) -> bool {
        self.runs(node, namespace, |pod| references(pod).iter().any(|(of, to)| *of == sort && to == name))
    }

    /// Is the volume bound to a claim of a pod of the node?
    fn uses_volume(&self, node: &str, volume: &PersistentVolume) -> bool {
        volume
            .spec
            .claim_ref
            .as_ref()
            .is_some_and(|claim| self.refers(node, Referenced::Claim, &claim.namespace, &claim.name))
    }

    /// Secrets may also be named by volumes that the node's pods use.
    fn reads_through_volume(&self, node: &str, namespace: &str, name: &str) -> bool {
        let Some(storage) = self.storage::<PersistentVolume>() else { return false };
        let snapshot = storage.cache.snapshot();
        let mut volumes = snapshot.iter("", None).filter_map(|(_, object)| object.downcast::<PersistentVolume>());
        volumes.any(|volume| secrets_of(volume).contains(&(namespace, name)) && self.uses_volume(node, volume))
    }

    fn related(&self, node: &str, action: &ResourceAction) -> bool {
        let (namespace, name) = (action.namespace.as_str(), action.name.as_str());
        match (action.group.as_str(), action.resource.as_str()) {
            ("", "secrets") => {
                self.refers(node, Referenced::Secret, namespace, name)
                    || self.reads_through_volume(node, namespace, name)
            }
            ("", "configmaps") => self.refers(node, Referenced::ConfigMap, namespace, name),
            ("", "persistentvolumeclaims") => self.refers(node, Referenced::Claim, namespace, name),
            ("", "serviceaccounts") => self.refers(node, Referenced::ServiceAccount, namespace, name),
            ("resource.k8s.io", "resourceclaims") => self.refers(node, Referenced::ResourceClaim, namespace, name),
            ("", "pods") => {
                let pod = self.storage::<Pod>().and_then(|storage| storage.cache.get(namespace, name));
                pod.as_ref().and_then(|pod| pod.downcast::<Pod>()).is_some_and(|pod| pod.spec.node_name == node)
            }
            ("", "persistentvolumes") => {
                let found = self.storage::<PersistentVolume>().and_then(|storage| storage.cache.get("", name));
                let volume = found.as_ref().and_then(|object| object.downcast::<PersistentVolume>());
                volume.is_some_and(|volume| self.uses_volume(node, volume))
            }
            ("storage.k8s.io", "volumeattachments") => {
                let found = self.storage::<VolumeAttachment>().and_then(|storage| storage.cache.get("", name));
                let attachment = found.as_ref().and_then(|object| object.downcast::<VolumeAttachment>());
                attachment.is_some_and(|attachment| attachment.spec.node_name == node)
            }
            ("resource.k8s.io", "resourceslices") => {
                let found = self.storage::<ResourceSlice>().and_then(|storage| storage.cache.get("", name));
                let slice = found.as_ref().and_then(|object| object.downcast::<ResourceSlice>());
                slice.is_some_and(|slice| slice.spec.node_name.as_deref() == Some(node))
            }
            _ => false,
        }
    }

    fn if_related(&self, node: &str, action: &ResourceAction) -> Decision {
        if action.name.is_empty() {
            no("No Object name found")
        } else if self.related(node, action) {
            allowed()
        } else {
            no(format!("no relationship found between node '{node}' and this object"))
        }
    }

    fn get_one(&self, node: &str, action: &ResourceAction) -> Decision {
        if action.verb != "get" {
            no("can only get individual resources of this type")
        } else if !action.subresource.is_empty() {
            no("cannot get subresource")
        } else {
            self.if_related(node, action)
        }
    }

    fn read_namespaced(&self, node: &str, action: &ResourceAction) -> Decision {
        if !matches!(action.verb.as_str(), "get" | "list" | "watch") {
            no("can only read resources of this type")
        } else if !action.subresource.is_empty() {
            no("cannot read subresource")
        } else if action.namespace.is_empty() {
            no("can only read namespaced object of this type")
        } else {
            self.if_related(node, action)
        }
    }

    fn service_account(&self, node: &str, action: &ResourceAction) -> Decision {
        match (action.verb.as_str(), action.subresource.as_str()) {
            ("get", "") => self.if_related(node, action),
            ("create", _) if action.name.is_empty() => no("can only create tokens for individual service accounts"),
            ("create", "token") => self.if_related(node, action),
            ("create", _) => no("can only create token subresource of serviceaccount"),
            _ => no("can only create tokens for individual service accounts"),
        }
    }

    fn pod(&self, node: &str, action: &ResourceAction) -> Decision {
        match (action.subresource.as_str(), action.verb.as_str()) {
            ("", "get") => self.get_one(node, action),
            ("", "list" | "watch") => {
                if action.only_where("spec.nodeName", node) {
                    allowed()
                } else if action.name.is_empty() {
                    no("can only list/watch pods with spec.nodeName field selector")
                } else {
                    self.if_related(node, action)
                }
            }
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => allowed(),
            _ => no(""),
        }
    }

    fn slice(&self, node: &str, action: &ResourceAction) -> Decision {
        if !action.subresource.is_empty() {
            return no("cannot authorize ResourceSlice subresources");
        }
        match action.verb.as_str() {
            "create" => allowed(),
            "get" | "update" | "patch" | "delete" => self.if_related(node, action),
            "watch" | "list" | "deletecollection" if action.only_where("spec.nodeName", node) => allowed(),
            "watch" | "list" | "deletecollection" => {
                no("can only list/watch/deletecollection resourceslices with nodeName field selector")
            }
            _ => no(
                "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
            ),
        }
    }
}

fn is_mirror(pod: &Pod) -> bool {
    pod.metadata.annotations.contains_key("kubernetes.io/config.mirror")
}

/// `(namespace, name)` of the secrets that a volume names.
fn secrets_of(volume: &PersistentVolume) -> Vec<(&str, &str)> {
    let spec = &volume.spec;
    let home = spec.claim_ref.as_ref().map_or("", |claim| claim.namespace.as_str());
    let csi = spec.csi.as_ref();
    let references = [
        csi.and_then(|of| of.node_publish_secret_ref.as_deref()),
        csi.and_then(|of| of.node_stage_secret_ref.as_deref()),
        csi.and_then(|of| of.node_expand_secret_ref.as_deref()),
        csi.and_then(|of| of.controller_publish_secret_ref.as_deref()),
        spec.cephfs.as_ref().and_then(|of| of.secret_ref.as_deref()),
        spec.cinder.as_ref().and_then(|of| of.secret_ref.as_deref()),
        spec.flex_volume.as_ref().and_then(|of| of.secret_ref.as_deref()),
        spec.rbd.as_ref().and_then(|of| of.secret_ref.as_deref()),
        spec.iscsi.as_ref().and_then(|of| of.secret_ref.as_deref()),
        spec.scale_io.as_ref().map(|of| &of.secret_ref),
    ];
    let mut found: Vec<(&str, &str)> = references
        .into_iter()
        .flatten()
        .map(|of| (if of.namespace.is_empty() { home } else { &of.namespace }, of.name.as_str()))
        .collect();
    found.extend(
        spec.azure_file.iter().map(|of| (of.secret_namespace.as_deref().unwrap_or(home), of.secret_name.as_str())),
    );
    found
}

fn lease(node: &str, action: &ResourceAction) -> Decision {
    if !matches!(action.verb.as_str(), "get" | "create" | "update" | "patch" | "delete") {
        no("can only get, create, update, patch, or delete a node lease")
    } else if action.namespace != LEASES {
        no(format!("can only access leases in the {LEASES:?} system namespace"))
    } else if action.verb != "create" && action.name != node {
        no("can only access node lease with the same name as the requesting node")
    } else {
        allowed()
    }
}

fn csi_node(node: &str, action: &ResourceAction) -> Decision {
    if !matches!(action.verb.as_str(), "get" | "create" | "update" | "patch" | "delete") {
        no("can only get, create, update, patch, or delete a CSINode")
    } else if !action.subresource.is_empty() {
        no("cannot authorize CSINode subresources")
    } else if action.verb != "create" && action.name != node {
        no("can only access CSINode with the same name as the requesting node")
    } else {
        allowed()
    }
}

fn own_node(node: &str, action: &ResourceAction) -> Decision {
    match (action.subresource.as_str(), action.verb.as_str()) {
        ("", "create" | "update" | "patch") | ("status", "update" | "patch") => allowed(),
        ("", "get" | "list" | "watch") if action.name == node => allowed(),
        ("", "get" | "list" | "watch") if action.name.is_empty() => {
            no(format!("node '{node}' cannot read all nodes, only its own Node object"))
        }
        ("", "get" | "list" | "watch") => {
            no(format!("node '{node}' cannot read '{}', only its own Node object", action.name))
        }
        _ => no(""),
    }
}

impl Authorizer for NodeAuthorizer {
    fn decide(&self, identity: &Identity, action: &Action) -> Decision {
        let Some(node) = node_name(identity) else { return no("") };
        if node.is_empty() {
            return no(format!("unknown node for user {:?}", identity.user));
        }
        if let Action::Resource(asked) = action {
            match (asked.group.as_str(), asked.resource.as_str()) {
                ("", "secrets" | "configmaps") => return self.read_namespaced(node, asked),
                ("", "persistentvolumeclaims") if asked.subresource == "status" => {
                    return match asked.verb.as_str() {
                        "update" | "patch" => self.if_related(node, asked),
                        _ => no("can only get/update/patch this type"),
                    };
                }
                ("", "persistentvolumeclaims" | "persistentvolumes")
                | ("resource.k8s.io", "resourceclaims")
                | ("storage.k8s.io", "volumeattachments") => return self.get_one(node, asked),
                ("", "serviceaccounts") => return self.service_account(node, asked),
                ("coordination.k8s.io", "leases") => return lease(node, asked),
                ("storage.k8s.io", "csinodes") => return csi_node(node, asked),
                ("resource.k8s.io", "resourceslices") => return self.slice(node, asked),
                ("", "nodes") => return own_node(node, asked),
                ("", "pods") => return self.pod(node, asked),
                _ => {}
            }
        }
        if self.rules.iter().any(|rule| rule_allows(rule, action)) { allowed() } else { no("") }
    }

    fn rules(&self, identity: &Identity, _namespace: &str) -> RuleList {
        let incomplete = match node_name(identity) {
            Some(_) => "node authorizer does not support user rule resolution".into(),
            None => String::new(),
        };
        RuleList { rules: vec![], incomplete }
    }
}
