//! `Table` output: what `kubectl get` prints.
//!
//! In: objects. Out: the columns and cells of their kind, as JSON text. Invariant: every kind has at least a name and
//! an age. Source: Kubernetes API concepts, "Receiving resources as Tables".

mod columns;
mod control;
mod duration;
mod further;

pub use duration::human_duration;

use crate::api::meta::v1::{ListMeta, ObjectMeta};
use crate::custom::CustomColumn;
use crate::{GroupVersionKind, Object, Time, json};

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Heading.
    pub name: &'static str,
    /// `string`, `integer` or `date`.
    pub kind: &'static str,
    /// `name` for the name, else empty.
    pub format: &'static str,
    /// 0 is always shown; others only with `-o wide`.
    pub priority: i32,
    /// What the column shows.
    pub description: &'static str,
}

/// How a column is described whose definition does not.
const DESCRIBED: &str = "Custom resource definition column (in JSONPath format): ";

/// The columns of a kind.
pub fn columns(gvk: &GroupVersionKind) -> Vec<Column> {
    columns::of(&gvk.group, &gvk.kind)
}

/// How a table is to be written.
#[derive(Clone, Copy, Debug)]
pub struct TableForm<'a> {
    /// `Metadata` (the default if empty), `Object` or `None`.
    pub include_object: &'a str,
    /// `meta.k8s.io/v1` or `meta.k8s.io/v1beta1`.
    pub meta_version: &'a str,
    /// What ages are counted to.
    pub now: Time,
    /// The columns beside the name, if the kind itself says which it has.
    pub columns: Option<&'a [CustomColumn]>,
}

impl<'a> TableForm<'a> {
    /// The same with these columns.
    #[must_use]
    pub fn with(self, columns: Option<&'a [CustomColumn]>) -> Self {
        Self { columns, ..self }
    }
}

/// A table of objects.
pub fn encode(gvk: &GroupVersionKind, metadata: &ListMeta, items: &[Object], form: TableForm<'_>) -> Vec<u8> {
    let mut out = head(gvk, true, form);
    out.extend_from_slice(b"\"metadata\":");
    // A table of one object carries the object's own version.
    let mut metadata = metadata.clone();
    if let ([only], true) = (items, metadata.resource_version.is_empty()) {
        metadata.resource_version.clone_from(&only.metadata().resource_version);
    }
    json::encode(&metadata, &mut out);
    rows(&mut out, items, form);
    out
}

/// A table of one row, for a watch; only the first carries the columns.
pub fn encode_row(gvk: &GroupVersionKind, object: &Object, form: TableForm<'_>, with_columns: bool) -> Vec<u8> {
    let mut out = head(gvk, with_columns, form);
    out.extend_from_slice(b"\"metadata\":");
    let metadata = ListMeta { resource_version: object.metadata().resource_version.clone(), ..ListMeta::default() };
    json::encode(&metadata, &mut out);
    rows(&mut out, std::slice::from_ref(object), form);
    out
}

fn head(gvk: &GroupVersionKind, with_columns: bool, form: TableForm<'_>) -> Vec<u8> {
    let mut out = format!(r#"{{"kind":"Table","apiVersion":"{}","columnDefinitions":"#, form.meta_version).into_bytes();
    let own = form.columns.map_or_else(|| columns(gvk), |_| vec![columns::NAME]);
    let of_kind = form.columns.into_iter().flatten().map(|column| {
        let column = &column.definition;
        let description = match column.description.as_str() {
            "" => format!("{DESCRIBED}{}", column.json_path),
            given => given.to_owned(),
        };
        serde_json::json!({
            "name": column.name, "type": column.type_, "format": column.format, "description": description,
            "priority": column.priority,
        })
    });
    let definitions: Vec<_> = own
        .into_iter()
        .map(|column| {
            serde_json::json!({
                "name": column.name, "type": column.kind, "format": column.format,
                "description": column.description, "priority": column.priority,
            })
        })
        .chain(of_kind)
        .collect();
    let definitions =
        if with_columns { serde_json::Value::Array(definitions) } else { serde_json::Value::Array(vec![]) };
    out.extend_from_slice(definitions.to_string().as_bytes());
    out.push(b',');
    out
}

fn rows(out: &mut Vec<u8>, items: &[Object], form: TableForm<'_>) {
    out.extend_from_slice(b",\"rows\":[");
    for (index, object) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"cells\":");
        let cells = match form.columns {
            None => columns::cells(object, form.now),
            Some(own) => {
                let tree = object.to_value();
                let name = std::iter::once(object.metadata().name.clone().into());
                name.chain(own.iter().map(|column| column.cell(&tree, form.now))).collect()
            }
        };
        let cells = serde_json::Value::Array(cells);
        out.extend_from_slice(cells.to_string().as_bytes());
        if let Some(conditions) = columns::row_conditions(object) {
            out.extend_from_slice(b",\"conditions\":");
            out.extend_from_slice(conditions.to_string().as_bytes());
        }
        match form.include_object {
            "None" => out.extend_from_slice(b",\"object\":null"),
            "Object" => {
                out.extend_from_slice(b",\"object\":");
                out.extend_from_slice(&object.encode(crate::Format::Json));
            }
            _ => {
                out.extend_from_slice(b",\"object\":");
                partial_object(object.metadata(), form.meta_version, out);
            }
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

/// The metadata of an object, in the kind that carries nothing else.
pub fn partial_object(metadata: &ObjectMeta, meta_version: &str, out: &mut Vec<u8>) {
    let head = format!(r#"{{"kind":"PartialObjectMetadata","apiVersion":"{meta_version}","metadata":"#);
    out.extend_from_slice(head.as_bytes());
    json::encode(metadata, out);
    out.push(b'}');
}
