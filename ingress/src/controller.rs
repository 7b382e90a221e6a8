//! Keeps the table up to date and writes where an Ingress is reached.
//!
//! In: informers. Out: a new table after every change, and `status.loadBalancer`. Invariants: many changes at once make one
//! table; serving begins only when everything has been read once.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arc_swap::ArcSwap;
use pintle_client::{Client, Params, Patch};
use pintle_object_model::api::core::v1::{Secret, Service};
use pintle_object_model::api::discovery::v1::EndpointSlice;
use pintle_object_model::api::networking::v1::{Ingress, IngressClass};
use pintle_object_model::clock::{Clock, Random};
use pintle_object_model::{Resource, Status};
use pintle_watch::{Informer, Informers, Shutdown};
use tokio::sync::Notify;
use tracing::{debug, info, warn};

use crate::gateway::{Gateway, GatewayOptions};
use crate::route::{Routes, Sources, is_served};
use crate::tls::{self, Certificates, Resolver};
use crate::{CLASS, CONTROLLER, IngressError};

/// What an ingress serves, and where.
#[derive(Clone, Debug)]
pub struct IngressOptions {
    /// Listens here for HTTP; port 0 takes a free one.
    pub http: SocketAddr,
    /// Listens here for HTTPS.
    pub https: Option<SocketAddr>,
    /// Certificate and key (PEM) for server names that no Secret covers.
    pub default_certificate: Option<(String, String)>,
    /// Address that is written into the status of Ingresses; none if not given.
    pub publish: Option<IpAddr>,
    /// Serve Ingresses that name no class. Default true.
    pub without_class: bool,
    /// Make the IngressClass `pintle` if it is missing. Default true.
    pub make_class: bool,
    /// Limits.
    pub gateway: GatewayOptions,
}

impl IngressOptions {
    /// HTTP on this address.
    pub fn http(address: SocketAddr) -> Self {
        Self {
            http: address,
            https: None,
            default_certificate: None,
            publish: None,
            without_class: true,
            make_class: true,
            gateway: GatewayOptions::default(),
        }
    }
}

/// An ingress that listens, not yet serving.
#[derive(Debug)]
pub struct IngressController {
    client: Client,
    clock: Arc<dyn Clock>,
    random: Random,
    options: IngressOptions,
    http: Gateway,
    https: Option<Gateway>,
    routes: Arc<ArcSwap<Routes>>,
    certificates: Arc<ArcSwap<Certificates>>,
}

struct Inputs {
    ingresses: Informer<Ingress>,
    classes: Informer<IngressClass>,
    services: Informer<Service>,
    slices: Informer<EndpointSlice>,
    secrets: Informer<Secret>,
}

impl IngressController {
    /// Binds the addresses.
    ///
    /// # Errors
    /// If an address cannot be had, or the default certificate cannot be used.
    pub async fn bind(
        client: Client,
        clock: Arc<dyn Clock>,
        random: Random,
        options: IngressOptions,
    ) -> Result<Self, IngressError> {
        let routes: Arc<ArcSwap<Routes>> = Arc::default();
        let mut certificates = Certificates::new();
        if let Some((certificate, key)) = &options.default_certificate {
            let key = tls::pem_key(certificate.as_bytes(), key.as_bytes()).map_err(IngressError::Tls)?;
            certificates.insert(String::new(), Arc::new(key));
        }
        let certificates = Arc::new(ArcSwap::from_pointee(certificates));
        let http = Gateway::bind(options.http, options.gateway.clone()).await?;
        let https = match options.https {
            None => None,
            Some(address) => {
                let resolver = Resolver { routes: Arc::clone(&routes), certificates: Arc::clone(&certificates) };
                let gateway = Gateway::bind(address, options.gateway.clone()).await?;
                Some(gateway.with_tls(tls::server_config(resolver)?))
            }
        };
        Ok(Self { client, clock, random, options, http, https, routes, certificates })
    }

    /// Where it listens for HTTP.
    ///
    /// # Errors
    /// If the socket is gone.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.http.address()
    }

    /// Follows the API and serves until `shutdown`.
    pub async fn run(self, shutdown: Shutdown) {
        let informers = Informers::new(self.client.clone(), self.random.clone(), shutdown.clone());
        let inputs = Inputs {
            ingresses: informers.of(),
            classes: informers.of(),
            services: informers.of(),
            slices: informers.of(),
            secrets: informers.of(),
        };
        let changed = Arc::new(Notify::new());
        inputs.notify(&changed);
        if shutdown.unless(inputs.synced()).await.is_none() {
            return;
        }
        if self.options.make_class
            && let Err(status) = self.make_class().await
        {
            warn!(%status, "cannot make the IngressClass");
        }
        self.rebuild(&inputs);
        info!(address = ?self.http.address().ok(), "the ingress serves");
        let Self { client, clock, options, http, https, routes, certificates, .. } = self;
        let https = async {
            match https {
                Some(gateway) => gateway.serve(Arc::clone(&routes), Arc::clone(&clock), shutdown.clone()).await,
                None => shutdown.wait().await,
            }
        };
        let follow = async {
            // Gateways drain after the shutdown; until then the table must follow.
            while shutdown.unless(changed.notified()).await.is_some() {
                rebuild(&inputs, &options, &routes, &certificates);
                publish(&client, &inputs, &options).await;
            }
        };
        changed.notify_one();
        tokio::join!(http.serve(Arc::clone(&routes), Arc::clone(&clock), shutdown.clone()), https, follow);
    }

    fn rebuild(&self, inputs: &Inputs) {
        rebuild(inputs, &self.options, &self.routes, &self.certificates);
    }

    async fn make_class(&self) -> Result<(), Status> {
        let mut class = IngressClass::default();
        class.metadata.name = CLASS.into();
        class.spec.controller = CONTROLLER.into();
        match self.client.all::<IngressClass>().create(&class).await {
            Err(status) if status.is_already_exists() => Ok(()),
            other => other.map(drop),
        }
    }
}

impl Inputs {
    fn notify(&self, changed: &Arc<Notify>) {
        fn on<K: Resource>(informer: &Informer<K>, changed: &Arc<Notify>) {
            let changed = Arc::clone(changed);
            informer.add_handler(move |_| changed.notify_one());
        }
        on(&self.ingresses, changed);
        on(&self.classes, changed);
        on(&self.services, changed);
        on(&self.slices, changed);
        on(&self.secrets, changed);
    }

    async fn synced(&self) {
        self.ingresses.synced().await;
        self.classes.synced().await;
        self.services.synced().await;
        self.slices.synced().await;
        self.secrets.synced().await;
    }

    fn sources(&self, options: &IngressOptions) -> Sources {
        Sources {
            ingresses: self.ingresses.list(),
            classes: self.classes.list(),
            services: self.services.list(),
            slices: self.slices.list(),
            without_class: options.without_class,
        }
    }
}

fn rebuild(inputs: &Inputs, options: &IngressOptions, routes: &ArcSwap<Routes>, certificates: &ArcSwap<Certificates>) {
    let new = Routes::build(&inputs.sources(options), &routes.load());
    let mut keys = Certificates::new();
    if let Some(default) = certificates.load().get("") {
        keys.insert(String::new(), Arc::clone(default));
    }
    for name in new.secrets() {
        let (namespace, secret) = name.split_once('/').unwrap_or(("", name));
        match inputs.secrets.get(namespace, secret).map(|secret| tls::certified_key(&secret)) {
            Some(Ok(key)) => {
                keys.insert(name.to_owned(), Arc::new(key));
            }
            Some(Err(why)) => warn!(secret = name, why, "a TLS Secret cannot be used"),
            None => debug!(secret = name, "a TLS Secret is missing"),
        }
    }
    certificates.store(Arc::new(keys));
    routes.store(Arc::new(new));
}

/// Writes our address into the Ingresses that we serve and that do not say it yet.
async fn publish(client: &Client, inputs: &Inputs, options: &IngressOptions) {
    let Some(address) = options.publish.map(|ip| ip.to_string()) else { return };
    let sources = inputs.sources(options);
    for ingress in sources.ingresses.iter().filter(|ingress| is_served(ingress, &sources)) {
        let known = &ingress.status.load_balancer.ingress;
        if matches!(known.as_slice(), [one] if one.ip == address) {
            continue;
        }
        let status = serde_json::json!({"status": {"loadBalancer": {"ingress": [{"ip": address}]}}});
        let api = client.namespaced::<Ingress>(&ingress.metadata.namespace);
        let name = &ingress.metadata.name;
        if let Err(status) = api.patch_status(name, Patch::merge(&status), Params::default()).await {
            debug!(ingress = name, %status, "cannot write the address");
        }
    }
}
