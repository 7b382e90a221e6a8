//! The columns that a definition asks for in tables.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::path::FieldPath;
use crate::Time;
use crate::api::apiextensions::v1::{CustomResourceColumnDefinition, CustomResourceDefinitionVersion};
use crate::table::human_duration;

/// A column beside the name.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomColumn {
    /// As the definition gives it.
    pub definition: CustomResourceColumnDefinition,
    path: FieldPath,
}

/// The columns of a version; the age, if it asks for none.
pub(super) fn of(version: &CustomResourceDefinitionVersion) -> Result<Arc<[CustomColumn]>, String> {
    let age = CustomResourceColumnDefinition {
        name: "Age".into(),
        type_: "date".into(),
        json_path: ".metadata.creationTimestamp".into(),
        description: "Time since the object was created.".into(),
        ..CustomResourceColumnDefinition::default()
    };
    let given = &version.additional_printer_columns;
    let definitions = if given.is_empty() { std::slice::from_ref(&age) } else { given.as_slice() };
    definitions
        .iter()
        .map(|definition| {
            let path = FieldPath::parse(&definition.json_path)?;
            Ok(CustomColumn { definition: definition.clone(), path })
        })
        .collect()
}

impl CustomColumn {
    /// The cell for an object, as JSON.
    pub fn cell(&self, object: &Value, now: Time) -> Value {
        // Of several values the first is shown.
        let Some(first) = self.path.get(object) else { return Value::Null };
        match (self.definition.type_.as_str(), first) {
            (_, Value::Null) => Value::Null,
            ("string", Value::String(_)) => first.clone(),
            ("string", other) => super::check::shown(other).into(),
            ("integer", _) => whole(first),
            ("number", Value::Number(_)) => first.clone(),
            ("boolean", _) => first.as_bool().map_or(Value::Null, Value::Bool),
            ("date", _) => date(first, now),
            _ => Value::Null,
        }
    }
}

fn whole(value: &Value) -> Value {
    match value {
        Value::Number(number) if !number.is_f64() => value.clone(),
        Value::Number(number) => number.as_f64().map_or(Value::Null, |number| (number as i64).into()),
        _ => Value::Null,
    }
}

fn date(value: &Value, now: Time) -> Value {
    let Some(text) = value.as_str() else { return "<invalid>".into() };
    match text.parse::<Time>() {
        Ok(time) => {
            let age = now.unix().saturating_sub(time.unix());
            match u64::try_from(age) {
                Ok(age) => human_duration(Duration::from_secs(age)).into(),
                Err(_) => "<invalid>".into(),
            }
        }
        Err(_) => "<invalid>".into(),
    }
}
