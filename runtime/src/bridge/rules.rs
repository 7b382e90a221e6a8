//! The nftables rules of one network, as text for `nft -f`.
//!
//! In: the configuration and the addresses. Out: one transaction that replaces the network's own table and touches no other.

use super::BridgeConfig;
use super::addresses::Addresses;

/// A transaction that makes the table anew.
pub(super) fn render(config: &BridgeConfig, table: &str, addresses: &Addresses) -> String {
    let bridge = &config.bridge;
    let range = config.range;
    let mut before = String::new();
    let mut hairpin = String::new();
    for lease in addresses.leases() {
        for port in &lease.ports {
            let protocol = if port.udp { "udp" } else { "tcp" };
            let destination = match port.ip {
                Some(ip) => format!("ip daddr {ip}"),
                None => "fib daddr type local".to_owned(),
            };
            let (host, container, address) = (port.host, port.container, lease.address);
            before.push_str(&format!("    {destination} {protocol} dport {host} dnat to {address}:{container}\n"));
        }
        if !lease.ports.is_empty() {
            // A pod that reaches itself by way of the node must see the answer come from the node.
            hairpin.push_str(&format!("    ip saddr {0} ip daddr {0} ct status dnat masquerade\n", lease.address));
        }
    }
    let masquerade = if config.masquerade {
        let inside: Vec<String> = config.cluster.iter().map(ToString::to_string).collect();
        let beyond =
            if inside.is_empty() { String::new() } else { format!("ip daddr != {{ {} }} ", inside.join(", ")) };
        format!("    ip saddr {range} {beyond}ip daddr != 224.0.0.0/4 oifname != \"{bridge}\" masquerade\n")
    } else {
        String::new()
    };
    format!(
        "add table ip {table}\n\
         delete table ip {table}\n\
         table ip {table} {{\n  \
           chain guard {{\n    type filter hook prerouting priority -300;\n    \
             iifname \"{bridge}\" ip daddr 127.0.0.0/8 drop\n  }}\n  \
           chain before {{\n    type nat hook prerouting priority -100;\n{before}  }}\n  \
           chain local {{\n    type nat hook output priority -100;\n{before}  }}\n  \
           chain after {{\n    type nat hook postrouting priority 100;\n    \
             ip saddr 127.0.0.0/8 oifname \"{bridge}\" masquerade\n{hairpin}{masquerade}  }}\n\
         }}\n"
    )
}
