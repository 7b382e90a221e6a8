//! A request to the API, as plain data.
//!
//! In: typed handles, or the HTTP codec. Out: any [`ApiService`](crate::ApiService). Invariant: nothing here
//! depends on HTTP; parameters are parsed, not text, wherever the API defines their type.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::patch::PatchKind;
use pintle_object_model::{GroupVersionResource, Object};

use crate::{Caller, UpgradeRequest};

/// What is asked, by whom, of what.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// Act as this user instead, if the caller may impersonate.
    pub impersonate: Option<crate::Identity>,
    /// The client program (`User-Agent`); the default field manager comes from it.
    pub user_agent: String,
    /// What is to be done.
    pub verb: Verb,
    /// What it is done to.
    pub target: Target,
    /// Query parameters.
    pub params: Params,
    /// What is sent along.
    pub body: Body,
    /// For `exec`, `attach`, `portforward` and `proxy`: the protocol switch that is asked for.
    pub upgrade: Option<UpgradeRequest>,
    /// What the layers on the way say about the request, in headers of its answer.
    pub notes: Notes,
}

/// Headers that an answer gets, be it a refusal or not, and what the audit says of the request. Clones share what is noted.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    headers: Vec<(&'static str, String)>,
    /// `None` if nobody will ask for them.
    annotations: Option<BTreeMap<String, String>>,
}

impl Notes {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a header, by its name in lower case.
    pub fn add(&self, name: &'static str, value: impl Into<String>) {
        self.noted().headers.push((name, value.into()));
    }

    /// Takes the headers that have been noted.
    pub fn take(&self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.noted().headers)
    }

    /// Begins to keep annotations: the request is audited.
    pub fn keep_annotations(&self) {
        self.noted().annotations.get_or_insert_default();
    }

    /// Notes an annotation for the audit, in the place of what stood there; nothing if they are not kept.
    pub fn annotate(&self, key: impl Into<String>, value: impl Into<String>) {
        if let Some(annotations) = &mut self.noted().annotations {
            annotations.insert(key.into(), value.into());
        }
    }

    /// The annotations so far.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        self.noted().annotations.clone().unwrap_or_default()
    }
}

/// The verbs of the API, as authorization names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Read one object.
    Get,
    /// Read many.
    List,
    /// Follow changes.
    Watch,
    /// Make one.
    Create,
    /// Replace one.
    Update,
    /// Change a part of one.
    Patch,
    /// Delete one.
    Delete,
    /// Delete many.
    DeleteCollection,
    /// Ask for the head of a document. Of paths only, as the next two.
    Head,
    /// Ask what a path allows.
    Options,
    /// A method that means nothing here.
    Unknown,
}

impl Verb {
    /// As RBAC rules name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Head => "head",
            Self::Options => "options",
            Self::Unknown => "",
        }
    }
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Objects of a resource.
    Resource {
        /// Group, version and plural name.
        resource: GroupVersionResource,
        /// Namespace; empty for cluster-scoped resources and for all namespaces.
        namespace: String,
        /// Name; empty for collections.
        name: String,
        /// Subresource such as `status`; empty for none.
        subresource: String,
        /// What follows the subresource (`proxy/...`), with its leading slash; empty for none.
        tail: String,
    },
    /// Anything else, by path: `/healthz`, `/apis`, `/openapi/v2`.
    Path(String),
}

impl Target {
    /// Objects of a resource; empty strings for what does not apply.
    pub fn resource(resource: GroupVersionResource, namespace: &str, name: &str, subresource: &str) -> Self {
        Self::Resource {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
            tail: String::new(),
        }
    }
}

/// How unknown and duplicate fields are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Dropped silently.
    Ignore,
    /// Dropped with a warning (what the server does when nothing is said).
    #[default]
    Warn,
    /// An error.
    Strict,
}

/// What happens to the dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They stay, without an owner.
    Orphan,
    /// They are deleted afterwards.
    Background,
    /// They are deleted first.
    Foreground,
}

impl Propagation {
    /// As `DeleteOptions.propagationPolicy` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orphan => "Orphan",
            Self::Background => "Background",
            Self::Foreground => "Foreground",
        }
    }
}

/// Query parameters. The default asks for nothing special.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// Label selector, as text.
    pub label_selector: String,
    /// Field selector, as text.
    pub field_selector: String,
    /// Most items of a page; 0 for all.
    pub limit: u64,
    /// Where the last page ended.
    pub continue_: String,
    /// Resource version; empty for none, `0` for any.
    pub resource_version: String,
    /// `Exact`, `NotOlderThan` or empty.
    pub resource_version_match: String,
    /// Ends a list or watch after this many seconds.
    pub timeout_seconds: Option<u64>,
    /// Bookmarks are welcome on the watch.
    pub allow_watch_bookmarks: bool,
    /// Start the watch with the current state.
    pub send_initial_events: Option<bool>,
    /// `dryRun` values as given (`All`).
    pub dry_run: Vec<String>,
    /// Field manager; empty for the one that the user agent gives.
    pub field_manager: String,
    /// `fieldValidation` as given: `Ignore`, `Warn`, `Strict` or empty.
    pub field_validation: String,
    /// Take over fields that others own (server-side apply).
    pub force: Option<bool>,
    /// Everything else in the order given: options of `log`, `exec`, `proxy` and the like.
    pub other: Vec<(String, String)>,
}

impl Params {
    /// Only objects with these labels.
    #[must_use]
    pub fn labels(mut self, selector: &str) -> Self {
        self.label_selector = selector.into();
        self
    }

    /// Only objects with these fields.
    #[must_use]
    pub fn fields(mut self, selector: &str) -> Self {
        self.field_selector = selector.into();
        self
    }

    /// Go through everything, but store nothing.
    #[must_use]
    pub fn dry(mut self) -> Self {
        self.dry_run = vec!["All".into()];
        self
    }

    /// In the name of this field manager.
    #[must_use]
    pub fn manager(mut self, name: &str) -> Self {
        self.field_manager = name.into();
        self
    }

    /// How unknown and duplicate fields are treated.
    #[must_use]
    pub fn validation(mut self, how: FieldValidation) -> Self {
        self.field_validation = match how {
            FieldValidation::Ignore => "Ignore",
            FieldValidation::Warn => "Warn",
            FieldValidation::Strict => "Strict",
        }
        .into();
        self
    }

    /// The first other parameter of this name.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.other.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All other parameters of this name.
    pub fn others<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.other.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is sent along with a request.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// An object: in process, as it is.
    Object(Object),
    /// An encoded object: from the wire. It is decoded after authorization.
    Encoded {
        /// Media type without parameters, such as `application/json`; empty if not said.
        media_type: String,
        /// The bytes.
        bytes: Bytes,
    },
    /// A patch.
    Patch(Patch),
    /// How to delete.
    Delete(Box<DeleteOptions>),
}

/// A patch of one of the four kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Its kind.
    pub kind: PatchKind,
    /// Its text (JSON; for apply also YAML).
    pub text: Bytes,
}

impl Patch {
    /// A JSON patch.
    pub fn json(operations: &serde_json::Value) -> Self {
        Self::of(PatchKind::Json, operations)
    }
    /// A merge patch.
    pub fn merge(patch: &serde_json::Value) -> Self {
        Self::of(PatchKind::Merge, patch)
    }
    /// A strategic merge patch.
    pub fn strategic(patch: &serde_json::Value) -> Self {
        Self::of(PatchKind::Strategic, patch)
    }
    /// A server-side apply of this manifest.
    pub fn apply(manifest: &serde_json::Value) -> Self {
        Self::of(PatchKind::Apply, manifest)
    }
    fn of(kind: PatchKind, value: &serde_json::Value) -> Self {
        Self { kind, text: value.to_string().into() }
    }
}

impl Request {
    /// A request without parameters or body, by nobody in particular.
    pub fn new(verb: Verb, target: Target) -> Self {
        Self {
            caller: Caller::Anonymous,
            impersonate: None,
            user_agent: String::new(),
            verb,
            target,
            params: Params::default(),
            body: Body::Empty,
            upgrade: None,
            notes: Notes::default(),
        }
    }

    /// The same with parameters.
    #[must_use]
    pub fn with_params(mut self, params: Params) -> Self {
        self.params = params;
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }
}
