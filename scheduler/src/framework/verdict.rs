//! What a plugin says about a node or a pod.

use std::borrow::Cow;

/// Why not. The reasons appear in the pod's condition and event, each counted over all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// One or more reasons.
    pub reasons: Vec<Cow<'static, str>>,
    /// Could evicting pods help? If not, preemption does not look at the node.
    pub resolvable: bool,
}

impl Rejection {
    /// A rejection that goes away when pods do.
    pub fn resolvable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reasons: vec![reason.into()], resolvable: true }
    }

    /// A rejection that evicting pods does not change.
    pub fn unresolvable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reasons: vec![reason.into()], resolvable: false }
    }
}

/// A filter's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The pod could run here.
    Fits,
    /// It could not.
    Rejects(Rejection),
}

impl Verdict {
    /// A rejection that goes away when pods do.
    pub fn rejects(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Rejects(Rejection::resolvable(reason))
    }

    /// A rejection that evicting pods does not change.
    pub fn rejects_for_good(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Rejects(Rejection::unresolvable(reason))
    }

    /// Does it fit?
    pub fn fits(&self) -> bool {
        matches!(self, Self::Fits)
    }
}
