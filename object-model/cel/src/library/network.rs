//! Addresses and networks.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::opaque::{Kind, Opaque};
use super::{Cost, Function, Outcome, failed, function, no_overload};
use crate::value::Value;

/// An address with the length of its network's prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    net: IpNet,
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.net.addr(), self.net.prefix_len())
    }
}

const TEST: &[&str] = &["IP.() -> bool"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("ip", &["(string) -> IP", "CIDR.() -> IP"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => match parse_ip(text) {
            Ok(ip) => Ok(of_ip(ip)),
            Err(error) => failed(error),
        },
        other => with_cidr(other, |cidr| Ok(of_ip(cidr.net.addr()))),
    }),
    function("isIP", &["(string) -> bool"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => Ok(Value::Bool(parse_ip(text).is_ok())),
        _ => no_overload(),
    }),
    function("ip.isCanonical", &["(string) -> bool"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => match parse_ip(text) {
            Ok(ip) => Ok(Value::Bool(ip.to_string() == **text)),
            Err(error) => failed(error),
        },
        _ => no_overload(),
    }),
    function("family", &["IP.() -> int"], Cost::One, |_, args| {
        with_ip(&args[0], |ip| Value::Int(if ip.is_ipv4() { 4 } else { 6 }))
    }),
    function("isUnspecified", TEST, Cost::One, |_, args| with_ip(&args[0], |ip| Value::Bool(ip.is_unspecified()))),
    function("isLoopback", TEST, Cost::One, |_, args| with_ip(&args[0], |ip| Value::Bool(ip.is_loopback()))),
    function("isLinkLocalMulticast", TEST, Cost::One, |_, args| {
        with_ip(&args[0], |ip| Value::Bool(link_local_multicast(ip)))
    }),
    function("isLinkLocalUnicast", TEST, Cost::One, |_, args| {
        with_ip(&args[0], |ip| Value::Bool(link_local_unicast(ip)))
    }),
    function("isGlobalUnicast", TEST, Cost::One, |_, args| with_ip(&args[0], |ip| Value::Bool(global_unicast(ip)))),
    function("cidr", &["(string) -> CIDR"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => match parse_cidr(text) {
            Ok(cidr) => Ok(of_cidr(cidr)),
            Err(error) => failed(error),
        },
        _ => no_overload(),
    }),
    function("isCIDR", &["(string) -> bool"], Cost::Traverse(0), |_, args| match &args[0] {
        Value::String(text) => Ok(Value::Bool(parse_cidr(text).is_ok())),
        _ => no_overload(),
    }),
    function("containsIP", &["CIDR.(IP) -> bool", "CIDR.(string) -> bool"], Cost::One, |_, args| {
        let ip = match &args[1] {
            Value::String(text) => parse_ip(text).map_err(crate::errors::EvalError::Failed)?,
            Value::Opaque(Opaque(Kind::Ip(ip))) => *ip,
            _ => return no_overload(),
        };
        with_cidr(&args[0], |cidr| Ok(Value::Bool(cidr.net.contains(&ip))))
    }),
    function("containsCIDR", &["CIDR.(CIDR) -> bool", "CIDR.(string) -> bool"], Cost::One, |_, args| {
        let other = match &args[1] {
            Value::String(text) => parse_cidr(text).map_err(crate::errors::EvalError::Failed)?,
            Value::Opaque(Opaque(Kind::Cidr(cidr))) => *cidr,
            _ => return no_overload(),
        };
        with_cidr(&args[0], |cidr| {
            let within = cidr.net.contains(&other.net.addr()) && cidr.net.prefix_len() <= other.net.prefix_len();
            Ok(Value::Bool(within))
        })
    }),
    function("masked", &["CIDR.() -> CIDR"], Cost::One, |_, args| {
        with_cidr(&args[0], |cidr| Ok(of_cidr(Cidr { net: cidr.net.trunc() })))
    }),
    function("prefixLength", &["CIDR.() -> int"], Cost::One, |_, args| {
        with_cidr(&args[0], |cidr| Ok(Value::Int(i64::from(cidr.net.prefix_len()))))
    }),
    function("string", &["(IP) -> string", "(CIDR) -> string"], Cost::One, |_, args| match &args[0] {
        Value::Opaque(opaque) => opaque.text().map_or_else(no_overload, |text| Ok(Value::from(text))),
        _ => no_overload(),
    }),
];

fn of_ip<'a>(ip: IpAddr) -> Value<'a> {
    Value::Opaque(Opaque(Kind::Ip(ip)))
}

fn of_cidr<'a>(cidr: Cidr) -> Value<'a> {
    Value::Opaque(Opaque(Kind::Cidr(cidr)))
}

fn with_ip<'a>(value: &Value<'a>, apply: fn(IpAddr) -> Value<'a>) -> Outcome<'a> {
    match value {
        Value::Opaque(Opaque(Kind::Ip(ip))) => Ok(apply(*ip)),
        _ => no_overload(),
    }
}

fn with_cidr<'a>(value: &Value<'a>, apply: impl Fn(Cidr) -> Outcome<'a>) -> Outcome<'a> {
    match value {
        Value::Opaque(Opaque(Kind::Cidr(cidr))) => apply(*cidr),
        _ => no_overload(),
    }
}

fn mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some())
}

fn parse_ip(text: &str) -> Result<IpAddr, String> {
    if let Some((address, zone)) = text.split_once('%')
        && address.parse::<Ipv6Addr>().is_ok()
        && !zone.is_empty()
    {
        return Err(format!("IP address \"{text}\" with zone value is not allowed"));
    }
    let ip: IpAddr = text.parse().map_err(|_| {
        format!("IP Address \"{text}\" parse error during conversion from string: {}", unreadable(text))
    })?;
    if mapped(ip) { Err(format!("IPv4-mapped IPv6 address \"{text}\" is not allowed")) } else { Ok(ip) }
}

/// Why an address cannot be read, in Go's words.
fn unreadable(text: &str) -> String {
    let reason = match text.find(['.', ':']) {
        Some(at) if text.as_bytes()[at] == b'.' => v4_reason(text),
        _ => "unable to parse IP",
    };
    format!("ParseAddr(\"{text}\"): {reason}")
}

fn v4_reason(text: &str) -> &'static str {
    let fields: Vec<&str> = text.split('.').collect();
    for (index, field) in fields.iter().enumerate() {
        if field.bytes().any(|byte| !byte.is_ascii_digit()) {
            return "unexpected character";
        }
        match field.parse::<u32>() {
            Err(_) if field.is_empty() => return "IPv4 field must have at least one digit",
            Ok(0..=255) if field.len() > 1 && field.starts_with('0') => return "IPv4 field has octet with leading zero",
            Ok(0..=255) if index > 3 => return "IPv4 address too long",
            Ok(0..=255) => {}
            _ => return "IPv4 field has value >255",
        }
    }
    if fields.len() < 4 { "IPv4 address too short" } else { "unable to parse IP" }
}

fn parse_cidr(text: &str) -> Result<Cidr, String> {
    let bad = |reason: &str| {
        format!("network address parse error during conversion from string: netip.ParsePrefix(\"{text}\"): {reason}")
    };
    let Some((address, length)) = text.rsplit_once('/') else { return Err(bad("no '/'")) };
    let ip: IpAddr = address.parse().map_err(|_| bad(&unreadable(address)))?;
    let canonical = length == "0" || !length.starts_with('0');
    let length: u8 = match length.parse() {
        Ok(length) if canonical && text.rsplit('/').next().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit())) => {
            length
        }
        _ => return Err(bad(&format!("bad bits after slash: \"{length}\""))),
    };
    let net = IpNet::new(ip, length).map_err(|_| bad("prefix length out of range"))?;
    if mapped(ip) {
        return Err(format!("IPv4-mapped IPv6 address \"{text}\" is not allowed"));
    }
    Ok(Cidr { net })
}

fn link_local_unicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn link_local_multicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.octets()[..3] == [224, 0, 0],
        IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02,
    }
}

fn global_unicast(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !(broadcast || ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || link_local_unicast(ip))
}
