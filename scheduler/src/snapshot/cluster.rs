//! What decisions need to know besides nodes and pods: namespaces' labels, disruption budgets, and the selectors of
//! Services and workloads (for the default spread constraints).

use std::collections::BTreeMap;
use std::sync::Arc;

use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod, Service};
use pintle_object_model::api::meta::v1::LabelSelector;
use pintle_object_model::api::policy::v1::PodDisruptionBudget;
use pintle_object_model::api::storage::v1::StorageClass;
use pintle_object_model::selector::{Requirement, Selector};

type Labels = BTreeMap<String, String>;

/// The selector of a workload that owns pods.
#[derive(Clone, Debug)]
pub enum OwnerSelector {
    /// Of a ReplicationController.
    Equal(Labels),
    /// Of a ReplicaSet or StatefulSet.
    Object(LabelSelector),
}

/// Everything else of the cluster that decisions look at.
#[derive(Clone, Debug, Default)]
pub struct ClusterObjects {
    namespaces: BTreeMap<String, Labels>,
    budgets: BTreeMap<ObjectRef, Arc<PodDisruptionBudget>>,
    services: BTreeMap<String, BTreeMap<String, Labels>>,
    /// By namespace, kind and name.
    owners: BTreeMap<(String, String, String), OwnerSelector>,
    claims: BTreeMap<ObjectRef, Arc<PersistentVolumeClaim>>,
    volumes: BTreeMap<String, Arc<PersistentVolume>>,
    classes: BTreeMap<String, Arc<StorageClass>>,
}

static NO_LABELS: Labels = Labels::new();

impl ClusterObjects {
    /// Takes in the labels of a namespace; `None`: it is gone.
    pub fn set_namespace(&mut self, name: &str, labels: Option<Labels>) {
        match labels {
            Some(labels) => self.namespaces.insert(name.to_owned(), labels),
            None => self.namespaces.remove(name),
        };
    }

    /// The labels of a namespace; none if it is not known.
    pub fn namespace_labels(&self, name: &str) -> &Labels {
        self.namespaces.get(name).unwrap_or(&NO_LABELS)
    }

    /// Takes in a disruption budget; `present` false: it is gone.
    pub fn set_budget(&mut self, budget: Arc<PodDisruptionBudget>, present: bool) {
        let key = ObjectRef::of(&*budget);
        if present {
            self.budgets.insert(key, budget);
        } else {
            self.budgets.remove(&key);
        }
    }

    /// The disruption budgets, ordered.
    pub fn budgets(&self) -> impl Iterator<Item = &Arc<PodDisruptionBudget>> {
        self.budgets.values()
    }

    /// Takes in a Service; `present` false: it is gone.
    pub fn set_service(&mut self, service: &Service, present: bool) {
        let services = self.services.entry(service.metadata.namespace.clone()).or_default();
        if present && !service.spec.selector.is_empty() {
            services.insert(service.metadata.name.clone(), service.spec.selector.clone());
        } else {
            services.remove(&service.metadata.name);
        }
    }

    /// Takes in the selector of a workload; `None`: it is gone.
    pub fn set_owner(&mut self, kind: &str, key: &ObjectRef, selector: Option<OwnerSelector>) {
        let key = (key.namespace.clone(), kind.to_owned(), key.name.clone());
        match selector {
            Some(selector) => self.owners.insert(key, selector),
            None => self.owners.remove(&key),
        };
    }

    /// Takes in a claim; `present` false: it is gone.
    pub fn set_claim(&mut self, claim: Arc<PersistentVolumeClaim>, present: bool) {
        let key = ObjectRef::of(&*claim);
        if present {
            self.claims.insert(key, claim);
        } else {
            self.claims.remove(&key);
        }
    }

    /// A claim.
    pub fn claim(&self, key: &ObjectRef) -> Option<&Arc<PersistentVolumeClaim>> {
        self.claims.get(key)
    }

    /// Takes in a volume; `present` false: it is gone.
    pub fn set_volume(&mut self, volume: Arc<PersistentVolume>, present: bool) {
        if present {
            self.volumes.insert(volume.metadata.name.clone(), volume);
        } else {
            self.volumes.remove(&volume.metadata.name);
        }
    }

    /// A volume.
    pub fn volume(&self, name: &str) -> Option<&Arc<PersistentVolume>> {
        self.volumes.get(name)
    }

    /// Takes in a storage class; `present` false: it is gone.
    pub fn set_class(&mut self, class: Arc<StorageClass>, present: bool) {
        if present {
            self.classes.insert(class.metadata.name.clone(), class);
        } else {
            self.classes.remove(&class.metadata.name);
        }
    }

    /// A storage class.
    pub fn class(&self, name: &str) -> Option<&Arc<StorageClass>> {
        self.classes.get(name)
    }

    /// What selects a pod's siblings: the selectors of its Services and of its controller together. `None` if nothing does.
    pub fn sibling_selector(&self, pod: &Pod) -> Option<Selector> {
        let services = self.services.get(&pod.metadata.namespace).into_iter().flat_map(BTreeMap::values);
        let mut labels = Labels::new();
        for selector in services {
            if selector.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value)) {
                labels.extend(selector.clone());
            }
        }
        let mut requirements: Vec<Requirement> = Selector::equals(&labels).requirements().to_vec();
        let controller = pod.metadata.owner_references.iter().find(|owner| owner.controller == Some(true));
        if let Some(owner) = controller {
            let key = (pod.metadata.namespace.clone(), owner.kind.clone(), owner.name.clone());
            let selector = match self.owners.get(&key) {
                Some(OwnerSelector::Equal(labels)) => Selector::equals(labels),
                Some(OwnerSelector::Object(selector)) => Selector::from_field(Some(selector)),
                None => Selector::default(),
            };
            requirements.extend(selector.requirements().iter().cloned());
        }
        (!requirements.is_empty()).then(|| Selector::new(requirements))
    }
}
