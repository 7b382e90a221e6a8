//! Health checks of load balancers: has this node endpoints of the Service?
//!
//! In: the table. Out: one small HTTP server per `healthCheckNodePort`. Invariant: 200 while there are ready endpoints on
//! this proxy's nodes, else 503, with the count as JSON either way.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::event::ProxyEvent;
use crate::plane::Surroundings;
use crate::table::{Frontend, Protocol, ServiceName, Table};

/// Checks that may go on at once, per port.
const CONNECTIONS_MAX: usize = 64;
/// How long one connection may last.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

struct Check {
    service: ServiceName,
    endpoints: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

pub(crate) struct HealthChecks {
    checks: BTreeMap<u16, Check>,
    around: Surroundings,
}

impl Drop for HealthChecks {
    fn drop(&mut self) {
        for check in self.checks.values() {
            check.task.abort();
        }
    }
}

impl HealthChecks {
    pub(crate) fn new(around: Surroundings) -> Self {
        Self { checks: BTreeMap::new(), around }
    }

    pub(crate) async fn update(&mut self, table: &Table) {
        let mut wanted = BTreeMap::new();
        for service in table.services().filter(|service| !service.foreign) {
            if let Some(port) = service.health_check_node_port {
                wanted.entry(port).or_insert((service.name.clone(), service.local_endpoints));
            }
        }
        let other = |port: &u16, check: &Check| wanted.get(port).is_none_or(|(service, _)| *service != check.service);
        let gone: Vec<u16> =
            self.checks.iter().filter(|(port, check)| other(port, check)).map(|(port, _)| *port).collect();
        for port in gone {
            self.close(port).await;
        }
        for (port, (service, count)) in wanted {
            match self.checks.get(&port) {
                Some(check) => check.endpoints.store(count, Ordering::Relaxed),
                None => self.open(port, service, count).await,
            }
        }
    }

    pub(crate) async fn stop(&mut self) {
        for port in self.checks.keys().copied().collect::<Vec<_>>() {
            self.close(port).await;
        }
    }

    async fn close(&mut self, port: u16) {
        if let Some(check) = self.checks.remove(&port) {
            check.task.abort();
            let _ = check.task.await;
        }
    }

    async fn open(&mut self, port: u16, service: ServiceName, count: usize) {
        let listener = match TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).await {
            Ok(listener) => listener,
            Err(error) => {
                let frontend = Frontend::NodePort(port, Protocol::Tcp);
                return self.around.tell(&ProxyEvent::ListenFailed { frontend, error: error.to_string() });
            }
        };
        let endpoints = Arc::new(AtomicUsize::new(count));
        let task = tokio::spawn(serve(listener, service.clone(), Arc::clone(&endpoints)));
        self.checks.insert(port, Check { service, endpoints, task });
    }
}

async fn serve(listener: TcpListener, service: ServiceName, endpoints: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if connections.len() >= CONNECTIONS_MAX {
            continue;
        }
        let (service, endpoints) = (service.clone(), Arc::clone(&endpoints));
        connections.spawn(async move {
            let answer = service_fn(|_: Request<Incoming>| {
                let answer = answer(&service, endpoints.load(Ordering::Relaxed));
                async { Ok::<_, Infallible>(answer) }
            });
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            // A checker that goes away or never asks is of no interest.
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
        });
    }
}

fn answer(service: &ServiceName, endpoints: usize) -> Response<Full<Bytes>> {
    // Names in the API need no escapes in JSON.
    let body = format!(
        r#"{{"service":{{"namespace":"{}","name":"{}"}},"localEndpoints":{endpoints},"serviceProxyHealthy":true}}"#,
        service.namespace, service.name
    );
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = if endpoints > 0 { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let headers = response.headers_mut();
    headers.insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    headers.insert("x-content-type-options", hyper::header::HeaderValue::from_static("nosniff"));
    headers.insert("x-load-balancing-endpoint-weight", hyper::header::HeaderValue::from(endpoints));
    response
}
