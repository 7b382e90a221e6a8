//! Keys and ranges of keys.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A key: text with `/` between its parts, ordered by bytes. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<str>);

impl Key {
    /// From its text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All keys with a prefix, optionally only those after a given key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    prefix: Arc<str>,
    after: Option<Key>,
}

impl Range {
    /// All keys that start with this text.
    pub fn prefix(prefix: impl Into<Arc<str>>) -> Self {
        Self { prefix: prefix.into(), after: None }
    }
    /// The same, only keys greater than `key`: the next page.
    #[must_use]
    pub fn after(mut self, key: Key) -> Self {
        self.after = Some(key);
        self
    }
    /// The prefix.
    pub fn as_prefix(&self) -> &str {
        &self.prefix
    }
    /// The key that the range starts after, if any.
    pub fn start_after(&self) -> Option<&Key> {
        self.after.as_ref()
    }
    /// Is this key in the range?
    pub fn contains(&self, key: &str) -> bool {
        key.starts_with(&*self.prefix) && self.after.as_ref().is_none_or(|after| key > after.as_str())
    }
}
