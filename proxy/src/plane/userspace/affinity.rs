//! Which client has which endpoint (`sessionAffinity: ClientIP`).
//!
//! In: clients and the time. Out: the endpoint of their last connection. Invariants: a client is forgotten when its time
//! is over; at most `clients_max` are remembered, the ones that came last.

use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Affinity {
    clients_max: usize,
    clients: HashMap<Ipv4Addr, (SocketAddrV4, Duration)>,
    /// Clients by the time of their last connection.
    oldest: BTreeSet<(Duration, Ipv4Addr)>,
}

impl Affinity {
    pub(super) fn new(clients_max: usize) -> Self {
        Self { clients_max: clients_max.max(1), clients: HashMap::new(), oldest: BTreeSet::new() }
    }

    pub(super) fn get(&mut self, client: Ipv4Addr, now: Duration, timeout: Duration) -> Option<SocketAddrV4> {
        while let Some((last, old)) = self.oldest.first().copied()
            && last + timeout <= now
        {
            self.forget(old);
        }
        self.clients.get(&client).map(|(endpoint, _)| *endpoint)
    }

    pub(super) fn set(&mut self, client: Ipv4Addr, endpoint: SocketAddrV4, now: Duration) {
        self.forget(client);
        if self.clients.len() >= self.clients_max
            && let Some((_, oldest)) = self.oldest.first().copied()
        {
            self.forget(oldest);
        }
        self.clients.insert(client, (endpoint, now));
        self.oldest.insert((now, client));
    }

    fn forget(&mut self, client: Ipv4Addr) {
        if let Some((_, last)) = self.clients.remove(&client) {
            self.oldest.remove(&(last, client));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn client(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, last)
    }
    fn endpoint(port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
    }

    #[test]
    fn a_client_is_forgotten_a_timeout_after_its_last_connection() {
        let mut affinity = Affinity::new(10);
        affinity.set(client(1), endpoint(1), Duration::ZERO);
        affinity.set(client(1), endpoint(1), MINUTE / 2);
        assert_eq!(affinity.get(client(1), MINUTE, MINUTE), Some(endpoint(1)));
        assert_eq!(affinity.get(client(1), MINUTE + MINUTE / 2, MINUTE), None);
        assert!(affinity.clients.is_empty());
    }

    #[test]
    fn the_oldest_client_makes_room() {
        let mut affinity = Affinity::new(2);
        for last in 1..=3 {
            affinity.set(client(last), endpoint(1), Duration::from_secs(last.into()));
        }
        let known: Vec<bool> = (1..=3).map(|last| affinity.get(client(last), MINUTE / 2, MINUTE).is_some()).collect();
        assert_eq!(known, [false, true, true]);
    }
}
