//! Checks what is known before anything runs: literal durations, times and patterns; compiles the patterns.

use crate::ast::{Call, Expr, Kind, Literal};
use crate::errors::Problem;
use crate::library::{regexp, time};

pub(crate) fn check(expr: &mut Expr, problems: &mut Vec<Problem>) {
    if let Kind::Call(call) = &mut expr.kind {
        check_call(call, problems);
    }
    expr.children_mut(&mut |child| check(child, problems));
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
