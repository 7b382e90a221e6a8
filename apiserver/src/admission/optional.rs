//! Small plugins that only run where somebody asks for them.
//!
//! Source: Kubernetes admission controllers reference, under the name of each.

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{Pod, Service};
use pintle_object_model::api::meta::v1::OwnerReference;
use pintle_object_model::{AnyResource, GroupVersionKind, Status};

use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::authz::{Authorizer, ResourceAction};

/// Admits everything. It does nothing, and is there because scripts name it.
#[derive(Debug, Default)]
pub struct AlwaysAdmit;

#[async_trait]
impl AdmissionPlugin for AlwaysAdmit {
    fn name(&self) -> &'static str {
        "AlwaysAdmit"
    }

    fn handles(&self, _operation: Operation) -> bool {
        false
    }
}

/// Refuses every write, for tests of clients.
#[derive(Debug, Default)]
pub struct AlwaysDeny;

#[async_trait]
impl AdmissionPlugin for AlwaysDeny {
    fn name(&self) -> &'static str {
        "AlwaysDeny"
    }

    fn handles(&self, _operation: Operation) -> bool {
        true
    }

    async fn validate(&self, attributes: &Attributes<'_>, _object: Option<&dyn AnyResource>) -> Result<(), Status> {
        // The server's own first objects are not a client's write.
        if attributes.identity.user == "system:apiserver" {
            return Ok(());
        }
        Err(refuse(attributes, "admission control is denying all modifications"))
    }
}

/// Pods pull their images each time, so that a private image on a node serves only those who may pull it.
#[derive(Debug, Default)]
pub struct AlwaysPullImages;

#[async_trait]
impl AdmissionPlugin for AlwaysPullImages {
    fn name(&self) -> &'static str {
        "AlwaysPullImages"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        if !matches!(attributes.subresource, "" | "ephemeralcontainers") {
            return Ok(());
        }
        let Some(pod) = object.as_any_mut().downcast_mut::<Pod>() else { return Ok(()) };
        for container in pod.spec.init_containers.iter_mut().chain(&mut pod.spec.containers) {
            container.image_pull_policy = "Always".into();
        }
        for container in &mut pod.spec.ephemeral_containers {
            container.image_pull_policy = "Always".into();
        }
        Ok(())
    }
}

/// No Service may claim addresses outside of the cluster.
#[derive(Debug, Default)]
pub struct DenyServiceExternalIps;

#[async_trait]
impl AdmissionPlugin for DenyServiceExternalIps {
    fn name(&self) -> &'static str {
        "DenyServiceExternalIPs"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let Some(new) = object.and_then(|object| object.as_any().downcast_ref::<Service>()) else { return Ok(()) };
        let old = attributes.old.and_then(|old| old.downcast::<Service>());
        let had = |ip: &String| old.is_some_and(|old| old.spec.external_ips.contains(ip));
        if !attributes.subresource.is_empty() || new.spec.external_ips.iter().all(had) {
            return Ok(());
        }
        Err(refuse(attributes, "Use of external IPs is denied by admission control"))
    }
}

/// Pods may keep away from each other by node only, not by larger domains.
#[derive(Debug, Default)]
pub struct LimitPodHardAntiAffinityTopology;

#[async_trait]
impl AdmissionPlugin for LimitPodHardAntiAffinityTopology {
    fn name(&self) -> &'static str {
        "LimitPodHardAntiAffinityTopology"
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let Some(pod) = object.and_then(|object| object.as_any().downcast_ref::<Pod>()) else { return Ok(()) };
        let anti = pod.spec.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        let mut terms = anti.into_iter().flat_map(|of| &of.required_during_scheduling_ignored_during_execution);
        match terms.find(|term| term.topology_key != "kubernetes.io/hostname") {
            Some(term) if attributes.subresource.is_empty() => Err(refuse(
                attributes,
                format!(
                    "affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey {} but only key kubernetes.io/hostname is allowed",
                    term.topology_key
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Who makes an object hold back the deletion of another must be able to change that other's finalizers.
pub struct OwnerReferencesPermissionEnforcement {
    authorizer: Arc<dyn Authorizer>,
}

impl OwnerReferencesPermissionEnforcement {
    /// Asks this authorizer.
    pub fn new(authorizer: Arc<dyn Authorizer>) -> Self {
        Self { authorizer }
    }
}

impl std::fmt::Debug for OwnerReferencesPermissionEnforcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnerReferencesPermissionEnforcement")
    }
}

/// The resource of a kind, as English forms it: good enough to ask for rights, which stay refused if it is wrong.
fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.as_bytes() {
        [.., b's' | b'x'] => format!("{kind}es"),
        [.., b'y'] if !kind.ends_with("ey") => format!("{}ies", &kind[..kind.len() - 1]),
        _ => format!("{kind}s"),
    }
}

#[async_trait]
impl AdmissionPlugin for OwnerReferencesPermissionEnforcement {
    fn name(&self) -> &'static str {
        "OwnerReferencesPermissionEnforcement"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let Some(new) = object.map(|object| &object.metadata().owner_references) else { return Ok(()) };
        let none = vec![];
        let old = attributes.old.map_or(&none, |old| &old.metadata().owner_references);
        if new == old || !attributes.subresource.is_empty() {
            return Ok(());
        }
        let allows = |action: ResourceAction| self.authorizer.allows(attributes.identity, &action.into());
        let of = attributes.resource;
        if attributes.operation == Operation::Update
            && !allows(ResourceAction::new("delete", &of.group, &of.resource).on(attributes.namespace, attributes.name))
        {
            return Err(refuse(attributes, "cannot set an ownerRef on a resource you can't delete: , <nil>"));
        }
        let blocks = |owner: &&OwnerReference| {
            owner.block_owner_deletion == Some(true)
                && !old.iter().any(|o| o.uid == owner.uid && o.block_owner_deletion == Some(true))
        };
        for owner in new.iter().filter(blocks) {
            let kind = GroupVersionKind::parse(&owner.api_version, &owner.kind);
            let resource = format!("{}/finalizers", plural(&kind.kind));
            let namespace = if kind.kind == "Node" { "" } else { attributes.namespace };
            if !allows(ResourceAction::new("update", &kind.group, &resource).on(namespace, &owner.name)) {
                let why = "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>";
                return Err(refuse(attributes, why));
            }
        }
        Ok(())
    }
}
