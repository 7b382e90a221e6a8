//! Which type fits which: assignment with type parameters.
//!
//! In: pairs of types from `check`. Out: yes or no, and what the parameters stand for. Invariant: a failed attempt leaves
//! no trace; no parameter ever stands for a type that contains it.

use std::sync::Arc;

use crate::signature::Overload;
use crate::ty::Type;

/// Numbers below are the letters of signatures; fresh parameters begin here.
const FRESH: u32 = 26;

#[derive(Debug, Default)]
pub(crate) struct Unifier {
    bound: Vec<Option<Type>>,
}

impl Unifier {
    pub(crate) fn fresh(&mut self) -> Type {
        self.bound.push(None);
        Type::Param(FRESH + u32::try_from(self.bound.len()).unwrap_or(u32::MAX) - 1)
    }

    /// The signature with fresh parameters: arguments, and result.
    pub(crate) fn instantiate(&mut self, overload: &Overload) -> (Vec<Type>, Type) {
        let mut letters: Vec<Option<Type>> = vec![None; FRESH as usize];
        let args = overload.args.iter().map(|arg| self.replace(arg, &mut letters)).collect();
        (args, self.replace(&overload.result, &mut letters))
    }

    fn replace(&mut self, ty: &Type, letters: &mut [Option<Type>]) -> Type {
        map_params(ty, &mut |number| match letters.get_mut(number as usize) {
            Some(slot) => {
                if slot.is_none() {
                    *slot = Some(self.fresh());
                }
                slot.clone()
            }
            None => None,
        })
    }

    /// `ty` with everything that is known put in; what is not known is `dyn` if `close`.
    pub(crate) fn resolve(&self, ty: &Type, close: bool) -> Type {
        match ty {
            Type::Param(number) => match self.get(*number) {
                Some(bound) => self.resolve(bound, close),
                None if close => Type::Dyn,
                None => ty.clone(),
            },
            Type::List(_) | Type::Map(_) | Type::Optional(_) | Type::Type(_) => {
                map_params(ty, &mut |number| Some(self.resolve(&Type::Param(number), close)))
            }
            other => other.clone(),
        }
    }

    fn get(&self, number: u32) -> Option<&Type> {
        self.bound.get(number.checked_sub(FRESH)? as usize)?.as_ref()
    }

    fn set(&mut self, number: u32, ty: Type) {
        if let Some(slot) = number.checked_sub(FRESH).and_then(|index| self.bound.get_mut(index as usize)) {
            *slot = Some(ty);
        }
    }

    /// Do all of `actual` fit `formal`? Only then is anything remembered.
    pub(crate) fn fits_all(&mut self, actual: &[Type], formal: &[Type]) -> bool {
        if actual.len() != formal.len() {
            return false;
        }
        let before = self.bound.clone();
        let fits = actual.iter().zip(formal).all(|(actual, formal)| self.fits(actual, formal));
        if !fits {
            self.bound = before;
        }
        fits
    }

    pub(crate) fn assign(&mut self, to: &Type, from: &Type) -> bool {
        self.fits_all(std::slice::from_ref(to), std::slice::from_ref(from))
    }

    fn fits(&mut self, a: &Type, b: &Type) -> bool {
        match (a.plain(), b.plain()) {
            (Type::Param(a), Type::Param(b)) if a == b => true,
            // What a schema says of the other type is kept: estimates need its sizes.
            (Type::Param(number), _) => self.bind(*number, b),
            (_, Type::Param(number)) => self.bind(*number, a),
            (Type::Dyn, _) | (_, Type::Dyn) => true,
            (Type::Null, other) | (other, Type::Null) => matches!(
                other,
                Type::Null | Type::Object(_) | Type::Opaque(_) | Type::Duration | Type::Timestamp | Type::Optional(_)
            ),
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => self.fits(a, b),
            (Type::Map(a), Type::Map(b)) => self.fits(&a.0, &b.0) && self.fits(&a.1, &b.1),
            (Type::Type(_), Type::Type(_)) => true,
            (a, b) => a == b,
        }
    }

    fn bind(&mut self, number: u32, other: &Type) -> bool {
        if let Some(bound) = self.get(number).cloned() {
            if !self.fits(&bound, other) {
                return false;
            }
            if !self.occurs(number, other) && less_specific(other, &bound) {
                self.set(number, other.clone());
            }
            return true;
        }
        if let Type::Param(known) = other
            && let Some(bound) = self.get(*known).cloned()
        {
            return self.bind(number, &bound);
        }
        if self.occurs(number, other) {
            return false;
        }
        self.set(number, other.clone());
        true
    }

    fn occurs(&self, number: u32, ty: &Type) -> bool {
        match ty.plain() {
            Type::Param(other) => *other == number || self.get(*other).is_some_and(|bound| self.occurs(number, bound)),
            Type::List(inner) | Type::Optional(inner) | Type::Type(inner) => self.occurs(number, inner),
            Type::Map(entry) => self.occurs(number, &entry.0) || self.occurs(number, &entry.1),
            _ => false,
        }
    }
}

/// Could `a` stand wherever `b` does? Then it is the better guess for both.
pub(crate) fn less_specific(a: &Type, b: &Type) -> bool {
    match (a.plain(), b.plain()) {
        (Type::Dyn, _) => true,
        (Type::Null, Type::Null) => true,
        (_, Type::Null) => true,
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => less_specific(a, b),
        (Type::Map(a), Type::Map(b)) => less_specific(&a.0, &b.0) && less_specific(&a.1, &b.1),
        _ => false,
    }
}

/// `ty` with its parameters replaced.
fn map_params(ty: &Type, replace: &mut dyn FnMut(u32) -> Option<Type>) -> Type {
    match ty {
        Type::Param(number) => replace(*number).unwrap_or_else(|| ty.clone()),
        Type::List(inner) => Type::list(map_params(inner, replace)),
        Type::Optional(inner) => Type::optional(map_params(inner, replace)),
        Type::Type(inner) => Type::Type(Arc::new(map_params(inner, replace))),
        Type::Map(entry) => {
            let key = map_params(&entry.0, replace);
            Type::map(key, map_params(&entry.1, replace))
        }
        other => other.clone(),
    }
}
