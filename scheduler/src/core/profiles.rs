//! The profiles of a scheduler, by scheduler name.

use std::collections::BTreeMap;
use std::sync::Arc;

use pintle_object_model::api::core::v1::Pod;

use crate::{ClusterEvent, Hint, PodInfo, Profile};

#[derive(Debug)]
pub(crate) struct Profiles {
    by_name: BTreeMap<String, Arc<Profile>>,
}

/// The scheduler name of pods that name none (the API server fills it in; objects made in tests may not have it).
const DEFAULT_SCHEDULER: &str = "default-scheduler";

impl Profiles {
    pub(crate) fn new(profiles: Vec<Profile>) -> Self {
        Self {
            by_name: profiles.into_iter().map(|profile| (profile.scheduler_name.clone(), Arc::new(profile))).collect(),
        }
    }

    /// The profile of a pod; `None`: another scheduler's.
    pub(crate) fn of(&self, pod: &Pod) -> Option<Arc<Profile>> {
        let name = pod.spec.scheduler_name.as_str();
        self.by_name.get(if name.is_empty() { DEFAULT_SCHEDULER } else { name }).cloned()
    }

    /// May the pod enter the queue? Else: the plugin that holds it back.
    pub(crate) fn pre_enqueue(&self, pod: &PodInfo) -> Result<(), &'static str> {
        let Some(profile) = self.of(pod.pod()) else { return Ok(()) };
        for plugin in &profile.pre_enqueue {
            if plugin.pre_enqueue(pod).is_err() {
                return Err(plugin.name());
            }
        }
        Ok(())
    }

    /// Could this event help a pod that this plugin rejected?
    pub(crate) fn hint(&self, pod: &PodInfo, plugin: &str, event: &ClusterEvent) -> Hint {
        let Some(profile) = self.of(pod.pod()) else { return Hint::Skip };
        let known = profile.enqueue.iter().find(|extension| extension.name() == plugin);
        known.map_or(Hint::Queue, |extension| extension.hint(pod, event))
    }
}
