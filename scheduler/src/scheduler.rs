//! The scheduler: the core, driven over a client.
//!
//! In: informers. Out: bindings, conditions, Events, evictions. Invariants: one decision at a time; the core's lock is
//! never held over an await; bindings and reports run beside, about [`SchedulerBuilder::parallel_bindings`] at once; stopping
//! waits for what was begun, but not for ever. Elsewhere: decisions (`core`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pintle_client::Client;
use pintle_object_model::clock::{Clock, Random};
use pintle_watch::{ElectionConfig, EventRecorder, Informers, LeaderElector, Shutdown};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::observer::{Nobody, Observer};
use crate::{Attempt, Core, CoreConfig, Profile, SchedulerEvent, WaitingPods, bind_task, reporter, watcher};

/// Why a scheduler could not be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Two profiles are for the same scheduler name.
    #[error("two profiles are named {0:?}")]
    DuplicateProfile(String),
    /// A profile could never bind a pod.
    #[error("the profile {0:?} has no Bind plugin")]
    NoBind(String),
}

/// What the tasks of a running scheduler share.
pub(crate) struct Shared {
    core: Mutex<Core>,
    pub(crate) client: Client,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wake: Notify,
    pub(crate) observer: Arc<dyn Observer>,
    recorder: EventRecorder,
    /// Tells this program's Events from those of its siblings.
    identity: String,
    pub(crate) waiting: WaitingPods,
    /// Bindings and reports at once.
    pub(crate) slots: Semaphore,
}

impl Shared {
    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records Events in the name of a scheduler.
    pub(crate) fn recorder(&self, scheduler_name: &str) -> EventRecorder {
        self.recorder.of_instance(scheduler_name, &format!("{scheduler_name}-{}", self.identity))
    }
}

/// Assigns pods to nodes.
pub struct Scheduler {
    client: Client,
    clock: Arc<dyn Clock>,
    random: Random,
    profiles: Vec<Profile>,
    config: CoreConfig,
    observer: Arc<dyn Observer>,
    election: Option<ElectionConfig>,
    informers: Option<Informers>,
    waiting: WaitingPods,
    parallel: usize,
    identity: String,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler").field("profiles", &self.profiles).finish_non_exhaustive()
    }
}

/// Puts a [`Scheduler`] together.
#[derive(Debug)]
pub struct SchedulerBuilder {
    scheduler: Scheduler,
}

impl SchedulerBuilder {
    /// Adds a profile. Without any, there is one of the default plugins for `default-scheduler`.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.scheduler.profiles.push(profile);
        self
    }

    /// Times of the queue and of assumptions.
    #[must_use]
    pub fn config(mut self, config: CoreConfig) -> Self {
        self.scheduler.config = config;
        self
    }

    /// Schedule only while leading.
    #[must_use]
    pub fn leader_election(mut self, election: ElectionConfig) -> Self {
        self.scheduler.identity.clone_from(&election.identity);
        self.scheduler.election = Some(election);
        self
    }

    /// Told of everything that happens.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.scheduler.observer = observer;
        self
    }

    /// Informers to share with others, instead of own ones. They must live as long as the scheduler.
    #[must_use]
    pub fn informers(mut self, informers: Informers) -> Self {
        self.scheduler.informers = Some(informers);
        self
    }

    /// The pods that Permit plugins hold back, to share with those plugins.
    #[must_use]
    pub fn waiting_pods(mut self, waiting: WaitingPods) -> Self {
        self.scheduler.waiting = waiting;
        self
    }

    /// How many pods may be in the middle of binding at once. Default 256.
    #[must_use]
    pub fn parallel_bindings(mut self, parallel: usize) -> Self {
        self.scheduler.parallel = parallel.max(1);
        self
    }

    /// The scheduler.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn build(mut self) -> Result<Scheduler, SetupError> {
        if self.scheduler.profiles.is_empty() {
            self.scheduler.profiles.push(Profile::default_plugins("default-scheduler").build());
        }
        let profiles = &self.scheduler.profiles;
        for (at, profile) in profiles.iter().enumerate() {
            if profile.bind.is_empty() {
                return Err(SetupError::NoBind(profile.scheduler_name.clone()));
            }
            if profiles[..at].iter().any(|other| other.scheduler_name == profile.scheduler_name) {
                return Err(SetupError::DuplicateProfile(profile.scheduler_name.clone()));
            }
        }
        Ok(self.scheduler)
    }
}

impl Scheduler {
    /// A scheduler that works through this client.
    pub fn builder(client: Client, clock: Arc<dyn Clock>, random: Random) -> SchedulerBuilder {
        SchedulerBuilder {
            scheduler: Self {
                client,
                clock,
                random,
                profiles: vec![],
                config: CoreConfig::default(),
                observer: Arc::new(Nobody),
                election: None,
                informers: None,
                waiting: WaitingPods::new(),
                parallel: 256,
                identity: "0".into(),
            },
        }
    }

    /// Schedules until `shutdown` fires (or, with leader election, until leadership is lost). Dropping the future stops at
    /// once; what was being bound is found out by the next run.
    pub async fn run(self, shutdown: Shutdown) {
        match self.election.clone() {
            None => self.work(shutdown).await,
            Some(election) => {
                let (client, clock, random) = (self.client.clone(), Arc::clone(&self.clock), self.random.clone());
                let elector = LeaderElector::new(client, clock, random, election);
                elector.lead(&shutdown, |signal| self.work(signal)).await;
            }
        }
    }

    async fn work(self, shutdown: Shutdown) {
        let (recorder, recording) = EventRecorder::new(self.client.clone(), Arc::clone(&self.clock));
        let shared = Arc::new(Shared {
            core: Mutex::new(Core::new(self.profiles, self.config, self.random.clone())),
            client: self.client.clone(),
            clock: self.clock,
            wake: Notify::new(),
            observer: self.observer,
            recorder,
            identity: self.identity,
            waiting: self.waiting,
            slots: Semaphore::new(self.parallel),
        });
        let informers = self.informers.unwrap_or_else(|| Informers::new(self.client, self.random, shutdown.clone()));
        let mut recording = std::pin::pin!(recording);
        let work = async {
            if shutdown.unless(watcher::follow(&shared, &informers)).await.is_some() {
                tracing::info!("scheduling");
                drive(&shared, &shutdown).await;
            }
        };
        // Events are written by this task, too: they end with the work, except for what is waiting to be written.
        tokio::select! {
            biased;
            () = work => {}
            () = &mut recording => {}
        }
        drop(shared);
        // What cannot be said in this time is no loss.
        let _ = tokio::time::timeout(DRAIN, recording).await;
    }
}

/// How long stopping waits for bindings.
const STOP_MAX: Duration = Duration::from_secs(10);
/// How long stopping waits for Events.
const DRAIN: Duration = Duration::from_millis(100);
/// Decisions in a row before other tasks get a turn.
const BURST: usize = 16;

async fn drive(shared: &Arc<Shared>, shutdown: &Shutdown) {
    let mut tasks = JoinSet::new();
    let mut burst = 0;
    while !shutdown.is_fired() {
        while tasks.try_join_next().is_some() {}
        // Deciding faster than bindings get through only makes a longer queue of them.
        if shared.slots.available_permits() == 0 {
            drop(shared.slots.acquire().await);
        }
        let Some(attempt) = attempt(shared) else {
            shutdown.unless(idle(shared)).await;
            continue;
        };
        burst += 1;
        let shared = Arc::clone(shared);
        tasks.spawn(async move {
            match attempt {
                Attempt::Bind(binding) => bind_task::run(shared, *binding).await,
                Attempt::Report(failure) => reporter::run(shared, *failure).await,
            }
        });
        if burst % BURST == 0 {
            tokio::task::yield_now().await;
        }
    }
    // Pods that wait for permission would wait for long: they are tried again by the next run.
    for (uid, _) in shared.waiting.list() {
        shared.waiting.reject(&uid, "the scheduler is stopping");
    }
    // A binding that waits for a volume may take minutes; dropped, the next run finds the pod unbound and starts over.
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_MAX, finished).await.is_err() {
        tracing::warn!("bindings under way are given up");
    }
}

fn attempt(shared: &Shared) -> Option<Attempt> {
    let started = shared.clock.now();
    let attempt = shared.core().next(started)?;
    let took = shared.clock.now().saturating_sub(started);
    shared.observer.observe(&SchedulerEvent::Decided { took, found: matches!(attempt, Attempt::Bind(_)) });
    Some(attempt)
}

/// Waits for a change, or for what is due.
async fn idle(shared: &Shared) {
    let due = shared.core().next_due();
    let wait = due.map_or(IDLE_MAX, |due| due.saturating_sub(shared.clock.now()).min(IDLE_MAX));
    tokio::select! {
        biased;
        () = shared.wake.notified() => {}
        // At least a little, so that a clock that lags behind the timer does not make this spin.
        () = tokio::time::sleep(wait.max(Duration::from_millis(1))) => {}
    }
}

/// The core is looked at after this long in any case.
const IDLE_MAX: Duration = Duration::from_secs(30);
