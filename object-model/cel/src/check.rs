//! Gives every node a type, every name its meaning, every call its functions.
//!
//! In: the tree of `parse`, the declarations of an `Env`. Out: the same tree with names and calls resolved, the types of
//! its nodes, and which variables it uses. Elsewhere: which type fits which (`unify`), checks of literals (`literals`).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ast::{Access, Call, Element, Entry, Expr, Fold, Kind, Let, Literal, Select, Struct};
use crate::env::Env;
use crate::errors::Problem;
use crate::library;
use crate::ty::Type;
use crate::unify::{Unifier, less_specific};

pub(crate) struct Checker<'e> {
    env: &'e Env,
    unifier: Unifier,
    scopes: Vec<(Arc<str>, Type)>,
    pub(crate) types: Vec<Type>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) references: BTreeSet<String>,
}

impl<'e> Checker<'e> {
    pub(crate) fn new(env: &'e Env, nodes: usize) -> Checker<'e> {
        Checker {
            env,
            unifier: Unifier::default(),
            scopes: Vec::new(),
            types: vec![Type::Dyn; nodes],
            problems: Vec::new(),
            references: BTreeSet::new(),
        }
    }

    /// Checks the whole tree; its own type is the answer.
    pub(crate) fn run(&mut self, expr: &mut Expr) -> Type {
        let ty = self.check(expr);
        for slot in &mut self.types {
            *slot = self.unifier.resolve(slot, true);
        }
        self.unifier.resolve(&ty, true)
    }

    fn error(&mut self, at: u32, message: String) -> Type {
        self.problems.push(Problem { at, message });
        Type::Dyn
    }

    fn undeclared(&mut self, at: u32, name: &str) -> Type {
        self.error(at, format!("undeclared reference to '{name}' (in container '')"))
    }

    fn mismatch(&mut self, at: u32, expected: &Type, found: &Type) -> Type {
        let (expected, found) = (self.unifier.resolve(expected, true), self.unifier.resolve(found, true));
        self.error(at, format!("expected type '{expected}' but found '{found}'"))
    }

    fn no_overload(&mut self, at: u32, name: &str, member: bool, args: &[Type]) -> Type {
        let args: Vec<String> = args.iter().map(|arg| self.unifier.resolve(arg, true).to_string()).collect();
        let applied = match args.split_first() {
            Some((target, rest)) if member => format!("{target}.({})", rest.join(", ")),
            _ => format!("({})", args.join(", ")),
        };
        self.error(at, format!("found no matching overload for '{name}' applied to '{applied}'"))
    }

    fn check(&mut self, expr: &mut Expr) -> Type {
        let at = expr.at;
        if let Some(name) = self.qualified(expr) {
            expr.kind = name;
        }
        let ty = match &mut expr.kind {
            Kind::Literal(literal) => literal_type(literal),
            Kind::TypeName(ty) => Type::Type(Arc::new(ty.clone())),
            Kind::Ident(name) => {
                let name = Arc::clone(name);
                self.ident(at, &name)
            }
            Kind::Select(select) => self.select(at, select),
            Kind::Call(call) => self.call(at, call),
            Kind::And(pair) => self.logic(at, "_&&_", pair),
            Kind::Or(pair) => self.logic(at, "_||_", pair),
            Kind::Conditional(three) => self.conditional(at, three),
            Kind::List(elements) => self.list(elements),
            Kind::Map(entries) => self.map(entries),
            Kind::Struct(object) => self.object(at, object),
            Kind::Fold(fold) => self.fold(fold),
            Kind::Let(binding) => self.binding(binding),
        };
        self.types[expr.id] = ty.clone();
        ty
    }

    fn local(&self, name: &str) -> Option<&Type> {
        self.scopes.iter().rev().find(|(known, _)| &**known == name).map(|(_, ty)| ty)
    }

    /// A chain of selections that is itself the name of a variable or a type, such as `authorizer.requestResource`.
    fn qualified(&mut self, expr: &Expr) -> Option<Kind> {
        let name = match &expr.kind {
            Kind::Select(_) => spell(expr)?,
            Kind::Ident(name) => name.to_string(),
            _ => return None,
        };
        let bare = name.strip_prefix('.').unwrap_or(&name);
        let root = bare.split('.').next().unwrap_or(bare);
        if self.local(root).is_some() && !name.starts_with('.') {
            return None;
        }
        if self.env.variable(bare).is_some() {
            return Some(Kind::Ident(bare.into()));
        }
        self.env.type_named(bare).map(Kind::TypeName)
    }

    fn ident(&mut self, at: u32, name: &str) -> Type {
        if let Some(ty) = self.local(name) {
            return ty.clone();
        }
        match self.env.variable(name) {
            Some(ty) => {
                let ty = ty.clone();
                self.references.insert(name.to_owned());
                ty
            }
            None => self.undeclared(at, name.strip_prefix('.').unwrap_or(name)),
        }
    }

    fn select(&mut self, at: u32, select: &mut Select) -> Type {
        let operand = self.check(&mut select.operand);
        let operand = self.unifier.resolve(&operand, false);
        let (inner, optional) = match operand.plain() {
            Type::Optional(inner) => ((**inner).clone(), true),
            _ => (operand, select.how == Access::Optional),
        };
        let field = match self.unifier.resolve(&inner, false).plain() {
            Type::Map(entry) => entry.1.clone(),
            Type::Object(object) => {
                match object.field(&select.field).cloned().or_else(|| object.open.then_some(Type::Dyn)) {
                    Some(ty) => ty,
                    None => self.error(at, format!("undefined field '{}'", select.field)),
                }
            }
            Type::Param(_) => {
                self.unifier.assign(&Type::Dyn, &inner);
                Type::Dyn
            }
            Type::Dyn => Type::Dyn,
            _ if optional => Type::Dyn,
            other => self.error(at, format!("type '{other}' does not support field selection")),
        };
        match select.how {
            Access::Test => Type::Bool,
            _ if optional => Type::optional(field),
            _ => field,
        }
    }

    fn call(&mut self, at: u32, call: &mut Call) -> Type {
        if call.member
            && let Some(prefix) = spell(&call.args[0])
            && let qualified = format!("{prefix}.{}", call.name)
            && library::find(&qualified).is_some()
            && self.env.has_function(&qualified)
        {
            call.name = qualified.into();
            call.member = false;
            call.args.remove(0);
        }
        let args: Vec<Type> = call.args.iter_mut().map(|arg| self.check(arg)).collect();
        let name = call.name.strip_prefix('.').unwrap_or(&call.name);
        let known = if self.env.has_function(name) { library::find(name) } else { None };
        let Some(entries) = known else {
            return self.undeclared(at, &call.name.clone());
        };
        let mut result: Option<Type> = None;
        call.functions.clear();
        for entry in entries {
            for overload in entry.overloads.iter().filter(|overload| overload.member == call.member) {
                let (formal, answer) = self.unifier.instantiate(overload);
                if !self.unifier.fits_all(&args, &formal) {
                    continue;
                }
                if !call.functions.iter().any(|known| std::ptr::eq(*known, entry.function)) {
                    call.functions.push(entry.function);
                }
                let answer = self.unifier.resolve(&answer, false);
                result = Some(match result {
                    None => answer,
                    Some(before) if before == answer => before,
                    Some(_) => Type::Dyn,
                });
            }
        }
        match result {
            Some(ty) => ty,
            None => self.no_overload(at, &call.name.clone(), call.member, &args),
        }
    }

    fn logic(&mut self, at: u32, name: &str, pair: &mut [Expr; 2]) -> Type {
        let args: Vec<Type> = pair.iter_mut().map(|arg| self.check(arg)).collect();
        if !self.unifier.fits_all(&args, &[Type::Bool, Type::Bool]) {
            return self.no_overload(at, name, false, &args);
        }
        Type::Bool
    }

    fn conditional(&mut self, at: u32, three: &mut [Expr; 3]) -> Type {
        let args: Vec<Type> = three.iter_mut().map(|arg| self.check(arg)).collect();
        let either = self.unifier.fresh();
        if !self.unifier.fits_all(&args, &[Type::Bool, either.clone(), either.clone()]) {
            return self.no_overload(at, "_?_:_", false, &args);
        }
        self.unifier.resolve(&either, false)
    }

    /// The type of an optional element's value, with the optional taken off.
    fn unwrap(&mut self, at: u32, ty: Type) -> Type {
        match self.unifier.resolve(&ty, false).plain() {
            Type::Optional(inner) => (**inner).clone(),
            Type::Dyn => Type::Dyn,
            _ => self.mismatch(at, &Type::optional(ty.clone()), &ty),
        }
    }

    fn join(&mut self, at: u32, before: Option<Type>, next: Type) -> Type {
        match before {
            None => next,
            Some(before) if self.unifier.assign(&before, &next) => {
                if less_specific(&next, &before) {
                    next
                } else {
                    before
                }
            }
            Some(before) => self.mismatch(at, &before, &next),
        }
    }

    fn list(&mut self, elements: &mut [Element]) -> Type {
        let mut all = None;
        for element in elements {
            let mut ty = self.check(&mut element.value);
            if element.optional {
                ty = self.unwrap(element.value.at, ty);
            }
            all = Some(self.join(element.value.at, all, ty));
        }
        Type::list(all.unwrap_or_else(|| self.unifier.fresh()))
    }

    fn map(&mut self, entries: &mut [Entry]) -> Type {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let key = self.check(&mut entry.key);
            keys = Some(self.join(entry.key.at, keys, key));
            let mut value = self.check(&mut entry.value);
            if entry.optional {
                value = self.unwrap(entry.value.at, value);
            }
            values = Some(self.join(entry.value.at, values, value));
        }
        let key = keys.unwrap_or_else(|| self.unifier.fresh());
        Type::map(key, values.unwrap_or_else(|| self.unifier.fresh()))
    }

    fn object(&mut self, at: u32, object: &mut Struct) -> Type {
        let ty = self.env.type_named(&object.name);
        let fields = match ty.as_ref().map(Type::plain) {
            Some(Type::Object(fields)) => Some(Arc::clone(fields)),
            Some(_) => {
                self.error(at, format!("'{}' is not a message type", object.name));
                None
            }
            None => {
                self.undeclared(at, &object.name);
                None
            }
        };
        for field in &mut object.fields {
            let mut value = self.check(&mut field.value);
            let Some(fields) = &fields else { continue };
            if field.optional {
                value = self.unwrap(field.value.at, value);
            }
            match fields.field(&field.name) {
                Some(expected) => {
                    if !self.unifier.assign(expected, &value) {
                        let value = self.unifier.resolve(&value, true);
                        let message = format!(
                            "expected type of field '{}' is '{expected}' but provided type is '{value}'",
                            field.name
                        );
                        self.error(field.at, message);
                    }
                }
                None if fields.open => {}
                None => {
                    self.error(field.at, format!("undefined field '{}'", field.name));
                }
            }
        }
        if fields.is_some() { ty.unwrap_or(Type::Dyn) } else { Type::Dyn }
    }

    fn fold(&mut self, fold: &mut Fold) -> Type {
        let range = self.check(&mut fold.range);
        let accu = self.check(&mut fold.init);
        let range = self.unifier.resolve(&range, false);
        let (first, second) = match range.plain() {
            Type::List(element) if fold.iter2.is_some() => (Type::Int, (**element).clone()),
            Type::List(element) => ((**element).clone(), Type::Dyn),
            Type::Map(entry) => (entry.0.clone(), entry.1.clone()),
            Type::Dyn | Type::Param(_) => {
                self.unifier.assign(&Type::Dyn, &range);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                let ty = self.error(fold.range.at, message);
                (ty.clone(), ty)
            }
        };
        let depth = self.scopes.len();
        self.scopes.push((Arc::clone(&fold.accu), accu.clone()));
        self.scopes.push((Arc::clone(&fold.iter), first));
        if let Some(name) = &fold.iter2 {
            self.scopes.push((Arc::clone(name), second));
        }
        self.check(&mut fold.condition);
        let step = self.check(&mut fold.step);
        if !self.unifier.assign(&accu, &step) {
            self.mismatch(fold.step.at, &accu, &step);
        }
        self.scopes.truncate(depth + 1);
        let result = self.check(&mut fold.result);
        self.scopes.truncate(depth);
        self.unifier.resolve(&result, false)
    }

    fn binding(&mut self, binding: &mut Let) -> Type {
        let init = self.check(&mut binding.init);
        self.scopes.push((Arc::clone(&binding.name), init));
        let body = self.check(&mut binding.body);
        self.scopes.pop();
        body
    }
}

/// The name that a chain of plain selections spells.
fn spell(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Ident(name) => Some(name.to_string()),
        Kind::Select(select) if select.how == Access::Plain => {
            Some(format!("{}.{}", spell(&select.operand)?, select.field))
        }
        _ => None,
    }
}

fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}
