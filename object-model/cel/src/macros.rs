//! Expands the macros: calls that are written like functions but bind a variable, or look at the form of an argument.
//!
//! In: calls with converted arguments, from `parse`. Out: folds, tests and lets.

use std::sync::Arc;

use crate::ast::{Access, Element, Entry, Expr, Fold, Kind, Let, Literal};
use crate::errors::Problem;
use crate::parse::Builder;

/// The name that a fold's result goes by; no source text can spell it.
pub(crate) const RESULT: &str = "@result";
const TARGET: &str = "@target";

/// The expansion, or the arguments again if no macro is called.
pub(crate) fn expand(b: &mut Builder, at: u32, name: &str, member: bool, args: Vec<Expr>) -> Result<Expr, Vec<Expr>> {
    if !member {
        return if name == "has" && args.len() == 1 { Ok(has(b, at, args)) } else { Err(args) };
    }
    match (name, args.len() - 1) {
        ("bind", 3) if matches!(&args[0].kind, Kind::Ident(n) if &**n == "cel") => Ok(bind(b, at, args)),
        ("optMap" | "optFlatMap", 2) => Ok(opt_map(b, at, args, name == "optMap")),
        ("all" | "exists" | "exists_one" | "existsOne" | "filter" | "map", 2)
        | (
            "all" | "exists" | "exists_one" | "existsOne" | "map" | "transformList" | "transformMap"
            | "transformMapEntry",
            3,
        )
        | ("transformList" | "transformMap" | "transformMapEntry", 4) => Ok(fold(b, at, name, args)),
        _ => Err(args),
    }
}

fn fail(b: &mut Builder, at: u32, message: &str) -> Expr {
    b.problems.push(Problem { at, message: message.to_owned() });
    b.literal(at, Literal::Null)
}

fn has(b: &mut Builder, at: u32, mut args: Vec<Expr>) -> Expr {
    let Some(arg) = args.pop() else { return fail(b, at, "invalid argument to has() macro") };
    match arg.kind {
        Kind::Select(mut select) if select.how == Access::Plain => {
            select.how = Access::Test;
            b.node(at, Kind::Select(select))
        }
        _ => fail(b, arg.at, "invalid argument to has() macro"),
    }
}

/// The name that an argument spells, if it is nothing but a name.
fn variable(b: &mut Builder, arg: &Expr, message: &str) -> Option<Arc<str>> {
    match &arg.kind {
        Kind::Ident(name) if !name.starts_with('.') => Some(Arc::clone(name)),
        _ => {
            fail(b, arg.at, message);
            None
        }
    }
}

fn bind(b: &mut Builder, at: u32, args: Vec<Expr>) -> Expr {
    let Ok([_, name, init, body]) = <[Expr; 4]>::try_from(args) else { return b.literal(at, Literal::Null) };
    let message = "cel.bind() variable names must be simple identifiers";
    match variable(b, &name, message) {
        Some(name) => b.node(at, Kind::Let(Box::new(Let { name, init, body }))),
        None => b.literal(at, Literal::Null),
    }
}

fn opt_map(b: &mut Builder, at: u32, args: Vec<Expr>, wrap: bool) -> Expr {
    let Ok([target, name, body]) = <[Expr; 3]>::try_from(args) else { return b.literal(at, Literal::Null) };
    let which = if wrap { "optMap" } else { "optFlatMap" };
    let Some(name) = variable(b, &name, &format!("{which}() variable name must be a simple identifier")) else {
        return b.literal(at, Literal::Null);
    };
    let ident = b.ident(at, TARGET);
    let init = b.member(at, "value", vec![ident]);
    let mapped = b.node(at, Kind::Let(Box::new(Let { name, init, body })));
    let some = if wrap { b.call(at, "optional.of", vec![mapped]) } else { mapped };
    let ident = b.ident(at, TARGET);
    let has = b.member(at, "hasValue", vec![ident]);
    let none = b.call(at, "optional.none", vec![]);
    let body = b.node(at, Kind::Conditional(Box::new([has, some, none])));
    b.node(at, Kind::Let(Box::new(Let { name: TARGET.into(), init: target, body })))
}

/// The parts of a fold that differ by macro.
struct Parts {
    init: Expr,
    condition: Expr,
    step: Expr,
    result: Expr,
}

fn fold(b: &mut Builder, at: u32, name: &str, args: Vec<Expr>) -> Expr {
    let count = args.len();
    let mut args = args.into_iter();
    let (Some(range), Some(first)) = (args.next(), args.next()) else { return b.literal(at, Literal::Null) };
    let two = name.starts_with("transform") || (count == 4 && name != "map");
    let message = match name {
        "map" | "filter" => "argument is not an identifier",
        _ => "argument must be a simple name",
    };
    let Some(iter) = variable(b, &first, message) else { return b.literal(at, Literal::Null) };
    let mut iter2 = None;
    if two {
        let Some(second) = args.next() else { return b.literal(at, Literal::Null) };
        let Some(second_name) = variable(b, &second, message) else { return b.literal(at, Literal::Null) };
        if second_name == iter {
            return fail(b, second.at, &format!("duplicate variable name: {iter}"));
        }
        iter2 = Some(second_name);
    }
    if &*iter == RESULT || iter2.as_deref() == Some(RESULT) {
        return fail(b, first.at, "iteration variable overwrites accumulator variable");
    }
    let mut rest: Vec<Expr> = args.collect();
    let Some(last) = rest.pop() else { return b.literal(at, Literal::Null) };
    let filter = rest.pop();
    let parts = match name {
        "all" => all(b, at, last),
        "exists" => exists(b, at, last),
        "exists_one" | "existsOne" => exists_one(b, at, last),
        "filter" => {
            let element = b.ident(at, &iter);
            collect(b, at, Some(last), element)
        }
        "transformMap" => {
            let key = b.ident(at, &iter);
            let entry = b.node(at, Kind::Map(vec![Entry { key, value: last, optional: false }]));
            collect_map(b, at, filter, entry)
        }
        "transformMapEntry" => collect_map(b, at, filter, last),
        _ => collect(b, at, filter, last),
    };
    let Parts { init, condition, step, result } = parts;
    b.node(at, Kind::Fold(Box::new(Fold { range, iter, iter2, accu: RESULT.into(), init, condition, step, result })))
}

fn all(b: &mut Builder, at: u32, predicate: Expr) -> Parts {
    let init = b.literal(at, Literal::Bool(true));
    let accu = b.ident(at, RESULT);
    let condition = b.call(at, "@not_strictly_false", vec![accu]);
    let accu = b.ident(at, RESULT);
    let step = b.node(at, Kind::And(Box::new([accu, predicate])));
    Parts { init, condition, step, result: b.ident(at, RESULT) }
}

fn exists(b: &mut Builder, at: u32, predicate: Expr) -> Parts {
    let init = b.literal(at, Literal::Bool(false));
    let accu = b.ident(at, RESULT);
    let not = b.call(at, "!_", vec![accu]);
    let condition = b.call(at, "@not_strictly_false", vec![not]);
    let accu = b.ident(at, RESULT);
    let step = b.node(at, Kind::Or(Box::new([accu, predicate])));
    Parts { init, condition, step, result: b.ident(at, RESULT) }
}

fn exists_one(b: &mut Builder, at: u32, predicate: Expr) -> Parts {
    let init = b.literal(at, Literal::Int(0));
    let condition = b.literal(at, Literal::Bool(true));
    let accu = b.ident(at, RESULT);
    let one = b.literal(at, Literal::Int(1));
    let more = b.call(at, "_+_", vec![accu, one]);
    let same = b.ident(at, RESULT);
    let step = b.node(at, Kind::Conditional(Box::new([predicate, more, same])));
    let accu = b.ident(at, RESULT);
    let one = b.literal(at, Literal::Int(1));
    Parts { init, condition, step, result: b.call(at, "_==_", vec![accu, one]) }
}

fn collect(b: &mut Builder, at: u32, filter: Option<Expr>, element: Expr) -> Parts {
    let init = b.node(at, Kind::List(Vec::new()));
    let one = b.node(at, Kind::List(vec![Element { value: element, optional: false }]));
    collect_into(b, at, init, filter, "_+_", one)
}

fn collect_map(b: &mut Builder, at: u32, filter: Option<Expr>, entry: Expr) -> Parts {
    let init = b.node(at, Kind::Map(Vec::new()));
    collect_into(b, at, init, filter, "@map_insert", entry)
}

fn collect_into(b: &mut Builder, at: u32, init: Expr, filter: Option<Expr>, join: &str, more: Expr) -> Parts {
    let condition = b.literal(at, Literal::Bool(true));
    let accu = b.ident(at, RESULT);
    let mut step = b.call(at, join, vec![accu, more]);
    if let Some(filter) = filter {
        let same = b.ident(at, RESULT);
        step = b.node(at, Kind::Conditional(Box::new([filter, step, same])));
    }
    Parts { init, condition, step, result: b.ident(at, RESULT) }
}
