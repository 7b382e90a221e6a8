//! Authorization: may this identity do this?
//!
//! In: an identity and what it asks for. Out: yes, or no with the reason that clients see. Invariant: nothing is
//! allowed that no rule allows; `system:masters` may do everything. Source: Kubernetes reference, "Using RBAC
//! Authorization".

use pintle_client::{Identity, Request, Target, Verb};
use pintle_object_model::{GroupResource, Status};

mod rbac;
pub use rbac::Rbac;

/// What is asked for, as rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Something with objects.
    Resource {
        /// `get`, `list`, `create`, `impersonate`, ...
        verb: String,
        /// API group.
        group: String,
        /// API version.
        version: String,
        /// Plural resource name.
        resource: String,
        /// Subresource; empty for none.
        subresource: String,
        /// Namespace; empty for cluster-scoped requests and all namespaces.
        namespace: String,
        /// Name; empty for collections.
        name: String,
    },
    /// Anything else: lower-case HTTP method and path.
    Path {
        /// `get`, `post`, ...
        verb: String,
        /// The path.
        path: String,
    },
}

impl Action {
    /// What a request asks for.
    pub fn of(request: &Request) -> Self {
        match &request.target {
            Target::Resource { resource, namespace, name, subresource, .. } => Self::Resource {
                verb: request.verb.as_str().into(),
                group: resource.group.clone(),
                version: resource.version.clone(),
                resource: resource.resource.clone(),
                subresource: subresource.clone(),
                // A namespace lives in itself, as far as rules are concerned.
                namespace: if resource.group.is_empty() && resource.resource == "namespaces" && namespace.is_empty() {
                    name.clone()
                } else {
                    namespace.clone()
                },
                name: name.clone(),
            },
            Target::Path(path) => Self::Path {
                verb: match request.verb {
                    Verb::Create => "post",
                    Verb::Update => "put",
                    Verb::Patch => "patch",
                    Verb::Delete | Verb::DeleteCollection => "delete",
                    Verb::Get | Verb::List | Verb::Watch => "get",
                    Verb::Head | Verb::Options | Verb::Unknown => request.verb.as_str(),
                }
                .into(),
                path: path.clone(),
            },
        }
    }

    /// The refusal of this action.
    pub fn refusal(&self, identity: &Identity) -> Status {
        match self {
            Self::Resource { verb, group, resource, subresource, namespace, name, .. } => {
                let shown = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
                let scope = if namespace.is_empty() {
                    "at the cluster scope".to_owned()
                } else {
                    format!("in the namespace {namespace:?}")
                };
                let why =
                    format!("User {:?} cannot {verb} resource {shown:?} in API group {group:?} {scope}", identity.user);
                Status::forbidden(&GroupResource::new(group.as_str(), resource.as_str()), name, why)
            }
            Self::Path { verb, path } => {
                let mut status = Status::failure(
                    403,
                    "Forbidden",
                    format!("forbidden: User {:?} cannot {verb} path {path:?}", identity.user),
                );
                status.details = Some(Box::default());
                status
            }
        }
    }
}

/// Decides whether an identity may do something. Called for every request, from any task; must not block.
pub trait Authorizer: Send + Sync + 'static {
    /// Is it allowed? `false` means that this authorizer has no rule that allows it.
    fn allows(&self, identity: &Identity, action: &Action) -> bool;

    /// The rules that an identity has in a namespace, as `(resource rules, path rules)` in the form of a
    /// SelfSubjectRulesReview; empty where an authorizer cannot tell.
    fn rules(&self, identity: &Identity, namespace: &str) -> Vec<pintle_object_model::api::rbac::v1::PolicyRule> {
        let _ = (identity, namespace);
        vec![]
    }
}

/// Allows everything to everybody: for hosts that do their own authorization.
#[derive(Debug, Default)]
pub struct AlwaysAllow;

impl Authorizer for AlwaysAllow {
    fn allows(&self, _identity: &Identity, _action: &Action) -> bool {
        true
    }
}
