//! `Table` output: what `kubectl get` prints.
//!
//! In: objects. Out: the columns and cells of their kind, as JSON text. Invariant: every kind has at least a name and
//! an age. Source: Kubernetes API concepts, "Receiving resources as Tables".

mod columns;
mod duration;
mod further;

pub use duration::human_duration;

use crate::api::meta::v1::ListMeta;
use crate::custom::CustomKind;
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

/// A table of objects; `custom` is their kind, if a definition says which columns it has. `include_object` is `Metadata` (the default if empty), `Object` or `None`.
pub fn encode(
    gvk: &GroupVersionKind,
    custom: Option<&CustomKind>,
    metadata: &ListMeta,
    items: &[Object],
    include_object: &str,
    now: Time,
) -> Vec<u8> {
    let mut out = head(gvk, custom, true);
    out.extend_from_slice(b"\"metadata\":");
    // A table of one object carries the object's own version.
    let mut metadata = metadata.clone();
    if let ([only], true) = (items, metadata.resource_version.is_empty()) {
        metadata.resource_version.clone_from(&only.metadata().resource_version);
    }
    json::encode(&metadata, &mut out);
    rows(&mut out, custom, items, include_object, now);
    out
}

/// A table of one row, for a watch; only the first carries the columns.
pub fn encode_row(
    gvk: &GroupVersionKind,
    custom: Option<&CustomKind>,
    object: &Object,
    include_object: &str,
    now: Time,
    with_columns: bool,
) -> Vec<u8> {
    let mut out = head(gvk, custom, with_columns);
    out.extend_from_slice(b"\"metadata\":");
    let metadata = ListMeta { resource_version: object.metadata().resource_version.clone(), ..ListMeta::default() };
    json::encode(&metadata, &mut out);
    rows(&mut out, custom, std::slice::from_ref(object), include_object, now);
    out
}

fn head(gvk: &GroupVersionKind, custom: Option<&CustomKind>, with_columns: bool) -> Vec<u8> {
    let mut out = br#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","columnDefinitions":"#.to_vec();
    let own = custom.map_or_else(|| columns(gvk), |_| vec![columns::NAME]);
    let of_definition = custom.into_iter().flat_map(|kind| kind.columns().iter()).map(|column| {
        let column = &column.definition;
        serde_json::json!({
            "name": column.name, "type": column.type_, "format": column.format, "priority": column.priority,
            "description": if column.description.is_empty() { DESCRIBED.to_owned() + &column.json_path } else { column.description.clone() },
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
        .chain(of_definition)
        .collect();
    let definitions =
        if with_columns { serde_json::Value::Array(definitions) } else { serde_json::Value::Array(vec![]) };
    out.extend_from_slice(definitions.to_string().as_bytes());
    out.push(b',');
    out
}

fn rows(out: &mut Vec<u8>, custom: Option<&CustomKind>, items: &[Object], include_object: &str, now: Time) {
    out.extend_from_slice(b",\"rows\":[");
    for (index, object) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"cells\":");
        let cells = match custom {
            None => columns::cells(object, now),
            Some(kind) => {
                let tree = object.to_value();
                let name = std::iter::once(object.metadata().name.clone().into());
                name.chain(kind.columns().iter().map(|column| column.cell(&tree, now))).collect()
            }
        };
        let cells = serde_json::Value::Array(cells);
        out.extend_from_slice(cells.to_string().as_bytes());
        match include_object {
            "None" => {}
            "Object" => {
                out.extend_from_slice(b",\"object\":");
                out.extend_from_slice(&object.encode(crate::Format::Json));
            }
            _ => {
                out.extend_from_slice(
                    br#","object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":"#,
                );
                json::encode(object.metadata(), out);
                out.push(b'}');
            }
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}
