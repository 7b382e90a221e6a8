//! What etcd's refusals mean.
//!
//! In: gRPC statuses. Out: one variant per reaction. etcd tells some of its refusals apart by their text alone,
//! so this is the one place that reads it.

use tonic::{Code, Status};

use crate::StoreError;

/// A refused or failed call.
#[derive(Debug)]
pub(super) enum Failure {
    /// The revision is no longer kept.
    Compacted,
    /// The revision has not happened yet.
    Future,
    /// The database has reached its quota.
    NoSpace,
    /// The request is larger than the server takes.
    TooLarge,
    /// The lease has ended.
    LeaseGone,
    /// The request makes no sense to the server.
    Invalid(String),
    /// Everything else: not reached, no leader, not allowed.
    Unavailable(Status),
}

impl Failure {
    /// Reads a status.
    pub(super) fn of(status: Status) -> Self {
        let says = |text| status.message().contains(text);
        match status.code() {
            Code::OutOfRange if says("has been compacted") => Self::Compacted,
            Code::OutOfRange if says("future revision") => Self::Future,
            Code::ResourceExhausted if says("space exceeded") => Self::NoSpace,
            Code::ResourceExhausted if says("larger than max") => Self::TooLarge,
            Code::InvalidArgument if says("request is too large") => Self::TooLarge,
            Code::NotFound if says("lease not found") => Self::LeaseGone,
            Code::InvalidArgument => Self::Invalid(status.message().to_owned()),
            _ => Self::Unavailable(status),
        }
    }

    /// As the store's error, where no revision or key is needed to tell it.
    pub(super) fn into_error(self, doing: &str) -> StoreError {
        let unexpected = |what: &str| unavailable(doing, Status::internal(what));
        match self {
            Self::NoSpace => StoreError::NoSpace,
            Self::Invalid(why) => StoreError::Invalid { why },
            Self::Unavailable(status) => unavailable(doing, status),
            Self::Compacted => unexpected("the revision was compacted meanwhile"),
            Self::Future => unexpected("the revision has not happened yet"),
            Self::TooLarge => StoreError::Invalid { why: "the request is too large".into() },
            Self::LeaseGone => unexpected("the lease has ended"),
        }
    }
}

/// The backend was not reached, or did not do it.
pub(super) fn unavailable(doing: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { doing: doing.to_owned(), source: source.into() }
}

/// Was the request certainly never sent?
pub(super) fn never_sent(status: &Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        if error.is::<tonic::ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// Has the token ended, so that a new one may help? etcd also refuses tokens that are older than a change of its users.
pub(super) fn is_token_refused(status: &Status) -> bool {
    status.code() == Code::Unauthenticated || is_about_tokens(status.message())
}

/// The same of the reason for which a watch was ended.
pub(super) fn is_about_tokens(reason: &str) -> bool {
    reason.contains("invalid auth token") || reason.contains("revision of auth store is old")
}

/// Could another member, or another try, do better?
pub(super) fn worth_another(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::Internal
    )
}
