//! Derive macros of `pintle-object-model`: one Rust struct is the only
//! definition of a kind.
//!
//! In: a plain struct with `#[field(...)]` attributes and doc comments. Out: a
//! static schema table and two `match` functions that hand out a field by its
//! index; all codecs, merges and validators are shared code over those.
//! Elsewhere: what the tables mean (`pintle_object_model::schema`).
//!
//! ```text
//! #[field(tag = 3)]                      protobuf field number
//! #[field(tag = 7, within = 2)]          number 7 of the message embedded as field 2, inlined in JSON
//! #[field(name = "podIPs")]              JSON name, where it is not the camelCase of the Rust one
//! #[field(always)]                       written even when it is zero (Go: no omitempty)
//! #[field(value)]                        an Option that stands for a Go value (always in protobuf)
//! #[field(required)]                     listed as required in OpenAPI
//! #[field(list = "map", keys = "name")]  server-side apply: how a list merges (map, set, atomic)
//! #[field(atomic)]                       a map or struct that merges as one value
//! #[field(patch = "merge", merge_key = "name")]   strategic merge patch
//! #[field(default = "3")]                what stands for an absent value, as JSON text
//! #[field(minimum = 1, maximum = 9)]     least and greatest number
//! #[field(min_length = 1, max_length = 63)]   of a text in characters, of a list or map in elements
//! #[field(pattern = "^[a-z]+$")]         a regular expression that a text matches
//! #[field(one_of = "a,b")]               the only values allowed
//! ```
//!
//! Of a list or map, `minimum`, `maximum`, `pattern` and `one_of` are about the elements.
//!
//! `#[derive(Resource)]` does the same for a top-level kind, and adds what
//! `#[resource(group = "apps", version = "v1", kind = "Deployment",
//! plural = "deployments", scope = "Namespaced", short = "deploy",
//! categories = "all", subresources = "status,scale", rules)]` says.
//! With `rules` the author implements `Rules` (defaults and validation);
//! without it the defaults and checks of the fields are the rules. Further, also in attributes of their own:
//!
//! ```text
//! #[resource(column(name = "Size", type = "integer", path = ".spec.size", priority = 1))]   a column of `kubectl get`
//! #[resource(scale(spec = ".spec.replicas", status = ".status.replicas", selector = ".status.selector"))]
//! ```

mod expand;
mod input;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct usable as (a part of) an API object: emits its schema and field access.
#[proc_macro_derive(Reflect, attributes(field, reflect))]
pub fn derive_reflect(tokens: TokenStream) -> TokenStream {
    let input = parse_macro_input!(tokens as DeriveInput);
    input::Input::parse(&input)
        .map(|parsed| expand::reflect(&parsed))
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// Makes a struct with an `ObjectMeta` field named `metadata` a kind of its own; includes `Reflect`.
#[proc_macro_derive(Resource, attributes(field, reflect, resource))]
pub fn derive_resource(tokens: TokenStream) -> TokenStream {
    let input = parse_macro_input!(tokens as DeriveInput);
    input::Input::parse(&input)
        .and_then(|parsed| {
            let kind = input::Kind::parse(&input)?;
            Ok(expand::resource(&parsed, &kind))
        })
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
