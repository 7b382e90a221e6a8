//! The columns that a definition asks for in tables.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::path::FieldPath;
use crate::api::apiextensions::v1::{CustomResourceColumnDefinition, CustomResourceDefinitionVersion};
use crate::table::human_duration;
use crate::{KindInfo, Time};

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
    definitions.iter().cloned().map(CustomColumn::new).collect()
}

/// The columns that a Rust kind asks for, as definitions write them.
pub(super) fn definitions(info: &KindInfo) -> Vec<CustomResourceColumnDefinition> {
    let columns = info.columns.iter().map(|column| CustomResourceColumnDefinition {
        name: column.name.to_owned(),
        type_: column.kind.to_owned(),
        format: column.format.to_owned(),
        json_path: column.path.to_owned(),
        priority: column.priority,
        description: column.description.to_owned(),
    });
    columns.collect()
}

/// The columns that a Rust kind asks for; `None` if it asks for none.
///
/// # Panics
/// If a path is none: that is a fault in the attributes of the type.
pub(crate) fn of_rust(info: &KindInfo) -> Option<Arc<[CustomColumn]>> {
    let columns = definitions(info).into_iter().map(CustomColumn::new).collect::<Result<Arc<[_]>, _>>();
    let columns = columns.unwrap_or_else(|why| panic!("a column of {} has a bad path: {why}", info.kind));
    (!columns.is_empty()).then_some(columns)
}

impl CustomColumn {
    fn new(definition: CustomResourceColumnDefinition) -> Result<Self, String> {
        Ok(Self { path: FieldPath::parse(&definition.json_path)?, definition })
    }

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
