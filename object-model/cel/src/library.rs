//! The functions that expressions may call: a table of names, signatures, costs and code.
//!
//! In: the tables of the modules below. Out: `check` picks by signature, `eval` calls. Invariant: code never panics on
//! any arguments; those that no signature allows are answered with `no such overload`.

pub(crate) mod authorizer;
pub(crate) mod convert;
pub(crate) mod encoders;
pub(crate) mod format;
mod formats;
mod lists;
mod math;
mod network;
pub(crate) mod opaque;
mod optional;
mod patch;
mod quantity;
mod re2;
pub(crate) mod regexp;
mod semver;
mod sets;
mod standard;
mod strings;
pub(crate) mod time;
mod url;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::budget::Budget;
use crate::errors::EvalError;
use crate::signature::{self, Overload};
use crate::value::Value;

/// What a function's code gets beside its arguments.
pub(crate) struct Context<'c> {
    /// The pattern among the arguments, if it is a literal: compiled once with the program.
    pub(crate) regex: Option<&'c Regex>,
    pub(crate) budget: &'c mut Budget,
}

pub(crate) type Outcome<'a> = Result<Value<'a>, EvalError>;
type Code = for<'a> fn(&mut Context<'_>, &[Value<'a>]) -> Outcome<'a>;

/// A function, or several of one name in one library.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    signatures: &'static [&'static str],
    pub(crate) cost: Cost,
    pub(crate) code: Code,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn function(name: &'static str, signatures: &'static [&'static str], cost: Cost, code: Code) -> Function {
    Function { name, signatures, cost, code }
}

/// How the cost of a call grows with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    One,
    /// With the text or bytes of the argument of this index.
    Traverse(usize),
    /// With the text of the first argument, read and written again.
    Rebuild,
    /// With the text when it runs, and with the affix in estimates: that is how upstream has it.
    Affix,
    /// With the elements of the argument of this index.
    Elements(usize),
    /// With the product of two texts.
    Contains,
    /// With the product of text and pattern.
    Regex,
    /// With the smaller of two values.
    Compare,
    /// With the sum of two texts; lists are joined at no cost by size.
    Concat,
    /// With the product of two lists.
    Product,
    /// A request to the authorizer.
    Authorize,
}

/// A function with its parsed signatures.
pub(crate) struct Entry {
    pub(crate) function: &'static Function,
    pub(crate) overloads: Vec<Overload>,
}

static TABLE: LazyLock<BTreeMap<&'static str, Vec<Entry>>> = LazyLock::new(|| {
    let tables: [&'static [Function]; 19] = [
        standard::OPERATORS,
        standard::FUNCTIONS,
        convert::FUNCTIONS,
        time::FUNCTIONS,
        strings::FUNCTIONS,
        format::FUNCTIONS,
        regexp::FUNCTIONS,
        lists::FUNCTIONS,
        sets::FUNCTIONS,
        math::FUNCTIONS,
        encoders::FUNCTIONS,
        optional::FUNCTIONS,
        url::FUNCTIONS,
        network::FUNCTIONS,
        quantity::FUNCTIONS,
        semver::FUNCTIONS,
        formats::FUNCTIONS,
        authorizer::FUNCTIONS,
        patch::FUNCTIONS,
    ];
    let mut all: BTreeMap<&'static str, Vec<Entry>> = BTreeMap::new();
    for function in tables.into_iter().flatten() {
        let overloads = function.signatures.iter().map(|text| signature::parse(text)).collect();
        all.entry(function.name).or_default().push(Entry { function, overloads });
    }
    all
});

/// All functions of a name.
pub(crate) fn find(name: &str) -> Option<&'static [Entry]> {
    TABLE.get(name).map(Vec::as_slice)
}

pub(crate) fn no_overload<'a>() -> Outcome<'a> {
    Err(EvalError::no_such_overload())
}

pub(crate) fn failed<'a>(message: impl Into<String>) -> Outcome<'a> {
    Err(EvalError::failed(message))
}

/// A length as CEL counts.
pub(crate) fn int<'a>(length: usize) -> Value<'a> {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_well_formed_and_unique() {
        for (name, entries) in TABLE.iter() {
            let all: Vec<String> =
                entries.iter().flat_map(|entry| &entry.overloads).map(|overload| format!("{overload:?}")).collect();
            for (index, one) in all.iter().enumerate() {
                assert!(!all[index + 1..].contains(one), "{name}: {one} is declared twice");
            }
        }
    }
}
