//! The driver of a data plane: what it is told, and what happens when it fails. Under paused time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use pintle_apiserver::{ApiServer, ApiServerConfig};
use pintle_client::{Client, Identity};
use pintle_object_model::Object;
use pintle_object_model::api::core::v1::{Service, ServicePort};
use pintle_object_model::clock::{Random, SystemClock};
use pintle_proxy::{DataPlane, Proxy, ProxyError, ProxyEvent, Update};
use pintle_store::{MemoryConfig, MemoryStore};
use pintle_watch::{Shutdown, ShutdownTrigger};
use tokio::sync::mpsc::UnboundedReceiver;

/// What a plane was called with: routes, changes.
type Calls = Arc<Mutex<Vec<(usize, usize)>>>;

/// A plane that fails as often as it is told to.
struct Failing {
    failures: usize,
    calls: Calls,
    stopped: Arc<Mutex<bool>>,
}

#[async_trait]
impl DataPlane for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    async fn start(&mut self) -> Result<(), ProxyError> {
        Ok(())
    }

    async fn sync(&mut self, update: &Update<'_>) -> Result<(), ProxyError> {
        self.calls.lock().unwrap().push((update.routes.len(), update.changes.len()));
        if self.failures > 0 {
            self.failures -= 1;
            return Err(ProxyError::Config("not today".to_owned()));
        }
        Ok(())
    }

    async fn stop(&mut self) {
        *self.stopped.lock().unwrap() = true;
    }
}

async fn api() -> (ApiServer, Client) {
    let store = Arc::new(MemoryStore::<Object>::new(MemoryConfig::default(), SystemClock::shared()));
    let config = ApiServerConfig { random: Random::seeded(3), ..ApiServerConfig::default() };
    let server = ApiServer::start(store, config).await.unwrap();
    let client = server.client().with_identity(Identity::master("test"));
    (server, client)
}

fn service(name: &str) -> Service {
    let mut service = Service::default();
    service.metadata.namespace = "default".to_owned();
    service.metadata.name = name.to_owned();
    let mut port = ServicePort::default();
    port.port = 80;
    service.spec.ports = vec![port];
    service
}

struct Rig {
    client: Client,
    calls: Calls,
    stopped: Arc<Mutex<bool>>,
    events: UnboundedReceiver<ProxyEvent>,
    trigger: ShutdownTrigger,
    running: tokio::task::JoinHandle<Result<(), ProxyError>>,
    _api: ApiServer,
}

async fn rig(failures: usize, period: Duration) -> Rig {
    let (api, client) = api().await;
    let (calls, stopped) = (Calls::default(), Arc::default());
    let plane = Failing { failures, calls: Arc::clone(&calls), stopped: Arc::clone(&stopped) };
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let (trigger, shutdown) = Shutdown::channel();
    let proxy = Proxy::builder(client.clone(), SystemClock::shared(), Random::seeded(5))
        .data_plane(plane)
        .sync_period_min(period)
        .observer(move |event| drop(sender.send(event.clone())))
        .build()
        .unwrap();
    let running = tokio::spawn(proxy.run(shutdown));
    Rig { client, calls, stopped, events, trigger, running, _api: api }
}

impl Rig {
    async fn until(&mut self, wanted: impl Fn(&ProxyEvent) -> bool) {
        while !wanted(&self.events.recv().await.expect("the proxy runs")) {}
    }
}

fn synced(services: usize) -> impl Fn(&ProxyEvent) -> bool {
    move |event| matches!(event, ProxyEvent::Synced { services: found, .. } if *found == services)
}

#[tokio::test(start_paused = true)]
async fn a_plane_that_fails_is_told_again_with_the_same_changes() {
    let mut rig = rig(3, Duration::from_millis(20)).await;
    let began = tokio::time::Instant::now();
    // The service `kubernetes` is there from the start.
    rig.until(synced(1)).await;
    assert!(began.elapsed() > Duration::from_millis(500), "without a pause: {:?}", began.elapsed());
    let calls = rig.calls.lock().unwrap().clone();
    assert_eq!(calls, [calls[0]; 4]);
}

#[tokio::test(start_paused = true)]
async fn changes_that_come_fast_are_gathered() {
    let mut rig = rig(0, Duration::from_secs(1)).await;
    rig.until(synced(1)).await;
    for index in 0..50 {
        rig.client.namespaced("default").create(&service(&format!("web-{index}"))).await.unwrap();
    }
    rig.until(synced(51)).await;
    // Only what is new is told, once.
    assert_eq!(rig.calls.lock().unwrap()[1..], [(51, 50)]);
}

#[tokio::test(start_paused = true)]
async fn the_plane_is_stopped_at_the_end() {
    let mut rig = rig(0, Duration::from_millis(20)).await;
    rig.until(synced(1)).await;
    rig.trigger.fire();
    rig.running.await.unwrap().unwrap();
    assert!(*rig.stopped.lock().unwrap());
    rig.events.close();
    let mut last = None;
    while let Some(event) = rig.events.recv().await {
        last = Some(event);
    }
    assert_eq!(last, Some(ProxyEvent::Stopped));
}
