//! JSON: text to structs and back, over the schema tables.
//!
//! In: bytes from the wire or the store, structs from everywhere. Out: structs with what strict decoding objects to,
//! and text in the form that Kubernetes writes. Invariants: unknown fields are skipped and, if asked for, reported;
//! a value of the wrong type is an error that names the field; nothing recurses deeper than [`DEPTH_MAX`].
//! Elsewhere: which fields there are (`schema`), leaf formats (`scalar`).

mod decode;
mod encode;
mod parts;
mod reader;

pub(crate) use decode::bytes_of;
pub use decode::{DecodeError, DecodeOptions, StrictIssue, decode, decode_kind};
pub use encode::{ListForm, encode, encode_list, is_written, write_dynamic, write_kind, write_string};
pub(crate) use encode::{write as write_value, write_float};
pub(crate) use parts::{read_deep, read_value};
pub use parts::{split_list, split_members, split_watch_event, type_meta};
pub(crate) use reader::{Reader, Token};
pub use reader::{check_syntax, describe};

/// Deepest nesting of an object's text: what `serde_json` reads into a tree as well, and what fits on the stack of a
/// worker thread many times over.
pub const DEPTH_MAX: usize = 120;
/// Levels that lists and watch events put around objects.
const DEPTH_AROUND: usize = 4;
