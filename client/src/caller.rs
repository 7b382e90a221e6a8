//! Who asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// An authenticated user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// User name, such as `system:serviceaccount:default:builder`.
    pub user: String,
    /// Unique ID; may be empty.
    pub uid: String,
    /// Groups, such as `system:authenticated`.
    pub groups: Vec<String>,
    /// Further attributes.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl Identity {
    /// A user with groups; `system:authenticated` is added.
    pub fn new<'a>(user: &str, groups: impl IntoIterator<Item = &'a str>) -> Self {
        let mut groups: Vec<String> = groups.into_iter().map(str::to_owned).collect();
        groups.push("system:authenticated".into());
        Self { user: user.to_owned(), groups, ..Self::default() }
    }

    /// The cluster's own administrator, for whom every request is allowed.
    pub fn master(user: &str) -> Self {
        Self::new(user, ["system:masters"])
    }

    /// Who sends no credentials.
    pub fn anonymous() -> Self {
        Self { user: "system:anonymous".into(), groups: vec!["system:unauthenticated".into()], ..Self::default() }
    }
}

/// How a request says who asks.
#[derive(Clone, Default)]
pub enum Caller {
    /// Without credentials. A transport that has its own adds them.
    #[default]
    Anonymous,
    /// A bearer token.
    Token(Arc<str>),
    /// A client certificate that the TLS layer has verified (DER).
    Certificate(Arc<[u8]>),
    /// Known already: the host program vouches for it. Only in process.
    Identity(Arc<Identity>),
}

impl Caller {
    /// An identity that the host program vouches for.
    pub fn trusted(identity: Identity) -> Self {
        Self::Identity(Arc::new(identity))
    }

    /// The identity, if it is known already.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Identity(identity) => Some(identity),
            _ => None,
        }
    }
}

impl fmt::Debug for Caller {
    /// Never prints a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Token(_) => f.write_str("Token(..)"),
            Self::Certificate(der) => write!(f, "Certificate({} bytes)", der.len()),
            Self::Identity(identity) => write!(f, "Identity({})", identity.user),
        }
    }
}
