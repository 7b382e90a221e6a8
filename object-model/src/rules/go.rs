//! How Go shows a struct of its own in an error message, and how two of them differ.
//!
//! In: a struct. Out: JSON with the names of Go's internal types, where nothing is left out: an absent pointer,
//! list or map is `null`. Types of `meta` keep their public form. Elsewhere: the public JSON (`json`).

use std::collections::BTreeMap;

use crate::reflect::{Ref, Struct};
use crate::schema::StructSchema;

/// Names whose first letters are an abbreviation, or that Go spells in its own way.
const SPELLED: [(&str, &str); 36] = [
    ("apiGroup", "APIGroup"),
    ("apiGroups", "APIGroups"),
    ("apiVersion", "APIVersion"),
    ("apiVersions", "APIVersions"),
    ("awsElasticBlockStore", "AWSElasticBlockStore"),
    ("bool", "BoolValue"),
    ("cel", "CEL"),
    ("cephfs", "CephFS"),
    ("cidr", "CIDR"),
    ("csi", "CSI"),
    ("fc", "FC"),
    ("fsType", "FSType"),
    ("gcePersistentDisk", "GCEPersistentDisk"),
    ("http", "HTTP"),
    ("int", "IntValue"),
    ("ip", "IP"),
    ("ipFamilies", "IPFamilies"),
    ("ipFamilyPolicy", "IPFamilyPolicy"),
    ("iqn", "IQN"),
    ("iscsi", "ISCSI"),
    ("iscsiInterface", "ISCSIInterface"),
    ("monitors", "CephMonitors"),
    ("nfs", "NFS"),
    ("pdName", "PDName"),
    ("pdID", "PdID"),
    ("rbd", "RBD"),
    ("sslEnabled", "SSLEnabled"),
    ("storageos", "StorageOS"),
    ("string", "StringValue"),
    ("targetWWNs", "TargetWWNs"),
    ("tls", "TLS"),
    ("uid", "UID"),
    ("url", "URL"),
    ("version", "VersionValue"),
    ("wwids", "WWIDs"),
    ("volumeID", "VolumeID"),
];

fn go_name(name: &str) -> String {
    if let Some((_, spelled)) = SPELLED.iter().find(|(known, _)| *known == name) {
        return (*spelled).to_owned();
    }
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// The struct as Go would print it. A list that `old` has and the struct has not was emptied by the client, who
/// wrote `[]`.
pub(super) fn show(new: &dyn Struct, old: Option<&dyn Struct>) -> String {
    let mut out = String::new();
    write_struct(&mut out, new, old);
    out
}

/// The fields of `of` that `wanted` names, in that order, as Go would print a struct of just these.
pub(super) fn show_fields(of: &dyn Struct, wanted: &[&str]) -> String {
    let rows = wanted.iter().filter_map(|name| of.schema().find(name));
    let mut parts = vec![];
    for (index, row) in rows {
        let mut part = format!("{:?}:", go_name(&row.name));
        write_value(&mut part, of.field(index).get(), None);
        parts.push(part);
    }
    format!("{{{}}}", parts.join(","))
}

fn is_public(schema: &StructSchema) -> bool {
    schema.module.contains("::meta::")
}

fn write_struct(out: &mut String, value: &dyn Struct, old: Option<&dyn Struct>) {
    let schema = value.schema();
    if is_public(schema) {
        return out.push_str(&crate::json_text(value));
    }
    out.push('{');
    for (index, row) in schema.fields.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&format!("{:?}:", go_name(&row.name)));
        write_value(out, value.field(index).get(), old.map(|old| old.field(index).get()));
    }
    out.push('}');
}

fn write_value(out: &mut String, value: Ref<'_>, old: Option<Ref<'_>>) {
    match value {
        Ref::Absent => out.push_str("null"),
        Ref::Bool(value) => out.push_str(&value.to_string()),
        Ref::I32(value) => out.push_str(&value.to_string()),
        Ref::I64(value) => out.push_str(&value.to_string()),
        Ref::F64(value) => out.push_str(&value.to_string()),
        Ref::Str(value) => out.push_str(&quoted(value)),
        Ref::Bytes([]) => out.push_str("null"),
        Ref::Bytes(value) => {
            use base64::Engine as _;
            out.push_str(&quoted(&base64::engine::general_purpose::STANDARD.encode(value)));
        }
        Ref::Scalar(value) => {
            let mut text = vec![];
            value.write_json(&mut text);
            out.push_str(&String::from_utf8_lossy(&text));
        }
        Ref::Struct(value) => {
            let old = match old {
                Some(Ref::Struct(old)) => Some(old),
                _ => None,
            };
            write_struct(out, value, old);
        }
        Ref::List(list) if list.is_empty() => {
            let emptied = matches!(old, Some(Ref::List(old)) if !old.is_empty());
            out.push_str(if emptied { "[]" } else { "null" });
        }
        Ref::List(list) => {
            for index in 0..list.len() {
                out.push(if index == 0 { '[' } else { ',' });
                if let Some(element) = list.get(index) {
                    write_value(out, element, None);
                }
            }
            out.push(']');
        }
        Ref::Map(map) if map.is_empty() => out.push_str("null"),
        Ref::Map(map) => {
            for (index, (key, value)) in map.entries().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                out.push_str(&quoted(key));
                out.push(':');
                write_value(out, value, None);
            }
            out.push('}');
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One member per line, indented by one space per level.
fn indented(json: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut letters = json.chars().peekable();
    let break_line = |lines: &mut Vec<String>, depth: usize| lines.push(" ".repeat(depth));
    while let Some(letter) = letters.next() {
        let last = lines.len() - 1;
        if in_text {
            lines[last].push(letter);
            in_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        match letter {
            '{' | '[' => {
                lines[last].push(letter);
                if let Some(close) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    lines[last].push(close);
                } else {
                    depth += 1;
                    break_line(&mut lines, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut lines, depth);
                let last = lines.len() - 1;
                lines[last].push(letter);
            }
            ',' => {
                lines[last].push(letter);
                break_line(&mut lines, depth);
            }
            ':' => lines[last].push_str(": "),
            other => {
                in_text = other == '"';
                lines[last].push(other);
            }
        }
    }
    lines
}

/// The lines in which two JSON texts differ, as a unified diff with three lines around each change.
pub(super) fn diff(old: &str, new: &str) -> String {
    let (old, new) = (indented(old), indented(new));
    let mut matches = vec![];
    match_blocks(&old, &new, (0, 0), &mut matches);
    matches.push((old.len(), new.len(), 0));
    let mut out = String::new();
    for group in groups(&matches, old.len()) {
        let (first, last) = (&group[0], &group[group.len() - 1]);
        out.push_str(&format!("@@ -{} +{} @@\n", span(first.old.0, last.old.1), span(first.new.0, last.new.1)));
        for part in &group {
            if part.same {
                old[part.old.0..part.old.1].iter().for_each(|line| out.push_str(&format!(" {line}\n")));
            } else {
                old[part.old.0..part.old.1].iter().for_each(|line| out.push_str(&format!("-{line}\n")));
                new[part.new.0..part.new.1].iter().for_each(|line| out.push_str(&format!("+{line}\n")));
            }
        }
    }
    out
}

/// Lines `from..to`, counted from 1; a single line needs no count.
fn span(from: usize, to: usize) -> String {
    match to - from {
        1 => format!("{}", from + 1),
        0 => format!("{from},0"),
        count => format!("{},{count}", from + 1),
    }
}

/// A run of lines that are the same, or that differ.
#[derive(Clone)]
struct Part {
    same: bool,
    old: (usize, usize),
    new: (usize, usize),
}

const CONTEXT: usize = 3;

/// The changes with the lines around them; changes with few lines between stay together.
fn groups(matches: &[(usize, usize, usize)], total: usize) -> Vec<Vec<Part>> {
    let mut groups: Vec<Vec<Part>> = vec![];
    let mut group = vec![];
    let (mut at_old, mut at_new) = (0, 0);
    for (old, new, size) in matches {
        if at_old < *old || at_new < *new {
            group.push(Part { same: false, old: (at_old, *old), new: (at_new, *new) });
        }
        (at_old, at_new) = (old + size, new + size);
        if *size == 0 {
            continue;
        }
        let whole = Part { same: true, old: (*old, at_old), new: (*new, at_new) };
        let tail = |part: &Part| Part {
            old: (part.old.1.saturating_sub(CONTEXT).max(part.old.0), part.old.1),
            new: (part.new.1.saturating_sub(CONTEXT).max(part.new.0), part.new.1),
            ..*part
        };
        let head = |part: &Part| Part {
            old: (part.old.0, (part.old.0 + CONTEXT).min(part.old.1)),
            new: (part.new.0, (part.new.0 + CONTEXT).min(part.new.1)),
            ..*part
        };
        if group.is_empty() {
            group.push(tail(&whole));
        } else if at_old == total {
            group.push(head(&whole));
        } else if *size > 2 * CONTEXT {
            group.push(head(&whole));
            groups.push(std::mem::take(&mut group));
            group.push(tail(&whole));
        } else {
            group.push(whole);
        }
    }
    if group.iter().any(|part| !part.same) {
        groups.push(group);
    }
    groups
}

/// Longest common runs, then those before and after it, in order.
fn match_blocks(old: &[String], new: &[String], at: (usize, usize), out: &mut Vec<(usize, usize, usize)>) {
    let mut best = (0, 0, 0);
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, line) in new.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    let mut runs: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, line) in old.iter().enumerate() {
        let mut next = BTreeMap::new();
        for place in places.get(line.as_str()).into_iter().flatten() {
            let length = 1 + place.checked_sub(1).and_then(|before| runs.get(&before)).copied().unwrap_or(0);
            next.insert(*place, length);
            if length > best.2 {
                best = (index + 1 - length, place + 1 - length, length);
            }
        }
        runs = next;
    }
    let (from, to, size) = best;
    if size == 0 {
        return;
    }
    match_blocks(&old[..from], &new[..to], at, out);
    match out.last_mut() {
        // Neighbouring runs are one.
        Some(last) if (last.0 + last.2, last.1 + last.2) == (at.0 + from, at.1 + to) => last.2 += size,
        _ => out.push((at.0 + from, at.1 + to, size)),
    }
    match_blocks(&old[from + size..], &new[to + size..], (at.0 + from + size, at.1 + to + size), out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::policy::v1::PodDisruptionBudgetSpec;

    #[test]
    fn absent_pointers_are_null_and_public_types_keep_their_names() {
        let mut spec =
            PodDisruptionBudgetSpec { min_available: Some(crate::IntOrString::Int(1)), ..Default::default() };
        spec.selector.get_or_insert_default().match_labels.insert("app".into(), "a".into());
        assert_eq!(
            show(&spec, None),
            r#"{"MinAvailable":1,"Selector":{"matchLabels":{"app":"a"}},"MaxUnavailable":null,"UnhealthyPodEvictionPolicy":null}"#
        );
    }

    #[test]
    fn differences_come_with_three_lines_around_them() {
        let text = |path: &str| format!(r#"{{"A":null,"B":null,"H":{{"Path":{path:?},"Type":""}},"C":null,"D":null}}"#);
        assert_eq!(
            diff(&text("/a"), &text("/b")),
            "@@ -2,7 +2,7 @@\n  \"A\": null,\n  \"B\": null,\n  \"H\": {\n-  \"Path\": \"/a\",\n+  \"Path\": \"/b\",\n   \
             \"Type\": \"\"\n  },\n  \"C\": null,\n"
        );
    }
}
