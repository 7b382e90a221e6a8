//! Rules from tables: the defaults and checks that a Rust kind's fields are given in attributes.
//!
//! In: objects of a Rust type. Out: filled in, and what is wrong with them. Invariants: what a definition of the same
//! table ([`definition_of`](super::definition_of)) would fill in and object to, in the same words, as far as a Rust value tells: a text that is required and absent is
//! empty here, and passes. Elsewhere: attributes (`object-model/derive`), the form that checks take (`render`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::structural::Structural;
use super::{check, render};
use crate::json::{self, DecodeOptions};
use crate::reflect::{Mut, Ref, Struct};
use crate::schema::{FieldSchema, StructSchema};
use crate::validation::{FieldErrors, Path};

/// Fills in the defaults that the table of an object gives, at every depth. An `Option` is filled if it is `None`, any
/// other field if it has its zero value; nothing is made inside of a struct that is absent. A default that is no value
/// of its field is left out.
pub fn fill_defaults(object: &mut dyn Struct) {
    let table = object.schema();
    for (index, row) in table.fields.iter().enumerate() {
        if is_absent(row, &object.field(index).get()) && !row.default.is_empty() {
            let mut text = vec![b'{'];
            json::write_string(&mut text, &row.name);
            text.push(b':');
            text.extend_from_slice(row.default.as_bytes());
            text.push(b'}');
            // Decoding touches the named members only.
            if json::decode(&text, object, &DecodeOptions::default()).is_err() {
                object.field_mut(index).clear();
            }
        }
        if matches!(object.field(index).get(), Ref::Struct(_) | Ref::List(_) | Ref::Map(_)) {
            fill_below(object.field_mut(index).get_mut());
        }
    }
}

fn is_absent(row: &FieldSchema, view: &Ref<'_>) -> bool {
    if row.pointer { matches!(view, Ref::Absent) } else { view.is_zero() }
}

fn fill_below(value: Mut<'_>) {
    match value {
        Mut::Struct(below) => fill_defaults(below),
        Mut::List(list) => {
            for index in 0..list.len() {
                if let Some(element) = list.element_mut(index) {
                    fill_below(element);
                }
            }
        }
        Mut::Map(map) => {
            let keys: Vec<String> = map.entries().map(|(key, _)| key.to_owned()).collect();
            for key in keys {
                fill_below(map.entry(key));
            }
        }
        _ => {}
    }
}

/// Everything that is wrong with an object by the checks of its table. What is as it was in `old` is not found fault
/// with again.
pub fn check_fields(object: &dyn Struct, old: Option<&dyn Struct>) -> FieldErrors {
    let old = old.map(crate::json_value);
    check::check(&crate::json_value(object), old.as_ref(), &structural(object.schema()))
}

/// The same for the status alone.
pub fn check_status(object: &dyn Struct, old: &dyn Struct) -> FieldErrors {
    let schema = structural(object.schema());
    let (new, old) = (crate::json_value(object), crate::json_value(old));
    match (new.get("status"), schema.properties.get("status")) {
        (Some(status), Some(schema)) => check::check(status, old.get("status"), schema).below(&Path::new("status")),
        _ => FieldErrors::default(),
    }
}

/// The form of a table that checks walk, made once for each type.
fn structural(table: &'static StructSchema) -> Arc<Structural> {
    static KNOWN: Mutex<BTreeMap<usize, Arc<Structural>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let made = known
        .entry(std::ptr::from_ref(table).addr())
        .or_insert_with(|| Arc::new(Structural::new(&render::root(table))));
    Arc::clone(made)
}
