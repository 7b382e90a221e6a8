//! Sets of rules, and the way from one to another.
//!
//! In: what the kernel has and what it is to have. Out: the text of one transaction. Pure. Elsewhere: what the rules mean
//! (`rules`).

use std::collections::BTreeMap;
use std::fmt::Write;

/// A chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// Where packets enter, for base chains.
    pub(super) hook: Option<&'static str>,
    pub(super) rules: Vec<String>,
}

/// Everything in a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ruleset {
    /// Sets and maps by name, with their declaration. Same name, same declaration.
    pub(super) sets: BTreeMap<String, String>,
    pub(super) chains: BTreeMap<String, Chain>,
    /// Elements by set and key; with the verdict for maps. Elements that packets add are not among them.
    pub(super) elements: BTreeMap<(&'static str, String), Option<String>>,
}

/// The text that removes a table, whether it is there or not.
pub(super) fn removal(table: &str) -> String {
    // `destroy` would do, but is not in nft 1.0.6 and older.
    format!("add table ip {table}\ndelete table ip {table}\n")
}

/// The text that turns `old` into `new`; without `old`, whatever is there is replaced.
pub(super) fn transaction(table: &str, old: Option<&Ruleset>, new: &Ruleset) -> String {
    let nothing = Ruleset::default();
    let mut text = String::new();
    if old.is_none() {
        text += &removal(table);
        say(&mut text, format_args!("add table ip {table}"));
    }
    let old = old.unwrap_or(&nothing);
    let in_table = format!("ip {table}");
    for (name, declaration) in new.sets.iter().filter(|(name, _)| !old.sets.contains_key(*name)) {
        let word = if declaration.contains(": verdict") { "map" } else { "set" };
        say(&mut text, format_args!("add {word} {in_table} {name} {{ {declaration} ; }}"));
    }
    for (name, chain) in new.chains.iter().filter(|(name, _)| !old.chains.contains_key(*name)) {
        match chain.hook {
            Some(hook) => say(&mut text, format_args!("add chain {in_table} {name} {{ {hook} ; }}")),
            None => say(&mut text, format_args!("add chain {in_table} {name}")),
        }
    }
    // Elements go before the chains that they lead to, and come after them.
    let gone = old.elements.iter().filter(|(key, value)| new.elements.get(*key) != Some(*value));
    elements(&mut text, "delete", &in_table, gone.map(|((set, key), _)| (*set, key.clone())));
    for (name, chain) in &old.chains {
        if new.chains.get(name) != Some(chain) {
            say(&mut text, format_args!("flush chain {in_table} {name}"));
        }
    }
    for (name, chain) in new.chains.iter().filter(|(name, chain)| old.chains.get(*name) != Some(*chain)) {
        for rule in &chain.rules {
            say(&mut text, format_args!("add rule {in_table} {name} {rule}"));
        }
    }
    let come = new.elements.iter().filter(|(key, value)| old.elements.get(*key) != Some(*value));
    let come = come.map(|((set, key), value)| match value {
        Some(value) => (*set, format!("{key} : {value}")),
        None => (*set, key.clone()),
    });
    elements(&mut text, "add", &in_table, come);
    for name in old.chains.keys().filter(|name| !new.chains.contains_key(*name)) {
        say(&mut text, format_args!("delete chain {in_table} {name}"));
    }
    for (name, declaration) in old.sets.iter().filter(|(name, _)| !new.sets.contains_key(*name)) {
        let word = if declaration.contains(": verdict") { "map" } else { "set" };
        say(&mut text, format_args!("delete {word} {in_table} {name}"));
    }
    text
}

/// One command for many elements of a set: nft takes far longer for as many commands.
fn elements(text: &mut String, word: &str, in_table: &str, elements: impl Iterator<Item = (&'static str, String)>) {
    let mut by_set: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (set, element) in elements {
        by_set.entry(set).or_default().push(element);
    }
    for (set, elements) in by_set {
        say(text, format_args!("{word} element {in_table} {set} {{ {} }}", elements.join(", ")));
    }
}

fn say(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing to a string does not fail");
    text.push('\n');
}
