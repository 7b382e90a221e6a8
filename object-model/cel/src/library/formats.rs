//! Named formats: what Kubernetes demands of names and of other texts.

use std::sync::Arc;

use pintle_object_model::names;

use super::opaque::{Kind, Opaque};
use super::{Cost, Function, Outcome, function, no_overload};
use crate::value::Value;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    /// What is wrong with a text.
    check: fn(&str) -> Vec<String>,
}

const FORMATS: [Format; 13] = [
    Format { name: "dns1123Label", check: names::dns_label },
    Format { name: "dns1123Subdomain", check: names::dns_subdomain },
    Format { name: "dns1035Label", check: names::dns_1035_label },
    Format { name: "qualifiedName", check: names::qualified_name },
    Format { name: "labelValue", check: names::label_value },
    Format { name: "dns1123LabelPrefix", check: |text| names::dns_label(&mask_dash(text)) },
    Format { name: "dns1123SubdomainPrefix", check: |text| names::dns_subdomain(&mask_dash(text)) },
    Format { name: "dns1035LabelPrefix", check: |text| names::dns_1035_label(&mask_dash(text)) },
    Format { name: "uri", check: |text| super::url::reject(text).into_iter().collect() },
    Format { name: "uuid", check: |text| unless(is_uuid(text), "does not match the UUID format") },
    Format { name: "byte", check: |text| unless(super::encoders::decode(text).is_some(), "invalid base64") },
    Format { name: "date", check: |text| unless(is_date(text), "invalid date") },
    Format { name: "datetime", check: |text| unless(super::time::parse_timestamp(text).is_some(), "invalid datetime") },
];

const NAMED: &[&str] = &["() -> Format"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("format.named", &["(string) -> optional(Format)"], Cost::One, |_, args| match &args[0] {
        Value::String(name) => Ok(Value::Optional(named(name).map(Arc::new))),
        _ => no_overload(),
    }),
    function("validate", &["Format.(string) -> optional(list(string))"], Cost::Traverse(1), |_, args| match args {
        [Value::Opaque(Opaque(Kind::Format(format))), Value::String(text)] => {
            let wrong: Vec<Value<'_>> = (format.check)(text).into_iter().map(Value::from).collect();
            Ok(Value::Optional(if wrong.is_empty() { None } else { Some(Arc::new(Value::from(wrong))) }))
        }
        _ => no_overload(),
    }),
    function("format.dns1123Label", NAMED, Cost::One, |_, _| get("dns1123Label")),
    function("format.dns1123Subdomain", NAMED, Cost::One, |_, _| get("dns1123Subdomain")),
    function("format.dns1035Label", NAMED, Cost::One, |_, _| get("dns1035Label")),
    function("format.qualifiedName", NAMED, Cost::One, |_, _| get("qualifiedName")),
    function("format.labelValue", NAMED, Cost::One, |_, _| get("labelValue")),
    function("format.dns1123LabelPrefix", NAMED, Cost::One, |_, _| get("dns1123LabelPrefix")),
    function("format.dns1123SubdomainPrefix", NAMED, Cost::One, |_, _| get("dns1123SubdomainPrefix")),
    function("format.dns1035LabelPrefix", NAMED, Cost::One, |_, _| get("dns1035LabelPrefix")),
    function("format.uri", NAMED, Cost::One, |_, _| get("uri")),
    function("format.uuid", NAMED, Cost::One, |_, _| get("uuid")),
    function("format.byte", NAMED, Cost::One, |_, _| get("byte")),
    function("format.date", NAMED, Cost::One, |_, _| get("date")),
    function("format.datetime", NAMED, Cost::One, |_, _| get("datetime")),
];

fn named<'a>(name: &str) -> Option<Value<'a>> {
    FORMATS.iter().find(|format| format.name == name).map(|format| Value::Opaque(Opaque(Kind::Format(*format))))
}

fn get<'a>(name: &str) -> Outcome<'a> {
    named(name).map_or_else(no_overload, Ok)
}

fn unless(fits: bool, message: &str) -> Vec<String> {
    if fits { Vec::new() } else { vec![message.to_owned()] }
}

/// A prefix may end with a dash: something will follow it.
fn mask_dash(text: &str) -> String {
    match text.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => text.to_owned(),
    }
}

fn is_uuid(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| *c != '-').collect();
    bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) && [32, 36].contains(&text.len())
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && super::time::parse_timestamp(&format!("{text}T00:00:00Z")).is_some()
}
