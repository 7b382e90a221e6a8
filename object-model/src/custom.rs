//! Custom resources: kinds that exist because a CustomResourceDefinition says so.
//!
//! And back: the definition of a Rust kind ([`definition_of`]), and the rules that its table gives.
//!
//! In: a definition. Out: its versions as entries of a [`Scheme`](crate::Scheme), with all that a kind of a Rust type
//! has: decoding, pruning, defaults, validation, a table for patches and server-side apply. Invariant: an object in the
//! store or a cache is its encoded bytes plus its metadata; a tree is made only for those who ask for fields.
//! Source: Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions".
//! Elsewhere: the rules of definitions themselves (`rules`), when a definition is served (`apiserver`).

mod check;
mod columns;
mod defaults;
mod definition;
mod formats;
mod given;
mod info;
mod kind;
mod object;
mod path;
mod prune;
mod render;
mod structural;
mod table;
mod tree;

pub(crate) use check::check_default;
pub use columns::CustomColumn;
pub(crate) use columns::of_rust as columns_of_rust;
pub use definition::definition_of;
pub use given::{check_fields, check_status, fill_defaults};
pub use info::is_of_definition;
pub use kind::{CustomKind, DefinitionError, ScalePaths, definition_kinds};
pub use object::CustomObject;
pub use path::FieldPath;
pub use structural::{Additional, Checks, JsonType, Pattern, Structural};
pub(crate) use structural::{compile_pattern, schema_in};
