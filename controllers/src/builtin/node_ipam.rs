//! Every node has a range of addresses for its pods.
//!
//! Invariant: no two nodes have the same range; a node keeps the one it has.

use std::collections::BTreeSet;

use async_trait::async_trait;
use ipnet::Ipv4Net;
use pintle_client::{Params, Patch};
use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::Node;
use tokio::sync::Mutex;

use crate::{Action, Context, Controller, ControllerError, Reconciler};

/// Length of a node's prefix, 256 addresses. Source: `--node-cidr-mask-size`.
const PREFIX_LENGTH: u8 = 24;

pub(super) fn controller(range: Ipv4Net) -> Controller {
    let given = Mutex::new(BTreeSet::new());
    Controller::builder("nodeipam").for_each::<Node>().build(NodeRanges { range, given })
}

struct NodeRanges {
    range: Ipv4Net,
    /// Ranges that were given out and may not show up in the informer yet. Also keeps two nodes from choosing at once.
    given: Mutex<BTreeSet<String>>,
}

#[async_trait]
impl Reconciler for NodeRanges {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let nodes = context.informer::<Node>();
        let mut given = self.given.lock().await;
        let Some(node) = nodes.get("", &key.name).filter(|node| node.spec.pod_cidr.is_empty()) else {
            return Ok(Action::done());
        };
        let taken: BTreeSet<String> = nodes.list().iter().map(|node| node.spec.pod_cidr.clone()).collect();
        given.retain(|range| !taken.contains(range));
        let pieces = self.range.subnets(PREFIX_LENGTH.max(self.range.prefix_len()));
        let free = pieces.into_iter().flatten().map(|piece| piece.to_string());
        let free = free.into_iter().find(|piece| !taken.contains(piece) && !given.contains(piece));
        let Some(free) = free else {
            context.events().warning(
                &*node,
                "CIDRNotAvailable",
                format!("Node {} status is now: CIDRNotAvailable", key.name),
            );
            return Err(ControllerError::Other(format!("no range of {} is left for node {}", self.range, key.name)));
        };
        let patch = serde_json::json!({"spec": {"podCIDR": free, "podCIDRs": [free]}});
        match context.client().all::<Node>().patch(&key.name, Patch::merge(&patch), Params::default()).await {
            Err(status) if status.is_not_found() => {}
            Err(status) => return Err(ControllerError::api(format!("giving node {} a range", key.name))(status)),
            Ok(_) => {
                given.insert(free);
            }
        }
        Ok(Action::done())
    }
}
