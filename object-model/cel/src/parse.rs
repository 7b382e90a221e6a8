//! Reads source text into a tree.
//!
//! In: source text. Out: `ast`, or syntax errors worded as the grammar's own parser words them. Invariant: no input
//! overflows the stack: the text is bounded before the recursive parser sees it (on the large stack of `Env::compile`), and
//! the tree is bounded in depth. Elsewhere: macros (`macros`), names and types (`check`).

use cel::common::ast::{EntryExpr, Expr as CelExpr, IdedExpr, LiteralValue, SourceInfo, operators};

use crate::ast::{Access, Call, Element, Entry, Expr, Kind, Literal, Select, Struct, StructField};
use crate::errors::{CompileErrors, Problem, Source};
use crate::macros;

/// Most characters of one expression.
const CHARACTERS_MAX: usize = 100_000;
/// Most brackets within each other.
const NESTING_MAX: u16 = 250;
/// Most levels of the tree, macros expanded. What evaluates it is recursive too, on the caller's stack.
const DEPTH_MAX: usize = 256;
/// Most operators of one expression: a chain of them is a tree as deep as it is long.
const OPERATORS_MAX: usize = 8_000;

pub(crate) fn parse(source: &Source) -> Result<(Expr, usize), CompileErrors> {
    let text = source.text();
    let characters = source.characters();
    if characters > CHARACTERS_MAX {
        let message = format!("expression code point size exceeds limit: size: {characters}, limit {CHARACTERS_MAX}");
        return Err(CompileErrors::one(source, 0, message));
    }
    let operators = text.bytes().filter(|byte| b"+-*/%<>=!&|?.[({".contains(byte)).count();
    if operators > OPERATORS_MAX {
        return Err(CompileErrors::one(source, 0, format!("expression has more than {OPERATORS_MAX} operators")));
    }
    read(source)
}

fn read(source: &Source) -> Result<(Expr, usize), CompileErrors> {
    let parser = cel::Env::default().parser().enable_ident_escape_syntax(true).max_recursion_depth(NESTING_MAX);
    let (tree, info) = parser.parse_with_source_info(source.text()).map_err(|errors| syntax_errors(source, &errors))?;
    let text = source.text();
    let characters =
        (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect());
    let mut builder = Builder { info, characters, next: 0, problems: Vec::new() };
    let mut expr = builder.convert(tree);
    if depth(&mut expr) > DEPTH_MAX {
        builder.problems.push(Problem { at: 0, message: format!("expression recursion limit exceeded: {DEPTH_MAX}") });
    }
    if builder.problems.is_empty() {
        Ok((expr, builder.next))
    } else {
        Err(CompileErrors::new(source, builder.problems))
    }
}

/// The crate adds errors about nodes that recovery left incomplete; upstream shows only what the grammar missed.
fn syntax_errors(source: &Source, errors: &cel::ParseErrors) -> CompileErrors {
    let grammar = |message: &str| message.starts_with("Syntax error");
    let any = errors.errors.iter().any(|error| grammar(&error.msg));
    let problems = errors.errors.iter().filter(|error| !any || grammar(&error.msg)).map(|error| {
        let line = usize::try_from(error.pos.0).unwrap_or(1).max(1);
        let column = usize::try_from(error.pos.1).unwrap_or(1).max(1);
        let message = if error.msg == "UNKNOWN" {
            format!("expression recursion limit exceeded: {NESTING_MAX}")
        } else if error.msg.starts_with("invalid ") || error.msg.starts_with("reserved ") {
            error.msg.split(": Parse").next().unwrap_or_default().to_owned()
        } else {
            error.msg.clone()
        };
        Problem { at: source.offset(line, column - 1), message }
    });
    CompileErrors::new(source, problems.collect())
}

/// Builds nodes, each with an id of its own.
pub(crate) struct Builder {
    info: SourceInfo,
    /// The bytes at which characters begin, unless all are ASCII.
    characters: Option<Vec<u32>>,
    next: usize,
    pub(crate) problems: Vec<Problem>,
}

impl Builder {
    pub(crate) fn node(&mut self, at: u32, kind: Kind) -> Expr {
        let id = self.next;
        self.next += 1;
        Expr { id, at, kind }
    }

    pub(crate) fn ident(&mut self, at: u32, name: &str) -> Expr {
        self.node(at, Kind::Ident(name.into()))
    }

    pub(crate) fn call(&mut self, at: u32, name: &str, args: Vec<Expr>) -> Expr {
        self.node(at, Kind::Call(Call { name: name.into(), member: false, args, functions: Vec::new(), regex: None }))
    }

    pub(crate) fn member(&mut self, at: u32, name: &str, args: Vec<Expr>) -> Expr {
        self.node(at, Kind::Call(Call { name: name.into(), member: true, args, functions: Vec::new(), regex: None }))
    }

    pub(crate) fn literal(&mut self, at: u32, literal: Literal) -> Expr {
        self.node(at, Kind::Literal(literal))
    }

    fn at(&self, id: u64) -> u32 {
        let byte = self.info.offset_for(id).map_or(0, |range| range.0);
        // The foreign parser counts bytes; where all are ASCII, they are characters.
        self.characters
            .as_ref()
            .map_or(byte, |all| all.partition_point(|&start| start < byte).try_into().unwrap_or(byte))
    }

    fn convert(&mut self, tree: IdedExpr) -> Expr {
        let at = self.at(tree.id);
        let kind = match tree.expr {
            CelExpr::Literal(literal) => Kind::Literal(convert_literal(&literal)),
            CelExpr::Ident(name) => Kind::Ident(name.into()),
            CelExpr::Select(select) => Kind::Select(Box::new(Select {
                operand: self.convert(*select.operand),
                field: select.field.into(),
                how: Access::Plain,
            })),
            CelExpr::Call(call) => return self.convert_call(at, call),
            CelExpr::List(list) => {
                let elements = list.elements.into_iter().enumerate();
                Kind::List(
                    elements
                        .map(|(index, value)| Element {
                            optional: list.optional_indices.contains(&index),
                            value: self.convert(value),
                        })
                        .collect(),
                )
            }
            CelExpr::Map(map) => {
                let entries = map.entries.into_iter().filter_map(|entry| match entry.expr {
                    EntryExpr::MapEntry(entry) => Some(Entry {
                        key: self.convert(entry.key),
                        value: self.convert(entry.value),
                        optional: entry.optional,
                    }),
                    EntryExpr::StructField(_) => None,
                });
                Kind::Map(entries.collect())
            }
            CelExpr::Struct(object) => {
                let fields = object.entries.into_iter().filter_map(|entry| {
                    let at = self.at(entry.id);
                    match entry.expr {
                        EntryExpr::StructField(field) => Some(StructField {
                            at,
                            name: field.field.into(),
                            value: self.convert(field.value),
                            optional: field.optional,
                        }),
                        EntryExpr::MapEntry(_) => None,
                    }
                });
                Kind::Struct(Struct { fields: fields.collect(), name: object.type_name.into() })
            }
            CelExpr::Unspecified | CelExpr::Comprehension(_) => {
                self.problems.push(Problem { at, message: "unsupported expression".into() });
                Kind::Literal(Literal::Null)
            }
        };
        self.node(at, kind)
    }

    fn convert_call(&mut self, at: u32, call: cel::common::ast::CallExpr) -> Expr {
        let member = call.target.is_some();
        let mut args: Vec<Expr> = Vec::with_capacity(call.args.len() + 1);
        if let Some(target) = call.target {
            args.push(self.convert(*target));
        }
        for arg in call.args {
            args.push(self.convert(arg));
        }
        let name = call.func_name.as_str();
        let args = match (name, <[Expr; 2]>::try_from(args)) {
            (operators::LOGICAL_AND, Ok(pair)) => return self.node(at, Kind::And(Box::new(pair))),
            (operators::LOGICAL_OR, Ok(pair)) => return self.node(at, Kind::Or(Box::new(pair))),
            (operators::OPT_SELECT, Ok([operand, field])) => {
                let Kind::Literal(Literal::String(field)) = field.kind else { return operand };
                return self.node(at, Kind::Select(Box::new(Select { operand, field, how: Access::Optional })));
            }
            (_, Ok(pair)) => Vec::from(pair),
            (_, Err(args)) => args,
        };
        let args = match (name, <[Expr; 3]>::try_from(args)) {
            (operators::CONDITIONAL, Ok(three)) => return self.node(at, Kind::Conditional(Box::new(three))),
            (_, Ok(three)) => Vec::from(three),
            (_, Err(args)) => args,
        };
        match macros::expand(self, at, name, member, args) {
            Ok(expr) => expr,
            Err(args) => {
                self.node(at, Kind::Call(Call { name: name.into(), member, args, functions: Vec::new(), regex: None }))
            }
        }
    }
}

/// How many levels a tree has.
fn depth(expr: &mut Expr) -> usize {
    let mut deepest = 0;
    expr.children_mut(&mut |child| deepest = deepest.max(depth(child)));
    deepest + 1
}

fn convert_literal(literal: &LiteralValue) -> Literal {
    match literal {
        LiteralValue::Null => Literal::Null,
        LiteralValue::Boolean(value) => Literal::Bool(*value.inner()),
        LiteralValue::Int(value) => Literal::Int(*value.inner()),
        LiteralValue::UInt(value) => Literal::Uint(*value.inner()),
        LiteralValue::Double(value) => Literal::Double(*value.inner()),
        LiteralValue::String(value) => Literal::String(value.inner().into()),
        LiteralValue::Bytes(value) => Literal::Bytes(value.inner().into()),
    }
}
