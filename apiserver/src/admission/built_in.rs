//! Which plugins there are, in which order they run, and which of them run unless somebody says otherwise.
//!
//! In: the server's parts, and names to switch on and off. Out: an [`AdmissionChain`]. Invariant: what charges quota
//! runs last, so that nothing is charged that another plugin refuses. Source: Kubernetes reference, "Admission
//! Controllers"; the order is kube-apiserver's.

use std::sync::Arc;

use pintle_object_model::Resource;
use pintle_object_model::api::core::v1::{LimitRange, Namespace, Node, Pod, ResourceQuota, ServiceAccount};
use pintle_object_model::api::networking::v1::IngressClass;
use pintle_object_model::api::node::v1::RuntimeClass;
use pintle_object_model::api::scheduling::v1::PriorityClass;
use pintle_object_model::api::storage::v1::StorageClass;
use pintle_object_model::clock::Random;

use super::{
    AdmissionChain, AdmissionPlugin, AlwaysAdmit, AlwaysDeny, AlwaysPullImages, CertificateApproval,
    CertificateSigning, CertificateSubjectRestriction, ClusterTrustBundleAttest, DefaultIngressClass,
    DefaultStorageClass, DefaultTolerationSeconds, DenyServiceExternalIps, ExtendedResourceToleration,
    LimitPodHardAntiAffinityTopology, LimitRanger, NamespaceLifecycle, NodeRestriction,
    OwnerReferencesPermissionEnforcement, PersistentVolumeClaimResize, PodNodeSelector, PodSecurity, PodTopologyLabels,
    Priority, ResourceQuotaAdmission, RuntimeClassAdmission, ServiceAccountAdmission, StorageObjectInUseProtection,
    TaintNodesByCondition,
};
use crate::authz::{Authorizer, EscalationGuard, Rbac};
use crate::storage::{Storage, Storages};

/// The built-in admission plugins, by name, in the order in which they run.
pub const ADMISSION_PLUGINS: [&str; 27] = [
    "AlwaysAdmit",
    "NamespaceLifecycle",
    "LimitPodHardAntiAffinityTopology",
    "LimitRanger",
    "ServiceAccount",
    "NodeRestriction",
    "TaintNodesByCondition",
    "AlwaysPullImages",
    "PodSecurity",
    "PodNodeSelector",
    "Priority",
    "DefaultTolerationSeconds",
    "ExtendedResourceToleration",
    "DefaultStorageClass",
    "StorageObjectInUseProtection",
    "OwnerReferencesPermissionEnforcement",
    "PersistentVolumeClaimResize",
    "RuntimeClass",
    "CertificateApproval",
    "CertificateSigning",
    "ClusterTrustBundleAttest",
    "CertificateSubjectRestriction",
    "DefaultIngressClass",
    "PodTopologyLabels",
    "DenyServiceExternalIPs",
    "ResourceQuota",
    "AlwaysDeny",
];

/// Plugins that only run where somebody asks for them. `NodeRestriction` is not among them, unlike in kube-apiserver:
/// without it the node authorizer protects little.
const OFF_BY_DEFAULT: [&str; 8] = [
    "AlwaysAdmit",
    "LimitPodHardAntiAffinityTopology",
    "AlwaysPullImages",
    "PodNodeSelector",
    "ExtendedResourceToleration",
    "OwnerReferencesPermissionEnforcement",
    "DenyServiceExternalIPs",
    "AlwaysDeny",
];

/// What plugins are built from.
pub(crate) struct Host<'a> {
    pub(crate) storages: &'a Storages,
    pub(crate) authorizer: &'a Arc<dyn Authorizer>,
    pub(crate) rbac: Option<&'a Arc<Rbac>>,
    pub(crate) random: &'a Random,
}

impl Host<'_> {
    fn of<K: Resource>(&self) -> Option<Arc<Storage>> {
        self.storages.get(&K::INFO.gvk()).map(|storage| Arc::clone(&storage))
    }

    /// The plugin of this name; `None` if a kind that it needs is not served.
    fn plugin(&self, name: &str) -> Option<Arc<dyn AdmissionPlugin>> {
        let authorizer = || Arc::clone(self.authorizer);
        Some(match name {
            "AlwaysAdmit" => Arc::new(AlwaysAdmit),
            "NamespaceLifecycle" => Arc::new(NamespaceLifecycle::new(self.of::<Namespace>()?)),
            "LimitPodHardAntiAffinityTopology" => Arc::new(LimitPodHardAntiAffinityTopology),
            "LimitRanger" => Arc::new(LimitRanger::new(self.of::<LimitRange>()?)),
            "ServiceAccount" => {
                Arc::new(ServiceAccountAdmission::new(self.of::<ServiceAccount>()?, self.random.clone()))
            }
            "NodeRestriction" => Arc::new(NodeRestriction::new(self.of::<Pod>()?, self.of::<Node>()?)),
            "TaintNodesByCondition" => Arc::new(TaintNodesByCondition),
            "AlwaysPullImages" => Arc::new(AlwaysPullImages),
            "PodSecurity" => Arc::new(PodSecurity::new(self.of::<Namespace>()?, self.of::<Pod>())),
            "PodNodeSelector" => Arc::new(PodNodeSelector::new(self.of::<Namespace>()?)),
            "Priority" => Arc::new(Priority::new(self.of::<PriorityClass>()?)),
            "DefaultTolerationSeconds" => Arc::new(DefaultTolerationSeconds),
            "ExtendedResourceToleration" => Arc::new(ExtendedResourceToleration),
            "DefaultStorageClass" => Arc::new(DefaultStorageClass::new(self.of::<StorageClass>()?)),
            "StorageObjectInUseProtection" => Arc::new(StorageObjectInUseProtection),
            "OwnerReferencesPermissionEnforcement" => Arc::new(OwnerReferencesPermissionEnforcement::new(authorizer())),
            "PersistentVolumeClaimResize" => Arc::new(PersistentVolumeClaimResize::new(self.of::<StorageClass>()?)),
            "RuntimeClass" => Arc::new(RuntimeClassAdmission::new(self.of::<RuntimeClass>()?)),
            "CertificateApproval" => Arc::new(CertificateApproval::new(authorizer())),
            "CertificateSigning" => Arc::new(CertificateSigning::new(authorizer())),
            "ClusterTrustBundleAttest" => Arc::new(ClusterTrustBundleAttest::new(authorizer())),
            "CertificateSubjectRestriction" => Arc::new(CertificateSubjectRestriction),
            "DefaultIngressClass" => Arc::new(DefaultIngressClass::new(self.of::<IngressClass>()?)),
            "PodTopologyLabels" => Arc::new(PodTopologyLabels::new(self.of::<Node>()?)),
            "DenyServiceExternalIPs" => Arc::new(DenyServiceExternalIps),
            "ResourceQuota" => Arc::new(ResourceQuotaAdmission::new(self.of::<ResourceQuota>()?)),
            "AlwaysDeny" => Arc::new(AlwaysDeny),
            _ => return None,
        })
    }
}

impl AdmissionChain {
    /// The guard of RBAC, the plugins that are on, and the host's own just before those that must come last.
    pub(crate) fn built(
        host: &Host<'_>,
        enabled: &[String],
        disabled: &[String],
        own: &[Arc<dyn AdmissionPlugin>],
    ) -> Self {
        let named = |list: &[String], name: &str| list.iter().any(|one| one == name);
        let is_on = |name: &&str| !named(disabled, name) && (!OFF_BY_DEFAULT.contains(name) || named(enabled, name));
        let built = |name: &str| host.plugin(name);
        let (early, last): (Vec<&str>, Vec<&str>) = ADMISSION_PLUGINS
            .into_iter()
            .filter(is_on)
            .partition(|name| !matches!(*name, "ResourceQuota" | "AlwaysDeny"));
        let guard = host.rbac.map(|rbac| {
            Arc::new(EscalationGuard::new(Arc::clone(rbac), Arc::clone(host.authorizer))) as Arc<dyn AdmissionPlugin>
        });
        let mut plugins: Vec<_> = guard.into_iter().chain(early.into_iter().filter_map(built)).collect();
        plugins.extend(own.iter().filter(|plugin| !named(disabled, plugin.name())).cloned());
        plugins.extend(last.into_iter().filter_map(built));
        Self::new(plugins)
    }
}
