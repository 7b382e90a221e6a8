//! Evaluates programs, counting what it costs.
//!
//! In: a checked tree, variables, a budget. Out: a value, or the first error that nothing absorbed. Invariant: every
//! step is paid for, so that evaluation ends; recursion is as deep as the tree, which `parse` bounds. Elsewhere: what
//! functions do (`library`) and what their calls cost (`cost`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::activation::Activation;
use crate::ast::{Access, Call, Entry, Expr, Fold, Kind, Literal, Select, Struct};
use crate::budget::Budget;
use crate::cost;
use crate::errors::EvalError;
use crate::join::insert_entries;
use crate::library::{Context, Outcome, convert};
use crate::macros::RESULT;
use crate::overload;
use crate::value::{Built, Key, List, Map, Text, Value};

pub(crate) struct Machine<'b, 'a> {
    activation: &'b Activation<'a>,
    budget: &'b mut Budget,
    /// The variables of folds and lets, innermost last. A fold's result may be an error for a while.
    locals: Vec<(Arc<str>, Outcome<'a>)>,
}

impl<'b, 'a> Machine<'b, 'a> {
    pub(crate) fn new(activation: &'b Activation<'a>, budget: &'b mut Budget) -> Machine<'b, 'a> {
        Machine { activation, budget, locals: Vec::new() }
    }

    pub(crate) fn eval(&mut self, expr: &Expr) -> Outcome<'a> {
        match &expr.kind {
            Kind::Literal(literal) => Ok(literal_value(literal)),
            Kind::TypeName(ty) => Ok(Value::Type(ty.clone())),
            Kind::Ident(name) => self.ident(name),
            Kind::Select(select) => self.select(select),
            Kind::Call(call) => self.call(call),
            Kind::And(pair) => self.logic(pair, false),
            Kind::Or(pair) => self.logic(pair, true),
            Kind::Conditional(three) => match self.eval(&three[0])? {
                Value::Bool(true) => self.eval(&three[1]),
                Value::Bool(false) => self.eval(&three[2]),
                _ => Err(EvalError::no_such_overload()),
            },
            Kind::List(elements) => self.list(elements),
            Kind::Map(entries) => self.map(entries),
            Kind::Struct(object) => self.object(object),
            Kind::Fold(fold) => self.fold(fold),
            Kind::Let(binding) => {
                let init = self.eval(&binding.init);
                if let Err(error) = &init
                    && error.is_final()
                {
                    return init;
                }
                self.locals.push((Arc::clone(&binding.name), init));
                let body = self.eval(&binding.body);
                self.locals.pop();
                body
            }
        }
    }

    fn ident(&mut self, name: &str) -> Outcome<'a> {
        self.budget.spend(1)?;
        self.lookup(name)
    }

    fn lookup(&self, name: &str) -> Outcome<'a> {
        if let Some((_, value)) = self.locals.iter().rev().find(|(known, _)| &**known == name) {
            return value.clone();
        }
        match self.activation.get(name) {
            Some(value) => Ok(value.clone()),
            None => Err(EvalError::Failed(format!("no such attribute(s): {name}"))),
        }
    }

    fn select(&mut self, select: &Select) -> Outcome<'a> {
        let operand = self.eval(&select.operand)?;
        if select.how == Access::Plain {
            self.budget.spend(1)?;
        }
        let (operand, optional) = match operand {
            Value::Optional(None) if select.how == Access::Test => return Ok(Value::Bool(false)),
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(inner)) => ((*inner).clone(), true),
            other => (other, select.how == Access::Optional),
        };
        let field = match &operand {
            Value::Map(map) => map.get_str(&select.field),
            Value::Object(object) => object.field(&select.field, self.budget)?,
            _ => None,
        };
        match (select.how, field) {
            (Access::Test, field) => Ok(Value::Bool(field.is_some())),
            (how, field) if optional => {
                if how == Access::Optional && field.is_some() {
                    self.budget.spend(1)?;
                }
                Ok(Value::Optional(field.map(Arc::new)))
            }
            (_, Some(field)) => Ok(field),
            (_, None) => Err(EvalError::no_such_key(&select.field)),
        }
    }

    fn call(&mut self, call: &Call) -> Outcome<'a> {
        if &*call.name == "@not_strictly_false" {
            self.budget.spend(1)?;
            return match self.eval(&call.args[0]) {
                Err(error) if error.is_final() => Err(error),
                outcome => Ok(Value::Bool(!matches!(outcome, Ok(Value::Bool(false))))),
            };
        }
        if let ("or" | "orValue", [optional, other]) = (&*call.name, call.args.as_slice()) {
            return self.or_else(optional, other, &*call.name == "or");
        }
        let mut args = Vec::with_capacity(call.args.len());
        let indexes = matches!(&*call.name, "_[_]" | "_[?_]");
        for (index, arg) in call.args.iter().enumerate() {
            let outcome = match &arg.kind {
                // The name of a key is paid for with the index.
                Kind::Ident(name) if indexes && index == 1 => self.lookup(name),
                _ => self.eval(arg),
            };
            match outcome {
                Ok(value) => args.push(value),
                Err(error) => {
                    self.budget.spend(1)?;
                    return Err(error);
                }
            }
        }
        self.apply(call, &args)
    }

    fn or_else(&mut self, optional: &Expr, other: &Expr, keep: bool) -> Outcome<'a> {
        match self.eval(optional)? {
            Value::Optional(Some(inner)) if keep => Ok(Value::Optional(Some(inner))),
            Value::Optional(Some(inner)) => Ok((*inner).clone()),
            Value::Optional(None) => self.eval(other),
            _ => Err(EvalError::no_such_overload()),
        }
    }

    fn apply(&mut self, call: &Call, args: &[Value<'a>]) -> Outcome<'a> {
        let mut outcome = Err(EvalError::no_such_overload());
        for function in &call.functions {
            self.budget.spend(cost::of_call(function.cost, args))?;
            let mut context = Context { regex: call.regex.as_deref(), budget: &mut *self.budget };
            outcome = (function.code)(&mut context, args);
            match &outcome {
                // Another function of the same name may be the one that is meant.
                Err(EvalError::Failed(message)) if message == "no such overload" => {}
                _ => return outcome,
            }
        }
        outcome.map_err(|_| overload::missing(&call.name, args))
    }

    /// `&&` and `||`: `decisive` settles it from either side, whatever the other side's error.
    fn logic(&mut self, pair: &[Expr; 2], decisive: bool) -> Outcome<'a> {
        let left = self.truth(&pair[0])?;
        if left == Ok(decisive) {
            return Ok(Value::Bool(decisive));
        }
        let right = self.truth(&pair[1])?;
        if right == Ok(decisive) {
            return Ok(Value::Bool(decisive));
        }
        left.and(right).map(Value::Bool)
    }

    #[allow(clippy::type_complexity)]
    fn truth(&mut self, expr: &Expr) -> Result<Result<bool, EvalError>, EvalError> {
        match self.eval(expr) {
            Ok(Value::Bool(value)) => Ok(Ok(value)),
            Ok(_) => Ok(Err(EvalError::no_such_overload())),
            Err(error) if error.is_final() => Err(error),
            Err(error) => Ok(Err(error)),
        }
    }

    /// The value of an element that may be optional: nothing if it is one and empty.
    fn element(&mut self, expr: &Expr, optional: bool) -> Result<Option<Value<'a>>, EvalError> {
        let value = self.eval(expr)?;
        match (optional, value) {
            (false, value) => Ok(Some(value)),
            (true, Value::Optional(inner)) => Ok(inner.map(|inner| (*inner).clone())),
            (true, other) => Err(EvalError::Failed(format!(
                "cannot initialize optional list element from non-optional value {}",
                convert::display(&other)
            ))),
        }
    }

    fn list(&mut self, elements: &[crate::ast::Element]) -> Outcome<'a> {
        self.budget.spend(cost::of_literal(cost::LIST, elements.len()))?;
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            values.extend(self.element(&element.value, element.optional)?);
        }
        Ok(Value::from(values))
    }

    fn map(&mut self, entries: &[Entry]) -> Outcome<'a> {
        self.budget.spend(cost::of_literal(cost::MAP, entries.len()))?;
        let mut values = BTreeMap::new();
        for entry in entries {
            let key = self.eval(&entry.key)?;
            let value = self.element(&entry.value, entry.optional)?;
            let Some(known) = Key::of(&key) else {
                return Err(EvalError::Failed(format!("unsupported key type: {}", convert::type_name(&key.type_of()))));
            };
            if let Some(value) = value
                && values.insert(known, value).is_some()
            {
                return Err(EvalError::Failed(format!("Failed with repeated key: {}", convert::display(&key))));
            }
        }
        Ok(Value::Map(Map::Values(Arc::new(values))))
    }

    fn object(&mut self, object: &Struct) -> Outcome<'a> {
        self.budget.spend(cost::STRUCT)?;
        let mut fields = BTreeMap::new();
        for field in &object.fields {
            if let Some(value) = self.element(&field.value, field.optional)? {
                fields.insert(Arc::clone(&field.name), value);
            }
        }
        let built = Built { name: Arc::clone(&object.name), fields };
        Ok(Value::Object(crate::value::Object::Built(Arc::new(built))))
    }

    fn fold(&mut self, fold: &Fold) -> Outcome<'a> {
        let range = self.eval(&fold.range)?;
        let init = self.eval(&fold.init);
        let depth = self.locals.len();
        self.locals.push((Arc::clone(&fold.accu), init));
        let outcome = match &range {
            Value::List(list) => self.fold_list(fold, list, depth),
            Value::Map(map) => self.fold_map(fold, map, depth),
            other => Err(overload::not_iterable(other)),
        };
        let outcome = outcome.and_then(|()| self.eval(&fold.result));
        self.locals.truncate(depth);
        outcome
    }

    fn fold_list(&mut self, fold: &Fold, list: &List<'a>, depth: usize) -> Result<(), EvalError> {
        for index in 0..list.len() {
            let Some(value) = list.get(index) else { break };
            let (first, second) = match fold.iter2 {
                Some(_) => (crate::library::int(index), Some(value)),
                None => (value, None),
            };
            if !self.step(fold, first, second, depth)? {
                break;
            }
        }
        Ok(())
    }

    fn fold_map(&mut self, fold: &Fold, map: &Map<'a>, depth: usize) -> Result<(), EvalError> {
        for key in map.keys() {
            let second = if fold.iter2.is_some() { map.get(&key) } else { None };
            if !self.step(fold, key, second, depth)? {
                break;
            }
        }
        Ok(())
    }

    /// One round of a fold; false if it need not go on.
    fn step(
        &mut self,
        fold: &Fold,
        first: Value<'a>,
        second: Option<Value<'a>>,
        depth: usize,
    ) -> Result<bool, EvalError> {
        self.locals.truncate(depth + 1);
        self.locals.push((Arc::clone(&fold.iter), Ok(first)));
        if let (Some(name), Some(value)) = (&fold.iter2, second) {
            self.locals.push((Arc::clone(name), Ok(value)));
        }
        if !matches!(self.eval(&fold.condition)?, Value::Bool(true)) {
            return Ok(false);
        }
        let next = match self.append(&fold.step, depth) {
            Some(done) => done,
            None => self.eval(&fold.step).map(Some),
        };
        match next {
            Err(error) if error.is_final() => Err(error),
            Ok(None) => Ok(true),
            next => {
                let next = next.map(|value| value.unwrap_or(Value::Null));
                // Only `all` and `exists` go on after an error: a later element may settle them.
                if next.is_err() && !matches!(fold.step.kind, Kind::And(_) | Kind::Or(_)) {
                    return next.map(|_| false);
                }
                self.locals[depth].1 = next;
                Ok(true)
            }
        }
    }

    /// Appends in place what `map` and `filter` would copy the whole list for. `None` if the step is another one.
    fn append(&mut self, step: &Expr, depth: usize) -> Option<Result<Option<Value<'a>>, EvalError>> {
        match &step.kind {
            Kind::Conditional(three) if is_append(&three[1]) => Some(match self.eval(&three[0]) {
                Ok(Value::Bool(true)) => self.push(&three[1], depth),
                // What passes an element over costs as much as reading the list so far.
                Ok(Value::Bool(false)) => self.budget.spend(1).map(|()| None),
                Ok(_) => Err(EvalError::no_such_overload()),
                Err(error) => Err(error),
            }),
            _ if is_append(step) => Some(self.push(step, depth)),
            _ => None,
        }
    }

    fn push(&mut self, step: &Expr, depth: usize) -> Result<Option<Value<'a>>, EvalError> {
        let Kind::Call(call) = &step.kind else { return Err(EvalError::no_such_overload()) };
        self.budget.spend(2)?;
        let more = self.eval(&call.args[1])?;
        let accu = std::mem::replace(&mut self.locals[depth].1, Ok(Value::Null))?;
        let next = match (accu, more) {
            (Value::List(List::Values(mut all)), Value::List(more)) => {
                Arc::make_mut(&mut all).extend(more.iter());
                Value::List(List::Values(all))
            }
            (Value::Map(Map::Values(mut all)), Value::Map(more)) => {
                insert_entries(Arc::make_mut(&mut all), &more)?;
                Value::Map(Map::Values(all))
            }
            _ => return Err(EvalError::no_such_overload()),
        };
        self.locals[depth].1 = Ok(next);
        Ok(None)
    }
}

/// `@result + [x]`, or the same for maps.
fn is_append(step: &Expr) -> bool {
    let Kind::Call(call) = &step.kind else { return false };
    let joins = match &*call.name {
        "_+_" => matches!(call.args[1].kind, Kind::List(_)),
        name => name == "@map_insert",
    };
    joins && matches!(&call.args[0].kind, Kind::Ident(name) if &**name == RESULT)
}

fn literal_value<'a>(literal: &Literal) -> Value<'a> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Uint(value) => Value::Uint(*value),
        Literal::Double(value) => Value::Double(*value),
        Literal::String(text) => Value::String(Text::Shared(Arc::clone(text))),
        Literal::Bytes(bytes) => Value::Bytes(Arc::clone(bytes)),
    }
}
