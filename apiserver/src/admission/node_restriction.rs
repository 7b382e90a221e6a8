//! What a node agent may write: itself, its pods' status, its lease, and tokens for its pods.
//!
//! In: writes of users `system:node:NAME` in the group `system:nodes`. Out: refusals of what concerns others.
//! Elsewhere: what depends on the request alone (`authz::node`). Source: Kubernetes admission controllers reference,
//! "NodeRestriction".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::authentication::v1::TokenRequest;
use pintle_object_model::api::core::v1::{Node, PersistentVolumeClaim, Pod};
use pintle_object_model::api::resource::v1::ResourceSlice;
use pintle_object_model::{AnyResource, GroupResource, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::authz::{Referenced, node_name, references};
use crate::storage::Storage;

/// See the module documentation.
#[derive(Debug)]
pub struct NodeRestriction {
    pods: Arc<Storage>,
    nodes: Arc<Storage>,
}

const MIRROR: &str = "kubernetes.io/config.mirror";
const LEASES: &str = "kube-node-lease";

/// The write of one node.
struct Write<'a> {
    node: &'a str,
    attributes: &'a Attributes<'a>,
    object: Option<&'a dyn AnyResource>,
}

type Verdict = Result<(), Status>;

impl<'a> Write<'a> {
    fn refuse(&self, why: impl std::fmt::Display) -> Verdict {
        Err(refuse(self.attributes, why))
    }

    fn written<K: 'static>(&self) -> Option<&'a K> {
        self.object.and_then(|object| object.as_any().downcast_ref::<K>())
    }

    fn before<K: pintle_object_model::Resource>(&self) -> Option<&'a K> {
        self.attributes.old.and_then(|old| old.downcast::<K>())
    }

    /// Is the object named after the node?
    fn own_name(&self, what: &str) -> Verdict {
        if self.attributes.name == self.node {
            return Ok(());
        }
        self.refuse(format!("can only access {what} with the same name as the requesting node"))
    }

    fn pod_status(&self) -> Verdict {
        let node = self.node;
        let (Some(new), Some(old)) = (self.written::<Pod>(), self.before::<Pod>()) else { return Ok(()) };
        if old.spec.node_name != node {
            return self
                .refuse(format!("node {node:?} can only update pod status for pods with spec.nodeName set to itself"));
        }
        if new.metadata.labels != old.metadata.labels {
            return self.refuse(format!("node {node:?} cannot update labels through pod status"));
        }
        if new.status.resource_claim_statuses != old.status.resource_claim_statuses {
            return self.refuse(format!("node {node:?} cannot update resource claim statues"));
        }
        Ok(())
    }

    fn claim_status(&self) -> Verdict {
        if self.attributes.subresource != "status" {
            return self.refuse("may only update PVC status");
        }
        let claims = (self.written::<PersistentVolumeClaim>(), self.before::<PersistentVolumeClaim>());
        let (Some(new), Some(old)) = claims else { return Ok(()) };
        let mut like_old = new.clone();
        like_old.metadata.resource_version.clone_from(&old.metadata.resource_version);
        like_old.metadata.managed_fields.clone_from(&old.metadata.managed_fields);
        let (status, before) = (&mut like_old.status, &old.status);
        status.capacity.clone_from(&before.capacity);
        status.conditions.clone_from(&before.conditions);
        status.allocated_resources.clone_from(&before.allocated_resources);
        status.allocated_resource_statuses.clone_from(&before.allocated_resource_statuses);
        if like_old == *old {
            return Ok(());
        }
        self.refuse(format!(
            "node {:?} is not allowed to update fields other than status.capacity and status.conditions",
            self.node
        ))
    }

    fn node(&self) -> Verdict {
        let (node, name) = (self.node, self.attributes.name);
        if name != node {
            return self.refuse(format!("node {node:?} is not allowed to modify node {name:?}"));
        }
        let Some(new) = self.written::<Node>() else { return Ok(()) };
        let old = self.before::<Node>();
        let none = BTreeMap::new();
        let forbidden =
            forbidden_labels(&new.metadata.labels, old.map_or(&none, |old| &old.metadata.labels)).join(", ");
        match old {
            None if new.spec.config_source.is_some() => {
                self.refuse(format!("node {node:?} is not allowed to create pods with a non-nil configSource"))
            }
            None if !forbidden.is_empty() => {
                self.refuse(format!("node {node:?} is not allowed to set the following labels: {forbidden}"))
            }
            None => Ok(()),
            Some(old) if new.spec.config_source.is_some() && new.spec.config_source != old.spec.config_source => self
                .refuse(format!("node {node:?} is not allowed to update configSource to a new non-nil configSource")),
            Some(old) if new.spec.taints != old.spec.taints => {
                self.refuse(format!("node {node:?} is not allowed to modify taints"))
            }
            Some(_) if !forbidden.is_empty() => self.refuse(format!("is not allowed to modify labels: {forbidden}")),
            Some(_) => Ok(()),
        }
    }

    fn lease(&self) -> Verdict {
        if self.attributes.namespace != LEASES {
            return self.refuse(format!("can only access leases in the {LEASES:?} system namespace"));
        }
        self.own_name("node lease")
    }

    fn slice(&self) -> Verdict {
        let (word, slice) = match self.attributes.operation {
            Operation::Create => ("create", self.written::<ResourceSlice>()),
            Operation::Delete => ("delete", self.before::<ResourceSlice>()),
            Operation::Update | Operation::Connect => return Ok(()),
        };
        if slice.is_none_or(|slice| slice.spec.node_name.as_deref().unwrap_or_default() == self.node) {
            return Ok(());
        }
        self.refuse(format!("can only {word} ResourceSlice with the same NodeName as the requesting node"))
    }

    /// Mirror pods stand for what the node runs anyway; they may refer to nothing.
    fn mirror_pod(&self, pod: &Pod, nodes: &Storage) -> Verdict {
        let node = self.node;
        if !pod.metadata.annotations.contains_key(MIRROR) {
            let why = format!("pod does not have {MIRROR:?} annotation, node {node:?} can only create mirror pods");
            return self.refuse(why);
        }
        if pod.spec.node_name != node {
            return self.refuse(format!("node {node:?} can only create pods with spec.nodeName set to itself"));
        }
        let [owner] = pod.metadata.owner_references.as_slice() else {
            let word = if pod.metadata.owner_references.is_empty() { "an" } else { "a single" };
            return self
                .refuse(format!("node {node:?} can only create pods with {word} owner reference set to itself"));
        };
        if owner.api_version != "v1" || owner.kind != "Node" || owner.name != node {
            return self.refuse(format!("node {node:?} can only create pods with an owner reference set to itself"));
        }
        if owner.controller != Some(true) {
            return self
                .refuse(format!("node {node:?} can only create pods with a controller owner reference set to itself"));
        }
        if owner.block_owner_deletion == Some(true) {
            return self.refuse(format!("node {node:?} must not set blockOwnerDeletion on an owner reference"));
        }
        let found = nodes.cache.get("", node).ok_or_else(|| Status::not_found(&nodes.group_resource(), node))?;
        let uid = &found.metadata().uid;
        if owner.uid != *uid {
            return self.refuse(format!("node {node} UID mismatch: expected {} got {uid}", owner.uid));
        }
        let found = references(pod);
        let has = |sort: Referenced| found.iter().any(|(of, _)| *of == sort);
        let sources = pod.spec.volumes.iter().flat_map(|volume| &volume.projected).flat_map(|volume| &volume.sources);
        let trust = sources.into_iter().any(|source| source.cluster_trust_bundle.is_some());
        for (refers, what) in [
            (has(Referenced::ServiceAccount), "a service account"),
            (has(Referenced::Secret), "secrets"),
            (has(Referenced::ConfigMap), "configmaps"),
            (trust, "clustertrustbundles"),
            (has(Referenced::Claim), "persistentvolumeclaims"),
        ] {
            if refers {
                return self.refuse(format!("node {node:?} can not create pods that reference {what}"));
            }
        }
        Ok(())
    }
}

/// Labels that differ and that a node may not choose, because they could draw pods to it.
fn forbidden_labels(new: &BTreeMap<String, String>, old: &BTreeMap<String, String>) -> Vec<String> {
    let changed: BTreeSet<&String> =
        new.keys().chain(old.keys()).filter(|key| new.get(*key) != old.get(*key)).collect();
    changed.into_iter().filter(|key| is_forbidden(key)).cloned().collect()
}

fn is_forbidden(key: &str) -> bool {
    const OWN: [&str; 11] = [
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/instance-type",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
    ];
    let Some((prefix, _)) = key.split_once('/') else { return false };
    let within = |domain: &str| prefix.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if within("node-restriction.kubernetes.io") {
        return true;
    }
    let reserved = within("kubernetes.io") || within("k8s.io");
    reserved && !OWN.contains(&key) && !within("kubelet.kubernetes.io") && !within("node.kubernetes.io")
}

impl NodeRestriction {
    pub(crate) fn new(pods: Arc<Storage>, nodes: Arc<Storage>) -> Self {
        Self { pods, nodes }
    }

    async fn pod(&self, namespace: &str, name: &str) -> Result<Arc<Pod>, Status> {
        let found = self.pods.get(namespace, name).await?.and_then(|found| found.value.downcast_arc::<Pod>());
        found.ok_or_else(|| Status::not_found(&GroupResource::new("", "pods"), name))
    }

    async fn check(&self, write: &Write<'_>) -> Verdict {
        let attributes = write.attributes;
        if write.node.is_empty() {
            return write.refuse(format!("could not determine node from user {:?}", attributes.identity.user));
        }
        match (attributes.resource.group.as_str(), attributes.resource.resource.as_str()) {
            ("", "pods") => self.check_pod(write).await,
            ("", "nodes") => write.node(),
            ("", "persistentvolumeclaims") => write.claim_status(),
            ("", "serviceaccounts") => self.check_token(write).await,
            ("coordination.k8s.io", "leases") => write.lease(),
            ("storage.k8s.io", "csinodes") => write.own_name("CSINode"),
            ("resource.k8s.io", "resourceslices") => write.slice(),
            _ => Ok(()),
        }
    }

    async fn check_pod(&self, write: &Write<'_>) -> Verdict {
        let (node, attributes) = (write.node, write.attributes);
        match (attributes.subresource, attributes.operation) {
            ("", Operation::Create) => write.written::<Pod>().map_or(Ok(()), |pod| write.mirror_pod(pod, &self.nodes)),
            ("", Operation::Delete) => {
                if write.before::<Pod>().is_none_or(|pod| pod.spec.node_name == node) {
                    return Ok(());
                }
                write.refuse(format!("node {node:?} can only delete pods with spec.nodeName set to itself"))
            }
            ("", operation) => write.refuse(format!(
                "unexpected operation {:?}, node {node:?} can only create and delete mirror pods",
                operation.as_str()
            )),
            ("status", _) => write.pod_status(),
            ("eviction", _) => {
                let pod = self.pod(attributes.namespace, attributes.name).await?;
                if pod.spec.node_name == node {
                    return Ok(());
                }
                write.refuse(format!("node {node} can only evict pods with spec.nodeName set to itself"))
            }
            (other, _) => {
                write.refuse(format!("unexpected pod subresource {other:?}, only 'status' and 'eviction' are allowed"))
            }
        }
    }

    /// A node gets tokens only for its own pods, and only for the audiences that these mount.
    async fn check_token(&self, write: &Write<'_>) -> Verdict {
        let Some(request) = write.written::<TokenRequest>() else { return Ok(()) };
        let reference = request.spec.bound_object_ref.as_deref();
        let fits = |of: &&pintle_object_model::api::authentication::v1::BoundObjectReference| {
            of.api_version == "v1" && of.kind == "Pod" && !of.name.is_empty()
        };
        let Some(reference) = reference.filter(fits) else {
            return write.refuse("node requested token not bound to a pod");
        };
        if reference.uid.is_empty() {
            return write.refuse("node requested token with a pod binding without a uid");
        }
        let pod = self.pod(write.attributes.namespace, &reference.name).await?;
        if reference.uid != pod.metadata.uid {
            return write.refuse(format!(
                "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
                reference.uid
            ));
        }
        if pod.spec.node_name != write.node {
            return write.refuse("node requested token bound to a pod scheduled on a different node");
        }
        let [audience] = request.spec.audiences.as_slice() else {
            return write.refuse("node may only request 0 or 1 audiences");
        };
        if audience == crate::tokens::ISSUER || mounts_audience(&pod, audience) {
            return Ok(());
        }
        write.refuse(format!(
            "audience {audience:?} not found in pod spec volume, {} is not authorized to request tokens for this audience",
            write.attributes.identity.user
        ))
    }
}

fn mounts_audience(pod: &Pod, audience: &str) -> bool {
    let sources = pod.spec.volumes.iter().flat_map(|volume| &volume.projected).flat_map(|volume| &volume.sources);
    sources.flat_map(|source| &source.service_account_token).any(|token| token.audience == audience)
}

#[async_trait]
impl AdmissionPlugin for NodeRestriction {
    fn name(&self) -> &'static str {
        "NodeRestriction"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation != Operation::Connect
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        // Asked before others complete the object: a mirror pod must not have got a service account yet.
        let Some(node) = node_name(attributes.identity) else { return Ok(()) };
        self.check(&Write { node, attributes, object: Some(object) }).await
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        match node_name(attributes.identity) {
            Some(node) if attributes.operation == Operation::Delete => {
                self.check(&Write { node, attributes, object }).await
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_could_draw_pods_are_forbidden() {
        for (key, forbidden) in [
            ("foo", false),
            ("example.com/a", false),
            ("kubernetes.io/hostname", false),
            ("node.kubernetes.io/anything", false),
            ("x.kubelet.kubernetes.io/anything", false),
            ("kubernetes.io/other", true),
            ("node-role.kubernetes.io/control-plane", true),
            ("example.node-restriction.kubernetes.io/a", true),
            ("my.k8s.io/a", true),
            ("mykubernetes.io/a", false),
        ] {
            assert_eq!(is_forbidden(key), forbidden, "{key}");
        }
    }
}
