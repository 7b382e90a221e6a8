//! Forgets UDP flows that lead to where nobody is any more.
//!
//! In: changes of endpoints. Out: calls of the program `conntrack`. UDP has no end: a client that keeps sending keeps its
//! flow, and with it the old endpoint, until the kernel is told otherwise. Best effort: without the program, one event
//! says so.

use std::net::SocketAddrV4;
use std::process::Stdio;

use tokio::process::Command;

use crate::event::ProxyEvent;
use crate::plane::Surroundings;
use crate::table::{EndpointChange, Protocol, Routes, TableChange};

/// Calls per sync; beyond that, flows are left to end by themselves.
const CALLS_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct Conntrack {
    missing: bool,
    around: Surroundings,
}

impl Conntrack {
    pub(super) fn new(around: Surroundings) -> Self {
        Self { missing: false, around }
    }

    pub(super) async fn clean(&mut self, changes: &[TableChange], routes: &Routes) {
        let udp = changes.iter().filter_map(|change| match change {
            TableChange::Endpoints(change) if change.protocol == Protocol::Udp => Some(change),
            _ => None,
        });
        let calls: Vec<Vec<String>> = udp.flat_map(|change| arguments(change, routes)).take(CALLS_MAX).collect();
        for arguments in calls {
            if self.missing {
                return;
            }
            self.call(&arguments).await;
        }
    }

    async fn call(&mut self, arguments: &[String]) {
        let mut command = Command::new("conntrack");
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        match command.status().await {
            // It fails if there was nothing to delete, which is as good.
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.missing = true;
                self.around.tell(&ProxyEvent::ConntrackMissing);
            }
            Err(error) => tracing::warn!(%error, "cannot run conntrack"),
        }
    }
}

/// What to delete: flows to endpoints that are gone, and, if these are the first endpoints, flows that were not
/// translated because there was none.
fn arguments(change: &EndpointChange, routes: &Routes) -> Vec<Vec<String>> {
    let words =
        |words: &[&str]| -> Vec<String> { ["-D", "-p", "udp"].iter().chain(words).map(ToString::to_string).collect() };
    let gone = |endpoint: &SocketAddrV4| {
        words(&["--dst-nat", &endpoint.ip().to_string(), "--reply-port-src", &endpoint.port().to_string()])
    };
    let mut calls: Vec<Vec<String>> = change.removed.iter().map(gone).collect();
    let own = routes.iter().filter(|(_, route)| {
        let port = route.port();
        route.service.name == change.service && port.name == change.port && port.protocol == change.protocol
    });
    for (frontend, route) in own {
        let port = route.port();
        let known = port.cluster.addresses().iter().chain(port.external.addresses());
        if !known.clone().all(|endpoint| change.added.contains(endpoint)) {
            continue;
        }
        let number = frontend.port().to_string();
        calls.push(match frontend.address() {
            Some(address) => words(&["--orig-dst", &address.to_string(), "--orig-port-dst", &number]),
            None => words(&["--orig-port-dst", &number]),
        });
    }
    calls
}
