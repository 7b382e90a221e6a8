//! Backends: the endpoints behind a Service port, and whose turn it is.
//!
//! Invariant: an endpoint that could not be reached is passed over for a while, unless nobody else is left.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How long an endpoint is passed over after it could not be reached.
const COOL_DOWN: Duration = Duration::from_secs(2);

/// One endpoint of a backend.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    /// Passed over until then: nanoseconds of the clock; 0 for a healthy one.
    down_until: AtomicU64,
    active: AtomicUsize,
}

impl Endpoint {
    /// A healthy endpoint.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, down_until: AtomicU64::new(0), active: AtomicUsize::new(0) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// It could not be reached just now.
    pub(crate) fn failed(&self, now: Duration) {
        self.down_until.store(nanos(now + COOL_DOWN), Ordering::Relaxed);
    }

    /// It answered.
    pub(crate) fn succeeded(&self) {
        self.down_until.store(0, Ordering::Relaxed);
    }

    fn is_up(&self, now: Duration) -> bool {
        self.down_until.load(Ordering::Relaxed) <= nanos(now)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The endpoints behind one Service port. Shared by all routes that lead there, and kept over changes of the table, so that
/// turns and health are not forgotten.
#[derive(Debug, Default)]
pub struct Backend {
    endpoints: Vec<std::sync::Arc<Endpoint>>,
    turn: AtomicUsize,
}

impl Backend {
    /// With these endpoints; those of `before` at the same address are taken over as they are.
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>, before: Option<&Self>) -> Self {
        let known = |address: &SocketAddr| {
            before.and_then(|old| old.endpoints.iter().find(|endpoint| endpoint.address == *address).cloned())
        };
        let endpoints = addresses
            .into_iter()
            .map(|address| known(&address).unwrap_or_else(|| std::sync::Arc::new(Endpoint::new(address))))
            .collect();
        let turn = before.map_or(0, |old| old.turn.load(Ordering::Relaxed));
        Self { endpoints, turn: AtomicUsize::new(turn) }
    }

    /// All endpoints.
    pub fn endpoints(&self) -> &[std::sync::Arc<Endpoint>] {
        &self.endpoints
    }

    /// Whose turn it is, leaving out those in `tried`: in turn among healthy endpoints, or among all if none is.
    pub(crate) fn pick(&self, now: Duration, tried: &[SocketAddr]) -> Option<std::sync::Arc<Endpoint>> {
        let count = self.endpoints.len();
        if count == 0 {
            return None;
        }
        let start = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = || (0..count).map(|step| &self.endpoints[(start.wrapping_add(step)) % count]);
        let fresh = |endpoint: &&std::sync::Arc<Endpoint>| !tried.contains(&endpoint.address);
        in_turn().filter(fresh).find(|endpoint| endpoint.is_up(now)).or_else(|| in_turn().find(fresh)).cloned()
    }
}

/// Counts a request as active at an endpoint until it is dropped.
#[derive(Debug)]
pub(crate) struct Active(std::sync::Arc<Endpoint>);

impl Active {
    pub(crate) fn new(endpoint: std::sync::Arc<Endpoint>) -> Self {
        endpoint.active.fetch_add(1, Ordering::Relaxed);
        Self(endpoint)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], 80))
    }
    fn picks(backend: &Backend, now: u64, count: usize) -> Vec<u8> {
        let pick = |_| match backend.pick(Duration::from_secs(now), &[]).unwrap().address {
            SocketAddr::V4(v4) => v4.ip().octets()[3],
            SocketAddr::V6(_) => panic!("only IPv4 here"),
        };
        (0..count).map(pick).collect()
    }

    #[test]
    fn endpoints_take_turns() {
        let backend = Backend::new([address(1), address(2), address(3)], None);
        assert_eq!(picks(&backend, 0, 4), [1, 2, 3, 1]);
    }

    #[test]
    fn one_that_failed_is_passed_over_until_it_has_cooled_down() {
        let backend = Backend::new([address(1), address(2)], None);
        backend.endpoints[0].failed(Duration::from_secs(10));
        assert_eq!(picks(&backend, 11, 3), [2, 2, 2]);
        assert!(picks(&backend, 12, 2).contains(&1));
    }

    #[test]
    fn when_all_have_failed_somebody_is_still_asked() {
        let backend = Backend::new([address(1)], None);
        backend.endpoints[0].failed(Duration::from_secs(10));
        assert_eq!(picks(&backend, 10, 1), [1]);
        assert!(backend.pick(Duration::from_secs(10), &[address(1)]).is_none());
    }

    #[test]
    fn health_and_turn_survive_a_change() {
        let old = Backend::new([address(1), address(2)], None);
        old.endpoints[0].failed(Duration::from_secs(10));
        let new = Backend::new([address(1), address(3)], Some(&old));
        assert_eq!(picks(&new, 11, 2), [3, 3]);
    }
}
