//! Lists as sets.

use super::lists::contains_all;
use super::{Cost, Function, Outcome, function, no_overload};
use crate::compare::contains;
use crate::value::{List, Value};

const PAIR: &[&str] = &["(list(A), list(A)) -> bool"];

pub(super) const FUNCTIONS: &[Function] = &[
    function("sets.contains", PAIR, Cost::Product, |_, args| pair(args, contains_all)),
    function("sets.equivalent", PAIR, Cost::Product, |_, args| {
        pair(args, |a, b| contains_all(a, b) && contains_all(b, a))
    }),
    function("sets.intersects", PAIR, Cost::Product, |_, args| {
        pair(args, |a, b| a.iter().any(|value| contains(b, &value)))
    }),
];

fn pair<'a>(args: &[Value<'a>], test: fn(&List<'_>, &List<'_>) -> bool) -> Outcome<'a> {
    match (&args[0], &args[1]) {
        (Value::List(a), Value::List(b)) => Ok(Value::Bool(test(a, b))),
        _ => no_overload(),
    }
}
