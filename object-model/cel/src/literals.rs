//! Checks what is known before anything runs: literal durations, times, patterns and formats; compiles the patterns.

use crate::ast::{Call, Expr, Kind, Literal};
use crate::errors::Problem;
use crate::library::{format, regexp, time};
use crate::ty::Type;

pub(crate) fn check(expr: &mut Expr, types: &[Type], problems: &mut Vec<Problem>) {
    if let Kind::Call(call) = &mut expr.kind {
        check_call(call, problems);
        if &*call.name == "format" {
            problems.extend(check_format(expr.at, call, types));
        }
    }
    expr.children_mut(&mut |child| check(child, types, problems));
}

fn check_call(call: &mut Call, problems: &mut Vec<Problem>) {
    let index = match (&*call.name, call.args.len()) {
        ("duration" | "timestamp", 1) => 0,
        ("matches" | "find" | "findAll", 2..) => 1,
        _ => return,
    };
    let arg = &call.args[index];
    let Kind::Literal(Literal::String(text)) = &arg.kind else { return };
    let fits = match &*call.name {
        "duration" => time::parse_duration(text).is_some(),
        "timestamp" => time::parse_timestamp(text).is_some(),
        _ => match regexp::compile(text) {
            Ok(regex) => {
                call.regex = Some(Box::new(regex));
                true
            }
            Err(_) => &*call.name != "matches",
        },
    };
    if !fits {
        problems.push(Problem { at: arg.at, message: format!("invalid {} argument", call.name) });
    }
}

/// A literal pattern with a literal list is known to fit or not.
fn check_format(at: u32, call: &Call, types: &[Type]) -> Option<Problem> {
    let [pattern, list] = call.args.as_slice() else { return None };
    let (Kind::Literal(Literal::String(pattern)), Kind::List(elements)) = (&pattern.kind, &list.kind) else {
        return None;
    };
    let known = |id: usize| types.get(id).unwrap_or(&Type::Dyn);
    let args: Vec<&Type> = elements.iter().map(|element| known(element.value.id)).collect();
    let wrong = format::verify(pattern, &args).err()?;
    let argument = wrong.argument.and_then(|index| elements.get(index)).map(|element| element.value.at);
    Some(Problem { at: argument.unwrap_or(at), message: wrong.message })
}
