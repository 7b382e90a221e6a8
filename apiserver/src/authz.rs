//! Authorization: may this identity do this?
//!
//! In: an identity and what it asks for. Out: yes, or no with the reason that clients see. Invariant: nothing is
//! allowed that no rule allows; `system:masters` may do everything. Source: Kubernetes reference, "Using RBAC
//! Authorization".

use std::sync::Arc;

use async_trait::async_trait;
use pintle_client::{Identity, Request, Target, Verb};
use pintle_object_model::api::rbac::v1::PolicyRule;
use pintle_object_model::selector::{FieldSelector, FieldTerm};
use pintle_object_model::{GroupResource, Status};

mod escalation;
mod node;
mod rbac;
mod references;
mod rules;
mod webhook;

pub(crate) use escalation::EscalationGuard;
pub use node::NodeAuthorizer;
pub(crate) use node::node_name;
pub use rbac::Rbac;
pub(crate) use references::{Referenced, references};
pub(crate) use rules::go_list;
pub use webhook::{WebhookAuthorizer, WebhookFailure};

/// What is asked for, as rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Something with objects.
    Resource(ResourceAction),
    /// Anything else: lower-case HTTP method and path.
    Path {
        /// `get`, `post`, ...
        verb: String,
        /// The path.
        path: String,
    },
}

/// Something that is done with objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceAction {
    /// `get`, `list`, `create`, `impersonate`, ...
    pub verb: String,
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Plural resource name.
    pub resource: String,
    /// Subresource; empty for none.
    pub subresource: String,
    /// Namespace; empty for cluster-scoped requests and all namespaces.
    pub namespace: String,
    /// Name; empty for collections, unless a field selector names the only object.
    pub name: String,
    /// What the field selector of a list, watch or deletion of many asks of the objects.
    pub fields: Vec<FieldTerm>,
}

impl ResourceAction {
    /// A verb on a resource (`NAME` or `NAME/SUBRESOURCE`) of a group.
    pub fn new(verb: &str, group: &str, resource: &str) -> Self {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        Self {
            verb: verb.into(),
            group: group.into(),
            version: "v1".into(),
            resource: resource.into(),
            subresource: subresource.into(),
            ..Self::default()
        }
    }

    /// On this object.
    #[must_use]
    pub fn on(mut self, namespace: &str, name: &str) -> Self {
        namespace.clone_into(&mut self.namespace);
        name.clone_into(&mut self.name);
        self
    }

    /// Must every object that is asked for have this value in this field?
    pub(crate) fn only_where(&self, field: &str, value: &str) -> bool {
        self.fields.iter().any(|term| term.equal && term.path == field && term.value == value)
    }
}

impl From<ResourceAction> for Action {
    fn from(action: ResourceAction) -> Self {
        Self::Resource(action)
    }
}

/// The terms of the field selector of a request for many objects; none where it is malformed (the registry says so).
fn fields_of(request: &Request) -> Vec<FieldTerm> {
    match request.verb {
        Verb::List | Verb::Watch | Verb::DeleteCollection => {
            FieldSelector::parse(&request.params.field_selector).map(|selector| selector.terms).unwrap_or_default()
        }
        _ => vec![],
    }
}

impl Action {
    /// What a request asks for.
    pub fn of(request: &Request) -> Self {
        match &request.target {
            Target::Resource { resource, namespace, name, subresource, .. } => {
                let fields = fields_of(request);
                let named = || fields.iter().find(|term| term.equal && term.path == "metadata.name");
                let name = if name.is_empty() { named().map_or("", |term| &term.value) } else { name };
                Self::Resource(ResourceAction {
                    verb: request.verb.as_str().into(),
                    group: resource.group.clone(),
                    version: resource.version.clone(),
                    resource: resource.resource.clone(),
                    subresource: subresource.clone(),
                    // A namespace lives in itself, as far as rules are concerned.
                    namespace: if resource.group.is_empty() && resource.resource == "namespaces" && namespace.is_empty()
                    {
                        name.to_owned()
                    } else {
                        namespace.clone()
                    },
                    name: name.to_owned(),
                    fields,
                })
            }
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

    /// The refusal of this action; `why` is what the authorizers have to say, empty for nothing.
    pub fn refusal(&self, identity: &Identity, why: &str) -> Status {
        let because = if why.is_empty() { String::new() } else { format!(": {why}") };
        match self {
            Self::Resource(ResourceAction { verb, group, resource, subresource, namespace, name, .. }) => {
                let shown = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
                let scope = if namespace.is_empty() {
                    "at the cluster scope".to_owned()
                } else {
                    format!("in the namespace {namespace:?}")
                };
                let why = format!(
                    "User {:?} cannot {verb} resource {shown:?} in API group {group:?} {scope}{because}",
                    identity.user
                );
                Status::forbidden(&GroupResource::new(group.as_str(), resource.as_str()), name, why)
            }
            Self::Path { verb, path } => {
                let mut status = Status::failure(
                    403,
                    "Forbidden",
                    format!("forbidden: User {:?} cannot {verb} path {path:?}{because}", identity.user),
                );
                status.details = Some(Box::default());
                status
            }
        }
    }
}

/// What an authorizer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allowed {
        /// Which rule allows it; may be empty.
        why: String,
    },
    /// No rule here allows it; the next authorizer is asked.
    NoOpinion {
        /// What was missing; may be empty.
        why: String,
    },
    /// No, whatever others say.
    Denied {
        /// What forbids it; may be empty.
        why: String,
    },
}

impl Decision {
    /// Is it yes?
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    /// The words that go with it.
    pub fn why(&self) -> &str {
        match self {
            Self::Allowed { why } | Self::NoOpinion { why } | Self::Denied { why } => why,
        }
    }
}

/// The rules that an identity has in a namespace, as far as they can be told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleList {
    /// The rules.
    pub rules: Vec<PolicyRule>,
    /// Why there may be more; empty if there are not.
    pub incomplete: String,
}

/// Decides whether an identity may do something. Called for every request, from any task.
///
/// Most decide from what they hold in memory, and implement [`decide`](Self::decide) alone. Who must wait for somebody else's
/// answer implements [`ask`](Self::ask), which requests are authorized with, and says in `decide` what is known without
/// waiting: admission and expressions ask that way.
#[async_trait]
pub trait Authorizer: Send + Sync + 'static {
    /// Is it allowed?
    fn decide(&self, identity: &Identity, action: &Action) -> Decision;

    /// Is it allowed? As [`decide`](Self::decide), for those who can wait.
    async fn ask(&self, identity: &Identity, action: &Action) -> Decision {
        self.decide(identity, action)
    }

    /// Is it allowed? As [`decide`](Self::decide), for those who do not ask why.
    fn allows(&self, identity: &Identity, action: &Action) -> bool {
        self.decide(identity, action).is_allowed()
    }

    /// The rules that an identity has in a namespace; none where an authorizer cannot tell.
    fn rules(&self, identity: &Identity, namespace: &str) -> RuleList {
        let _ = (identity, namespace);
        RuleList::default()
    }
}

/// Allows everything to everybody: for hosts that do their own authorization.
#[derive(Debug, Default)]
pub struct AlwaysAllow;

impl Authorizer for AlwaysAllow {
    fn decide(&self, _identity: &Identity, _action: &Action) -> Decision {
        Decision::Allowed { why: String::new() }
    }
}

/// Allows nothing to anybody.
#[derive(Debug, Default)]
pub struct AlwaysDeny;

impl Authorizer for AlwaysDeny {
    fn decide(&self, _identity: &Identity, _action: &Action) -> Decision {
        Decision::NoOpinion { why: "Everything is forbidden.".into() }
    }
}

/// Allows everything to the group `system:masters`, so that no lost binding locks out the administrator.
#[derive(Debug, Default)]
pub struct Masters;

impl Authorizer for Masters {
    fn decide(&self, identity: &Identity, _action: &Action) -> Decision {
        let why = String::new();
        if is_master(identity) { Decision::Allowed { why } } else { Decision::NoOpinion { why } }
    }
}

/// Is this a member of `system:masters`?
pub(crate) fn is_master(identity: &Identity) -> bool {
    identity.groups.iter().any(|group| group == "system:masters")
}

/// Who decides, as `--authorization-mode` names them.
#[derive(Clone)]
#[non_exhaustive]
pub enum AuthorizationMode {
    /// `Node`: node agents may do what their pods need.
    Node,
    /// `RBAC`: roles and their bindings.
    Rbac,
    /// `AlwaysAllow`
    AlwaysAllow,
    /// `AlwaysDeny`
    AlwaysDeny,
    /// Another, such as the authorizer of `Webhook`.
    Ask(Arc<dyn Authorizer>),
}

impl std::fmt::Debug for AuthorizationMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Node => "Node",
            Self::Rbac => "RBAC",
            Self::AlwaysAllow => "AlwaysAllow",
            Self::AlwaysDeny => "AlwaysDeny",
            Self::Ask(_) => "Ask(..)",
        })
    }
}

/// Asks several authorizers in turn: the first that has an opinion decides.
pub struct AuthorizerChain {
    authorizers: Vec<Arc<dyn Authorizer>>,
}

impl AuthorizerChain {
    /// These, in this order.
    pub fn new(authorizers: Vec<Arc<dyn Authorizer>>) -> Self {
        Self { authorizers }
    }
}

impl std::fmt::Debug for AuthorizerChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorizerChain").field("authorizers", &self.authorizers.len()).finish()
    }
}

/// What those without an opinion had to say.
#[derive(Default)]
struct Reasons(Vec<String>);

impl Reasons {
    /// Takes note of a decision; answers it if it is one.
    fn settled(&mut self, decision: Decision) -> Option<Decision> {
        match decision {
            Decision::NoOpinion { why } if why.is_empty() => None,
            Decision::NoOpinion { why } => {
                self.0.push(why);
                None
            }
            decided => Some(decided),
        }
    }

    fn undecided(self) -> Decision {
        Decision::NoOpinion { why: self.0.join("\n") }
    }
}

#[async_trait]
impl Authorizer for AuthorizerChain {
    fn decide(&self, identity: &Identity, action: &Action) -> Decision {
        let mut reasons = Reasons::default();
        let mut authorizers = self.authorizers.iter();
        let decided = authorizers.find_map(|authorizer| reasons.settled(authorizer.decide(identity, action)));
        decided.unwrap_or_else(|| reasons.undecided())
    }

    async fn ask(&self, identity: &Identity, action: &Action) -> Decision {
        let mut reasons = Reasons::default();
        for authorizer in &self.authorizers {
            if let Some(decided) = reasons.settled(authorizer.ask(identity, action).await) {
                return decided;
            }
        }
        reasons.undecided()
    }

    fn rules(&self, identity: &Identity, namespace: &str) -> RuleList {
        let mut all = RuleList::default();
        for authorizer in &self.authorizers {
            let mut some = authorizer.rules(identity, namespace);
            all.rules.append(&mut some.rules);
            if all.incomplete.is_empty() {
                all.incomplete = some.incomplete;
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use pintle_object_model::GroupVersionResource;

    use super::*;

    #[test]
    fn a_field_selector_can_name_the_object_of_a_list() {
        let target = Target::resource(GroupVersionResource::new("", "v1", "configmaps"), "ns", "", "");
        let mut request = Request::new(Verb::List, target);
        request.params.field_selector = "metadata.name=a".into();
        let Action::Resource(action) = Action::of(&request) else { panic!("a resource is asked for") };
        assert_eq!((action.name.as_str(), action.verb.as_str()), ("a", "list"));
        request.verb = Verb::Create;
        let Action::Resource(action) = Action::of(&request) else { panic!("a resource is asked for") };
        assert_eq!(action.name, "");
    }

    #[test]
    fn a_chain_joins_the_reasons_of_those_without_opinion() {
        struct Says(Decision);
        impl Authorizer for Says {
            fn decide(&self, _: &Identity, _: &Action) -> Decision {
                self.0.clone()
            }
        }
        let no = |why: &str| Arc::new(Says(Decision::NoOpinion { why: why.into() })) as Arc<dyn Authorizer>;
        let action = Action::from(ResourceAction::new("get", "", "pods"));
        let chain = AuthorizerChain::new(vec![no("a"), no(""), no("b")]);
        assert_eq!(chain.decide(&Identity::anonymous(), &action).why(), "a\nb");
        let denied = Arc::new(Says(Decision::Denied { why: "c".into() }));
        let chain = AuthorizerChain::new(vec![no("a"), denied, Arc::new(AlwaysAllow)]);
        assert_eq!(chain.decide(&Identity::anonymous(), &action), Decision::Denied { why: "c".into() });
    }
}
