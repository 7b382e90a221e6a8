//! Admission: plugins that may change or refuse a write after it was authorized and decoded.
//!
//! In: [`Attributes`] of the write. Out: a changed object, warnings, or a refusal. Invariant: all mutating
//! plugins run before validation, all validating ones after it; none of them writes anything itself.
//! Elsewhere: the rules of each kind (`object-model`), rights (`authz`).

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pintle_client::{Identity, Notes};
use pintle_object_model::{AnyResource, GroupVersionKind, GroupVersionResource, Object, Status};

mod built_in;
mod certificates;
mod default_tolerations;
mod extended;
mod ingress_class;
mod limit_ranger;
mod namespace_lifecycle;
mod node_restriction;
mod nodes;
mod optional;
mod pod_node_selector;
mod pod_resources;
mod pod_security;
mod priority;
mod quota;
mod service_account;
mod storage;
mod topology;

pub use built_in::ADMISSION_PLUGINS;
pub(crate) use built_in::Host;
pub use certificates::{
    CertificateApproval, CertificateSigning, CertificateSubjectRestriction, ClusterTrustBundleAttest,
};
pub use default_tolerations::DefaultTolerationSeconds;
pub use extended::ExtendedResourceToleration;
pub use ingress_class::DefaultIngressClass;
pub use limit_ranger::LimitRanger;
pub use namespace_lifecycle::NamespaceLifecycle;
pub use node_restriction::NodeRestriction;
pub use nodes::{RuntimeClassAdmission, TaintNodesByCondition};
pub use optional::{
    AlwaysAdmit, AlwaysDeny, AlwaysPullImages, DenyServiceExternalIps, LimitPodHardAntiAffinityTopology,
    OwnerReferencesPermissionEnforcement,
};
pub use pod_node_selector::PodNodeSelector;
pub use pod_security::PodSecurity;
pub use priority::Priority;
pub use quota::ResourceQuotaAdmission;
pub use service_account::ServiceAccountAdmission;
pub use storage::{DefaultStorageClass, PersistentVolumeClaimResize, StorageObjectInUseProtection};
pub use topology::PodTopologyLabels;

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Makes an object (or a subresource such as `binding`).
    Create,
    /// Changes an object.
    Update,
    /// Deletes an object.
    Delete,
    /// Connects to one (`exec`, `proxy`).
    Connect,
}

impl Operation {
    /// As admission reviews name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Everything about a write except the object being written.
#[derive(Debug)]
pub struct Attributes<'a> {
    /// What is done.
    pub operation: Operation,
    /// Resource as it was asked for.
    pub resource: &'a GroupVersionResource,
    /// Kind as it is stored.
    pub kind: GroupVersionKind,
    /// Subresource; empty for none.
    pub subresource: &'a str,
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: &'a str,
    /// Name; empty while it is not generated yet.
    pub name: &'a str,
    /// Who asks.
    pub identity: &'a Identity,
    /// The object before an update or deletion.
    pub old: Option<&'a Object>,
    /// Nothing will be stored.
    pub dry_run: bool,
    /// Where plugins put warnings for the client, and annotations for the audit.
    pub warnings: &'a Warnings,
}

/// Warnings that a request collects on its way, and annotations for its audit.
#[derive(Debug, Default)]
pub struct Warnings {
    told: Mutex<Vec<String>>,
    notes: Notes,
}

impl Warnings {
    /// None yet; annotations go to these notes.
    pub(crate) fn of(notes: &Notes) -> Self {
        Self { told: Mutex::default(), notes: notes.clone() }
    }
    /// Annotates the request's audit event, in the place of what stood there.
    pub fn annotate(&self, key: impl Into<String>, value: impl Into<String>) {
        self.notes.annotate(key, value);
    }
    /// Adds one, unless it is there already.
    pub fn add(&self, warning: impl Into<String>) {
        let warning = warning.into();
        let mut all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(&warning) {
            all.push(warning);
        }
    }
    /// Takes all out.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An admission plugin. Called concurrently for every write it [handles](Self::handles), once per phase and
/// attempt: a write that meets a conflict is tried again with fresh attributes, so plugins keep no count.
#[async_trait]
pub trait AdmissionPlugin: Send + Sync + 'static {
    /// The name by which it is switched on and off.
    fn name(&self) -> &'static str;

    /// Does it care about this operation?
    fn handles(&self, operation: Operation) -> bool;

    /// Do the other plugins have another look at what it changed? For plugins that act for somebody else, while there
    /// is somebody: to find out what changed costs a copy of the object.
    fn reinvokes(&self) -> bool {
        false
    }

    /// May change the object (stored version, after defaulting, before validation).
    ///
    /// # Errors
    /// The refusal that the client gets.
    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let _ = (attributes, object);
        Ok(())
    }

    /// May refuse the write; the object is final. `None` for deletions and connections without one.
    ///
    /// # Errors
    /// The refusal that the client gets.
    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let _ = (attributes, object);
        Ok(())
    }
}

/// Plugins in the order in which they run.
#[derive(Clone, Default)]
pub struct AdmissionChain {
    plugins: Arc<Vec<Arc<dyn AdmissionPlugin>>>,
}

impl std::fmt::Debug for AdmissionChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.plugins.iter().map(|plugin| plugin.name())).finish()
    }
}

impl AdmissionChain {
    /// These plugins, in this order.
    pub fn new(plugins: Vec<Arc<dyn AdmissionPlugin>>) -> Self {
        Self { plugins: Arc::new(plugins) }
    }

    /// The names of the plugins.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.plugins.iter().map(|plugin| plugin.name())
    }

    pub(crate) async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let mut changed = false;
        for plugin in self.plugins.iter().filter(|plugin| plugin.handles(attributes.operation)) {
            if plugin.reinvokes() {
                let before = object.clone_box();
                plugin.mutate(attributes, object).await?;
                changed |= !object.equals(&*before);
            } else {
                plugin.mutate(attributes, object).await?;
            }
        }
        if changed {
            let own = self.plugins.iter().filter(|plugin| plugin.handles(attributes.operation) && !plugin.reinvokes());
            for plugin in own {
                plugin.mutate(attributes, object).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn validate(
        &self,
        attributes: &Attributes<'_>,
        object: Option<&dyn AnyResource>,
    ) -> Result<(), Status> {
        for plugin in self.plugins.iter().filter(|plugin| plugin.handles(attributes.operation)) {
            plugin.validate(attributes, object).await?;
        }
        Ok(())
    }
}

/// The refusal that a plugin gives: 403 with the standard words.
pub(crate) fn refuse(attributes: &Attributes<'_>, why: impl std::fmt::Display) -> Status {
    Status::forbidden(&attributes.resource.group_resource(), attributes.name, why)
}

/// Are only owners and finalizers changed, as the garbage collector does?
pub(crate) fn collects_garbage(object: &dyn AnyResource, old: &dyn AnyResource) -> bool {
    let mut like_old = object.clone_box();
    let (new, old_metadata) = (like_old.metadata_mut(), old.metadata());
    new.owner_references.clone_from(&old_metadata.owner_references);
    new.finalizers.clone_from(&old_metadata.finalizers);
    new.managed_fields.clone_from(&old_metadata.managed_fields);
    new.resource_version.clone_from(&old_metadata.resource_version);
    like_old.equals(old)
}
