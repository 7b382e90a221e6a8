//! Field errors: what is wrong with an object, field by field.
//!
//! In: the rules of each kind (`rules`). Out: the causes and message of a 422 `Status`.
//! Invariant: texts are those that clients of Kubernetes see. Elsewhere: the rules themselves (`rules`, `names`).

use std::fmt;

use crate::api::meta::v1::StatusCause;

/// The kind of a field error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldErrorKind {
    /// A value that must be there is missing.
    Required,
    /// The value breaks a rule.
    Invalid,
    /// The value is none of those allowed.
    NotSupported,
    /// The value stands more than once.
    Duplicate,
    /// The field must not be set, or not be changed.
    Forbidden,
    /// Text or bytes longer than allowed.
    TooLong,
    /// More elements than allowed.
    TooMany,
    /// The value refers to something that is not there.
    NotFound,
    /// The JSON type is wrong.
    TypeInvalid,
    /// Our own failure while checking.
    Internal,
}

impl FieldErrorKind {
    /// The `reason` of the status cause.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::NotFound => "FieldValueNotFound",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::Internal => "InternalError",
        }
    }

    /// The words that open the message.
    pub fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Duplicate => "Duplicate value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::NotFound => "Not found",
            Self::TypeInvalid => "Invalid value",
            Self::Internal => "Internal error",
        }
    }
}

/// The path of a field: `spec.containers[0].name`, `metadata.labels[a/b]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// A path of one member.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }
    /// The member `name` of this.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self::new(name) } else { Self(format!("{}.{name}", self.0)) }
    }
    /// Element `index` of this.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
    /// The entry `key` of this.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Which rule.
    pub kind: FieldErrorKind,
    /// Where.
    pub path: Path,
    /// The offending value as it is shown (quoted if it is text), empty where none is shown.
    pub value: String,
    /// What would be right.
    pub detail: String,
}

impl FieldError {
    /// The message without the path, as a status cause has it: `Invalid value: "x": must be ...`.
    pub fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        let shows_value = !matches!(
            self.kind,
            FieldErrorKind::Required
                | FieldErrorKind::Forbidden
                | FieldErrorKind::TooLong
                | FieldErrorKind::TooMany
                | FieldErrorKind::Internal
        );
        if shows_value && !self.value.is_empty() {
            text.push_str(": ");
            text.push_str(&self.value);
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

/// A collector of broken rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Is nothing wrong?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The same, found below this path.
    #[must_use]
    pub fn below(mut self, path: &Path) -> Self {
        for error in &mut self.0 {
            let separator = if error.path.0.is_empty() || error.path.0.starts_with('[') { "" } else { "." };
            if error.path.0 != "<nil>" {
                error.path = Path(format!("{path}{separator}{}", error.path));
            }
        }
        self
    }
    /// All but those that `left_out` picks.
    #[must_use]
    pub fn without(mut self, left_out: impl Fn(&FieldError) -> bool) -> Self {
        self.0.retain(|error| !left_out(error));
        self
    }
    /// How many rules are broken.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// The broken rules in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &FieldError> {
        self.0.iter()
    }
    /// Adds one.
    pub fn push(&mut self, error: FieldError) {
        self.0.push(error);
    }
    /// Adds all of another collection.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
    /// A value that must be there is missing.
    pub fn required(&mut self, path: &Path, detail: impl Into<String>) {
        self.add(FieldErrorKind::Required, path, String::new(), detail);
    }
    /// The value breaks a rule. `value` is shown in JSON form: text is quoted.
    pub fn invalid(&mut self, path: &Path, value: impl Shown, detail: impl Into<String>) {
        self.add(FieldErrorKind::Invalid, path, value.shown(), detail);
    }
    /// The value is none of `allowed`.
    pub fn not_supported(&mut self, path: &Path, value: impl Shown, allowed: &[&str]) {
        let list = allowed.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
        self.add(FieldErrorKind::NotSupported, path, value.shown(), format!("supported values: {list}"));
    }
    /// The value stands more than once.
    pub fn duplicate(&mut self, path: &Path, value: impl Shown) {
        self.add(FieldErrorKind::Duplicate, path, value.shown(), "");
    }
    /// The field must not be set, or not be changed.
    pub fn forbidden(&mut self, path: &Path, detail: impl Into<String>) {
        self.add(FieldErrorKind::Forbidden, path, String::new(), detail);
    }
    /// Text longer than `max` bytes.
    pub fn too_long(&mut self, path: &Path, max: usize) {
        self.add(FieldErrorKind::TooLong, path, String::new(), format!("may not be more than {max} bytes"));
    }
    /// `found` elements where at most `max` are allowed.
    pub fn too_many(&mut self, path: &Path, found: usize, max: usize) {
        let word = if max == 1 { "item" } else { "items" };
        self.add(FieldErrorKind::TooMany, path, String::new(), format!("{found}: must have at most {max} {word}"));
    }
    /// The value refers to something that is not there.
    pub fn not_found(&mut self, path: &Path, value: impl Shown) {
        self.add(FieldErrorKind::NotFound, path, value.shown(), "");
    }

    fn add(&mut self, kind: FieldErrorKind, path: &Path, value: String, detail: impl Into<String>) {
        self.0.push(FieldError { kind, path: path.clone(), value, detail: detail.into() });
    }

    /// All messages, as they stand in the message of a 422: alone, or `[a, b]`. Repeated ones are shown once.
    pub fn summary(&self) -> String {
        let mut seen: Vec<String> = vec![];
        for error in &self.0 {
            let text = error.to_string();
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        match seen.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        }
    }

    /// The causes of the status.
    pub fn causes(&self) -> Vec<StatusCause> {
        self.0
            .iter()
            .map(|error| StatusCause {
                reason: error.kind.reason().into(),
                message: error.body(),
                field: error.path.to_string(),
            })
            .collect()
    }
}

/// A value as it is shown in a field error.
pub trait Shown {
    /// Quoted if it is text.
    fn shown(&self) -> String;
}

impl Shown for &str {
    fn shown(&self) -> String {
        quoted(self)
    }
}
impl Shown for &String {
    fn shown(&self) -> String {
        quoted(self)
    }
}

/// Text in double quotes, with Go's escapes.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\'' => out.push(letter),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0b' => out.push_str("\\v"),
            '\x0c' => out.push_str("\\f"),
            '\0'..' ' | '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(letter))),
            letter if letter.escape_debug().len() == 1 => out.push(letter),
            letter if u32::from(letter) > 0xffff => out.push_str(&format!("\\U{:08x}", u32::from(letter))),
            letter => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
        }
    }
    out.push('"');
    out
}
macro_rules! shown_plainly {
    ($($ty:ty)*) => {$(
        impl Shown for $ty {
            fn shown(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
shown_plainly!(i32 i64 usize bool);

/// A value that is shown as it stands: JSON of a whole struct, for instance.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(pub &'a str);

impl Shown for Plain<'_> {
    fn shown(&self) -> String {
        self.0.to_owned()
    }
}
impl Shown for &[String] {
    fn shown(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Shown for &crate::IntOrString {
    fn shown(&self) -> String {
        match self {
            crate::IntOrString::Int(value) => value.to_string(),
            crate::IntOrString::String(value) => quoted(value),
        }
    }
}
impl Shown for &crate::Quantity {
    fn shown(&self) -> String {
        format!("{:?}", self.to_string())
    }
}
impl Shown for &serde_json::Value {
    fn shown(&self) -> String {
        self.to_string()
    }
}

mod metadata;
pub(crate) use metadata::{validate_annotations, validate_labels};
pub use metadata::{validate_metadata, validate_metadata_update};

/// Stands for a value that is not worth showing.
#[derive(Clone, Copy, Debug)]
pub struct Omitted;

impl Shown for Omitted {
    fn shown(&self) -> String {
        String::new()
    }
}

impl FieldErrors {
    /// One [`invalid`](Self::invalid) for each problem.
    pub fn invalid_each(&mut self, path: &Path, value: impl Shown, problems: Vec<String>) {
        for problem in problems {
            self.add(FieldErrorKind::Invalid, path, value.shown(), problem);
        }
    }
    /// A number below zero.
    pub fn not_negative(&mut self, path: &Path, value: i64) {
        if value < 0 {
            self.invalid(path, value, "must be greater than or equal to 0");
        }
    }
    /// Text that is none of `allowed`.
    pub fn one_of(&mut self, path: &Path, value: &str, allowed: &[&str]) {
        if !allowed.contains(&value) {
            self.not_supported(path, value, allowed);
        }
    }
    /// Like [`one_of`](Self::one_of), but no text at all is told apart from a wrong one.
    pub fn required_one_of(&mut self, path: &Path, value: &str, allowed: &[&str]) {
        if value.is_empty() {
            self.required(path, "");
        } else {
            self.one_of(path, value, allowed);
        }
    }
    /// Is the text there?
    pub fn present(&mut self, path: &Path, value: &str) -> bool {
        if value.is_empty() {
            self.required(path, "");
        }
        !value.is_empty()
    }
    /// The value refers to something that is not among what `detail` tells.
    pub fn not_found_because(&mut self, path: &Path, value: impl Shown, detail: impl Into<String>) {
        self.add(FieldErrorKind::NotFound, path, value.shown(), detail);
    }
    /// Takes the errors of a part that was checked on its own: what stands at `from` there stands at `to` here.
    pub fn extend_at(&mut self, to: &Path, from: &str, other: Self) {
        self.0.extend(other.0.into_iter().map(|mut error| {
            if let Some(rest) = error.path.0.strip_prefix(from) {
                error.path = Path(format!("{to}{rest}"));
            }
            error
        }));
    }
}
