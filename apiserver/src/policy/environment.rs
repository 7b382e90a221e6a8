//! What expressions of policies see.

use pintle_cel::{
    AUTHORIZER, Activation, Authorizer as Asked, Decision, Env, Program, Question, RESOURCE_CHECK, Resource, Target,
    Type, Value as Cel, authorizer_value, resource_check_value,
};
use pintle_client::Identity;
use pintle_object_model::selector::FieldSelector;
use pintle_object_model::{AnyResource, Format, Object};
use serde_json::{Value, json};

use crate::admission::Attributes;
use crate::authz::{Action, Authorizer, ResourceAction};

/// The declarations for expressions of a policy; `params` only for those that have a kind of parameters.
pub(super) fn env(params: bool) -> Env {
    let text = |name: &str| (name.to_owned(), Type::String);
    let kind = Type::object("kubernetes.GroupVersionKind", ["group", "version", "kind"].map(text));
    let resource = Type::object("kubernetes.GroupVersionResource", ["group", "version", "resource"].map(text));
    let user = Type::object(
        "kubernetes.UserInfo",
        [
            text("username"),
            text("uid"),
            ("groups".into(), Type::list(Type::String)),
            ("extra".into(), Type::map(Type::String, Type::list(Type::String))),
        ],
    );
    let request = Type::object(
        "kubernetes.AdmissionRequest",
        [
            ("kind".into(), kind.clone()),
            ("resource".into(), resource.clone()),
            text("subResource"),
            ("requestKind".into(), kind),
            ("requestResource".into(), resource),
            text("requestSubResource"),
            text("name"),
            text("namespace"),
            text("operation"),
            ("userInfo".into(), user),
            ("dryRun".into(), Type::Bool),
            ("options".into(), Type::Dyn),
        ],
    );
    let mut env = Env::new()
        .with_variable("object", Type::Dyn)
        .with_variable("oldObject", Type::Dyn)
        .with_variable("request", request)
        .with_variable("namespaceObject", namespace_type())
        .with_variable("authorizer", AUTHORIZER)
        .with_variable("authorizer.requestResource", RESOURCE_CHECK);
    if params {
        env = env.with_variable("params", Type::Dyn);
    }
    env
}

fn namespace_type() -> Type {
    let text = |name: &str| (name.to_owned(), Type::String);
    let texts = Type::map(Type::String, Type::String);
    let metadata = Type::object(
        "kubernetes.NamespaceMetadata",
        [
            text("name"),
            text("generateName"),
            text("namespace"),
            ("labels".into(), texts.clone()),
            ("annotations".into(), texts),
            text("UID"),
            ("creationTimestamp".into(), Type::Timestamp),
            ("deletionGracePeriodSeconds".into(), Type::Int),
            ("deletionTimestamp".into(), Type::Timestamp),
            text("resourceVersion"),
            ("finalizers".into(), Type::list(Type::String)),
        ],
    );
    let spec = Type::object("kubernetes.NamespaceSpec", [("finalizers".into(), Type::list(Type::String))]);
    let status = Type::object("kubernetes.NamespaceStatus", [text("phase")]);
    Type::object(
        "kubernetes.Namespace",
        [("metadata".into(), metadata), ("spec".into(), spec), ("status".into(), status)],
    )
}

/// The values of one write.
pub(super) struct Inputs<'a> {
    pub(super) object: Value,
    pub(super) old: Value,
    pub(super) params: Value,
    request: Value,
    namespace: Value,
    permissions: Permissions<'a>,
    own: Resource,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(
        attributes: &'a Attributes<'a>,
        object: Option<&dyn AnyResource>,
        namespace: Option<&Object>,
        authorizer: &'a dyn Authorizer,
    ) -> Self {
        let resource = attributes.resource;
        let kind = json!({
            "group": attributes.kind.group, "version": attributes.kind.version, "kind": attributes.kind.kind,
        });
        let gvr = json!({"group": resource.group, "version": resource.version, "resource": resource.resource});
        let identity = attributes.identity;
        let mut request = json!({
            "kind": kind, "resource": gvr, "requestKind": kind, "requestResource": gvr,
            "name": attributes.name, "operation": attributes.operation.as_str(), "dryRun": attributes.dry_run,
            "userInfo": {
                "username": identity.user, "uid": identity.uid, "groups": identity.groups, "extra": identity.extra,
            },
            "options": Value::Null,
        });
        if !attributes.namespace.is_empty() {
            request["namespace"] = attributes.namespace.into();
        }
        if !attributes.subresource.is_empty() {
            request["subResource"] = attributes.subresource.into();
            request["requestSubResource"] = attributes.subresource.into();
        }
        Self {
            object: object.map_or(Value::Null, tree_of),
            old: attributes.old.map_or(Value::Null, Object::to_value),
            params: Value::Null,
            request,
            namespace: namespace.map_or(Value::Null, namespace_tree),
            permissions: Permissions { authorizer, identity },
            own: Resource {
                group: resource.group.clone(),
                resource: resource.resource.clone(),
                subresource: attributes.subresource.to_owned(),
                namespace: attributes.namespace.to_owned(),
                name: attributes.name.to_owned(),
                ..Resource::default()
            },
        }
    }

    /// The variables, those of the policy itself computed when they are asked for.
    pub(super) fn activation<'s>(
        &'s self,
        env: &'s Declared,
        variables: impl IntoIterator<Item = (String, &'s Program)>,
    ) -> Activation<'s> {
        Activation::new()
            .with("object", Cel::json(&self.object, &Type::Dyn))
            .with("oldObject", Cel::json(&self.old, &Type::Dyn))
            .with("params", Cel::json(&self.params, &Type::Dyn))
            .with("request", Cel::json(&self.request, &env.request))
            .with("namespaceObject", Cel::json(&self.namespace, &env.namespace))
            .with("authorizer", authorizer_value(&self.permissions))
            .with("authorizer.requestResource", resource_check_value(&self.permissions, self.own.clone()))
            .with_lazy("variables", variables)
    }
}

/// The types by which the request and its namespace are read.
#[derive(Debug)]
pub(super) struct Declared {
    request: Type,
    namespace: Type,
}

impl Default for Declared {
    fn default() -> Self {
        Self { request: Type::Dyn, namespace: namespace_type() }
    }
}

/// An object as a tree with its `apiVersion` and `kind`.
pub(super) fn tree_of(object: &dyn AnyResource) -> Value {
    let encoded = Object::from_box(object.clone_box()).encode(Format::Json);
    serde_json::from_slice(&encoded).unwrap_or_default()
}

fn namespace_tree(namespace: &Object) -> Value {
    let mut tree = namespace.to_value();
    if let Some(metadata) = tree.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(uid) = metadata.remove("uid") {
            metadata.insert("UID".into(), uid);
        }
    }
    tree
}

/// Answers what expressions ask about the rights of the requesting user.
struct Permissions<'a> {
    authorizer: &'a dyn Authorizer,
    identity: &'a Identity,
}

impl Asked for Permissions<'_> {
    fn authorize(&self, question: &Question) -> Decision {
        let account;
        let identity = match &question.service_account {
            None => self.identity,
            Some((namespace, name)) => {
                account = Identity {
                    user: format!("system:serviceaccount:{namespace}:{name}"),
                    groups: vec![
                        "system:serviceaccounts".into(),
                        format!("system:serviceaccounts:{namespace}"),
                        "system:authenticated".into(),
                    ],
                    ..Identity::default()
                };
                &account
            }
        };
        let action = match &question.target {
            Target::Path(path) => Action::Path { verb: question.verb.clone(), path: path.clone() },
            Target::Resource(resource) => {
                let fields = FieldSelector::parse(&resource.field_selector).map(|selector| selector.terms);
                Action::Resource(ResourceAction {
                    verb: question.verb.clone(),
                    group: resource.group.clone(),
                    version: "*".into(),
                    resource: resource.resource.clone(),
                    subresource: resource.subresource.clone(),
                    namespace: resource.namespace.clone(),
                    name: resource.name.clone(),
                    fields: fields.unwrap_or_default(),
                })
            }
            _ => return Decision { error: Some("no such check".into()), ..Decision::default() },
        };
        Decision { allowed: self.authorizer.allows(identity, &action), ..Decision::default() }
    }
}
