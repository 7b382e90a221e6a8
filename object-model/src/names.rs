//! What names may look like.
//!
//! In: text. Out: what is wrong with it, in the words that clients of Kubernetes see; empty if nothing is.
//! Source: Kubernetes concepts, "Object Names and IDs", "Labels and Selectors"; RFC 1035, RFC 1123.

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Starts and ends with `edge`, and has only `inner` between.
fn framed(text: &str, edge: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        [] => false,
        [only] => edge(*only),
        [first, middle @ .., last] => {
            edge(*first) && edge(*last) && middle.iter().all(|byte| inner(*byte) || edge(*byte))
        }
    }
}

fn too_long(max: usize) -> String {
    format!("must be no more than {max} characters")
}

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// A DNS label: at most 63 lower-case letters, digits and `-`.
pub fn dns_label(text: &str) -> Vec<String> {
    let mut problems = vec![];
    if text.len() > 63 {
        problems.push(too_long(63));
    }
    if !framed(text, is_lower_alphanumeric, |byte| byte == b'-') {
        // What is a name of several labels is wrong only in its dots.
        let dots = text.len() <= 253 && dns_subdomain(text).is_empty();
        problems.push(if dots { "must not contain dots".into() } else { LABEL.into() });
    }
    problems
}

/// A DNS label that starts with a letter.
pub fn dns_1035_label(text: &str) -> Vec<String> {
    let mut problems = vec![];
    if text.len() > 63 {
        problems.push(too_long(63));
    }
    if !framed(text, is_lower_alphanumeric, |byte| byte == b'-') || text.as_bytes()[0].is_ascii_digit() {
        problems.push(LABEL_1035.into());
    }
    problems
}

/// A DNS name: at most 253 characters, labels with dots between.
pub fn dns_subdomain(text: &str) -> Vec<String> {
    let mut problems = vec![];
    if text.len() > 253 {
        problems.push(too_long(253));
    }
    if !text.split('.').all(|label| framed(label, is_lower_alphanumeric, |byte| byte == b'-')) {
        problems.push(SUBDOMAIN.into());
    }
    problems
}

/// A name of at least three parts, as webhooks have it.
pub fn fully_qualified(text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec!["must not be empty".into()];
    }
    let problems = dns_subdomain(text);
    if problems.is_empty() && text.split('.').count() < 3 {
        return vec!["should be a domain with at least three segments separated by dots".into()];
    }
    problems
}

/// A DNS name of at least two parts, perhaps with a dot at its end.
pub fn domain(text: &str) -> Vec<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let problems = dns_subdomain(name);
    if problems.is_empty() && name.split('.').count() < 2 {
        return vec!["should be a domain with at least two segments separated by dots".into()];
    }
    problems
}

/// A DNS name, `/`, and a path of what may stand in URLs: `acme.io/foo`.
pub fn domain_prefixed_path(text: &str) -> Vec<String> {
    let form = || vec!["must be a domain-prefixed path (such as \"acme.io/foo\")".to_owned()];
    let Some((host, path)) = text.split_once('/').filter(|(host, path)| !host.is_empty() && !path.is_empty()) else {
        return form();
    };
    let mut problems: Vec<String> =
        dns_subdomain(host).into_iter().map(|problem| format!("prefix part {problem}")).collect();
    let fits = |byte: u8| is_alphanumeric(byte) || b"/-._~%!$&'()*+,;=:".contains(&byte);
    if !path.bytes().all(fits) {
        problems.push(format!("Invalid path (regex used for validation is '{HTTP_PATH}')"));
    }
    problems
}

const HTTP_PATH: &str = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/// A name of a signer: a domain and a path of one segment.
pub fn signer(text: &str) -> Vec<(String, String)> {
    let [domain, path] = text.split('/').collect::<Vec<_>>()[..] else {
        let why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return vec![(text.to_owned(), why.to_owned())];
    };
    let mut problems = vec![];
    for (part, look) in [(domain, dns_label as fn(&str) -> Vec<String>), (path, dns_subdomain)] {
        let bad = part.split('.').map(|label| (label, look(label))).find(|(_, problems)| !problems.is_empty());
        if let Some((label, found)) = bad {
            problems.extend(
                found.into_iter().map(|problem| (part.to_owned(), format!("validating label {label:?}: {problem}"))),
            );
        }
    }
    if !domain.contains('.') {
        problems.push((domain.to_owned(), "should be a domain with at least two segments separated by dots".into()));
    }
    problems
}

/// A C identifier: letters, digits and `_`, not starting with a digit.
pub fn c_identifier(text: &str) -> Vec<String> {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if first && text.bytes().all(|byte| is_alphanumeric(byte) || byte == b'_') {
        return vec![];
    }
    vec!["a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')".into()]
}

/// A DNS name whose first label is `*`.
pub fn wildcard_subdomain(text: &str) -> Vec<String> {
    match text.strip_prefix("*.") {
        Some(rest) if dns_subdomain(rest).is_empty() && text.len() <= 253 => vec![],
        _ => vec!["a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')".into()],
    }
}

/// A key of a label, annotation or taint: an optional DNS name and `/`, then a name of at most 63 characters.
pub fn qualified_name(text: &str) -> Vec<String> {
    let mut problems = vec![];
    let name = match text.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                problems.push("prefix part must be non-empty".into());
            } else {
                problems.extend(dns_subdomain(prefix).into_iter().map(|problem| format!("prefix part {problem}")));
            }
            *name
        }
        _ => {
            return vec![format!(
                "a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        problems.push("name part must be non-empty".into());
    } else if name.len() > 63 {
        problems.push(format!("name part {}", too_long(63)));
    }
    if !framed(name, is_alphanumeric, |byte| matches!(byte, b'-' | b'_' | b'.')) {
        problems.push(format!("name part {QUALIFIED}"));
    }
    problems
}

/// The value of a label: empty, or at most 63 characters.
pub fn label_value(text: &str) -> Vec<String> {
    let mut problems = vec![];
    if text.len() > 63 {
        problems.push(too_long(63));
    }
    if !text.is_empty() && !framed(text, is_alphanumeric, |byte| matches!(byte, b'-' | b'_' | b'.')) {
        problems.push(LABEL_VALUE.into());
    }
    problems
}

/// A name that can stand as one segment of a URL path.
pub fn path_segment(text: &str) -> Vec<String> {
    if text == "." || text == ".." {
        return vec![format!("may not be '{text}'")];
    }
    let bad = ['/', '%'].into_iter().filter(|letter| text.contains(*letter));
    bad.map(|letter| format!("may not contain '{letter}'")).collect()
}

/// A key of a ConfigMap or Secret.
pub fn config_key(text: &str) -> Vec<String> {
    let mut problems = vec![];
    if text.len() > 253 {
        problems.push(too_long(253));
    }
    let known =
        !text.is_empty() && text.bytes().all(|byte| is_alphanumeric(byte) || matches!(byte, b'-' | b'_' | b'.'));
    if !known {
        problems.push("a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')".into());
    } else if text == "." {
        problems.push("must not be '.'".into());
    } else if text == ".." {
        problems.push("must not be '..'".into());
    } else if text.starts_with("..") {
        problems.push("must not start with '..'".into());
    }
    problems
}

/// The name of an environment variable: printable ASCII without `=`.
pub fn env_var(text: &str) -> Vec<String> {
    let fine = !text.is_empty() && text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'=');
    if fine {
        vec![]
    } else {
        vec!["a valid environment variable name must consist only of printable ASCII characters other than '='".into()]
    }
}

/// A port number.
pub fn port_number(port: i32) -> Vec<String> {
    if (1..=65535).contains(&port) { vec![] } else { vec!["must be between 1 and 65535, inclusive".into()] }
}

/// The name of a port: an IANA service name of at most 15 characters.
pub fn port_name(text: &str) -> Vec<String> {
    let mut problems = vec![];
    if text.len() > 15 {
        problems.push("must be no more than 15 characters".into());
    }
    if !text.bytes().all(|byte| is_lower_alphanumeric(byte) || byte == b'-') {
        problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        problems.push("must contain at least one letter (a-z)".into());
    }
    if text.contains("--") {
        problems.push("must not contain consecutive hyphens".into());
    }
    if text.starts_with('-') || text.ends_with('-') {
        problems.push("must not begin or end with a hyphen".into());
    }
    problems
}

/// A port by number or name.
pub fn port(port: &crate::IntOrString) -> Vec<String> {
    match port {
        crate::IntOrString::Int(number) => port_number(*number),
        crate::IntOrString::String(name) => port_name(name),
    }
}

/// An IP address.
pub fn ip(text: &str) -> Vec<String> {
    use std::net::IpAddr;
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_some() => {
            vec!["must not be an IPv4-mapped IPv6 address".into()]
        }
        Ok(_) => vec![],
        Err(_) => {
            let part =
                |part: &str| part.trim_start_matches('0').parse::<u8>().is_ok() || part.bytes().all(|b| b == b'0');
            let padded = text.split('.').count() == 4 && text.split('.').all(|text| !text.is_empty() && part(text));
            vec![if padded {
                "must not have leading 0s".into()
            } else {
                "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".into()
            }]
        }
    }
}

/// The name of an HTTP header.
pub fn http_header(text: &str) -> Vec<String> {
    if !text.is_empty() && text.bytes().all(|byte| is_alphanumeric(byte) || byte == b'-') {
        return vec![];
    }
    vec!["a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')".into()]
}

/// A DNS name to search in: labels may have `_`.
pub fn search_domain(text: &str) -> Vec<String> {
    let mut problems = vec![];
    if text.len() > 253 {
        problems.push(too_long(253));
    }
    let edge = |byte: u8| is_lower_alphanumeric(byte) || byte == b'_';
    if !text.split('.').all(|label| framed(label, edge, |byte| byte == b'-')) {
        problems.push("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*')".into());
    }
    problems
}

/// The id of a user or group.
pub fn unix_id(id: i64) -> Vec<String> {
    if (0..=i64::from(i32::MAX)).contains(&id) { vec![] } else { vec![between(0, i64::from(i32::MAX))] }
}

/// What is said of a number outside of a range.
pub(crate) fn between(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_subdomains() {
        for good in ["a", "a-b", "1a", &"a".repeat(63)] {
            assert_eq!(dns_label(good), Vec::<String>::new(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b"] {
            assert_eq!(dns_label(bad).len(), 1, "{bad}");
        }
        assert_eq!(dns_label("a.b"), ["must not contain dots"]);
        assert_eq!(dns_label(&"a".repeat(64)), ["must be no more than 63 characters"]);
        assert!(dns_subdomain("a.b-c.d").is_empty());
        assert_eq!(dns_subdomain("a..b").len(), 1);
        assert_eq!(dns_1035_label("1a").len(), 1);
    }

    #[test]
    fn qualified_names_have_one_slash_at_most() {
        assert!(qualified_name("example.com/My_Name").is_empty());
        assert_eq!(qualified_name("/x"), ["prefix part must be non-empty"]);
        assert_eq!(qualified_name("a/b/c").len(), 1);
        assert_eq!(qualified_name("a/").len(), 2);
    }

    #[test]
    fn ports_by_name() {
        assert!(port_name("http-2").is_empty());
        assert_eq!(port_name("8080"), ["must contain at least one letter (a-z)"]);
        assert_eq!(port_name("a--b"), ["must not contain consecutive hyphens"]);
    }
}
