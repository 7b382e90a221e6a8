//! Priority and fairness: a flood of one kind of request must not drown the others.
//!
//! In: FlowSchemas and PriorityLevelConfigurations as they are stored, and requests whose caller is known. Out: the same
//! requests, in their turn, or 429. Invariants: mandatory levels are there whatever is stored; a request that nobody waits
//! for any longer leaves its queue; the lock is never held across an `.await`. Not here: levels neither lend nor borrow
//! seats. Elsewhere: the queues (`queues`, pure) and the matching (`classify`, pure).
//!
//! Source: KEP-1040, "Priority and Fairness for API Server Requests".

mod classify;
mod queues;
mod shuffle;

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use pintle_client::{Request, Response, Target, Verb};
use pintle_object_model::api::flowcontrol::v1::{
    FlowSchema, GroupSubject, LimitedPriorityLevelConfiguration, NonResourcePolicyRule, PolicyRulesWithSubjects,
    PriorityLevelConfiguration, ResourcePolicyRule, Subject,
};
use pintle_object_model::clock::Clock;
use pintle_object_model::{Resource, Status};
use tokio::sync::oneshot;
use tower::{Layer, Service};

use crate::layers::identity_of;
use crate::metrics::Metrics;
use crate::storage::{Storage, Storages};
use classify::Digest;
use queues::{Level, Limits, Ticket, Verdict};

/// Longest time in a queue; a quarter of the longest request.
const WAIT_MAX: Duration = Duration::from_secs(15);
/// Most seats of one request.
const SEATS_MAX: u32 = 10;
/// Objects that a list reads for each seat that it takes.
const OBJECTS_PER_SEAT: usize = 100;

/// Puts requests in their turn.
#[derive(Clone, Debug)]
pub(crate) struct FlowControlLayer {
    control: Arc<FlowControl>,
}

impl FlowControlLayer {
    /// Follows the configuration in these storages; at most `seats` requests run at a time, beside exempt ones.
    pub(crate) fn new(storages: &Storages, seats: u32, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        let control = FlowControl {
            schemas: storages.get(&FlowSchema::INFO.gvk()),
            levels: storages.get(&PriorityLevelConfiguration::INFO.gvk()),
            storages: storages.clone(),
            seats,
            clock,
            metrics,
            state: Mutex::default(),
        };
        Self { control: Arc::new(control) }
    }
}

#[derive(Debug)]
struct FlowControl {
    schemas: Option<Arc<Storage>>,
    levels: Option<Arc<Storage>>,
    storages: Storages,
    seats: u32,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the caches' change counters were when the configuration was read; `None` before the first time.
    read_at: Option<(u64, u64)>,
    schemas: Vec<FlowSchema>,
    /// Uids of the levels, and whether they are exempt.
    known: BTreeMap<String, (String, bool)>,
    levels: BTreeMap<String, Level>,
    waiting: HashMap<(String, Ticket), oneshot::Sender<()>>,
}

/// The levels and schemas that are there whatever is stored.
fn mandatory() -> (Vec<FlowSchema>, Vec<PriorityLevelConfiguration>) {
    let everything = |group: &str| PolicyRulesWithSubjects {
        subjects: vec![Subject {
            kind: "Group".into(),
            group: Some(Box::new(GroupSubject { name: group.into() })),
            ..Subject::default()
        }],
        resource_rules: vec![ResourcePolicyRule {
            verbs: vec!["*".into()],
            api_groups: vec!["*".into()],
            resources: vec!["*".into()],
            cluster_scope: true,
            namespaces: vec!["*".into()],
        }],
        non_resource_rules: vec![NonResourcePolicyRule {
            verbs: vec!["*".into()],
            non_resource_urls: vec!["*".into()],
        }],
    };
    let schema = |name: &str, precedence, rules| {
        let mut schema = FlowSchema::default();
        schema.metadata.name = name.to_owned();
        schema.spec.priority_level_configuration.name = name.to_owned();
        schema.spec.matching_precedence = precedence;
        schema.spec.rules = rules;
        schema
    };
    let level = |name: &str, kind: &str| {
        let mut level = PriorityLevelConfiguration::default();
        level.metadata.name = name.to_owned();
        level.spec.type_ = kind.to_owned();
        level
    };
    let mut last = level("catch-all", "Limited");
    last.spec.limited = Some(Box::new(LimitedPriorityLevelConfiguration {
        nominal_concurrency_shares: Some(5),
        ..LimitedPriorityLevelConfiguration::default()
    }));
    let all = vec![everything("system:unauthenticated"), everything("system:authenticated")];
    (
        vec![schema("exempt", 1, vec![everything("system:masters")]), schema("catch-all", 10_000, all)],
        vec![level("exempt", "Exempt"), last],
    )
}

/// What is stored, and what is mandatory and not stored.
fn with_mandatory<K: Resource>(storage: Option<&Arc<Storage>>, mandatory: Vec<K>) -> Vec<K> {
    let stored = storage.map(|storage| crate::registry_current(storage)).unwrap_or_default();
    let mut all: Vec<K> = stored.iter().filter_map(|object| object.downcast::<K>().cloned()).collect();
    for one in mandatory {
        if all.iter().all(|found| found.metadata().name != one.metadata().name) {
            all.push(one);
        }
    }
    all
}

/// Shares of a level; how many there are in all decides what a share is worth.
fn shares(level: &PriorityLevelConfiguration) -> u32 {
    let shares = match (&level.spec.limited, &level.spec.exempt) {
        (Some(limited), _) => limited.nominal_concurrency_shares.unwrap_or(30),
        (None, Some(exempt)) => exempt.nominal_concurrency_shares.unwrap_or(0),
        (None, None) => 0,
    };
    u32::try_from(shares).unwrap_or(0)
}

fn limits(level: &PriorityLevelConfiguration, seats: u32) -> Limits {
    let response = level.spec.limited.as_ref().and_then(|limited| limited.limit_response.as_ref());
    let queuing = response.filter(|response| response.type_ == "Queue").and_then(|response| response.queuing.as_ref());
    let number = |value: i32, least: usize| usize::try_from(value).unwrap_or(0).max(least);
    match queuing {
        Some(queuing) => {
            let queues = number(queuing.queues, 1);
            Limits {
                seats,
                queues,
                hand: number(queuing.hand_size, 1).min(queues),
                queue_length: number(queuing.queue_length_limit, 1),
            }
        }
        None => Limits { seats, queues: 0, hand: 0, queue_length: 0 },
    }
}

impl State {
    /// Takes on the configuration as it is stored, if it has changed.
    fn refresh(&mut self, control: &FlowControl) {
        let changes = |storage: &Option<Arc<Storage>>| storage.as_ref().map_or(0, |storage| storage.cache.changes());
        let now = (changes(&control.schemas), changes(&control.levels));
        if self.read_at == Some(now) {
            return;
        }
        self.read_at = Some(now);
        let (schemas, levels) = mandatory();
        self.schemas = with_mandatory(control.schemas.as_ref(), schemas);
        classify::in_order(&mut self.schemas);
        let levels = with_mandatory(control.levels.as_ref(), levels);
        let all: u32 = levels.iter().map(shares).sum();
        self.known.clear();
        for level in &levels {
            let name = level.metadata.name.clone();
            let exempt = level.spec.type_ == "Exempt";
            self.known.insert(name.clone(), (level.metadata.uid.clone(), exempt));
            if !exempt {
                let seats = (u64::from(control.seats) * u64::from(shares(level))).div_ceil(u64::from(all.max(1)));
                let limits = limits(level, u32::try_from(seats).unwrap_or(u32::MAX).max(1));
                self.levels.entry(name).or_insert_with(|| Level::new(limits)).configure(limits);
            }
        }
        // Who is in a level that was deleted may finish there.
        self.levels.retain(|name, level| self.known.contains_key(name) || !level.is_idle());
    }

    /// The schema, and the level that it leads to.
    fn classify(&self, digest: &Digest<'_>) -> Option<(&FlowSchema, &str)> {
        let leads = |schema: &&FlowSchema| self.known.contains_key(&schema.spec.priority_level_configuration.name);
        let schema = self.schemas.iter().filter(leads).find(|schema| classify::matches(schema, digest))?;
        Some((schema, &schema.spec.priority_level_configuration.name))
    }

    fn wake(&mut self, level: &str, started: Vec<Ticket>) {
        for ticket in started {
            if let Some(waiter) = self.waiting.remove(&(level.to_owned(), ticket)) {
                // Whoever has gone meanwhile drops its place by itself.
                let _ = waiter.send(());
            }
        }
    }
}

/// A place in a level, waiting or running; dropping it gives it up.
struct Place {
    control: Arc<FlowControl>,
    level: String,
    ticket: Ticket,
    /// When it began to run; `None` while it waits.
    since: Option<Duration>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.control.lock();
        let mut started = vec![];
        let waited = state.waiting.remove(&(self.level.clone(), self.ticket)).is_some();
        if let Some(level) = state.levels.get_mut(&self.level) {
            if waited {
                level.leave(self.ticket, &mut started);
            } else {
                let took = self.since.map_or(Duration::ZERO, |since| self.control.clock.now().saturating_sub(since));
                level.end(self.ticket, took, &mut started);
            }
        }
        state.wake(&self.level, started);
    }
}

/// Where a request belongs.
struct Admission {
    place: Option<Place>,
    turn: Option<oneshot::Receiver<()>>,
}

impl FlowControl {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many seats a request takes: a list as many as it reads hundreds of objects.
    fn width(&self, request: &Request) -> u32 {
        let Target::Resource { resource, .. } = &request.target else { return 1 };
        if request.verb != Verb::List {
            return 1;
        }
        let storage = self.storages.of_resource(resource);
        let stored = storage.map_or(0, |storage| storage.cache.snapshot().len());
        let read = match usize::try_from(request.params.limit) {
            Ok(limit) if limit > 0 => stored.min(limit),
            _ => stored,
        };
        u32::try_from(read.div_ceil(OBJECTS_PER_SEAT)).unwrap_or(SEATS_MAX).clamp(1, SEATS_MAX)
    }

    /// Finds the request its place. The second value of a refusal says why, for the metrics.
    fn arrive(self: &Arc<Self>, request: &Request) -> Result<Admission, Status> {
        let identity = identity_of(request)?;
        let digest = Digest { identity: &identity, request };
        let width = self.width(request);
        let mut state = self.lock();
        state.refresh(self);
        let Some((schema, level)) = state.classify(&digest) else {
            return Ok(Admission { place: None, turn: None });
        };
        let (level, schema_name) = (level.to_owned(), schema.metadata.name.clone());
        let flow = hash(&schema_name, classify::distinguisher(schema, &digest));
        let (level_uid, exempt) = state.known.get(&level).cloned().unwrap_or_default();
        request.notes.add("x-kubernetes-pf-flowschema-uid", schema.metadata.uid.clone());
        request.notes.add("x-kubernetes-pf-prioritylevel-uid", level_uid);
        let labels = |reason: Option<&str>| {
            let mut labels = vec![("flow_schema", schema_name.clone()), ("priority_level", level.clone())];
            labels.extend(reason.map(|reason| ("reason", reason.to_owned())));
            labels
        };
        let verdict = match state.levels.get_mut(&level) {
            Some(queues) if !exempt => queues.arrive(flow, width),
            _ => {
                self.metrics.flow_dispatched.get_or_create(&labels(None)).inc();
                return Ok(Admission { place: None, turn: None });
            }
        };
        let place = |ticket, since| Some(Place { control: Arc::clone(self), level: level.clone(), ticket, since });
        let reason = match verdict {
            Verdict::Runs(ticket) => {
                self.metrics.flow_dispatched.get_or_create(&labels(None)).inc();
                return Ok(Admission { place: place(ticket, Some(self.clock.now())), turn: None });
            }
            Verdict::Waits(ticket) => {
                let (sender, turn) = oneshot::channel();
                state.waiting.insert((level.clone(), ticket), sender);
                return Ok(Admission { place: place(ticket, None), turn: Some(turn) });
            }
            Verdict::QueueFull => "queue-full",
            Verdict::ConcurrencyLimit => "concurrency-limit",
        };
        self.metrics.flow_rejected.get_or_create(&labels(Some(reason))).inc();
        Err(too_many())
    }
}

fn too_many() -> Status {
    Status::too_many_requests("Too many requests, please try again later.", 1)
}

/// The same for the same flow, on every server.
fn hash(schema: &str, flow: &str) -> u64 {
    use sha2::Digest as _;
    let digest = sha2::Sha256::new().chain_update(schema).chain_update([0]).chain_update(flow).finalize();
    digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

/// Connections and logs last as long as they are wanted, and would hold their seat all the while.
fn is_exempt(request: &Request) -> bool {
    matches!(&request.target, Target::Resource { subresource, .. }
        if matches!(subresource.as_str(), "exec" | "attach" | "portforward" | "proxy" | "log"))
}

impl<S> Layer<S> for FlowControlLayer {
    type Service = InTurn<S>;
    fn layer(&self, inner: S) -> InTurn<S> {
        InTurn { inner, control: Arc::clone(&self.control) }
    }
}

/// The service of [`FlowControlLayer`].
#[derive(Clone, Debug)]
pub(crate) struct InTurn<S> {
    inner: S,
    control: Arc<FlowControl>,
}

impl<S> Service<Request> for InTurn<S>
where
    S: Service<Request, Response = Response, Error = Status, Future: Send> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Status>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if is_exempt(&request) {
            return Box::pin(self.inner.call(request));
        }
        // The instance that was polled ready is the one to call; its fresh clone stays behind.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let control = Arc::clone(&self.control);
        Box::pin(async move {
            let Admission { mut place, turn } = control.arrive(&request)?;
            if let Some(turn) = turn {
                match tokio::time::timeout(WAIT_MAX, turn).await {
                    Ok(Ok(())) => {
                        if let Some(place) = &mut place {
                            place.since = Some(control.clock.now());
                        }
                    }
                    Ok(Err(_)) | Err(_) => return Err(too_many()),
                }
            }
            let answer = inner.call(request).await;
            // A watch gives its seat back once it has begun.
            drop(place);
            answer
        })
    }
}
