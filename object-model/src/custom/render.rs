//! Tables as structural schemas.
//!
//! In: the table of a Rust struct. Out: the schema of a definition that takes the same objects. Invariants: what our
//! encoder writes, the schema takes; a struct that contains itself ends where it comes up again, with anything below.
//! Elsewhere: the definition around it (`definition`).

use crate::Json;
use crate::api::apiextensions::v1::JSONSchemaProps;
use crate::schema::{FieldChecks, FieldSchema, ListType, StructSchema, Type};

/// What a quantity looks like.
const QUANTITY: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

/// The schema of a whole object: its metadata is what it is in every object.
pub(super) fn root(table: &StructSchema) -> JSONSchemaProps {
    let mut schema = structure(table, &mut vec![]);
    let described = |text: &str, ty: &str| JSONSchemaProps { description: text.to_owned(), ..of(ty) };
    let fixed = [
        ("apiVersion", described("Version of the representation.", "string")),
        ("kind", described("Kind of the object.", "string")),
        ("metadata", of("object")),
    ];
    schema.properties.extend(fixed.map(|(name, schema)| (name.to_owned(), schema)));
    schema.required.retain(|name| name != "metadata");
    // The whole object is never one value.
    schema.x_kubernetes_map_type = None;
    schema
}

fn of(ty: &str) -> JSONSchemaProps {
    JSONSchemaProps { type_: ty.to_owned(), ..JSONSchemaProps::default() }
}

fn formatted(ty: &str, format: &str) -> JSONSchemaProps {
    JSONSchemaProps { format: format.to_owned(), ..of(ty) }
}

fn anything(ty: &str) -> JSONSchemaProps {
    JSONSchemaProps { x_kubernetes_preserve_unknown_fields: Some(true), ..of(ty) }
}

fn int_or_string(pattern: &str) -> JSONSchemaProps {
    JSONSchemaProps {
        x_kubernetes_int_or_string: true,
        any_of: vec![of("integer"), of("string")],
        pattern: pattern.to_owned(),
        ..JSONSchemaProps::default()
    }
}

fn json_of(schema: &JSONSchemaProps) -> Json {
    let mut text = vec![];
    crate::json::encode(schema, &mut text);
    Json::from_text(text)
}

/// `above` are the structs around this one.
fn structure<'a>(table: &'a StructSchema, above: &mut Vec<(&'a str, &'a str)>) -> JSONSchemaProps {
    let name = (&*table.module, &*table.name);
    if above.contains(&name) {
        return anything("object");
    }
    above.push(name);
    let mut schema = of("object");
    schema.description = table.doc.to_string();
    for row in table.fields.iter() {
        schema.properties.insert(row.name.to_string(), property(row, above));
        if row.required {
            schema.required.push(row.name.to_string());
        }
    }
    above.pop();
    schema.x_kubernetes_map_type = table.atomic.then(|| "atomic".to_owned());
    if table.preserve_unknown {
        schema.x_kubernetes_preserve_unknown_fields = Some(true);
    }
    schema
}

fn property<'a>(row: &'a FieldSchema, above: &mut Vec<(&'a str, &'a str)>) -> JSONSchemaProps {
    let keys: &[_] = if row.list == ListType::Map { &row.keys } else { &[] };
    let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
    let mut schema = of_type(&row.ty, row.checks, &keys, above);
    if !row.doc.is_empty() {
        schema.description = row.doc.to_string();
    }
    // These are written as `null` when there is nothing in them.
    let empty_is_null = row.pointer || row.value || matches!(row.ty, Type::List(_) | Type::Map(_));
    schema.nullable = row.always && empty_is_null;
    let list = match row.list {
        ListType::Unset => None,
        ListType::Atomic => Some("atomic"),
        ListType::Set => Some("set"),
        ListType::Map => Some("map"),
    };
    schema.x_kubernetes_list_type = list.map(str::to_owned);
    schema.x_kubernetes_list_map_keys = keys.into_iter().map(str::to_owned).collect();
    if row.atomic && schema.type_ == "object" {
        schema.x_kubernetes_map_type = Some("atomic".into());
    }
    if !row.default.is_empty() {
        schema.default = Some(Json::from_text(row.default));
    } else if !row.pointer && !row.required && matches!(row.ty, Type::Struct(_)) && fills_itself(&schema) {
        // The Rust struct is always there, and so are the defaults in it.
        schema.default = Some(Json::from_text("{}"));
    }
    schema
}

/// Are there defaults in an empty object of this schema, and is it whole with them?
fn fills_itself(schema: &JSONSchemaProps) -> bool {
    let given = |name: &String| schema.properties.get(name).is_some_and(|below| below.default.is_some());
    schema.properties.values().any(|below| below.default.is_some()) && schema.required.iter().all(given)
}

fn of_type<'a>(
    ty: &'a Type,
    checks: Option<&FieldChecks>,
    keys: &[&str],
    above: &mut Vec<(&'a str, &'a str)>,
) -> JSONSchemaProps {
    let inner = checks.map(|checks| FieldChecks { min_length: None, max_length: None, ..*checks });
    let mut schema = match ty {
        Type::Bool => of("boolean"),
        Type::Int32 => formatted("integer", "int32"),
        Type::Int64 => formatted("integer", "int64"),
        Type::Float => formatted("number", "double"),
        Type::String | Type::Duration => of("string"),
        Type::Bytes => formatted("string", "byte"),
        Type::Time | Type::MicroTime => formatted("string", "date-time"),
        Type::Quantity => int_or_string(QUANTITY),
        Type::IntOrString => int_or_string(""),
        Type::Fields | Type::Object => anything("object"),
        Type::Any => anything(""),
        Type::Struct(table) => structure(table, above),
        Type::List(element) => {
            let mut items = of_type(element, inner.as_ref(), &[], above);
            keys.iter().for_each(|key| always_there(key, &mut items));
            JSONSchemaProps { items: json_of(&items), ..of("array") }
        }
        Type::Map(value) => {
            let values = of_type(value, inner.as_ref(), &[], above);
            JSONSchemaProps { additional_properties: json_of(&values), ..of("object") }
        }
    };
    if let Some(checks) = checks {
        constrain(&mut schema, ty, checks);
    }
    schema
}

/// A definition wants the keys of a list to be there: what our tables leave open has its zero value then.
fn always_there(key: &str, items: &mut JSONSchemaProps) {
    let required = items.required.iter().any(|name| name == key);
    let Some(property) = items.properties.get_mut(key).filter(|property| !required && property.default.is_none())
    else {
        return;
    };
    let zero = match property.type_.as_str() {
        "string" => "\"\"",
        "integer" | "number" => "0",
        "boolean" => "false",
        _ => return,
    };
    property.default = Some(Json::from_text(zero));
}

fn constrain(schema: &mut JSONSchemaProps, ty: &Type, checks: &FieldChecks) {
    let (least, most) = (checks.min_length, checks.max_length);
    match ty {
        Type::List(_) => (schema.min_items, schema.max_items) = (least, most),
        Type::Map(_) => (schema.min_properties, schema.max_properties) = (least, most),
        Type::Int32 | Type::Int64 | Type::Float => {
            (schema.minimum, schema.maximum) = (checks.minimum, checks.maximum);
            schema.enum_ = checks.one_of.iter().map(|word| Json::from_text(*word)).collect();
        }
        Type::String | Type::Duration | Type::Bytes => {
            (schema.min_length, schema.max_length) = (least, most);
            schema.pattern = checks.pattern.to_owned();
            schema.enum_ = checks.one_of.iter().map(|word| Json::from_value(&(*word).into())).collect();
        }
        Type::IntOrString | Type::Quantity if !checks.pattern.is_empty() => schema.pattern = checks.pattern.to_owned(),
        _ => {}
    }
}
