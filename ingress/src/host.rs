//! Host names of rules.

/// A host of a rule: exact, or with a wildcard for the first label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPattern {
    /// This very name, in lower case.
    Exact(String),
    /// Exactly one label in front of this suffix (which begins with a dot).
    Wildcard(String),
    /// Every host.
    Any,
}

impl HostPattern {
    /// From a rule's `host`; empty for every host.
    pub fn parse(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        match host.strip_prefix('*') {
            _ if host.is_empty() => Self::Any,
            Some(suffix) => Self::Wildcard(suffix.to_owned()),
            None => Self::Exact(host),
        }
    }

    /// Does a request's host (lower case, without port) match?
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name == host,
            Self::Wildcard(suffix) => {
                host.strip_suffix(suffix.as_str()).is_some_and(|label| !label.is_empty() && !label.contains('.'))
            }
            Self::Any => true,
        }
    }
}

/// The host of a `Host` header or authority: lower case, without port and trailing dot.
pub(crate) fn plain(authority: &str) -> String {
    let host = match authority.rsplit_once(':') {
        // The last colon of a bare IPv6 address belongs to the address.
        Some((host, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (host.ends_with(']') || !host.contains(':')) =>
        {
            host
        }
        _ => authority,
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_exactly_one_label() {
        let pattern = HostPattern::parse("*.Foo.com");
        assert!(pattern.matches("bar.foo.com"));
        assert!(!pattern.matches("baz.bar.foo.com"));
        assert!(!pattern.matches("foo.com"));
    }

    #[test]
    fn ports_and_case_do_not_count() {
        assert_eq!(plain("WWW.k8s-demo.com:8080"), "www.k8s-demo.com");
        assert_eq!(plain("[::1]:80"), "[::1]");
        assert_eq!(plain("::1"), "::1");
    }
}
