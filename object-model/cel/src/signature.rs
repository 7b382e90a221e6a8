//! Signatures of functions, written as text: `string.(int) -> string` is a member, `(A, list(A)) -> bool` is not.
//! One capital letter is a type parameter.

use std::sync::Arc;

use crate::ty::Type;

/// One way to call a function.
#[derive(Clone, Debug)]
pub(crate) struct Overload {
    pub(crate) member: bool,
    /// The target first, if it is a member.
    pub(crate) args: Vec<Type>,
    pub(crate) result: Type,
}

/// The names of opaque types in signatures, and in full.
const OPAQUE: [(&str, &str); 11] = [
    ("Quantity", "kubernetes.Quantity"),
    ("URL", "kubernetes.URL"),
    ("IP", "net.IP"),
    ("CIDR", "net.CIDR"),
    ("Semver", "kubernetes.Semver"),
    ("Format", "kubernetes.NamedFormat"),
    ("Authorizer", "kubernetes.authorization.Authorizer"),
    ("PathCheck", "kubernetes.authorization.PathCheck"),
    ("GroupCheck", "kubernetes.authorization.GroupCheck"),
    ("ResourceCheck", "kubernetes.authorization.ResourceCheck"),
    ("Decision", "kubernetes.authorization.Decision"),
];

/// Reads a signature of our own tables, which a test reads all of.
pub(crate) fn parse(text: &str) -> Overload {
    let (call, result) = text.split_once("->").expect("a signature has a result");
    let call = call.trim();
    let open = call.find(".(").map_or(0, |dot| dot + 1);
    let mut args = Vec::new();
    if open > 0 {
        args.push(parse_type(&call[..open - 1]));
    }
    args.extend(split(&call[open + 1..call.len() - 1]).map(parse_type));
    Overload { member: open > 0, args, result: parse_type(result) }
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
    .filter(|part| !part.trim().is_empty())
}

fn parse_type(text: &str) -> Type {
    let text = text.trim();
    if let Some((name, rest)) = text.split_once('(') {
        let inner: Vec<Type> = split(&rest[..rest.len() - 1]).map(parse_type).collect();
        return match (name, inner.as_slice()) {
            ("list", [element]) => Type::list(element.clone()),
            ("map", [key, value]) => Type::map(key.clone(), value.clone()),
            ("optional", [inner]) => Type::optional(inner.clone()),
            ("type", [inner]) => Type::Type(Arc::new(inner.clone())),
            _ => panic!("no such type: {text}"),
        };
    }
    if let Some(simple) = Type::simple(text) {
        return simple;
    }
    match text {
        "dyn" => Type::Dyn,
        "null" => Type::Null,
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        _ => match (OPAQUE.iter().find(|(short, _)| *short == text), text.as_bytes()) {
            (Some((_, full)), _) => Type::Opaque(full),
            (None, [letter @ b'A'..=b'Z']) => Type::Param(u32::from(letter - b'A')),
            _ => panic!("no such type: {text}"),
        },
    }
}
