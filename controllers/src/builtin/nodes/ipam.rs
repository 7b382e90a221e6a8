//! Every node gets a range of addresses for its pods.
//!
//! Invariant: no two nodes get the same range: one worker hands them out, and remembers them before they show in the cache.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Mutex;

use async_trait::async_trait;
use ipnet::Ipv4Net;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::Node;

use crate::error::Doing;
use crate::{Action, Context, Controller, ControllerError, ControllerOptions, Reconciler};

/// The `node-ipam` controller.
pub(crate) fn controller(options: &ControllerOptions) -> Controller {
    let ranges = Ranges { whole: options.pod_cidr, prefix: options.node_cidr_prefix, given: Mutex::default() };
    Controller::new("node-ipam").component("cidrAllocator").workers(1).for_::<Node>().build(ranges)
}

struct Ranges {
    whole: Option<Ipv4Net>,
    prefix: u8,
    /// Handed out, by node.
    given: Mutex<BTreeMap<String, Ipv4Net>>,
}

#[async_trait]
impl Reconciler for Ranges {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(whole) = self.whole else { return Ok(Action::done()) };
        let cached = ctx.cached::<Node>();
        let Some(node) = cached.get("", &key.name) else {
            self.given(|given| given.remove(&key.name));
            return Ok(Action::done());
        };
        if !node.spec.pod_cidr.is_empty() || node.metadata.deletion_timestamp.is_some() {
            return Ok(Action::done());
        }
        let mut used: Vec<Ipv4Net> = cached.list().iter().filter_map(|node| node.spec.pod_cidr.parse().ok()).collect();
        used.extend(self.given(|given| given.values().copied().collect::<Vec<_>>()));
        let Some(range) = first_free(whole, self.prefix, &used) else {
            ctx.events().normal(
                &*node,
                "CIDRNotAvailable",
                format!("Node {} status is now: CIDRNotAvailable", key.name),
            );
            return Err(ControllerError::Waiting(format!("a pod address range of {whole} is free for node {key}")));
        };
        self.given(|given| given.insert(key.name.clone(), range));
        let written = ctx
            .api::<Node>("")
            .edit(&key.name, |node| {
                let needed = node.spec.pod_cidr.is_empty();
                if needed {
                    node.spec.pod_cidr = range.to_string();
                    node.spec.pod_cidrs = vec![range.to_string()];
                }
                needed
            })
            .await;
        if written.is_err() {
            self.given(|given| given.remove(&key.name));
        }
        written.doing(|| format!("giving {range} to node {key}"))?;
        Ok(Action::done())
    }
}

impl Ranges {
    fn given<R>(&self, use_: impl FnOnce(&mut BTreeMap<String, Ipv4Net>) -> R) -> R {
        use_(&mut self.given.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// The first range of this prefix that overlaps none of the used ones.
fn first_free(whole: Ipv4Net, prefix: u8, used: &[Ipv4Net]) -> Option<Ipv4Net> {
    let prefix = prefix.clamp(whole.prefix_len(), 32);
    let (size, count) = (1_u64 << (32 - prefix), 1_u64 << (prefix - whole.prefix_len()));
    let taken: std::collections::HashSet<Ipv4Addr> = used.iter().map(Ipv4Net::network).collect();
    let start = u64::from(u32::from(whole.network()));
    (0..count).find_map(|index| {
        let range = Ipv4Net::new(Ipv4Addr::from(u32::try_from(start + index * size).ok()?), prefix).ok()?;
        let free = !taken.contains(&range.network())
            && !used.iter().any(|used| used.prefix_len() != prefix && (used.contains(&range) || range.contains(used)));
        free.then_some(range)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_handed_out_lowest_first_and_never_twice() {
        let whole: Ipv4Net = "10.0.0.0/22".parse().unwrap();
        let net = |text: &str| text.parse::<Ipv4Net>().unwrap();
        assert_eq!(first_free(whole, 24, &[]), Some(net("10.0.0.0/24")));
        assert_eq!(first_free(whole, 24, &[net("10.0.0.0/24"), net("10.0.2.0/24")]), Some(net("10.0.1.0/24")));
        assert_eq!(first_free(whole, 24, &[net("10.0.0.0/23")]), Some(net("10.0.2.0/24")));
        assert_eq!(first_free(whole, 24, &[net("10.0.0.0/22")]), None);
    }
}
