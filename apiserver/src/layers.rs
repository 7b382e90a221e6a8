//! Tower layers around the registry: who asks, as whom, and whether they may.
//!
//! In: requests whose caller is a credential. Out: requests whose caller is an identity that is allowed to ask.
//! Invariant: the order is authenticate, impersonate, authorize; a later layer trusts the earlier ones.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pintle_client::{Caller, Identity, Request, Response};
use pintle_object_model::Status;
use tower::{Layer, Service};

use crate::authn::Authentication;
use crate::authz::{Action, Authorizer, Decision, ResourceAction};

type Answer = Pin<Box<dyn Future<Output = Result<Response, Status>> + Send>>;

macro_rules! layer {
    ($(#[$doc:meta])* $layer:ident, $service:ident { $field:ident: $ty:ty }) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $layer {
            $field: $ty,
        }

        impl $layer {
            /// With this decision maker.
            pub fn new($field: $ty) -> Self {
                Self { $field }
            }
        }

        impl std::fmt::Debug for $layer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($layer))
            }
        }

        impl<S> Layer<S> for $layer {
            type Service = $service<S>;
            fn layer(&self, inner: S) -> $service<S> {
                $service { inner, $field: self.$field.clone() }
            }
        }

        /// The service of the layer of the same name.
        #[derive(Clone)]
        pub struct $service<S> {
            inner: S,
            $field: $ty,
        }

        impl<S> std::fmt::Debug for $service<S> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($service))
            }
        }
    };
}

layer!(
    /// Turns credentials into identities, or refuses them.
    AuthenticateLayer, Authenticate { authentication: Authentication }
);
layer!(
    /// Lets a caller act as somebody else, if the `impersonate` verb allows it.
    ImpersonateLayer, Impersonate { authorizer: Arc<dyn Authorizer> }
);
layer!(
    /// Refuses what no rule allows.
    AuthorizeLayer, Authorize { authorizer: Arc<dyn Authorizer> }
);

impl<S> Service<Request> for Authenticate<S>
where
    S: Service<Request, Response = Response, Error = Status, Future: Send> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = Status;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Answer {
        // The instance that was polled ready is the one to call; its fresh clone stays behind.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let authentication = self.authentication.clone();
        Box::pin(async move {
            request.caller = Caller::Identity(authentication.identify(&request.caller).await?);
            inner.call(request).await
        })
    }
}

/// The identity of a request behind [`AuthenticateLayer`].
pub(crate) fn identity_of(request: &Request) -> Result<Arc<Identity>, Status> {
    match &request.caller {
        Caller::Identity(identity) => Ok(Arc::clone(identity)),
        _ => Err(Status::unauthorized()),
    }
}

impl<S> Service<Request> for Impersonate<S>
where
    S: Service<Request, Response = Response, Error = Status, Future: Send> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = Status;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Answer {
        let Some(wanted) = request.impersonate.take() else { return Box::pin(self.inner.call(request)) };
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let authorizer = Arc::clone(&self.authorizer);
        Box::pin(async move {
            let real = identity_of(&request)?;
            request.caller = Caller::trusted(impersonated(&*authorizer, &real, wanted).await?);
            inner.call(request).await
        })
    }
}

/// Nothing if the action is allowed, else its refusal.
pub(crate) async fn permit(authorizer: &dyn Authorizer, identity: &Identity, action: &Action) -> Result<(), Status> {
    permitted(authorizer.ask(identity, action).await, identity, action)
}

fn permitted(decision: Decision, identity: &Identity, action: &Action) -> Result<(), Status> {
    match decision {
        Decision::Allowed { .. } => Ok(()),
        Decision::NoOpinion { why } | Decision::Denied { why } => Err(action.refusal(identity, &why)),
    }
}

/// Checks every attribute that the caller wants to take on, and completes the identity.
async fn impersonated(authorizer: &dyn Authorizer, real: &Identity, mut wanted: Identity) -> Result<Identity, Status> {
    if wanted.user.is_empty() {
        return Err(Status::bad_request("requested impersonation without impersonating a user"));
    }
    let account = wanted.user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let check = async |group: &str, resource: &str, namespace: &str, name: &str| {
        let action = Action::from(ResourceAction::new("impersonate", group, resource).on(namespace, name));
        permit(authorizer, real, &action).await
    };
    match account {
        Some((namespace, name)) => check("", "serviceaccounts", namespace, name).await?,
        None => check("", "users", "", &wanted.user).await?,
    }
    for group in &wanted.groups {
        check("", "groups", "", group).await?;
    }
    for (key, values) in &wanted.extra {
        for value in values {
            check("authentication.k8s.io", &format!("userextras/{key}"), "", value).await?;
        }
    }
    if !wanted.uid.is_empty() {
        check("authentication.k8s.io", "uids", "", &wanted.uid).await?;
    }
    if let Some((namespace, _)) = account
        && wanted.groups.is_empty()
    {
        wanted.groups = vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
    }
    // Everybody is either authenticated or not; who says so himself is taken at his word.
    let (unknown, known) = ("system:unauthenticated", "system:authenticated");
    let anonymous = wanted.user == "system:anonymous";
    let said = wanted.groups.iter().any(|group| group == unknown || group == known && !anonymous);
    if !said {
        wanted.groups.push(if anonymous { unknown } else { known }.into());
    }
    Ok(wanted)
}

impl<S> Service<Request> for Authorize<S>
where
    S: Service<Request, Response = Response, Error = Status, Future: Send> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = Status;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Answer {
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let authorizer = Arc::clone(&self.authorizer);
        Box::pin(async move {
            let identity = identity_of(&request)?;
            let action = Action::of(&request);
            let decision = authorizer.ask(&identity, &action).await;
            let word = if decision.is_allowed() { "allow" } else { "forbid" };
            request.notes.annotate("authorization.k8s.io/decision", word);
            request.notes.annotate("authorization.k8s.io/reason", decision.why());
            permitted(decision, &identity, &action)?;
            inner.call(request).await
        })
    }
}
