//! Name resolution of pods: what stands in their `/etc/resolv.conf` and `/etc/hosts`.
//!
//! Source: Kubernetes concepts, "DNS for Services and Pods", "Adding entries to Pod /etc/hosts".

use std::fmt::Write as _;
use std::net::IpAddr;

use pintle_object_model::api::core::v1::Pod;

use crate::DnsSettings;

/// Most name servers that resolvers look at.
const SERVERS_MAX: usize = 3;
/// Most search domains.
const SEARCHES_MAX: usize = 32;

/// The settings of a pod.
pub(crate) fn settings(pod: &Pod, cluster_dns: &[IpAddr], domain: &str, host: &DnsSettings) -> DnsSettings {
    let cluster = match pod.spec.dns_policy.as_str() {
        "ClusterFirstWithHostNet" => true,
        "Default" | "None" => false,
        _ => !pod.spec.host_network,
    };
    let mut settings = match pod.spec.dns_policy.as_str() {
        "None" => DnsSettings::default(),
        _ if cluster && !cluster_dns.is_empty() => {
            let namespace = &pod.metadata.namespace;
            let mut searches = vec![];
            if !domain.is_empty() {
                searches = vec![format!("{namespace}.svc.{domain}"), format!("svc.{domain}"), domain.to_owned()];
            }
            searches.extend(host.searches.iter().cloned());
            DnsSettings {
                servers: cluster_dns.iter().map(ToString::to_string).collect(),
                searches,
                options: vec!["ndots:5".into()],
            }
        }
        _ => host.clone(),
    };
    if let Some(own) = pod.spec.dns_config.as_deref() {
        add_new(&mut settings.servers, &own.nameservers);
        add_new(&mut settings.searches, &own.searches);
        for option in &own.options {
            let text = match option.value.as_deref().filter(|value| !value.is_empty()) {
                Some(value) => format!("{}:{value}", option.name),
                None => option.name.clone(),
            };
            settings.options.retain(|old| old.split(':').next() != Some(option.name.as_str()));
            settings.options.push(text);
        }
    }
    settings.servers.truncate(SERVERS_MAX);
    settings.searches.truncate(SEARCHES_MAX);
    settings
}

fn add_new(list: &mut Vec<String>, more: &[String]) {
    for item in more {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
}

/// The pod's host name.
pub(crate) fn hostname(pod: &Pod) -> String {
    let given = pod.spec.hostname_override.as_deref().filter(|name| !name.is_empty());
    let name = given.unwrap_or(if pod.spec.hostname.is_empty() { &pod.metadata.name } else { &pod.spec.hostname });
    name.get(..63).unwrap_or(name).trim_end_matches(['-', '.']).to_owned()
}

/// The text of `/etc/hosts`.
pub(crate) fn hosts(pod: &Pod, addresses: &[IpAddr], domain: &str) -> String {
    let mut text = String::from(
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n\
         fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n",
    );
    let name = hostname(pod);
    for address in addresses {
        let _ = if pod.spec.subdomain.is_empty() {
            writeln!(text, "{address}\t{name}")
        } else {
            let namespace = &pod.metadata.namespace;
            writeln!(text, "{address}\t{name}.{}.{namespace}.svc.{domain}\t{name}", pod.spec.subdomain)
        };
    }
    if !pod.spec.host_aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
    }
    for alias in &pod.spec.host_aliases {
        let _ = writeln!(text, "{}\t{}", alias.ip, alias.hostnames.join("\t"));
    }
    text
}

#[cfg(test)]
mod tests {
    use pintle_object_model::api::core::v1::{HostAlias, PodDNSConfig, PodDNSConfigOption};

    use super::*;

    fn host() -> DnsSettings {
        DnsSettings { servers: vec!["192.0.2.1".into()], searches: vec!["corp".into()], options: vec![] }
    }

    #[test]
    fn policies_choose_between_cluster_and_host() {
        let mut pod = Pod::default();
        pod.metadata.namespace = "shop".into();
        pod.spec.dns_policy = "ClusterFirst".into();
        let dns = ["10.96.0.10".parse().unwrap()];
        let cluster = settings(&pod, &dns, "cluster.local", &host());
        assert_eq!(cluster.servers, ["10.96.0.10"]);
        assert_eq!(cluster.searches, ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp"]);
        assert_eq!(cluster.options, ["ndots:5"]);
        pod.spec.host_network = true;
        assert_eq!(settings(&pod, &dns, "cluster.local", &host()), host());
        pod.spec.dns_policy = "None".into();
        pod.spec.dns_config = Some(Box::new(PodDNSConfig {
            nameservers: vec!["9.9.9.9".into()],
            options: vec![PodDNSConfigOption { name: "ndots".into(), value: Some("2".into()) }],
            ..PodDNSConfig::default()
        }));
        let own = settings(&pod, &dns, "cluster.local", &host());
        assert_eq!((own.servers, own.options), (vec!["9.9.9.9".to_owned()], vec!["ndots:2".to_owned()]));
    }

    #[test]
    fn aliases_are_in_the_hosts_file() {
        let mut pod = Pod::default();
        pod.metadata.name = "web".into();
        pod.spec.host_aliases = vec![HostAlias { ip: "1.2.3.4".into(), hostnames: vec!["a".into(), "b".into()] }];
        let text = hosts(&pod, &["10.0.0.5".parse().unwrap()], "cluster.local");
        assert!(text.contains("10.0.0.5\tweb\n"), "{text}");
        assert!(text.ends_with("# Entries added by HostAliases.\n1.2.3.4\ta\tb\n"), "{text}");
    }
}
