//! Why a request failed, as a value to match on.
//!
//! Invariant: nothing here reads messages. Source: Kubernetes API conventions, "Response Status Kind".

use std::time::Duration;

use pintle_object_model::Status;

/// The reason of a failure; a variant per reaction of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The request is malformed (400).
    BadRequest,
    /// Who asks is not known (401).
    Unauthorized,
    /// Who asks may not do this (403).
    Forbidden,
    /// No such object or resource (404).
    NotFound,
    /// The resource knows no such verb (405).
    MethodNotAllowed,
    /// The name is taken (409).
    AlreadyExists,
    /// The object has changed since it was read, or its state forbids this (409): read again.
    Conflict,
    /// The resource version or continue token is too old (410): list anew.
    Expired,
    /// The body is too large (413).
    TooLarge,
    /// The body's or the answer's representation is unknown (406, 415).
    Media,
    /// The object breaks a rule of its kind (422).
    Invalid,
    /// The server asks to come back later (429).
    TooManyRequests,
    /// The server has failed (500).
    Internal,
    /// The server, or the way to it, is down (503).
    Unavailable,
    /// The time was not enough (504).
    Timeout,
    /// Anything else.
    Other,
}

impl Reason {
    /// The reason of a failure.
    pub fn of(status: &Status) -> Self {
        match (status.reason.as_str(), status.code) {
            ("AlreadyExists", _) => Self::AlreadyExists,
            ("Expired" | "Gone", _) | (_, 410) => Self::Expired,
            ("Invalid", _) | (_, 422) => Self::Invalid,
            ("ServerTimeout" | "Timeout", _) | (_, 504) => Self::Timeout,
            (_, 400) => Self::BadRequest,
            (_, 401) => Self::Unauthorized,
            (_, 403) => Self::Forbidden,
            (_, 404) => Self::NotFound,
            (_, 405) => Self::MethodNotAllowed,
            (_, 406 | 415) => Self::Media,
            (_, 409) => Self::Conflict,
            (_, 413) => Self::TooLarge,
            (_, 429) => Self::TooManyRequests,
            (_, 500) => Self::Internal,
            (_, 502 | 503) => Self::Unavailable,
            _ => Self::Other,
        }
    }

    /// May the same request succeed a little later, without anything else being done?
    pub fn is_transient(self) -> bool {
        match self {
            Self::TooManyRequests | Self::Internal | Self::Unavailable | Self::Timeout => true,
            Self::BadRequest
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::AlreadyExists
            | Self::Conflict
            | Self::Expired
            | Self::TooLarge
            | Self::Media
            | Self::Invalid
            | Self::Other => false,
        }
    }
}

/// How long the server asks to wait (`Retry-After`), if it does.
pub fn retry_after(status: &Status) -> Option<Duration> {
    let seconds = status.details.as_deref()?.retry_after_seconds;
    u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_reasons_are_told_apart() {
        let of = |code, reason| Reason::of(&Status::failure(code, reason, ""));
        assert_eq!([of(409, "AlreadyExists"), of(409, "Conflict")], [Reason::AlreadyExists, Reason::Conflict]);
        assert_eq!([of(500, "ServerTimeout"), of(502, "")], [Reason::Timeout, Reason::Unavailable]);
        assert_eq!(retry_after(&Status::too_many_requests("", 7)), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&Status::internal("")), None);
    }
}
