//! Putting the server together.
//!
//! In: a store, a configuration. Out: an `ApiService`. Invariant: a host can leave out any layer, or put its own in
//! its place; the order of the layers is part of the security design.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use futures::stream::SelectAll;
use ipnet::Ipv4Net;
use pintle_client::{ApiService, Client, Identity, Request, Response, Target};
use pintle_object_model::api::apiextensions::v1::CustomResourceDefinition;
use pintle_object_model::api::core::v1::{Namespace, Secret, Service as ServiceKind};
use pintle_object_model::api::discovery::v1::EndpointSlice;
use pintle_object_model::api::networking::v1::IPAddress;
use pintle_object_model::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use pintle_object_model::clock::{Clock, Random, SystemClock};
use pintle_object_model::{KindInfo, Object, Resource, Scheme, Status};
use pintle_store::Store;
use pintle_watch::{Shutdown, ShutdownTrigger};
use tower::{Service, ServiceBuilder};

use crate::admission::{ADMISSION_PLUGINS, AdmissionChain, AdmissionPlugin, Host};
use crate::allocator::ServiceAllocator;
use crate::audit::{AuditLayer, AuditLog};
use crate::authn::{Authentication, Authenticator, BootstrapTokens, Certificates};
use crate::authz::{
    AlwaysAllow, AlwaysDeny, AuthorizationMode, Authorizer, AuthorizerChain, Masters, NodeAuthorizer, Rbac,
};
use crate::bootstrap::{self, OwnAddress};
use crate::definitions::Definitions;
use crate::documents::{Documents, Sources as DocumentSources};
use crate::flowcontrol::FlowControlLayer;
use crate::health::Health;
use crate::kinds::Kinds;
use crate::kubelet::{NodeConnector, NodeDialer};
use crate::layers::{AuthenticateLayer, AuthorizeLayer, ImpersonateLayer, identity_of};
use crate::metrics::{Metrics, ProcessProbe, RecordLayer};
use crate::pki;
use crate::registry::{Parts, Registry};
use crate::reviews::Reviews;
use crate::storage::{Storage, Storages};
use crate::tokens::{ServiceAccountTokens, SigningKeys};
use crate::webhook::Outbound;

/// Why a server could not be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Keys could not be made.
    #[error(transparent)]
    Pki(#[from] pki::PkiError),
    /// The token signing key is unusable.
    #[error("the key that signs service account tokens is unusable: {0}")]
    Tokens(String),
    /// What every cluster has could not be made.
    #[error("making the default objects: {0}")]
    Bootstrap(Status),
    /// TLS material is unusable.
    #[error(transparent)]
    Tls(#[from] pintle_client::TlsError),
    /// The configuration contradicts itself or names something unknown.
    #[error("{0}")]
    Config(String),
}

/// How to put a server together. The default is a complete cluster's server with RBAC.
pub struct ApiServerConfig {
    /// The kinds that are served.
    pub scheme: Scheme,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub random: Random,
    /// Addresses of Services.
    pub service_cidr: Ipv4Net,
    /// Asked for every credential before the built-in authenticators (client certificates, service-account tokens).
    pub authenticators: Vec<Arc<dyn Authenticator>>,
    /// Asked for what no other authenticator knows: programs outside, which need not see the cluster's own tokens.
    pub last_authenticators: Vec<Arc<dyn Authenticator>>,
    /// Serve callers without credentials as `system:anonymous`.
    pub anonymous: bool,
    /// Who decides what is allowed, one after the other, behind `system:masters`.
    pub authorization: Vec<AuthorizationMode>,
    /// Decides alone, instead of these.
    pub authorizer: Option<Arc<dyn Authorizer>>,
    /// Run after the built-in admission plugins.
    pub admission: Vec<Arc<dyn AdmissionPlugin>>,
    /// Built-in admission plugins to run although they are off by default, by name.
    pub enabled_admission: Vec<String>,
    /// Built-in admission plugins to leave out, by name.
    pub disabled_admission: Vec<String>,
    /// Reaches the node agents.
    pub nodes: Option<Arc<dyn NodeConnector>>,
    /// Signs service-account tokens: private and public key, PEM. Made anew if not given.
    pub signing_keys: Option<(String, String)>,
    /// Where this server is reached, if it listens.
    pub listen: Option<(Ipv4Addr, u16)>,
    /// Requests that are answered at a time, beside watches, connections and exempt requests; 0 for no limit.
    pub requests_max: u32,
    /// Tells of requests.
    pub audit: Option<AuditLog>,
    /// Tells of the process, for `/metrics`.
    pub process: Option<ProcessProbe>,
}

impl std::fmt::Debug for ApiServerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiServerConfig").field("service_cidr", &self.service_cidr).finish_non_exhaustive()
    }
}

impl Default for ApiServerConfig {
    fn default() -> Self {
        Self {
            scheme: Scheme::builtin(),
            clock: SystemClock::shared(),
            random: Random::from_os(),
            service_cidr: Ipv4Net::new_assert(Ipv4Addr::new(10, 96, 0, 0), 16),
            authenticators: vec![],
            last_authenticators: vec![],
            anonymous: true,
            authorization: vec![AuthorizationMode::Node, AuthorizationMode::Rbac],
            authorizer: None,
            admission: vec![],
            enabled_admission: vec![],
            disabled_admission: vec![],
            nodes: None,
            signing_keys: None,
            listen: None,
            requests_max: 600,
            audit: None,
            process: None,
        }
    }
}

/// A running server. Dropping it stops it.
pub struct ApiServer {
    core: Core,
    authentication: Authentication,
    authorizer: Arc<dyn Authorizer>,
    clock: Arc<dyn Clock>,
    shutdown: ShutdownTrigger,
    draining: ShutdownTrigger,
    metrics: Arc<Metrics>,
    flow_control: Option<FlowControlLayer>,
    audit: Option<AuditLayer>,
    scheme: Scheme,
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiServer").finish_non_exhaustive()
    }
}

/// Kinds that are bodies only, or asked rather than stored.
fn is_stored(info: &KindInfo) -> bool {
    !matches!(
        (info.group, info.kind),
        ("authentication.k8s.io" | "authorization.k8s.io", _)
            | ("autoscaling", "Scale")
            | ("policy", "Eviction")
            | ("", "Binding" | "ComponentStatus")
    )
}

impl ApiServer {
    /// Puts a server together on this store, fills its caches and makes the objects that every cluster has.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub async fn start(store: Arc<dyn Store<Object>>, config: ApiServerConfig) -> Result<Self, SetupError> {
        for name in config.enabled_admission.iter().chain(&config.disabled_admission) {
            if !ADMISSION_PLUGINS.contains(&name.as_str()) {
                return Err(SetupError::Config(format!(
                    "there is no admission plugin {name:?}; there are {}",
                    ADMISSION_PLUGINS.join(", ")
                )));
            }
        }
        let hubs = config
            .scheme
            .kinds()
            .filter(|entry| entry.is_hub())
            .map(|entry| entry.info())
            .filter(|info| is_stored(info));
        let storages = Storages::new(store, hubs);
        let (shutdown, signal) = Shutdown::channel();
        tokio::spawn(storages.clone().follow(signal));
        storages.wait_ready().await;

        let (private, public) = match config.signing_keys.clone() {
            Some(keys) => keys,
            None => pki::signing_keys()?,
        };
        let keys = SigningKeys::from_pem(&private, &public).map_err(SetupError::Tokens)?;
        let tokens =
            ServiceAccountTokens::new(keys, Arc::clone(&config.clock), config.random.clone(), storages.clone());
        let published_keys = tokens.keys();
        let mut authenticators = config.authenticators.clone();
        authenticators.push(Arc::new(Certificates));
        authenticators.push(Arc::new(tokens.clone()));
        if let Some(secrets) = storage::<Secret>(&storages) {
            authenticators.push(Arc::new(BootstrapTokens::new(secrets, Arc::clone(&config.clock))));
        }
        authenticators.extend(config.last_authenticators.iter().cloned());
        let authentication = Authentication::new(authenticators, config.anonymous);
        let rbac = rbac(&storages).map(Arc::new);
        let authorizer = match &config.authorizer {
            Some(authorizer) => Arc::clone(authorizer),
            None => authorizer(&config.authorization, &storages, rbac.as_ref())?,
        };
        let services = ServiceAllocator::new(
            config.service_cidr,
            config.random.clone(),
            Arc::clone(&config.clock),
            crate::allocator::Stored {
                services: storages.get(&ServiceKind::INFO.gvk()),
                addresses: storages.get(&IPAddress::INFO.gvk()),
            },
        );
        let own = OwnAddress {
            cluster_ip: services.first(),
            service_cidr: config.service_cidr,
            now: config.clock.utc().to_time(),
            listen: config.listen,
        };
        let kinds = Arc::new(Kinds::new(config.scheme.clone()));
        let (draining, drains) = Shutdown::channel();
        let metrics = Arc::new(Metrics::new(storages.clone(), &*config.clock, config.process.clone()));
        let flow_control = (config.requests_max > 0).then(|| {
            let clock = Arc::clone(&config.clock);
            FlowControlLayer::new(&storages, config.requests_max, clock, Arc::clone(&metrics))
        });
        let host = Host {
            storages: &storages,
            kinds: &kinds,
            authorizer: &authorizer,
            rbac: rbac.as_ref(),
            random: &config.random,
        };
        let admission =
            AdmissionChain::built(&host, &config.enabled_admission, &config.disabled_admission, &config.admission);
        let audit = config.audit.clone().map(|log| AuditLayer {
            log,
            clock: Arc::clone(&config.clock),
            random: config.random.clone(),
        });
        let parts = Parts {
            complete_at: std::sync::OnceLock::new(),
            shutdown: drains.clone(),
            kinds: Arc::clone(&kinds),
            storages: storages.clone(),
            admission,
            services,
            clock: Arc::clone(&config.clock),
            random: config.random.clone(),
            reviews: Reviews {
                authentication: authentication.clone(),
                authorizer: Arc::clone(&authorizer),
                tokens: Some(tokens),
                clock: Arc::clone(&config.clock),
            },
            nodes: NodeDialer::new(config.nodes.clone()),
            outbound: Outbound::new(storage::<ServiceKind>(&storages), storage::<EndpointSlice>(&storages)),
        };
        let address = config.listen.map(|(ip, port)| format!("{ip}:{port}")).unwrap_or_default();
        let sources = DocumentSources {
            scheme: config.scheme.clone(),
            health: Health::new(storages, drains),
            metrics: Arc::clone(&metrics),
            keys: published_keys,
            address,
        };
        let core = Core {
            registry: Registry { parts: Arc::new(parts) },
            documents: Arc::new(ArcSwap::from_pointee(Documents::new(sources.clone()))),
        };
        let server = Self {
            core,
            authentication,
            authorizer,
            clock: config.clock,
            shutdown,
            draining,
            metrics,
            flow_control,
            audit,
            scheme: config.scheme,
        };
        if server.scheme.kind(&Namespace::INFO.gvk()).is_some() {
            let client =
                server.client().with_identity(Identity::master("system:apiserver")).with_user_agent("pintle-apiserver");
            bootstrap::run(&client, own).await.map_err(SetupError::Bootstrap)?;
        }
        server.serve_definitions(sources).await;
        // Set once, before anybody else can ask.
        let _ = server.core.registry.parts.complete_at.set(server.revision());
        Ok(server)
    }

    /// Serves the definitions that are stored, and those to come.
    async fn serve_definitions(&self, sources: DocumentSources) {
        let parts = &self.core.registry.parts;
        let Some(storage) = parts.storages.get(&CustomResourceDefinition::INFO.gvk()) else { return };
        let client =
            self.client().with_identity(Identity::master("system:apiserver")).with_user_agent("pintle-apiserver");
        let core = self.core.clone();
        let published = move || {
            let scheme = core.registry.parts.kinds.current();
            core.documents.store(Arc::new(Documents::new(DocumentSources { scheme, ..sources.clone() })));
        };
        let registry = self.core.registry.clone();
        let clock = Arc::clone(&self.clock);
        let mut definitions = Definitions::new(registry, storage, clock, client, Box::new(published));
        // Whatever fails now is tried again by the task.
        if let Err(status) = definitions.sync(&mut SelectAll::new()).await {
            tracing::warn!(%status, "serving the stored custom resource definitions");
        }
        tokio::spawn(definitions.run(self.shutdown.signal()));
    }

    /// The whole stack: metrics, authentication, audit, impersonation, priority and fairness, authorization, registry.
    pub fn service(&self) -> impl ApiService {
        let record = RecordLayer {
            metrics: Arc::clone(&self.metrics),
            clock: Arc::clone(&self.clock),
            scheme: self.scheme.clone(),
        };
        ServiceBuilder::new() // The first layer meets the request first.
            .layer(record) // Outside all others, so that refusals are counted, too.
            .layer(AuthenticateLayer::new(self.authentication.clone()))
            // Tells of everybody who is known, also of what is refused below.
            .option_layer(self.audit.clone())
            .layer(ImpersonateLayer::new(Arc::clone(&self.authorizer)))
            // Behind authentication, since flows are those of users; before authorization, whose work it bounds.
            .option_layer(self.flow_control.clone())
            .layer(AuthorizeLayer::new(Arc::clone(&self.authorizer)))
            .service(self.core.clone())
    }

    /// A client in process, without an identity of its own.
    pub fn client(&self) -> Client {
        Client::new(self.service(), self.scheme.clone())
    }

    /// The kinds that are served.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Where the server's time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Has everything that was stored at the start been read?
    pub fn is_ready(&self) -> bool {
        self.core.registry.parts.storages.is_ready()
    }

    /// The newest revision that the caches have.
    pub fn revision(&self) -> u64 {
        self.core.registry.parts.storages.applied()
    }

    /// Gets ready to stop: `/readyz` fails, so that nobody new comes, and watches end, so that those who are here look
    /// for another server. Everything else is still answered.
    pub fn drain(&self) {
        self.draining.fire();
    }

    /// Stops following the store and ends all watches.
    pub fn stop(&self) {
        self.drain();
        self.shutdown.fire();
    }
}

fn storage<K: Resource>(storages: &Storages) -> Option<Arc<Storage>> {
    storages.get(&K::INFO.gvk())
}

/// Authorization by roles, if their kinds are served.
fn rbac(storages: &Storages) -> Option<Rbac> {
    Some(Rbac::new(
        storage::<Role>(storages)?,
        storage::<ClusterRole>(storages)?,
        storage::<RoleBinding>(storages)?,
        storage::<ClusterRoleBinding>(storages)?,
    ))
}

/// Asks those who are wanted in turn, behind those who may do everything.
fn authorizer(
    modes: &[AuthorizationMode],
    storages: &Storages,
    rbac: Option<&Arc<Rbac>>,
) -> Result<Arc<dyn Authorizer>, SetupError> {
    let mut chain: Vec<Arc<dyn Authorizer>> = vec![Arc::new(Masters)];
    for mode in modes {
        chain.push(match mode {
            AuthorizationMode::Node => Arc::new(NodeAuthorizer::new(storages.clone(), bootstrap::node_rules())),
            AuthorizationMode::Rbac => Arc::clone(rbac.ok_or_else(|| {
                SetupError::Config(
                    "RBAC needs its kinds; give an authorizer, or serve rbac.authorization.k8s.io/v1".into(),
                )
            })?) as _,
            AuthorizationMode::AlwaysAllow => Arc::new(AlwaysAllow),
            AuthorizationMode::AlwaysDeny => Arc::new(AlwaysDeny),
            AuthorizationMode::Ask(authorizer) => Arc::clone(authorizer),
        });
    }
    Ok(Arc::new(AuthorizerChain::new(chain)))
}

/// What stands behind the layers: objects and documents.
#[derive(Clone, Debug)]
struct Core {
    registry: Registry,
    documents: Arc<ArcSwap<Documents>>,
}

impl Service<Request> for Core {
    type Response = Response;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Status>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let identity = identity_of(&request)?;
            match &request.target {
                Target::Path(path) => this.documents.load().answer(request.verb, path, &request.params),
                Target::Resource { .. } => this.registry.answer(&identity, request).await,
            }
        })
    }
}
