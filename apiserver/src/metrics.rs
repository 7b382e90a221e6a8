//! Metrics: how many requests there are, how long they take, what is stored.
//!
//! In: every request, as the outermost layer sees it, and the caches. Out: the text of `/metrics`. Invariant: labels
//! come from closed sets (verbs, served resources, codes), never from what a client makes up; the registry is a value,
//! so two servers in one process do not mix. Source: Kubernetes reference, "Kubernetes Metrics Reference".

use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use pintle_client::{Content, Request, Response, Target, Verb, WatchEvent};
use pintle_object_model::clock::Clock;
use pintle_object_model::{Scheme, Status};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tower::{Layer, Service};

use crate::storage::Storages;

type Labels = Vec<(&'static str, String)>;

/// What a process tells of itself; whoever assembles a server knows how to ask the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessFacts {
    /// Processor time used, in seconds.
    pub cpu_seconds: f64,
    /// Memory that is in use, in bytes.
    pub resident_memory_bytes: u64,
    /// Open file descriptors.
    pub open_fds: u64,
}

/// Asks the machine for [`ProcessFacts`].
pub type ProcessProbe = Arc<dyn Fn() -> ProcessFacts + Send + Sync>;

#[derive(Clone)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new([
            0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0,
            20.0, 30.0, 45.0, 60.0,
        ])
    }
}

/// The metrics of one server.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    durations: Family<Labels, Histogram, Buckets>,
    in_flight: Family<Labels, Gauge>,
    long_running: Family<Labels, Gauge>,
    objects: Family<Labels, Gauge>,
    watch_events: Family<Labels, Counter>,
    pub(crate) flow_rejected: Family<Labels, Counter>,
    pub(crate) flow_dispatched: Family<Labels, Counter>,
    process: Mutex<Option<ProcessGauges>>,
    storages: Storages,
}

struct ProcessGauges {
    probe: ProcessProbe,
    cpu: Gauge<f64, AtomicU64>,
    memory: Gauge,
    fds: Gauge,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    pub(crate) fn new(storages: Storages, clock: &dyn Clock, probe: Option<ProcessProbe>) -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        let durations = Family::new_with_constructor(Buckets);
        let (in_flight, long_running, objects) = (Family::default(), Family::default(), Family::default());
        let (watch_events, flow_rejected, flow_dispatched) = (Family::default(), Family::default(), Family::default());
        // Counters are registered without the `_total` that the text form adds.
        registry.register("apiserver_request", "Requests answered", requests.clone());
        registry.register("apiserver_request_duration_seconds", "Time to answer", durations.clone());
        registry.register("apiserver_current_inflight_requests", "Requests being answered", in_flight.clone());
        registry.register("apiserver_longrunning_requests", "Watches and connections", long_running.clone());
        registry.register("apiserver_storage_objects", "Objects stored", objects.clone());
        registry.register("apiserver_watch_events", "Events sent to watches", watch_events.clone());
        registry.register(
            "apiserver_flowcontrol_rejected_requests",
            "Requests refused by flow control",
            flow_rejected.clone(),
        );
        registry.register(
            "apiserver_flowcontrol_dispatched_requests",
            "Requests let through by flow control",
            flow_dispatched.clone(),
        );
        let start: Gauge<f64, AtomicU64> = Gauge::default();
        start.set(clock.utc().to_time().unix() as f64);
        registry.register("process_start_time_seconds", "When the server started", start);
        let process = probe.map(|probe| {
            let gauges =
                ProcessGauges { probe, cpu: Gauge::default(), memory: Gauge::default(), fds: Gauge::default() };
            registry.register("process_cpu_seconds_total", "Processor time used", gauges.cpu.clone());
            registry.register("process_resident_memory_bytes", "Memory in use", gauges.memory.clone());
            registry.register("process_open_fds", "Open file descriptors", gauges.fds.clone());
            gauges
        });
        Self {
            registry,
            requests,
            durations,
            in_flight,
            long_running,
            objects,
            watch_events,
            flow_rejected,
            flow_dispatched,
            process: Mutex::new(process),
            storages,
        }
    }

    /// The text of all metrics.
    pub(crate) fn encode(&self) -> Bytes {
        for storage in self.storages.all() {
            let count = storage.cache.snapshot().iter("", None).count();
            let labels = vec![("resource", storage.group_resource().to_string())];
            self.objects.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        if let Some(process) = &*self.process.lock().unwrap_or_else(PoisonError::into_inner) {
            let facts = (process.probe)();
            process.cpu.set(facts.cpu_seconds);
            process.memory.set(i64::try_from(facts.resident_memory_bytes).unwrap_or(i64::MAX));
            process.fds.set(i64::try_from(facts.open_fds).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text.into()
    }
}

/// Counts and times every request. The outermost layer, so that refusals count, too.
#[derive(Clone, Debug)]
pub(crate) struct RecordLayer {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) scheme: Scheme,
}

impl<S> Layer<S> for RecordLayer {
    type Service = Record<S>;
    fn layer(&self, inner: S) -> Record<S> {
        Record { inner, shared: self.clone() }
    }
}

/// The service of [`RecordLayer`].
#[derive(Clone, Debug)]
pub(crate) struct Record<S> {
    inner: S,
    shared: RecordLayer,
}

/// What a request is counted as.
fn labels(request: &Request, scheme: &Scheme) -> Labels {
    let verb = match request.verb {
        Verb::Get => "GET",
        Verb::List => "LIST",
        Verb::Watch => "WATCH",
        Verb::Create => "POST",
        Verb::Update => "PUT",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
        Verb::DeleteCollection => "DELETECOLLECTION",
        Verb::Head => "HEAD",
        Verb::Options => "OPTIONS",
        Verb::Unknown => "other",
    };
    let mut labels = vec![("verb", verb.to_owned()), ("component", "apiserver".to_owned())];
    let text = |value: &str| value.to_owned();
    match &request.target {
        Target::Resource { resource, namespace, name, subresource, .. } => {
            let scope = match (name.is_empty(), namespace.is_empty()) {
                (false, _) => "resource",
                (true, false) => "namespace",
                (true, true) => "cluster",
            };
            let known =
                scheme.resource(resource).is_some_and(|entry| subresource.is_empty() || entry.info().has(subresource));
            let named = |value: &str| if known { text(value) } else { String::new() };
            labels.extend([
                ("group", named(&resource.group)),
                ("version", named(&resource.version)),
                ("resource", named(&resource.resource)),
                ("subresource", named(subresource)),
                ("scope", text(scope)),
            ]);
        }
        Target::Path(_) => labels.push(("scope", String::new())),
    }
    labels
}

fn is_long_running(request: &Request) -> bool {
    request.verb == Verb::Watch
        || matches!(&request.target, Target::Resource { subresource, .. }
            if matches!(subresource.as_str(), "log" | "exec" | "attach" | "portforward" | "proxy"))
}

/// The HTTP code of an answer.
pub(crate) fn code_of(answer: &Result<Response, Status>) -> i32 {
    match answer {
        Ok(response) => match &response.content {
            Content::Object { code, .. } => i32::from(*code),
            Content::Document(document) => i32::from(document.code),
            Content::Upgrade(_) => 101,
            _ => 200,
        },
        Err(status) => status.code,
    }
}

/// Counts one thing as long as it lives.
#[derive(Debug)]
struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The events of a watch, counted, and the watch as long as it lasts.
struct Watched {
    events: pintle_client::WatchStream,
    sent: Counter,
    _counted: Counted,
}

impl Stream for Watched {
    type Item = WatchEvent;
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        let next = self.events.as_mut().poll_next(context);
        if matches!(next, Poll::Ready(Some(_))) {
            self.sent.inc();
        }
        next
    }
}

impl<S> Service<Request> for Record<S>
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
        let RecordLayer { metrics, clock, scheme } = self.shared.clone();
        let mut labels = labels(&request, &scheme);
        let long = is_long_running(&request);
        let mutates = !matches!(request.verb, Verb::Get | Verb::List | Verb::Watch | Verb::Head | Verb::Options);
        let kind = vec![("request_kind", if mutates { "mutating" } else { "readOnly" }.to_owned())];
        let gauge = if long {
            metrics.long_running.get_or_create(&labels).clone()
        } else {
            metrics.in_flight.get_or_create(&kind).clone()
        };
        let counted = Counted::new(&gauge);
        let start = clock.now();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut answer = answer.await;
            if !long {
                let spent = clock.now().saturating_sub(start);
                metrics.durations.get_or_create(&labels).observe(spent.as_secs_f64());
            }
            if let Ok(Response { content: Content::Watch { gvk, events }, .. }) = &mut answer {
                let kind = vec![
                    ("group", gvk.group.to_string()),
                    ("version", gvk.version.to_string()),
                    ("kind", gvk.kind.to_string()),
                ];
                let sent = metrics.watch_events.get_or_create(&kind).clone();
                let inner = std::mem::replace(events, Box::pin(futures::stream::empty()));
                *events = Box::pin(Watched { events: inner, sent, _counted: counted });
            }
            labels.push(("code", code_of(&answer).to_string()));
            metrics.requests.get_or_create(&labels).inc();
            answer
        })
    }
}
