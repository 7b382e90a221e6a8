//! Short names without an allocation: sets hold hundreds of them, nearly all of fewer than 31 bytes.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

const INLINE: usize = 30;

/// A name of a field, a map key, or a text in the key of a list element. Cheap to make, clone and compare.
#[derive(Clone)]
pub struct Name(Repr);

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    Inline(u8, [u8; INLINE]),
    Heap(Box<str>),
}

impl Name {
    /// Of a text that lives in the binary.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Repr::Static(text))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Static(text) => text.as_bytes(),
            Repr::Inline(length, bytes) => &bytes[..usize::from(*length)],
            Repr::Heap(text) => text.as_bytes(),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // Made of a text, so it is one.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(part), Ok(length)) => {
                part.copy_from_slice(text.as_bytes());
                Self(Repr::Inline(length, bytes))
            }
            _ => Self(Repr::Heap(text.into())),
        }
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&Cow<'static, str>> for Name {
    fn from(text: &Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::fixed(text),
            Cow::Owned(text) => text.as_str().into(),
        }
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}
impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}
impl Eq for Name {}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_their_text_wherever_they_live() {
        for text in ["", "replicas", "é", &"x".repeat(30), &"x".repeat(31), &"é".repeat(200)] {
            let name = Name::from(text);
            assert_eq!(name.as_str(), text);
            assert_eq!(name, Name::from(text.to_owned()));
        }
        assert_eq!(Name::fixed("a"), Name::from("a"));
        assert!(Name::fixed("a") < Name::from("b"));
        assert!(Name::from("a") < Name::from("a".repeat(40)));
    }
}
