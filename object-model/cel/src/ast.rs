//! The syntax tree: macros are expanded, names resolved by the checker.
//!
//! In: `parse` and `macros`. Out: `check`, `estimate` and `eval`. Invariant: ids are dense and unique within one tree,
//! so that facts about nodes live in vectors.

use std::sync::Arc;

use crate::library::Function;
use crate::ty::Type;

#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) id: usize,
    /// Where the node is in the source, in characters.
    pub(crate) at: u32,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Literal(Literal),
    Ident(Arc<str>),
    /// The name of a type, used as a value.
    TypeName(Type),
    Select(Box<Select>),
    Call(Call),
    And(Box<[Expr; 2]>),
    Or(Box<[Expr; 2]>),
    /// `c ? a : b`.
    Conditional(Box<[Expr; 3]>),
    List(Vec<Element>),
    Map(Vec<Entry>),
    Struct(Struct),
    Fold(Box<Fold>),
    /// `let name = init in body`: `cel.bind` and what `optMap` needs.
    Let(Box<Let>),
}

#[derive(Clone, Debug)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
}

#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) operand: Expr,
    pub(crate) field: Arc<str>,
    pub(crate) how: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Plain,
    /// `has(a.b)`.
    Test,
    /// `a.?b`.
    Optional,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Arc<str>,
    pub(crate) member: bool,
    /// The target first, if there is one.
    pub(crate) args: Vec<Expr>,
    /// Found by the checker: usually one, more if the types are known only at run time.
    pub(crate) functions: Vec<&'static Function>,
    /// The pattern, if the call has one and it is a literal.
    pub(crate) regex: Option<Box<regex::Regex>>,
}

#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Expr,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: Arc<str>,
    pub(crate) fields: Vec<StructField>,
}

#[derive(Debug)]
pub(crate) struct StructField {
    pub(crate) at: u32,
    pub(crate) name: Arc<str>,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) range: Expr,
    pub(crate) iter: Arc<str>,
    pub(crate) iter2: Option<Arc<str>>,
    pub(crate) accu: Arc<str>,
    pub(crate) init: Expr,
    pub(crate) condition: Expr,
    pub(crate) step: Expr,
    pub(crate) result: Expr,
}

#[derive(Debug)]
pub(crate) struct Let {
    pub(crate) name: Arc<str>,
    pub(crate) init: Expr,
    pub(crate) body: Expr,
}

impl Expr {
    /// Visits the direct children, in the order of evaluation.
    pub(crate) fn children_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match &mut self.kind {
            Kind::Literal(_) | Kind::Ident(_) | Kind::TypeName(_) => {}
            Kind::Select(select) => visit(&mut select.operand),
            Kind::Call(call) => call.args.iter_mut().for_each(visit),
            Kind::And(pair) | Kind::Or(pair) => pair.iter_mut().for_each(visit),
            Kind::Conditional(three) => three.iter_mut().for_each(visit),
            Kind::List(elements) => elements.iter_mut().for_each(|element| visit(&mut element.value)),
            Kind::Map(entries) => {
                for entry in entries {
                    visit(&mut entry.key);
                    visit(&mut entry.value);
                }
            }
            Kind::Struct(object) => object.fields.iter_mut().for_each(|field| visit(&mut field.value)),
            Kind::Fold(fold) => {
                let Fold { range, init, condition, step, result, .. } = &mut **fold;
                [range, init, condition, step, result].into_iter().for_each(visit);
            }
            Kind::Let(binding) => {
                visit(&mut binding.init);
                visit(&mut binding.body);
            }
        }
    }
}
