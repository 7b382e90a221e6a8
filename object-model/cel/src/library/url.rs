//! URLs, as Go reads those of requests: absolute, or a path from the root.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::opaque::{Kind, Opaque};
use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::value::{Key, Map, Value};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    scheme: String,
    host: String,
    path: String,
    query: String,
}

const TEXT: &[&str] = &["URL.() -> string"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("url", &["(string) -> URL"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => match parse(text) {
            Ok(url) => Ok(Value::Opaque(Opaque(Kind::Url(Arc::new(url))))),
            Err(error) => {
                failed(format!("URL parse error during conversion from string: parse \"{}\": {error}", &**text))
            }
        },
        _ => no_overload(),
    }),
    function("isURL", &["(string) -> bool"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => Ok(Value::Bool(parse(text).is_ok())),
        _ => no_overload(),
    }),
    function("getScheme", TEXT, Cost::One, |_, args| with(args, |url| url.scheme.clone().into())),
    function("getHost", TEXT, Cost::One, |_, args| with(args, |url| url.host.clone().into())),
    function("getHostname", TEXT, Cost::One, |_, args| with(args, |url| host_port(&url.host).0.to_owned().into())),
    function("getPort", TEXT, Cost::One, |_, args| with(args, |url| host_port(&url.host).1.to_owned().into())),
    function("getEscapedPath", TEXT, Cost::One, |_, args| with(args, |url| url.path.clone().into())),
    function("getQuery", &["URL.() -> map(string, list(string))"], Cost::One, |_, args| {
        with(args, |url| query(&url.query))
    }),
];

fn with<'a>(args: &[Value<'a>], apply: fn(&Url) -> Value<'a>) -> Outcome<'a> {
    match &args[0] {
        Value::Opaque(Opaque(Kind::Url(url))) => Ok(apply(url)),
        _ => no_overload(),
    }
}

/// Host without brackets, and port.
fn host_port(host: &str) -> (&str, &str) {
    let (name, port) = match host.rfind(':') {
        Some(at) if host[at + 1..].bytes().all(|byte| byte.is_ascii_digit()) && !host[at..].contains(']') => {
            (&host[..at], &host[at + 1..])
        }
        _ => (host, ""),
    };
    (name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name), port)
}

fn parse(text: &str) -> Result<Url, String> {
    if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".into());
    }
    if text.is_empty() {
        return Err("empty url".into());
    }
    let (scheme, rest) = scheme(text)?;
    // A URL of a request has no fragment: `#` is part of the path.
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !rest.starts_with('/') {
        return match scheme.is_empty() {
            true => Err("invalid URI for request".into()),
            // An opaque URL, such as `mailto:a`.
            false => Ok(Url { scheme, query: query.to_owned(), ..Url::default() }),
        };
    }
    let (host, path) = match rest.strip_prefix("//") {
        Some(after) if !scheme.is_empty() => {
            let end = after.find('/').unwrap_or(after.len());
            (authority(&after[..end])?, &after[end..])
        }
        _ => (String::new(), rest),
    };
    check_escapes(path)?;
    Ok(Url { scheme, host, path: escape_path(path), query: query.to_owned() })
}

fn scheme(text: &str) -> Result<(String, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok((text[..at].to_ascii_lowercase(), &text[at + 1..])),
            _ => break,
        }
    }
    Ok((String::new(), text))
}

fn authority(text: &str) -> Result<String, String> {
    let host = match text.rfind('@') {
        Some(at) => {
            let user = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
            if !text[..at].bytes().all(user) {
                return Err("net/url: invalid userinfo".into());
            }
            &text[at + 1..]
        }
        None => text,
    };
    let after = match host.strip_prefix('[') {
        Some(inner) => match inner.find(']') {
            Some(end) => &inner[end + 1..],
            None => return Err("missing ']' in host".into()),
        },
        None => host.find(':').map_or("", |at| &host[at..]),
    };
    let port = after.is_empty() || after.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    if !port {
        return Err(format!("invalid port \"{after}\" after host"));
    }
    if let Some(bad) = host.chars().find(|c| *c == ' ' || matches!(c, '^' | '{' | '}' | '|' | '\\' | '`')) {
        return Err(format!("invalid character \"{bad}\" in host name"));
    }
    check_escapes(host)?;
    Ok(host.to_owned())
}

fn check_escapes(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let digits = bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
        if !digits {
            let part: String = text[at..].chars().take(3).collect();
            return Err(format!("invalid URL escape \"{part}\""));
        }
    }
    Ok(())
}

/// What may stand in a path as it is stays, everything else is escaped.
fn escape_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@%!'()*[]".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = text.get(at + 1..at + 3)?;
                out.push(u8::from_str_radix(digits, 16).ok()?);
                at += 2;
            }
            other => out.push(*other),
        }
        at += 1;
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn query<'a>(text: &str) -> Value<'a> {
    let mut all: BTreeMap<Key, Vec<Value<'a>>> = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let (Some(key), Some(value)) = (unescape(key), unescape(value)) {
            all.entry(Key::String(key.into())).or_default().push(Value::from(value));
        }
    }
    let all: BTreeMap<Key, Value<'a>> = all.into_iter().map(|(key, values)| (key, Value::from(values))).collect();
    Value::Map(Map::Values(Arc::new(all)))
}

/// Why the text is no URL, if it is none.
pub(super) fn reject(text: &str) -> Option<String> {
    parse(text).err().map(|error| format!("parse \"{text}\": {error}"))
}
