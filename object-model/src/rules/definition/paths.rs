//! Paths of selectable fields.

use crate::api::apiextensions::v1::SelectableField;
use crate::custom::{Additional, FieldPath, JsonType, Structural};
use crate::validation::{FieldErrors, Path};

/// Most selectable fields of a version.
const FIELDS_MAX: usize = 8;

pub(super) fn validate_selectable(
    fields: &[SelectableField],
    schema: Option<&Structural>,
    path: &Path,
    errors: &mut FieldErrors,
) {
    if fields.len() > FIELDS_MAX {
        errors.too_many(path, fields.len(), FIELDS_MAX);
    }
    let mut seen = std::collections::BTreeSet::new();
    for (index, field) in fields.iter().enumerate() {
        let at = path.index(index).child("jsonPath");
        if field.json_path.is_empty() {
            errors.required(&at, "");
            continue;
        }
        if let Err(why) = leads_to_scalar(&field.json_path, schema) {
            errors.invalid(&at, &field.json_path, why);
        } else if !seen.insert(&field.json_path) {
            errors.duplicate(&at, &field.json_path);
        }
    }
}

fn leads_to_scalar(text: &str, schema: Option<&Structural>) -> Result<(), String> {
    let invalid = |why: &str| Err(format!("is an invalid path: {why}"));
    if !text.starts_with('.') && !text.starts_with('[') {
        let first: String = text.chars().take_while(|letter| !matches!(letter, '.' | '[')).collect();
        return invalid(&format!("expected [ or . but got: {first}"));
    }
    if text.contains('[') {
        return invalid("array notation is not allowed");
    }
    let Ok(parsed) = FieldPath::parse(text) else { return invalid("does not refer to a valid field") };
    let Some(names) = parsed.names() else { return invalid("array notation is not allowed") };
    let missing = || invalid("does not refer to a valid field");
    if names.first() == Some(&"metadata") {
        return missing();
    }
    let mut at = match schema {
        Some(schema) => schema,
        None => return missing(),
    };
    for name in names {
        let below = at.properties.get(name).or(match &at.additional {
            Additional::Schema(below) => Some(below),
            _ => None,
        });
        match below {
            Some(below) => at = below,
            None => return missing(),
        }
    }
    match at.ty {
        Some(JsonType::String | JsonType::Boolean | JsonType::Integer) => Ok(()),
        _ => Err("must point to a field of type string, boolean or integer. Enum string fields and strings with \
                  formats are allowed."
            .into()),
    }
}
