//! The driver: from informers to data plane and DNS.
//!
//! In: Services and EndpointSlices through a client. Out: a data plane and a DNS server that follow them. Invariants: what
//! changes while a sync goes on is taken up by the next one; a failed sync is repeated, later each time. Elsewhere: every
//! decision (`table`), every socket (`plane`, `dns`).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pintle_client::Client;
use pintle_object_model::Resource;
use pintle_object_model::api::core::v1::Service;
use pintle_object_model::api::discovery::v1::EndpointSlice;
use pintle_object_model::clock::{Clock, Random};
use pintle_watch::{Backoff, Informer, Informers, Shutdown};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::dns::{DnsConfig, DnsServer, KubeDns, write_kube_dns};
use crate::error::ProxyError;
use crate::event::ProxyEvent;
use crate::health::HealthChecks;
use crate::plane::nftables::{NftablesConfig, NftablesPlane};
use crate::plane::userspace::{UserspaceConfig, UserspacePlane, with_source};
use crate::plane::{DataPlane, Surroundings, Update};
use crate::table::{Locality, Table, TableBuilder, TableChange};

/// Waits between attempts to bring the data plane in line.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);

enum Plane {
    None,
    Userspace(UserspaceConfig),
    Nftables(NftablesConfig),
    Other(Box<dyn DataPlane>),
}

/// Puts a [`Proxy`] together.
pub struct ProxyBuilder {
    client: Client,
    around: Surroundings,
    informers: Option<Informers>,
    locality: Locality,
    plane: Plane,
    dns: Option<DnsConfig>,
    health_checks: bool,
    sync_period_min: Duration,
}

impl std::fmt::Debug for ProxyBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxyBuilder").field("locality", &self.locality).field("dns", &self.dns).finish_non_exhaustive()
    }
}

impl ProxyBuilder {
    /// Share these informers instead of starting own ones.
    #[must_use]
    pub fn informers(mut self, informers: Informers) -> Self {
        self.informers = Some(informers);
        self
    }

    /// The nodes whose traffic this proxy carries, which decides what `Local` means. Without any, every endpoint is local.
    #[must_use]
    pub fn nodes<S: Into<String>>(mut self, nodes: impl IntoIterator<Item = S>) -> Self {
        self.locality.nodes = nodes.into_iter().map(Into::into).collect();
        self
    }

    /// The zone of these nodes, for topology hints.
    #[must_use]
    pub fn zone(mut self, zone: &str) -> Self {
        self.locality.zone = Some(zone.to_owned());
        self
    }

    /// Carry traffic with listeners and copying.
    #[must_use]
    pub fn userspace(mut self, config: UserspaceConfig) -> Self {
        self.plane = Plane::Userspace(config);
        self
    }

    /// Carry traffic with rules in the kernel's packet filter.
    #[must_use]
    pub fn nftables(mut self, config: NftablesConfig) -> Self {
        self.plane = Plane::Nftables(config);
        self
    }

    /// Carry traffic with something else.
    #[must_use]
    pub fn data_plane(mut self, plane: impl DataPlane + 'static) -> Self {
        self.plane = Plane::Other(Box::new(plane));
        self
    }

    /// Answer DNS queries, too.
    #[must_use]
    pub fn dns(mut self, config: DnsConfig) -> Self {
        self.dns = Some(config);
        self
    }

    /// Serve `healthCheckNodePort`s. Default: on.
    #[must_use]
    pub fn health_checks(mut self, on: bool) -> Self {
        self.health_checks = on;
        self
    }

    /// The shortest time from one sync to the next; changes that come faster are gathered. Default 20 ms. The pause is
    /// never shorter than the last sync took.
    #[must_use]
    pub fn sync_period_min(mut self, period: Duration) -> Self {
        self.sync_period_min = period;
        self
    }

    /// Tell somebody of every event.
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(&ProxyEvent) + Send + Sync + 'static) -> Self {
        self.around = self.around.observed(observer);
        self
    }

    /// The proxy.
    ///
    /// # Errors
    /// [`ProxyError::Config`] if the configuration contradicts itself.
    pub fn build(self) -> Result<Proxy, ProxyError> {
        let plane: Option<Box<dyn DataPlane>> = match self.plane {
            Plane::None => None,
            Plane::Userspace(config) => Some(Box::new(UserspacePlane::new(config, self.around.clone()))),
            Plane::Nftables(config) => Some(Box::new(NftablesPlane::new(config, self.around.clone())?)),
            Plane::Other(plane) => Some(plane),
        };
        let objects = self.dns.as_ref().and_then(|config| config.objects.clone());
        let dns = self.dns.map(|config| DnsServer::new(config, self.around.clone())).transpose()?;
        Ok(Proxy {
            health: self.health_checks.then(|| HealthChecks::new(self.around.clone())),
            client: self.client,
            around: self.around,
            informers: self.informers,
            locality: self.locality,
            plane,
            dns,
            objects,
            sync_period_min: self.sync_period_min,
        })
    }
}

/// Carries out Services: a data plane and a DNS server that follow the API.
pub struct Proxy {
    client: Client,
    around: Surroundings,
    informers: Option<Informers>,
    locality: Locality,
    plane: Option<Box<dyn DataPlane>>,
    dns: Option<DnsServer>,
    objects: Option<KubeDns>,
    health: Option<HealthChecks>,
    sync_period_min: Duration,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("locality", &self.locality).finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy that follows this API. It does nothing until it is given a data plane or DNS.
    pub fn builder(client: Client, clock: Arc<dyn Clock>, random: Random) -> ProxyBuilder {
        ProxyBuilder {
            client,
            around: Surroundings::new(clock, random),
            informers: None,
            locality: Locality::default(),
            plane: Plane::None,
            dns: None,
            health_checks: true,
            sync_period_min: Duration::from_millis(20),
        }
    }

    /// Carries traffic until `shutdown`; then removes everything that it has set up.
    ///
    /// # Errors
    /// If the data plane cannot work here at all, see [`DataPlane::start`].
    pub async fn run(mut self, shutdown: Shutdown) -> Result<(), ProxyError> {
        if let Some(plane) = &mut self.plane {
            plane.start().await?;
            self.around.tell(&ProxyEvent::Started { plane: plane.name() });
        }
        let mut tasks = JoinSet::new();
        if let Some(dns) = self.dns.clone() {
            tasks.spawn(dns.run(shutdown.clone()));
        }
        if let Some(objects) = self.objects.take() {
            tasks.spawn(keep_objects(self.client.clone(), objects, self.around.clone(), shutdown.clone()));
        }
        let informers = self
            .informers
            .take()
            .unwrap_or_else(|| Informers::new(self.client.clone(), self.around.random.clone(), shutdown.clone()));
        let source = Source::new(&informers);
        shutdown.unless(self.follow(&source)).await;
        if let Some(health) = &mut self.health {
            health.stop().await;
        }
        if let Some(plane) = &mut self.plane {
            plane.stop().await;
        }
        while tasks.join_next().await.is_some() {}
        self.around.tell(&ProxyEvent::Stopped);
        Ok(())
    }

    async fn follow(&mut self, source: &Source) {
        source.synced().await;
        let mut builder = TableBuilder::new(self.locality.clone());
        let mut backoff = Backoff::new(RETRY_MIN, RETRY_MAX, self.around.random.clone());
        // Changes that no successful sync has covered yet: a plane cleans up behind each of them once.
        let mut pending: Vec<TableChange> = vec![];
        loop {
            source.take_into(&mut builder);
            let (table, changes) = builder.sync();
            self.report(&changes);
            pending.extend(changes);
            let began = self.around.clock.now();
            let ok = self.sync(&table, &pending).await;
            let took = self.around.clock.now().saturating_sub(began);
            if ok {
                backoff.reset();
                pending.clear();
            } else if pending.len() > PENDING_MAX {
                // Too long ago to be of use: flows of back then have ended by themselves.
                pending.drain(..pending.len() - PENDING_MAX);
            }
            tokio::time::sleep(self.sync_period_min.max(took)).await;
            if ok {
                source.changed.notified().await;
            } else {
                // Something new may be what it takes to succeed.
                let _ = tokio::time::timeout(backoff.next_delay(), source.changed.notified()).await;
            }
        }
    }

    fn report(&self, changes: &[TableChange]) {
        for change in changes {
            match change {
                TableChange::Endpoints(change) => self.around.tell(&ProxyEvent::EndpointsChanged(change.clone())),
                TableChange::Unsupported { service, port, what } => self.around.tell(&ProxyEvent::Unsupported {
                    service: service.clone(),
                    port: port.clone(),
                    what: what.clone(),
                }),
                TableChange::Added(_) | TableChange::Removed(_) | TableChange::Changed { .. } => {}
            }
        }
    }

    async fn sync(&mut self, table: &Table, changes: &[TableChange]) -> bool {
        let began = self.around.clock.now();
        if let Some(dns) = &self.dns {
            dns.set_table(table.clone());
        }
        if let Some(health) = &mut self.health {
            health.update(table).await;
        }
        let routes = table.routes();
        if let Some(plane) = &mut self.plane
            && let Err(error) = plane.sync(&Update { routes: &routes, changes }).await
        {
            self.around.tell(&ProxyEvent::SyncFailed { error: with_source(&error) });
            return false;
        }
        let took = self.around.clock.now().saturating_sub(began);
        let (services, routes, changes) = (table.len(), routes.len(), changes.len());
        self.around.tell(&ProxyEvent::Synced { services, routes, changes, took });
        true
    }
}

/// Changes that are kept for a data plane which keeps failing.
const PENDING_MAX: usize = 65_536;

/// Writes the objects that let pods find cluster DNS, until that has succeeded once.
async fn keep_objects(client: Client, objects: KubeDns, around: Surroundings, shutdown: Shutdown) {
    let mut backoff = Backoff::new(RETRY_MIN, RETRY_MAX, around.random.clone());
    let work = async {
        while let Err(status) = write_kube_dns(&client, &objects).await {
            around.tell(&ProxyEvent::DnsObjectsFailed { error: status.to_string() });
            tokio::time::sleep(backoff.next_delay()).await;
        }
    };
    shutdown.unless(work).await;
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Service(String, String),
    Slice(String, String),
}

/// The objects, and which of them have changed.
struct Source {
    services: Informer<Service>,
    slices: Informer<EndpointSlice>,
    /// Bounded by the number of objects: each is there once.
    dirty: Arc<Mutex<BTreeSet<Key>>>,
    changed: Arc<Notify>,
}

impl Source {
    fn new(informers: &Informers) -> Self {
        let source = Self {
            services: informers.of(),
            slices: informers.of(),
            dirty: Arc::default(),
            changed: Arc::new(Notify::new()),
        };
        source.services.add_handler(source.marker(Key::Service));
        source.slices.add_handler(source.marker(Key::Slice));
        source
    }

    fn marker<K: Resource>(
        &self,
        key: fn(String, String) -> Key,
    ) -> impl Fn(&pintle_watch::Delta<K>) + Send + Sync + 'static {
        // A weak pointer: shared informers outlive this proxy.
        let (dirty, changed) = (Arc::downgrade(&self.dirty), Arc::clone(&self.changed));
        move |delta| {
            let Some(dirty) = dirty.upgrade() else { return };
            let metadata = delta.object().metadata();
            let key = key(metadata.namespace.clone(), metadata.name.clone());
            dirty.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
            changed.notify_one();
        }
    }

    async fn synced(&self) {
        self.services.synced().await;
        self.slices.synced().await;
    }

    /// Brings the builder up to date; the state as it is now counts, not the events.
    fn take_into(&self, builder: &mut TableBuilder) {
        let dirty = std::mem::take(&mut *self.dirty.lock().unwrap_or_else(PoisonError::into_inner));
        for key in dirty {
            match key {
                Key::Service(namespace, name) => match self.services.get(&namespace, &name) {
                    Some(service) => builder.put_service(service),
                    None => builder.remove_service(&namespace, &name),
                },
                Key::Slice(namespace, name) => match self.slices.get(&namespace, &name) {
                    Some(slice) => builder.put_slice(slice),
                    None => builder.remove_slice(&namespace, &name),
                },
            }
        }
    }
}
