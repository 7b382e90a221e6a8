//! Strings as small numbers.
//!
//! In: names, label keys, label values. Out: ids that compare in one instruction and index columns. Invariant: an id never
//! changes its meaning; ids start at 1, so that 0 can mean "absent". Elsewhere: bounding the growth (a snapshot is
//! compacted when most of its strings are no longer used).

use std::collections::HashMap;
use std::sync::Arc;

/// The id of an interned string; 0 is none.
pub(crate) type Id = u32;

/// The id that no string has.
pub(crate) const ABSENT: Id = 0;

#[derive(Clone, Debug, Default)]
pub(crate) struct Interner {
    ids: HashMap<Arc<str>, Id>,
    texts: Vec<Arc<str>>,
}

impl Interner {
    /// The id of a string, made at the first call.
    pub(crate) fn intern(&mut self, text: &str) -> Id {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let shared: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&shared));
        let id = Id::try_from(self.texts.len()).expect("a cluster has fewer than 4 billion different strings");
        self.ids.insert(shared, id);
        id
    }

    /// The id of a string, if it has one.
    pub(crate) fn get(&self, text: &str) -> Option<Id> {
        self.ids.get(text).copied()
    }

    /// The string of an id; empty for 0.
    pub(crate) fn text(&self, id: Id) -> &str {
        id.checked_sub(1).and_then(|at| self.texts.get(at as usize)).map_or("", |text| text)
    }

    /// How many strings there are.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_never_zero() {
        let mut interner = Interner::default();
        let (a, b) = (interner.intern("a"), interner.intern("b"));
        assert_eq!((a, b, interner.intern("a"), interner.len()), (1, 2, 1, 2));
        assert_eq!((interner.text(b), interner.text(ABSENT)), ("b", ""));
        assert_eq!(interner.get("c"), None);
    }
}
