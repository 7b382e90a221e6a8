//! The scheduler without I/O: what is known of the cluster, the queue, and one decision at a time.
//!
//! In: changes of pods, nodes and other objects; results of bindings; time. Out: [`Attempt`]s, which say what is to be
//! done. Invariants: a pod for which a node was chosen counts as placed there (it is *assumed*) until the API confirms it
//! or its binding fails, so that the next decision sees it; a pod is never in the queue and assumed at once. Elsewhere:
//! doing it (`scheduler`).

mod profiles;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::api::core::v1::{Node, Pod};
use pintle_object_model::clock::Random;
use pintle_watch::Delta;

use crate::{
    ClusterEvent, Cursor, Cycle, Decision, Diagnosis, NodeChange, Nominator, PermitVerdict, Placement, PodInfo,
    Preemption, Profile, QueueConfig, QueuedPodInfo, Rejection, SchedulingQueue, Snapshot,
};

pub(crate) use profiles::Profiles;

/// What is to be done after one decision.
#[derive(Debug)]
pub enum Attempt {
    /// Bind the pod, then call [`Core::bound`] or [`Core::binding_failed`].
    Bind(Box<Binding>),
    /// Say that the pod fits nowhere, and make room if that is possible.
    Report(Box<Failure>),
}

/// A pod that is to be bound.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The pod as it waited.
    pub queued: QueuedPodInfo,
    /// Its node.
    pub node: String,
    /// Its profile.
    pub profile: Arc<Profile>,
    /// How many nodes were looked at.
    pub evaluated: usize,
    /// How many of them fit.
    pub feasible: usize,
    /// Permit plugins that want to be waited for, and how long.
    pub waits: Vec<(&'static str, Duration)>,
}

/// A pod that fits nowhere.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The pod.
    pub pod: Arc<PodInfo>,
    /// Its scheduler's name.
    pub scheduler_name: String,
    /// The text of its condition and event.
    pub message: String,
    /// The plugins that rejected it.
    pub plugins: BTreeSet<&'static str>,
    /// Who has to go.
    pub preemption: Option<Preemption>,
    /// An earlier nomination has become pointless.
    pub clear_nomination: bool,
}

#[derive(Debug)]
struct Assumed {
    info: Arc<PodInfo>,
    /// Forget it at this time; `None`: it is still being bound, or assumptions do not expire.
    expires: Option<Duration>,
}

/// How the core behaves.
#[derive(Clone, Debug, Default)]
pub struct CoreConfig {
    /// Times of the queue.
    pub queue: QueueConfig,
    /// How long a bound pod stays assumed if the API never shows it bound. Default: for ever, which is safe because the
    /// informer also tells of its deletion.
    pub assume_expiry: Option<Duration>,
}

/// The scheduler's state.
#[derive(Debug)]
pub struct Core {
    profiles: Arc<Profiles>,
    config: CoreConfig,
    queue: SchedulingQueue,
    snapshot: Snapshot,
    nominator: Nominator,
    cursor: Cursor,
    random: Random,
    /// By uid: pods that the API shows on a node.
    placed: BTreeMap<String, Arc<PodInfo>>,
    /// By uid.
    assumed: BTreeMap<String, Assumed>,
    /// By uid: pods for which others are being evicted.
    preempting: BTreeMap<String, Evicting>,
}

/// Evictions that have been decided, but not yet seen. Until then the pod is not tried again, or it would find the same
/// cluster and evict even more.
#[derive(Debug, Default)]
struct Evicting {
    /// Uids.
    victims: BTreeSet<String>,
    /// The pod had its turn meanwhile: it is owed another one.
    missed: bool,
}

impl Core {
    /// A scheduler of these profiles that knows nothing yet. The first profile's order of the queue counts; without one
    /// it is PrioritySort.
    pub fn new(profiles: Vec<Profile>, config: CoreConfig, random: Random) -> Self {
        let sort = profiles.iter().find_map(|profile| profile.queue_sort.clone());
        let sort = sort.unwrap_or_else(|| Arc::new(crate::plugins::PrioritySort));
        let profiles = Arc::new(Profiles::new(profiles));
        let queue = SchedulingQueue::new(Arc::clone(&profiles), sort, config.queue.clone());
        Self {
            profiles,
            config,
            queue,
            snapshot: Snapshot::new(),
            nominator: Nominator::default(),
            cursor: Cursor::default(),
            random,
            placed: BTreeMap::new(),
            assumed: BTreeMap::new(),
            preempting: BTreeMap::new(),
        }
    }

    /// The cluster as the next decision sees it.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What decisions need besides nodes and pods, to change. Call [`changed`](Self::changed) afterwards.
    pub fn snapshot_mut(&mut self) -> &mut Snapshot {
        &mut self.snapshot
    }

    /// The pods that wait.
    pub fn queue(&self) -> &SchedulingQueue {
        &self.queue
    }

    /// Promises made by preemption.
    pub fn nominator(&self) -> &Nominator {
        &self.nominator
    }

    /// Is this pod assumed on a node?
    pub fn is_assumed(&self, uid: &str) -> bool {
        self.assumed.contains_key(uid)
    }

    /// Something other than a pod or a node has changed.
    pub fn changed(&mut self, event: &ClusterEvent, now: Duration) {
        self.queue.on_event(event, now);
    }

    /// A node has changed.
    pub fn on_node(&mut self, delta: &Delta<Node>, now: Duration) {
        let event = match delta {
            Delta::Added(node) => {
                self.snapshot.put_node(Arc::clone(node));
                ClusterEvent::NodeAdded(Arc::clone(node))
            }
            Delta::Updated { old, new } => {
                self.snapshot.put_node(Arc::clone(new));
                let change = NodeChange::between(old, new);
                if change.is_empty() {
                    return;
                }
                ClusterEvent::NodeUpdated { old: Arc::clone(old), new: Arc::clone(new), change }
            }
            Delta::Deleted { last, .. } => {
                self.snapshot.remove_node(&last.metadata.name);
                ClusterEvent::NodeDeleted(Arc::clone(last))
            }
        };
        if self.snapshot.is_wasteful() {
            self.snapshot = self.snapshot.compacted();
            self.cursor = Cursor::default();
        }
        self.queue.on_event(&event, now);
    }

    /// A pod has changed.
    pub fn on_pod(&mut self, delta: &Delta<Pod>, now: Duration) {
        match delta {
            Delta::Added(pod) => self.pod_is(pod, now),
            Delta::Updated { old, new } => {
                if old.metadata.uid != new.metadata.uid {
                    self.pod_is_gone(&old.metadata.uid, now);
                }
                self.pod_is(new, now);
            }
            Delta::Deleted { last, .. } => self.pod_is_gone(&last.metadata.uid, now),
        }
    }

    fn pod_is(&mut self, pod: &Arc<Pod>, now: Duration) {
        let uid = &pod.metadata.uid;
        if matches!(pod.status.phase.as_str(), "Succeeded" | "Failed") {
            return self.pod_is_gone(uid, now);
        }
        if !pod.spec.node_name.is_empty() {
            return self.pod_is_placed(PodInfo::shared(Arc::clone(pod)), now);
        }
        // An update of a pod that is being bound does not matter: the binding decides.
        if self.assumed.contains_key(uid) {
            return;
        }
        if pod.metadata.deletion_timestamp.is_some() || self.profiles.of(pod).is_none() {
            self.queue.remove(uid);
            self.nominator.remove(uid);
            self.preempting.remove(uid);
            return;
        }
        let info = PodInfo::shared(Arc::clone(pod));
        let known = self.queue.place(uid).is_some();
        if let Some(node) = self.nominator.node_of(uid).map(str::to_owned) {
            self.nominator.nominate(Arc::clone(&info), &node);
        } else if !known {
            self.nominator.nominate(Arc::clone(&info), &pod.status.nominated_node_name);
        }
        self.queue.add(info, now);
    }

    fn pod_is_placed(&mut self, info: Arc<PodInfo>, now: Duration) {
        let uid = info.uid().to_owned();
        self.queue.remove(&uid);
        self.nominator.remove(&uid);
        let assumed = self.assumed.remove(&uid).map(|assumed| assumed.info);
        if let Some(old) = assumed.as_ref().or(self.placed.get(&uid)) {
            self.snapshot.remove_pod(old);
        }
        self.snapshot.add_pod(Arc::clone(&info));
        if info.is_terminating() {
            self.victim_leaves(&uid, now);
        }
        let before = self.placed.insert(uid, Arc::clone(&info));
        let event = match before {
            None => ClusterEvent::PodAdded(info),
            Some(old) if old.class_key() == info.class_key() && old.requests() == info.requests() => return,
            Some(old) => ClusterEvent::PodUpdated { old, new: info },
        };
        self.queue.on_event(&event, now);
    }

    /// A pod is leaving or gone: those who waited for that may be tried again.
    fn victim_leaves(&mut self, uid: &str, now: Duration) {
        let mut owed = vec![];
        self.preempting.retain(|preemptor, evicting| {
            evicting.victims.remove(uid);
            let waits = !evicting.victims.is_empty();
            if !waits && evicting.missed {
                owed.push(preemptor.clone());
            }
            waits
        });
        for preemptor in owed {
            self.queue.activate(&preemptor, now);
        }
    }

    fn pod_is_gone(&mut self, uid: &str, now: Duration) {
        self.queue.remove(uid);
        self.nominator.remove(uid);
        self.preempting.remove(uid);
        self.victim_leaves(uid, now);
        let assumed = self.assumed.remove(uid).map(|assumed| assumed.info);
        if let Some(info) = self.placed.remove(uid).or(assumed) {
            self.snapshot.remove_pod(&info);
            self.queue.on_event(&ClusterEvent::PodDeleted(info), now);
        }
    }

    /// Decides about the next pod, if there is one.
    pub fn next(&mut self, now: Duration) -> Option<Attempt> {
        self.advance(now);
        let queued = self.pop(now)?;
        let profile = self.profiles.of(queued.info.pod())?;
        let decision =
            profile.schedule_one(&self.snapshot, &queued.info, &self.nominator, &mut self.cursor, &self.random);
        Some(match decision {
            Decision::Place(placement) => self.assume(queued, *placement, profile, now),
            Decision::Unschedulable { diagnosis, preemption, clear_nomination } => {
                self.reject(queued, &profile, &diagnosis, preemption, clear_nomination, now)
            }
        })
    }

    /// The next pod that is not in the middle of evicting others.
    fn pop(&mut self, now: Duration) -> Option<QueuedPodInfo> {
        loop {
            let queued = self.queue.pop(now)?;
            let Some(evicting) = self.preempting.get_mut(queued.info.uid()) else { return Some(queued) };
            evicting.missed = true;
            let plugins = queued.unschedulable_plugins.clone();
            self.queue.put_unschedulable(queued, plugins, now);
        }
    }

    fn reject(
        &mut self,
        queued: QueuedPodInfo,
        profile: &Profile,
        diagnosis: &Diagnosis,
        preemption: Option<Preemption>,
        clear_nomination: bool,
        now: Duration,
    ) -> Attempt {
        let pod = Arc::clone(&queued.info);
        let clear_nomination = clear_nomination && self.nominator.node_of(pod.uid()).is_some();
        if let Some(preemption) = &preemption {
            self.nominator.nominate(Arc::clone(&pod), &preemption.node);
            let victims: BTreeSet<String> = preemption.victims.iter().map(|victim| victim.uid().to_owned()).collect();
            if !victims.is_empty() {
                self.preempting.insert(pod.uid().to_owned(), Evicting { victims, missed: false });
            }
        } else if clear_nomination {
            self.nominator.remove(pod.uid());
        }
        self.queue.put_unschedulable(queued, diagnosis.plugins.clone(), now);
        Attempt::Report(Box::new(Failure {
            pod,
            scheduler_name: profile.scheduler_name.clone(),
            message: diagnosis.message(),
            plugins: diagnosis.plugins.clone(),
            preemption,
            clear_nomination,
        }))
    }

    /// Counts the pod as placed, then asks Reserve and Permit plugins.
    fn assume(&mut self, queued: QueuedPodInfo, placement: Placement, profile: Arc<Profile>, now: Duration) -> Attempt {
        let Placement { index, node, evaluated, feasible, mut state } = placement;
        let pod = Arc::clone(&queued.info);
        let placed = Arc::new(pod.placed_on(&node));
        self.snapshot.add_pod(Arc::clone(&placed));
        self.assumed.insert(pod.uid().to_owned(), Assumed { info: placed, expires: None });
        let mut waits = vec![];
        let mut refusal: Option<(&'static str, Rejection)> = None;
        if let Some(view) = self.snapshot.view(index) {
            let cycle = Cycle { snapshot: &self.snapshot, pod: &pod };
            for plugin in &profile.reserve {
                if let Err(rejection) = plugin.reserve(cycle, &mut state, view) {
                    refusal = Some((plugin.name(), rejection));
                    break;
                }
            }
            for plugin in profile.permit.iter().filter(|_| refusal.is_none()) {
                match plugin.permit(cycle, &state, view) {
                    PermitVerdict::Approve => {}
                    PermitVerdict::Wait(longest) => waits.push((plugin.name(), longest)),
                    PermitVerdict::Reject(rejection) => {
                        refusal = Some((plugin.name(), rejection));
                        break;
                    }
                }
            }
        }
        let Some((plugin, rejection)) = refusal else {
            return Attempt::Bind(Box::new(Binding { queued, node, profile, evaluated, feasible, waits }));
        };
        self.forget(pod.uid());
        unreserve(&profile, &pod, &node);
        let mut diagnosis = Diagnosis { nodes: self.snapshot.len(), ..Diagnosis::default() };
        diagnosis.plugins.insert(plugin);
        diagnosis.rejections.insert(index, rejection);
        self.reject(queued, &profile, &diagnosis, None, false, now)
    }

    fn forget(&mut self, uid: &str) -> Option<Arc<PodInfo>> {
        let info = self.assumed.remove(uid)?.info;
        self.snapshot.remove_pod(&info);
        Some(info)
    }

    /// The API has accepted a binding.
    pub fn bound(&mut self, binding: &Binding, now: Duration) {
        self.nominator.remove(binding.queued.info.uid());
        if let Some(assumed) = self.assumed.get_mut(binding.queued.info.uid()) {
            assumed.expires = self.config.assume_expiry.map(|expiry| now + expiry);
        }
    }

    /// A binding came to nothing: the pod's place is free again, and the pod is tried again after a pause, unless it is
    /// gone meanwhile.
    pub fn binding_failed(&mut self, binding: Binding, now: Duration) {
        unreserve(&binding.profile, &binding.queued.info, &binding.node);
        // Not assumed any more: the API has shown it bound or deleted after all, and that is what counts.
        let Some(info) = self.forget(binding.queued.info.uid()) else { return };
        self.queue.put_failed(binding.queued, now);
        self.queue.on_event(&ClusterEvent::PodDeleted(info), now);
    }

    /// Room could not be made for a pod as decided: it is tried again.
    pub fn preemption_failed(&mut self, uid: &str, now: Duration) {
        self.nominator.remove(uid);
        self.preempting.remove(uid);
        self.queue.activate(uid, now);
    }

    /// Moves what is due.
    pub fn advance(&mut self, now: Duration) {
        self.queue.advance(now);
        if self.config.assume_expiry.is_none() {
            return;
        }
        let due = |assumed: &Assumed| assumed.expires.is_some_and(|at| at <= now);
        let expired: Vec<String> =
            self.assumed.iter().filter(|(_, assumed)| due(assumed)).map(|(uid, _)| uid.clone()).collect();
        for uid in expired {
            if let Some(info) = self.forget(&uid) {
                tracing::warn!(pod = %info.key(), "the API never showed the pod bound, giving its place up");
                self.queue.on_event(&ClusterEvent::PodDeleted(info), now);
            }
        }
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub fn next_due(&self) -> Option<Duration> {
        let assumed = self.assumed.values().filter_map(|assumed| assumed.expires);
        self.queue.next_due().into_iter().chain(assumed).min()
    }
}

fn unreserve(profile: &Profile, pod: &PodInfo, node: &str) {
    for plugin in profile.reserve.iter().rev() {
        plugin.unreserve(pod, node);
    }
}

#[cfg(test)]
mod tests;
