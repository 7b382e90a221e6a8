//! Putting the server together.
//!
//! In: a store, a configuration. Out: an `ApiService`. Invariant: a host can leave out any layer, or put its own in
//! its place; the order of the layers is part of the security design.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ipnet::Ipv4Net;
use pintle_client::{ApiService, Client, Identity, Request, Response, Target};
use pintle_object_model::api::core::v1::{LimitRange, Namespace, Service as ServiceKind, ServiceAccount};
use pintle_object_model::api::networking::v1::{IPAddress, IngressClass};
use pintle_object_model::api::node::v1::RuntimeClass;
use pintle_object_model::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use pintle_object_model::api::scheduling::v1::PriorityClass;
use pintle_object_model::api::storage::v1::StorageClass;
use pintle_object_model::clock::{Clock, Random, SystemClock};
use pintle_object_model::{KindInfo, Object, Resource, Scheme, Status};
use pintle_store::Store;
use pintle_watch::{Shutdown, ShutdownTrigger};
use tower::{Service, ServiceBuilder};

use crate::admission::{
    AdmissionChain, AdmissionPlugin, DefaultIngressClass, DefaultStorageClass, DefaultTolerationSeconds, LimitRanger,
    NamespaceLifecycle, PersistentVolumeClaimResize, PodSecurity, Priority, RuntimeClassAdmission,
    ServiceAccountAdmission, StorageObjectInUseProtection, TaintNodesByCondition,
};
use crate::allocator::ServiceAllocator;
use crate::authn::{Authentication, Authenticator, Certificates};
use crate::authz::{Authorizer, Rbac};
use crate::bootstrap::{self, OwnAddress};
use crate::documents::Documents;
use crate::kubelet::{NodeConnector, NodeDialer};
use crate::layers::{AuthenticateLayer, AuthorizeLayer, ImpersonateLayer, identity_of};
use crate::pki;
use crate::registry::{Parts, Registry};
use crate::reviews::Reviews;
use crate::storage::{Storage, Storages};
use crate::tokens::ServiceAccountTokens;

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
    /// Serve callers without credentials as `system:anonymous`.
    pub anonymous: bool,
    /// Decides instead of RBAC.
    pub authorizer: Option<Arc<dyn Authorizer>>,
    /// Run after the built-in admission plugins.
    pub admission: Vec<Arc<dyn AdmissionPlugin>>,
    /// Built-in admission plugins to leave out, by name.
    pub disabled_admission: Vec<String>,
    /// Reaches the node agents.
    pub nodes: Option<Arc<dyn NodeConnector>>,
    /// Signs service-account tokens: private and public key, PEM. Made anew if not given.
    pub signing_keys: Option<(String, String)>,
    /// Where this server is reached, if it listens.
    pub listen: Option<(Ipv4Addr, u16)>,
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
            anonymous: true,
            authorizer: None,
            admission: vec![],
            disabled_admission: vec![],
            nodes: None,
            signing_keys: None,
            listen: None,
        }
    }
}

/// The built-in admission plugins, by name, in the order in which they run.
pub const ADMISSION_PLUGINS: [&str; 12] = [
    "NamespaceLifecycle",
    "LimitRanger",
    "ServiceAccount",
    "TaintNodesByCondition",
    "PodSecurity",
    "Priority",
    "DefaultTolerationSeconds",
    "DefaultStorageClass",
    "StorageObjectInUseProtection",
    "PersistentVolumeClaimResize",
    "RuntimeClass",
    "DefaultIngressClass",
];

/// A running server. Dropping it stops it.
pub struct ApiServer {
    core: Core,
    authentication: Authentication,
    authorizer: Arc<dyn Authorizer>,
    clock: Arc<dyn Clock>,
    shutdown: ShutdownTrigger,
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
        for name in &config.disabled_admission {
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
        let tokens = ServiceAccountTokens::new(
            &private,
            &public,
            Arc::clone(&config.clock),
            config.random.clone(),
            storages.clone(),
        )
        .map_err(|error| SetupError::Tokens(error.to_string()))?;
        let mut authenticators = config.authenticators.clone();
        authenticators.push(Arc::new(Certificates));
        authenticators.push(Arc::new(tokens.clone()));
        let authentication = Authentication::new(authenticators, config.anonymous);
        let authorizer = match &config.authorizer {
            Some(authorizer) => Arc::clone(authorizer),
            None => rbac(&storages)?,
        };
        let services = ServiceAllocator::new(
            config.service_cidr,
            config.random.clone(),
            Arc::clone(&config.clock),
            crate::allocator::Stored {
                services: storages.get(&ServiceKind::INFO.gvk()).cloned(),
                addresses: storages.get(&IPAddress::INFO.gvk()).cloned(),
            },
        );
        let own = OwnAddress { cluster_ip: services.first(), listen: config.listen };
        let parts = Parts {
            scheme: config.scheme.clone(),
            storages: storages.clone(),
            admission: admission(&storages, &config),
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
        };
        let address = config.listen.map(|(ip, port)| format!("{ip}:{port}")).unwrap_or_default();
        let documents = Documents::new(config.scheme.clone(), storages, address);
        let core = Core { registry: Registry { parts: Arc::new(parts) }, documents: Arc::new(documents) };
        let server = Self { core, authentication, authorizer, clock: config.clock, shutdown, scheme: config.scheme };
        if server.scheme.kind(&Namespace::INFO.gvk()).is_some() {
            let client =
                server.client().with_identity(Identity::master("system:apiserver")).with_user_agent("pintle-apiserver");
            bootstrap::run(&client, own).await.map_err(SetupError::Bootstrap)?;
        }
        Ok(server)
    }

    /// The whole stack: authentication, impersonation, authorization, registry.
    pub fn service(&self) -> impl ApiService {
        ServiceBuilder::new() // The first layer meets the request first.
            .layer(AuthenticateLayer::new(self.authentication.clone()))
            .layer(ImpersonateLayer::new(Arc::clone(&self.authorizer)))
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

    /// Stops following the store and ends all watches.
    pub fn stop(&self) {
        self.shutdown.fire();
    }
}

fn storage<K: Resource>(storages: &Storages) -> Option<Arc<Storage>> {
    storages.get(&K::INFO.gvk()).cloned()
}

fn rbac(storages: &Storages) -> Result<Arc<dyn Authorizer>, SetupError> {
    let kinds = (
        storage::<Role>(storages),
        storage::<ClusterRole>(storages),
        storage::<RoleBinding>(storages),
        storage::<ClusterRoleBinding>(storages),
    );
    match kinds {
        (Some(roles), Some(cluster_roles), Some(bindings), Some(cluster_bindings)) => {
            Ok(Arc::new(Rbac::new(roles, cluster_roles, bindings, cluster_bindings)))
        }
        _ => Err(SetupError::Config(
            "RBAC needs its kinds; give an authorizer, or serve rbac.authorization.k8s.io/v1".into(),
        )),
    }
}

/// The built-in plugins whose kinds are served and that are not switched off, then the host's own.
fn admission(storages: &Storages, config: &ApiServerConfig) -> AdmissionChain {
    let built_in: Vec<Option<Arc<dyn AdmissionPlugin>>> = vec![
        storage::<Namespace>(storages).map(|namespaces| Arc::new(NamespaceLifecycle::new(namespaces)) as _),
        storage::<LimitRange>(storages).map(|ranges| Arc::new(LimitRanger::new(ranges)) as _),
        storage::<ServiceAccount>(storages)
            .map(|accounts| Arc::new(ServiceAccountAdmission::new(accounts, config.random.clone())) as _),
        Some(Arc::new(TaintNodesByCondition)),
        storage::<Namespace>(storages).map(|namespaces| Arc::new(PodSecurity::new(namespaces)) as _),
        storage::<PriorityClass>(storages).map(|classes| Arc::new(Priority::new(classes)) as _),
        Some(Arc::new(DefaultTolerationSeconds)),
        storage::<StorageClass>(storages).map(|classes| Arc::new(DefaultStorageClass::new(classes)) as _),
        Some(Arc::new(StorageObjectInUseProtection)),
        storage::<StorageClass>(storages).map(|classes| Arc::new(PersistentVolumeClaimResize::new(classes)) as _),
        storage::<RuntimeClass>(storages).map(|classes| Arc::new(RuntimeClassAdmission::new(classes)) as _),
        storage::<IngressClass>(storages).map(|classes| Arc::new(DefaultIngressClass::new(classes)) as _),
    ];
    let enabled = built_in
        .into_iter()
        .flatten()
        .filter(|plugin| !config.disabled_admission.iter().any(|name| name == plugin.name()));
    AdmissionChain::new(enabled.chain(config.admission.iter().cloned()).collect())
}

/// What stands behind the layers: objects and documents.
#[derive(Clone, Debug)]
struct Core {
    registry: Registry,
    documents: Arc<Documents>,
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
                Target::Path(path) => {
                    let aggregated = request.params.other("as").is_some_and(|form| form == "APIGroupDiscoveryList");
                    let verbose = request.params.other("verbose").is_some();
                    this.documents.answer(request.verb, path, aggregated, verbose)
                }
                Target::Resource { .. } => this.registry.answer(&identity, request).await,
            }
        })
    }
}
