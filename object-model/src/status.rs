//! `Status`: every failure a client can cause, with code, reason, message and causes.
//!
//! In: any layer that refuses a request. Out: what the client sees, and an ordinary Rust error.
//! Invariant: the code always fits the reason. Source: Kubernetes API conventions, "Response Status Kind".

use std::fmt;

use crate::GroupResource;
use crate::api::meta::v1::{StatusCause, StatusDetails};
use crate::validation::FieldErrors;

pub use crate::api::meta::v1::Status;

impl Status {
    /// A failure with this code, reason and message.
    pub fn failure(code: i32, reason: &str, message: impl Into<String>) -> Self {
        Self { status: "Failure".into(), code, reason: reason.into(), message: message.into(), ..Self::default() }
    }

    /// A success without an object, as some deletions answer it.
    pub fn success() -> Self {
        Self { status: "Success".into(), code: 200, ..Self::default() }
    }

    /// 404: no such object.
    pub fn not_found(resource: &GroupResource, name: &str) -> Self {
        // Names that nothing can have are asked for, too.
        let shown: String = name
            .chars()
            .map(|letter| match letter {
                '"' | '\\' => format!("\\{letter}"),
                '\n' => "\\n".to_owned(),
                '\t' => "\\t".to_owned(),
                '\r' => "\\r".to_owned(),
                control if control.is_ascii_control() => format!("\\x{:02x}", u32::from(control)),
                plain => plain.to_string(),
            })
            .collect();
        Self::failure(404, "NotFound", format!("{resource} \"{shown}\" not found")).about(resource, name)
    }

    /// 409: the name is taken.
    pub fn already_exists(resource: &GroupResource, name: &str) -> Self {
        Self::failure(409, "AlreadyExists", format!("{resource} \"{name}\" already exists")).about(resource, name)
    }

    /// 409: the object has changed since it was read, or another rule about its state is broken.
    pub fn conflict(resource: &GroupResource, name: &str, why: impl fmt::Display) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} \"{name}\": {why}");
        Self::failure(409, "Conflict", message).about(resource, name)
    }

    /// 409 with the standard text for a stale resource version.
    pub fn modified(resource: &GroupResource, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 422: the object breaks rules of its kind; one cause per broken rule.
    /// `group` and `kind` name the kind (`apps`, `Deployment`).
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &FieldErrors) -> Self {
        let of = crate::GroupKind { group: group.into(), kind: kind.into() };
        let mut status = Self::failure(422, "Invalid", format!("{of} \"{name}\" is invalid: {}", errors.summary()));
        status.details = Some(Box::new(StatusDetails {
            group: group.into(),
            kind: kind.into(),
            name: name.into(),
            causes: errors.causes(),
            ..StatusDetails::default()
        }));
        status
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, "BadRequest", message)
    }

    /// 401: nobody we know.
    pub fn unauthorized() -> Self {
        Self::failure(401, "Unauthorized", "Unauthorized")
    }

    /// 403: not allowed; `why` is appended in the standard form.
    pub fn forbidden(resource: &GroupResource, name: &str, why: impl fmt::Display) -> Self {
        let message = if name.is_empty() {
            format!("{resource} is forbidden: {why}")
        } else {
            format!("{resource} \"{name}\" is forbidden: {why}")
        };
        Self::failure(403, "Forbidden", message).about(resource, name)
    }

    /// 405: the resource has no such verb.
    pub fn method_not_allowed(resource: &GroupResource, action: &str) -> Self {
        let message = format!("{action} is not supported on resources of kind \"{resource}\"");
        Self::failure(405, "MethodNotAllowed", message).about(resource, "")
    }

    /// 410: the requested history is no longer kept.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::failure(410, "Expired", message)
    }

    /// 429: try again after this many seconds.
    pub fn too_many_requests(message: impl Into<String>, retry_after_seconds: i32) -> Self {
        let mut status = Self::failure(429, "TooManyRequests", message);
        status.details = Some(Box::new(StatusDetails { retry_after_seconds, ..StatusDetails::default() }));
        status
    }

    /// 500: our own failure.
    pub fn internal(error: impl fmt::Display) -> Self {
        let text = error.to_string();
        let mut status = Self::failure(500, "InternalError", format!("Internal error occurred: {text}"));
        status.details = Some(Box::new(StatusDetails {
            causes: vec![StatusCause { message: text, ..StatusCause::default() }],
            ..StatusDetails::default()
        }));
        status
    }

    /// 503: not now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::failure(503, "ServiceUnavailable", message)
    }

    /// 504: it took too long.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::failure(504, "Timeout", message)
    }

    /// 415: a body in a format that is not understood.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::failure(415, "UnsupportedMediaType", message)
    }

    /// The same, naming the resource and object it is about.
    #[must_use]
    pub fn about(mut self, resource: &GroupResource, name: &str) -> Self {
        let details = self.details.get_or_insert_default();
        details.group.clone_from(&resource.group);
        details.kind.clone_from(&resource.resource);
        name.clone_into(&mut details.name);
        self
    }

    /// Is this a 404?
    pub fn is_not_found(&self) -> bool {
        self.reason == "NotFound"
    }
    /// Is this an `AlreadyExists`?
    pub fn is_already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }
    /// Is this a conflict with another writer?
    pub fn is_conflict(&self) -> bool {
        self.reason == "Conflict"
    }
    /// Has the history that was asked for been dropped (410)?
    pub fn is_expired(&self) -> bool {
        self.code == 410
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() { write!(f, "{} ({})", self.reason, self.code) } else { f.write_str(&self.message) }
    }
}

impl std::error::Error for Status {}
