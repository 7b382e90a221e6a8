//! `authorizer`: asks whether a user may do something.
//!
//! In: checks that expressions put together step by step. Out: questions to whoever handed in the [`Authorizer`].
//! Elsewhere: the answer (`apiserver`).

use std::sync::Arc;

use super::opaque::{Kind, Opaque};
use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::value::Value;

/// Answers questions about permissions. Called synchronously while an expression is evaluated; must not block.
pub trait Authorizer: Send + Sync {
    /// May this be done? An error is an answer too: `errored()` and `error()` show it.
    fn authorize(&self, question: &Question) -> Decision;
}

/// Who asks for what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The namespace and name of a service account to ask for; the requesting user if none.
    pub service_account: Option<(String, String)>,
    /// The verb.
    pub verb: String,
    /// What the verb is for.
    pub target: Target,
}

/// What a verb is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A path that is no resource.
    Path(String),
    /// A resource.
    Resource(Resource),
}

impl Default for Target {
    fn default() -> Self {
        Target::Resource(Resource::default())
    }
}

/// A resource that a check is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Resource {
    pub group: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub field_selector: String,
    pub label_selector: String,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Is it allowed?
    pub allowed: bool,
    /// Why.
    pub reason: String,
    /// Why there is no answer.
    pub error: Option<String>,
}

/// The steps of a check.
#[derive(Clone)]
pub(crate) struct Access<'a> {
    authorizer: &'a dyn Authorizer,
    question: Question,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Authorizer,
    Path,
    Group,
    Resource,
}

impl std::fmt::Debug for Access<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("question", &self.question).field("step", &self.step).finish()
    }
}

impl Access<'_> {
    pub(crate) fn type_name(&self) -> &'static str {
        match self.step {
            Step::Authorizer => "kubernetes.authorization.Authorizer",
            Step::Path => "kubernetes.authorization.PathCheck",
            Step::Group => "kubernetes.authorization.GroupCheck",
            Step::Resource => "kubernetes.authorization.ResourceCheck",
        }
    }
}

/// The type of the variable `authorizer`.
pub const AUTHORIZER: crate::ty::Type = crate::ty::Type::Opaque("kubernetes.authorization.Authorizer");
/// The type of the variable `authorizer.requestResource`.
pub const RESOURCE_CHECK: crate::ty::Type = crate::ty::Type::Opaque("kubernetes.authorization.ResourceCheck");

/// The value of the variable `authorizer`.
pub fn authorizer_value(authorizer: &dyn Authorizer) -> Value<'_> {
    access(Access { authorizer, question: Question::default(), step: Step::Authorizer })
}

/// The value of the variable `authorizer.requestResource`.
pub fn resource_check_value(authorizer: &dyn Authorizer, resource: Resource) -> Value<'_> {
    let question = Question { target: Target::Resource(resource), ..Question::default() };
    access(Access { authorizer, question, step: Step::Resource })
}

fn access(access: Access<'_>) -> Value<'_> {
    Value::Opaque(Opaque(Kind::Access(Arc::new(access))))
}

const RESOURCE_STEP: &[&str] = &["ResourceCheck.(string) -> ResourceCheck"];
const DECISION: &[&str] = &["Decision.() -> bool"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("path", &["Authorizer.(string) -> PathCheck"], Cost::One, |_, args| {
        if args[1].as_str() == Some("") {
            return failed("path must not be empty");
        }
        next(args, Step::Authorizer, Step::Path, |question, path| question.target = Target::Path(path.to_owned()))
    }),
    function("group", &["Authorizer.(string) -> GroupCheck"], Cost::One, |_, args| {
        next(args, Step::Authorizer, Step::Group, |question, group| {
            question.target = Target::Resource(Resource { group: group.to_owned(), ..Resource::default() });
        })
    }),
    function("serviceAccount", &["Authorizer.(string, string) -> Authorizer"], Cost::One, |_, args| match args {
        [Value::Opaque(Opaque(Kind::Access(check))), Value::String(namespace), Value::String(name)] => {
            let wrong = [
                ("namespace", namespace, pintle_object_model::names::dns_label(namespace)),
                ("service account name", name, pintle_object_model::names::dns_subdomain(name)),
            ];
            if let Some((what, text, reasons)) = wrong.iter().find(|(_, _, reasons)| !reasons.is_empty()) {
                return failed(format!("Invalid {what} \"{}\": {}", &***text, reasons.join("; ")));
            }
            let mut check = Access::clone(check);
            check.question.service_account = Some((namespace.to_string(), name.to_string()));
            Ok(access(check))
        }
        _ => no_overload(),
    }),
    function("resource", &["GroupCheck.(string) -> ResourceCheck"], Cost::One, |_, args| {
        next(args, Step::Group, Step::Resource, |question, text| {
            if let Target::Resource(resource) = &mut question.target {
                text.clone_into(&mut resource.resource);
            }
        })
    }),
    function("subresource", RESOURCE_STEP, Cost::One, |_, args| resource(args, |it, text| it.subresource = text)),
    function("namespace", RESOURCE_STEP, Cost::One, |_, args| resource(args, |it, text| it.namespace = text)),
    function("name", RESOURCE_STEP, Cost::One, |_, args| resource(args, |it, text| it.name = text)),
    function("fieldSelector", RESOURCE_STEP, Cost::One, |_, args| resource(args, |it, text| it.field_selector = text)),
    function("labelSelector", RESOURCE_STEP, Cost::One, |_, args| resource(args, |it, text| it.label_selector = text)),
    function(
        "check",
        &["ResourceCheck.(string) -> Decision", "PathCheck.(string) -> Decision"],
        Cost::Authorize,
        |_, args| match args {
            [Value::Opaque(Opaque(Kind::Access(check))), Value::String(verb)] => {
                let mut question = check.question.clone();
                question.verb = verb.to_string();
                let decision = check.authorizer.authorize(&question);
                Ok(Value::Opaque(Opaque(Kind::Decision(Arc::new(decision)))))
            }
            _ => no_overload(),
        },
    ),
    function("allowed", DECISION, Cost::One, |_, args| decision(args, |it| Value::Bool(it.allowed))),
    function("errored", DECISION, Cost::One, |_, args| decision(args, |it| Value::Bool(it.error.is_some()))),
    function("error", &["Decision.() -> string"], Cost::One, |_, args| {
        decision(args, |it| Value::from(it.error.clone().unwrap_or_default()))
    }),
    function("reason", &["Decision.() -> string"], Cost::One, |_, args| {
        decision(args, |it| Value::from(it.reason.clone()))
    }),
];

fn next<'a>(args: &[Value<'a>], from: Step, to: Step, apply: fn(&mut Question, &str)) -> Outcome<'a> {
    match args {
        [Value::Opaque(Opaque(Kind::Access(check))), Value::String(text)] if check.step == from => {
            let mut check = Access::clone(check);
            apply(&mut check.question, text);
            check.step = to;
            Ok(access(check))
        }
        _ => no_overload(),
    }
}

fn resource<'a>(args: &[Value<'a>], apply: fn(&mut Resource, String)) -> Outcome<'a> {
    match args {
        [Value::Opaque(Opaque(Kind::Access(check))), Value::String(text)] if check.step == Step::Resource => {
            let mut check = Access::clone(check);
            if let Target::Resource(resource) = &mut check.question.target {
                apply(resource, text.to_string());
            }
            Ok(access(check))
        }
        _ => no_overload(),
    }
}

fn decision<'a>(args: &[Value<'a>], apply: fn(&Decision) -> Value<'a>) -> Outcome<'a> {
    match &args[0] {
        Value::Opaque(Opaque(Kind::Decision(decision))) => Ok(apply(decision)),
        _ => no_overload(),
    }
}
