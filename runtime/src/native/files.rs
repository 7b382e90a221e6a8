//! The files that every container of a pod sees: `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf`.

use std::net::IpAddr;
use std::path::Path;

use crate::{DnsSettings, SandboxConfig};

/// Writes them into a sandbox's directory.
pub(super) fn write(directory: &Path, config: &SandboxConfig, addresses: &[IpAddr]) -> std::io::Result<()> {
    let of_node = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let hosts = if config.host_network { of_node("/etc/hosts") } else { hosts(&config.hostname, addresses) };
    // A pod without settings of its own resolves names as the node does.
    let resolv = if config.dns == DnsSettings::default() { of_node("/etc/resolv.conf") } else { resolv(&config.dns) };
    std::fs::write(directory.join("hosts"), hosts)?;
    std::fs::write(directory.join("hostname"), format!("{}\n", config.hostname))?;
    std::fs::write(directory.join("resolv.conf"), resolv)
}

fn hosts(hostname: &str, addresses: &[IpAddr]) -> String {
    let mut text =
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n".to_owned();
    for address in addresses {
        text.push_str(&format!("{address}\t{hostname}\n"));
    }
    text
}

fn resolv(dns: &DnsSettings) -> String {
    let mut text = String::new();
    if !dns.searches.is_empty() {
        text.push_str(&format!("search {}\n", dns.searches.join(" ")));
    }
    for server in &dns.servers {
        text.push_str(&format!("nameserver {server}\n"));
    }
    if !dns.options.is_empty() {
        text.push_str(&format!("options {}\n", dns.options.join(" ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved_as_the_pod_wants() {
        let dns = DnsSettings {
            servers: vec!["10.96.0.10".into()],
            searches: vec!["default.svc.cluster.local".into(), "svc.cluster.local".into()],
            options: vec!["ndots:5".into()],
        };
        let expected = "search default.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";
        assert_eq!(resolv(&dns), expected);
        assert!(hosts("web-0", &["10.1.2.3".parse().unwrap()]).ends_with("10.1.2.3\tweb-0\n"));
    }
}
