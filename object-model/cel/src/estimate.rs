//! What a program may cost at most, before it runs: Kubernetes refuses rules that could be too dear.
//!
//! In: a checked tree, the sizes that declared types allow. Out: bounds of the cost. Elsewhere: what it does cost when it
//! runs (`cost`), how often a rule runs for one object (the caller knows the lists around it).

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::{Access, Call, Expr, Fold, Kind, Literal};
use crate::cost;
use crate::library::Cost;
use crate::ty::Type;

/// The most that one rule of a custom resource may be estimated to cost.
pub const RULE_ESTIMATE_MAX: u64 = 10_000_000;
/// The most that all rules of one schema may be estimated to cost together.
pub const SCHEMA_ESTIMATE_MAX: u64 = 100_000_000;

/// Bounds of a cost or of a size. All arithmetic stops at the largest number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// At least.
    pub min: u64,
    /// At most.
    pub max: u64,
}

impl Estimate {
    const ZERO: Estimate = Estimate::exactly(0);
    const UNKNOWN: Estimate = Estimate { min: 0, max: u64::MAX };

    const fn exactly(value: u64) -> Estimate {
        Estimate { min: value, max: value }
    }

    fn both(self, other: Estimate, join: fn(u64, u64) -> u64) -> Estimate {
        Estimate { min: join(self.min, other.min), max: join(self.max, other.max) }
    }

    fn plus(self, other: Estimate) -> Estimate {
        self.both(other, u64::saturating_add)
    }

    fn times(self, other: Estimate) -> Estimate {
        self.both(other, u64::saturating_mul)
    }

    fn divided(self, by: u64) -> Estimate {
        Estimate { min: self.min.div_ceil(by), max: self.max.div_ceil(by) }
    }

    fn either(self, other: Estimate) -> Estimate {
        Estimate { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

/// What one evaluation costs, by the sizes that the types of nodes allow.
pub(crate) fn estimate(expr: &Expr, types: &[Type]) -> Estimate {
    Estimator { types, sizes: HashMap::new(), scopes: Vec::new() }.cost(expr)
}

/// How far an estimate is beyond its limit, in the words of Kubernetes' refusal of `what`; `None` if it is within.
#[allow(clippy::cast_precision_loss)]
pub fn excess(what: &str, cost: u64, limit: u64) -> Option<String> {
    if cost <= limit {
        return None;
    }
    let factor = match cost as f64 / limit as f64 {
        factor if factor > 100.0 => "more than 100x".to_owned(),
        // One digit would read as a factor of 1.0.
        factor if factor < 1.5 => format!("{factor:.6}x"),
        factor => format!("{factor:.1}x"),
    };
    Some(format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and \
         maxLength where arrays, maps, and strings are declared)"
    ))
}

/// The size of a type's values, if the type bounds it. Objects count as one thing, as upstream counts them.
fn type_size(ty: &Type) -> Option<Estimate> {
    match ty.plain() {
        Type::Object(_) | Type::Opaque(_) | Type::Type(_) => Some(Estimate::exactly(1)),
        Type::Optional(inner) => type_size(inner),
        _ if ty.is_scalar() => Some(Estimate::exactly(1)),
        _ => ty.max().map(|max| Estimate { min: 0, max }),
    }
}

struct Estimator<'p> {
    types: &'p [Type],
    /// Sizes that were computed, by the ids of nodes.
    sizes: HashMap<usize, Estimate>,
    /// The names of lets, and the sizes of their values.
    scopes: Vec<(Arc<str>, Option<Estimate>)>,
}

impl Estimator<'_> {
    fn ty(&self, expr: &Expr) -> &Type {
        self.types.get(expr.id).unwrap_or(&Type::Dyn)
    }

    fn known_size(&self, expr: &Expr) -> Option<Estimate> {
        let length = |length: usize| Estimate::exactly(u64::try_from(length).unwrap_or(u64::MAX));
        if let Some(size) = self.sizes.get(&expr.id) {
            return Some(*size);
        }
        match &expr.kind {
            Kind::Literal(Literal::String(text)) => return Some(length(text.chars().count())),
            Kind::Literal(Literal::Bytes(bytes)) => return Some(length(bytes.len())),
            Kind::List(elements) => return Some(length(elements.len())),
            Kind::Map(entries) => return Some(length(entries.len())),
            _ => {}
        }
        type_size(self.ty(expr))
    }

    fn size(&self, expr: &Expr) -> Estimate {
        self.known_size(expr).unwrap_or(Estimate::UNKNOWN)
    }

    fn sum<'e>(&mut self, base: u64, parts: impl IntoIterator<Item = &'e Expr>) -> Estimate {
        parts.into_iter().fold(Estimate::exactly(base), |sum, part| sum.plus(self.cost(part)))
    }

    fn cost(&mut self, expr: &Expr) -> Estimate {
        match &expr.kind {
            Kind::Literal(_) | Kind::TypeName(_) => Estimate::ZERO,
            Kind::Ident(name) => {
                if let Some((_, Some(size))) = self.scopes.iter().rev().find(|(known, _)| known == name) {
                    self.sizes.insert(expr.id, *size);
                }
                Estimate::exactly(1)
            }
            Kind::Select(select) => {
                let operand = self.cost(&select.operand);
                let free = select.how == Access::Test;
                operand.plus(Estimate::exactly(u64::from(!free)))
            }
            Kind::Call(call) => self.call(expr.id, call),
            Kind::And(pair) | Kind::Or(pair) => {
                let left = self.cost(&pair[0]);
                let right = self.cost(&pair[1]);
                Estimate { min: left.min, max: left.plus(right).max }
            }
            Kind::Conditional(three) => {
                let condition = self.cost(&three[0]);
                let branches = self.cost(&three[1]).either(self.cost(&three[2]));
                if let (Some(a), Some(b)) = (self.known_size(&three[1]), self.known_size(&three[2])) {
                    self.sizes.insert(expr.id, a.either(b));
                }
                condition.plus(branches)
            }
            Kind::List(elements) => self.sum(cost::LIST, elements.iter().map(|element| &element.value)),
            Kind::Map(entries) => self.sum(cost::MAP, entries.iter().flat_map(|entry| [&entry.key, &entry.value])),
            Kind::Struct(object) => self.sum(cost::STRUCT, object.fields.iter().map(|field| &field.value)),
            Kind::Fold(fold) => self.fold(expr.id, fold),
            Kind::Let(binding) => {
                let init = self.cost(&binding.init);
                let size = self.known_size(&binding.init);
                self.scopes.push((Arc::clone(&binding.name), size));
                let body = self.cost(&binding.body);
                self.scopes.pop();
                if let Some(size) = self.known_size(&binding.body) {
                    self.sizes.insert(expr.id, size);
                }
                init.plus(body)
            }
        }
    }

    fn fold(&mut self, id: usize, fold: &Fold) -> Estimate {
        let outside = self.sum(0, [&fold.range, &fold.init]);
        let rounds = self.size(&fold.range);
        for name in [Some(&fold.accu), Some(&fold.iter), fold.iter2.as_ref()].into_iter().flatten() {
            self.scopes.push((Arc::clone(name), None));
        }
        let inside = self.sum(0, [&fold.condition, &fold.step]);
        let result = self.cost(&fold.result);
        self.scopes.truncate(self.scopes.len() - 2 - usize::from(fold.iter2.is_some()));
        if matches!(fold.init.kind, Kind::List(_) | Kind::Map(_)) {
            self.sizes.insert(id, Estimate { min: 0, max: rounds.max });
        }
        outside.plus(rounds.times(inside)).plus(result)
    }

    fn call(&mut self, id: usize, call: &Call) -> Estimate {
        let args = self.sum(0, &call.args);
        let kinds: Vec<Cost> = call.functions.iter().map(|function| function.cost).collect();
        let own = kinds.iter().map(|kind| self.of_call(*kind, &call.args)).reduce(Estimate::either);
        if let Some(size) = kinds.iter().filter_map(|kind| self.result_size(*kind, &call.args)).reduce(Estimate::either)
        {
            self.sizes.entry(id).or_insert(size);
        }
        args.plus(own.unwrap_or(Estimate::exactly(1)))
    }

    fn of_call(&self, kind: Cost, args: &[Expr]) -> Estimate {
        let size = |index: usize| args.get(index).map_or(Estimate::UNKNOWN, |arg| self.size(arg));
        let one = Estimate::exactly(1);
        match kind {
            Cost::One => one,
            Cost::Traverse(index) => size(index).divided(10),
            Cost::Rebuild => size(0).plus(size(0)).divided(10),
            Cost::Affix => size(1).divided(10),
            Cost::Elements(index) => match args.get(index).map(|arg| self.ty(arg).plain()) {
                Some(Type::String) => size(index).divided(10),
                Some(Type::Map(_)) => one,
                _ => size(index),
            },
            Cost::Contains => size(0).divided(10).times(size(1).divided(10)),
            Cost::Regex => size(0).plus(one).divided(10).times(size(1).divided(4)),
            Cost::Compare => {
                let max = size(0).max.min(size(1).max);
                Estimate { min: u64::from(max > 0), max }.divided(10)
            }
            Cost::Concat => match args.first().map(|arg| self.ty(arg).plain()) {
                Some(Type::String | Type::Bytes) => size(0).plus(size(1)).divided(10),
                _ => one,
            },
            Cost::Product => size(0).times(size(1)),
            Cost::Authorize => Estimate::exactly(cost::AUTHORIZE),
        }
    }

    /// The size of what a call makes, where it follows from its arguments.
    fn result_size(&self, kind: Cost, args: &[Expr]) -> Option<Estimate> {
        match kind {
            Cost::Concat => Some(self.size(args.first()?).plus(self.size(args.get(1)?))),
            Cost::Traverse(0) | Cost::Rebuild | Cost::Regex => {
                self.known_size(args.first()?).map(|size| Estimate { min: 0, max: size.max })
            }
            _ => None,
        }
    }
}
