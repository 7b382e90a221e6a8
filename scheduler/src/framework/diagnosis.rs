//! Why no node fits, and the sentence that says so.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Rejection;
use crate::{NodeIndex, PodInfo};

/// Why no node fits.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    /// How many nodes there are.
    pub nodes: usize,
    /// Why each node that was looked at does not fit.
    pub rejections: BTreeMap<NodeIndex, Rejection>,
    /// Why the nodes that were not looked at do not come into question.
    pub absent: Option<Rejection>,
    /// A PreFilter's verdict on all nodes; then nodes were not looked at.
    pub pre_filter: Option<Rejection>,
    /// The plugins that rejected the pod.
    pub plugins: BTreeSet<&'static str>,
    /// What PostFilter plugins have to say.
    pub post_filter: Vec<String>,
}

impl Diagnosis {
    /// The text of the pod's condition and event.
    pub fn message(&self) -> String {
        if self.nodes == 0 {
            return "no nodes available to schedule pods".into();
        }
        let mut message = format!("0/{} nodes are available:", self.nodes);
        match &self.pre_filter {
            Some(rejection) => {
                message.push(' ');
                message.push_str(&rejection.reasons.join(", "));
                message.push('.');
            }
            None => {
                let absent = self.absent.as_ref().map(|why| (why, self.nodes.saturating_sub(self.rejections.len())));
                let each = self.rejections.values().map(|why| (why, 1));
                let text = histogram(each.chain(absent));
                if !text.is_empty() {
                    message.push(' ');
                    message.push_str(&text);
                    message.push('.');
                }
            }
        }
        if !self.post_filter.is_empty() {
            message.push(' ');
            message.push_str(&self.post_filter.join(", "));
        }
        message
    }
}

/// `1 reason, 2 other reason`, ordered as text.
pub(crate) fn histogram<'a>(rejections: impl Iterator<Item = (&'a Rejection, usize)>) -> String {
    let mut counts: BTreeMap<&Cow<'static, str>, usize> = BTreeMap::new();
    for (rejection, times) in rejections.filter(|(_, times)| *times > 0) {
        for reason in &rejection.reasons {
            *counts.entry(reason).or_default() += times;
        }
    }
    let mut parts: Vec<String> = counts.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    parts.sort();
    parts.join(", ")
}

/// A way to make room.
#[derive(Clone, Debug)]
pub struct Preemption {
    /// The node on which the pod will fit.
    pub node: String,
    /// The pods that must go first; empty if it is enough to wait.
    pub victims: Vec<Arc<PodInfo>>,
}

/// What a PostFilter plugin found.
#[derive(Clone, Debug)]
pub enum PostFilterOutcome {
    /// Room can be made.
    Nominate(Preemption),
    /// Nothing can be done; the text is appended to the pod's message.
    Nothing {
        /// For the message; may be empty.
        message: String,
        /// An earlier nomination of this pod has become pointless.
        clear_nomination: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_counts_reasons_and_orders_them_as_text() {
        let mut diagnosis = Diagnosis { nodes: 13, ..Diagnosis::default() };
        for n in 0..10 {
            diagnosis.rejections.insert(NodeIndex::new(n), Rejection::resolvable("Insufficient cpu"));
        }
        let taint = Rejection::unresolvable("node(s) had untolerated taint(s)");
        diagnosis.rejections.insert(NodeIndex::new(10), taint.clone());
        diagnosis.rejections.insert(NodeIndex::new(11), taint);
        diagnosis.absent = Some(Rejection::unresolvable("node(s) didn't satisfy plugin(s) [X]"));
        diagnosis.post_filter = vec!["preemption: nothing".into()];
        assert_eq!(
            diagnosis.message(),
            "0/13 nodes are available: 1 node(s) didn't satisfy plugin(s) [X], 10 Insufficient cpu, 2 node(s) had \
             untolerated taint(s). preemption: nothing"
        );
        diagnosis.pre_filter = Some(Rejection::unresolvable("no good"));
        diagnosis.post_filter.clear();
        assert_eq!(diagnosis.message(), "0/13 nodes are available: no good.");
    }
}
