//! Names and addresses that a pod is told: its DNS resolver, its hosts file, its own host name.

use crate::api::core::v1::{HostAlias, PodDNSConfig, PodSpec};
use crate::names;
use crate::validation::{FieldErrors, Path};

const NAMESERVERS_MAX: usize = 3;
const SEARCHES_MAX: usize = 32;
const SEARCH_CHARACTERS_MAX: usize = 2048;
const POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

pub(super) fn validate_dns_policy(errors: &mut FieldErrors, policy: &str, path: &Path) {
    errors.required_one_of(path, policy, &POLICIES);
}

pub(super) fn validate_dns_config(errors: &mut FieldErrors, config: Option<&PodDNSConfig>, policy: &str, path: &Path) {
    if policy == "None" {
        match config {
            None => return errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None"),
            Some(config) if config.nameservers.is_empty() => {
                let problem = "must provide at least one DNS nameserver when `dnsPolicy` is None";
                return errors.required(&path.child("nameservers"), problem);
            }
            Some(_) => {}
        }
    }
    let Some(config) = config else { return };
    let servers = path.child("nameservers");
    if config.nameservers.len() > NAMESERVERS_MAX {
        let value = serde_json::json!(config.nameservers);
        errors.invalid(&servers, &value, format!("must not have more than {NAMESERVERS_MAX} nameservers"));
    }
    for (index, server) in config.nameservers.iter().enumerate() {
        errors.invalid_each(&servers.index(index), server, names::ip(server));
    }
    let searches = path.child("searches");
    if config.searches.len() > SEARCHES_MAX {
        let value = serde_json::json!(config.searches);
        errors.invalid(&searches, &value, format!("must not have more than {SEARCHES_MAX} search paths"));
    }
    if config.searches.join(" ").len() > SEARCH_CHARACTERS_MAX {
        let value = serde_json::json!(config.searches);
        let problem =
            format!("must not have more than {SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list");
        errors.invalid(&searches, &value, problem);
    }
    for (index, search) in config.searches.iter().enumerate() {
        // A single dot, and a dot at the end, name the root.
        let name = search.strip_suffix('.').unwrap_or(search);
        if search != "." {
            errors.invalid_each(&searches.index(index), name, names::search_domain(name));
        }
    }
    for (index, option) in config.options.iter().enumerate() {
        if option.name.is_empty() {
            errors.required(&path.child("options").index(index), "must not be empty");
        }
    }
}

pub(super) fn validate_host_aliases(errors: &mut FieldErrors, aliases: &[HostAlias], path: &Path) {
    for (index, alias) in aliases.iter().enumerate() {
        let at = path.index(index);
        errors.invalid_each(&at.child("ip"), &alias.ip, names::ip(&alias.ip));
        for (index, name) in alias.hostnames.iter().enumerate() {
            errors.invalid_each(&at.child("hostnames").index(index), name, names::dns_subdomain(name));
        }
    }
}

/// The host name of a pod that is more than its name.
pub(super) fn validate_hostname(errors: &mut FieldErrors, spec: &PodSpec, path: &Path) {
    for (name, value) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if !value.is_empty() {
            errors.invalid_each(&path.child(name), value, names::dns_label(value));
        }
    }
    let Some(name) = &spec.hostname_override else { return };
    let at = path.child("hostnameOverride");
    if spec.host_network {
        errors.forbidden(&at, "cannot be set when hostNetwork is true");
    }
    if spec.set_hostname_as_fqdn == Some(true) {
        errors.forbidden(&at, "cannot be set when setHostnameAsFQDN is true");
    }
    if name.len() > 64 {
        errors.too_long(&at, 64);
    }
    errors.invalid_each(&at, name, names::dns_subdomain(name));
}
