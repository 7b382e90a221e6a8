//! A handle on whatever answers API requests.
//!
//! In: any [`ApiService`]. Out: [`Api`] and [`DynamicApi`]. Invariant: a client adds who asks and with which
//! program, and changes nothing else about a request.

use std::sync::Arc;

use pintle_object_model::{GroupVersionResource, Resource, Scheme, Status};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use crate::{Api, Caller, Content, DynamicApi, Identity, Request, Response};

/// Something that answers API requests: the API server in process, or a connection to a remote one.
pub trait ApiService:
    Service<Request, Response = Response, Error = Status, Future: Send + 'static> + Clone + Send + Sync + 'static
{
}

impl<S> ApiService for S where
    S: Service<Request, Response = Response, Error = Status, Future: Send + 'static> + Clone + Send + Sync + 'static
{
}

/// A handle on an [`ApiService`]: cheap to clone, one identity, one user agent.
#[derive(Clone, Debug)]
pub struct Client {
    service: BoxCloneSyncService<Request, Response, Status>,
    scheme: Scheme,
    caller: Caller,
    impersonate: Option<Arc<Identity>>,
    user_agent: Arc<str>,
}

impl Client {
    /// A client of this service that knows these kinds.
    pub fn new(service: impl ApiService, scheme: Scheme) -> Self {
        Self {
            service: BoxCloneSyncService::new(service),
            scheme,
            caller: Caller::Anonymous,
            impersonate: None,
            user_agent: Arc::from("pintle"),
        }
    }

    /// The same service, asked by someone else.
    #[must_use]
    pub fn with_caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// The same service, asked by an identity that the host program vouches for (in process only).
    #[must_use]
    pub fn with_identity(self, identity: Identity) -> Self {
        self.with_caller(Caller::trusted(identity))
    }

    /// The same caller, acting as someone else, if it may impersonate. A request that says so itself goes before this.
    #[must_use]
    pub fn impersonating(mut self, identity: Identity) -> Self {
        self.impersonate = Some(Arc::new(identity));
        self
    }

    /// The same service behind a layer, such as those of [`layers`](crate::layers).
    #[must_use]
    pub fn layered<L>(mut self, layer: &L) -> Self
    where
        L: Layer<BoxCloneSyncService<Request, Response, Status>>,
        L::Service: ApiService,
    {
        self.service = BoxCloneSyncService::new(layer.layer(self.service));
        self
    }

    /// The same service, asked by another program. The default field manager comes from this name.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: &str) -> Self {
        self.user_agent = Arc::from(user_agent);
        self
    }

    /// The kinds that this client knows.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Sends a request, adding who asks where the request does not say it.
    ///
    /// # Errors
    /// Whatever the server refuses with.
    pub async fn send(&self, mut request: Request) -> Result<Response, Status> {
        if matches!(request.caller, Caller::Anonymous) {
            request.caller = self.caller.clone();
        }
        if request.impersonate.is_none() {
            request.impersonate = self.impersonate.as_deref().cloned();
        }
        if request.user_agent.is_empty() {
            request.user_agent = self.user_agent.to_string();
        }
        match self.service.clone().oneshot(request).await? {
            // A refusal that came with warnings.
            Response { content: Content::Status(status), .. } if status.status == "Failure" => Err(*status),
            response => Ok(response),
        }
    }

    /// All objects of a kind: of every namespace, or cluster-scoped.
    pub fn all<K: Resource>(&self) -> Api<K> {
        Api::new(self.clone(), "")
    }

    /// The objects of a kind in one namespace.
    pub fn namespaced<K: Resource>(&self, namespace: &str) -> Api<K> {
        Api::new(self.clone(), namespace)
    }

    /// Objects of any resource, without a Rust type; `namespace` is empty for cluster-scoped ones and for all.
    pub fn dynamic(&self, resource: GroupVersionResource, namespace: &str) -> DynamicApi {
        DynamicApi::new(self.clone(), resource, namespace)
    }
}
