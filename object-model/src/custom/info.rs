//! [`KindInfo`] for kinds that are not known when the program is built.
//!
//! Invariant: equal definitions share one record, however often they are made anew, so that what is kept for good is
//! bounded by the number of different definitions that a process ever serves (some hundred bytes each).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::KindInfo;

/// What a record is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Names {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) namespaced: bool,
    pub(super) short_names: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) subresources: Vec<&'static str>,
}

static KNOWN: Mutex<BTreeMap<Names, &'static KindInfo>> = Mutex::new(BTreeMap::new());

/// Is this the record of a definition, not of a Rust type?
pub fn is_of_definition(info: &KindInfo) -> bool {
    // Groups of definitions have a dot, which spares the built-in kinds the look.
    info.group.contains('.')
        && KNOWN.lock().unwrap_or_else(PoisonError::into_inner).values().any(|known| std::ptr::eq(*known, info))
}

/// The record of these names.
pub(super) fn intern(names: Names) -> &'static KindInfo {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(info) = known.get(&names) {
        return info;
    }
    let fixed = |text: &str| -> &'static str { String::leak(text.to_owned()) };
    let list = |texts: &[String]| -> &'static [&'static str] {
        texts.iter().map(|text| fixed(text)).collect::<Vec<_>>().leak()
    };
    let info: &'static KindInfo = Box::leak(Box::new(KindInfo {
        group: fixed(&names.group),
        version: fixed(&names.version),
        kind: fixed(&names.kind),
        plural: fixed(&names.plural),
        singular: fixed(&names.singular),
        namespaced: names.namespaced,
        short_names: list(&names.short_names),
        categories: list(&names.categories),
        subresources: names.subresources.clone().leak(),
        columns: &[],
        scale: None,
        doc: "",
    }));
    known.insert(names, info);
    info
}
