//! The host's own resolvers.
//!
//! In: the text of `/etc/resolv.conf`. Out: addresses. Elsewhere: reading the file (whoever assembles).

use std::net::{IpAddr, SocketAddr};

/// The name servers that a `resolv.conf` names, at most three as in the C library, without those in `except` (ourselves).
pub fn upstreams_of_host(resolv_conf: &str, except: &[IpAddr]) -> Vec<SocketAddr> {
    let servers = resolv_conf.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        if words.next() != Some("nameserver") {
            return None;
        }
        words.next()?.parse::<IpAddr>().ok()
    });
    servers.filter(|address| !except.contains(address)).take(3).map(|address| SocketAddr::new(address, 53)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_name_servers_but_not_ourselves() {
        let text =
            "# nameserver 9.9.9.9\nsearch a.b\nnameserver 10.96.0.10\n nameserver\t192.0.2.1 # x\nnameserver x\n";
        let found = upstreams_of_host(text, &["10.96.0.10".parse().unwrap()]);
        assert_eq!(found, ["192.0.2.1:53".parse().unwrap()]);
    }
}
