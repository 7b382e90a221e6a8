//! The built-in kinds.

use super::Scheme;
use crate::api;

impl Scheme {
    /// Every kind of the stable API groups, and the versions that manifests of older clusters use.
    pub fn builtin() -> Self {
        let mut scheme = Self::empty();
        scheme
            .register::<api::admissionregistration::v1::MutatingAdmissionPolicy>()
            .register::<api::admissionregistration::v1::MutatingAdmissionPolicyBinding>()
            .register::<api::admissionregistration::v1::MutatingWebhookConfiguration>()
            .register::<api::admissionregistration::v1::ValidatingAdmissionPolicy>()
            .register::<api::admissionregistration::v1::ValidatingAdmissionPolicyBinding>()
            .register::<api::admissionregistration::v1::ValidatingWebhookConfiguration>();
        scheme
            .register::<api::apps::v1::ControllerRevision>()
            .register::<api::apps::v1::DaemonSet>()
            .register::<api::apps::v1::Deployment>()
            .register::<api::apps::v1::ReplicaSet>()
            .register::<api::apps::v1::StatefulSet>();
        scheme
            .register::<api::authentication::v1::SelfSubjectReview>()
            .register::<api::authentication::v1::TokenRequest>()
            .register::<api::authentication::v1::TokenReview>();
        scheme
            .register::<api::authorization::v1::LocalSubjectAccessReview>()
            .register::<api::authorization::v1::SelfSubjectAccessReview>()
            .register::<api::authorization::v1::SelfSubjectRulesReview>()
            .register::<api::authorization::v1::SubjectAccessReview>();
        scheme.register::<api::autoscaling::v1::Scale>();
        scheme.register::<api::apiextensions::v1::CustomResourceDefinition>();
        scheme.register::<api::apiregistration::v1::APIService>();
        scheme.register::<api::autoscaling::v2::HorizontalPodAutoscaler>();
        scheme.register::<api::batch::v1::CronJob>().register::<api::batch::v1::Job>();
        scheme.register::<api::certificates::v1::CertificateSigningRequest>();
        scheme.register::<api::coordination::v1::Lease>();
        scheme
            .register::<api::core::v1::Binding>()
            .register::<api::core::v1::ComponentStatus>()
            .register::<api::core::v1::ConfigMap>()
            .register::<api::core::v1::Endpoints>()
            .register::<api::core::v1::Event>()
            .register::<api::core::v1::LimitRange>()
            .register::<api::core::v1::Namespace>()
            .register::<api::core::v1::Node>()
            .register::<api::core::v1::PersistentVolume>()
            .register::<api::core::v1::PersistentVolumeClaim>()
            .register::<api::core::v1::Pod>()
            .register::<api::core::v1::PodTemplate>()
            .register::<api::core::v1::ReplicationController>()
            .register::<api::core::v1::ResourceQuota>()
            .register::<api::core::v1::Secret>()
            .register::<api::core::v1::Service>()
            .register::<api::core::v1::ServiceAccount>();
        scheme.register::<api::discovery::v1::EndpointSlice>();
        scheme
            .register::<api::flowcontrol::v1::FlowSchema>()
            .register::<api::flowcontrol::v1::PriorityLevelConfiguration>();
        scheme
            .register::<api::networking::v1::IPAddress>()
            .register::<api::networking::v1::Ingress>()
            .register::<api::networking::v1::IngressClass>()
            .register::<api::networking::v1::NetworkPolicy>()
            .register::<api::networking::v1::ServiceCIDR>();
        scheme.register::<api::node::v1::RuntimeClass>();
        scheme.register::<api::policy::v1::Eviction>().register::<api::policy::v1::PodDisruptionBudget>();
        scheme
            .register::<api::rbac::v1::ClusterRole>()
            .register::<api::rbac::v1::ClusterRoleBinding>()
            .register::<api::rbac::v1::Role>()
            .register::<api::rbac::v1::RoleBinding>();
        scheme
            .register::<api::resource::v1::DeviceClass>()
            .register::<api::resource::v1::ResourceClaim>()
            .register::<api::resource::v1::ResourceClaimTemplate>()
            .register::<api::resource::v1::ResourceSlice>();
        scheme.register::<api::scheduling::v1::PriorityClass>();
        scheme
            .register::<api::storage::v1::CSIDriver>()
            .register::<api::storage::v1::CSINode>()
            .register::<api::storage::v1::CSIStorageCapacity>()
            .register::<api::storage::v1::StorageClass>()
            .register::<api::storage::v1::VolumeAttachment>()
            .register::<api::storage::v1::VolumeAttributesClass>();
        super::legacy::register(&mut scheme);
        super::versions::register(&mut scheme);
        scheme
    }
}
