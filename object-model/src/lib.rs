//! What a Kubernetes resource *is*: kinds, metadata, codecs, schemas, patches, selectors.
//!
//! One Rust struct is the only definition of a kind; the derive macros turn it into a static table
//! ([`schema`]) and field access by index ([`reflect`]), over which everything else is shared code:
//! JSON ([`json`]), protobuf ([`protobuf`]), YAML ([`yaml`]), OpenAPI, strategic merge patch and
//! server-side apply ([`patch`]), strict decoding.
//!
//! [`Object`] is what the rest of the system passes around: immutable, cheap to clone, typed or
//! dynamic, encoded at most once per format.
//!
//! Absent here: I/O, async, and any knowledge of how objects are stored or served.

// The derives name this crate by its public path, also inside it.
extern crate self as pintle_object_model;

pub mod api;
pub mod clock;
pub mod custom;
pub mod json;
pub mod names;
pub mod patch;
pub mod protobuf;
pub mod reflect;
pub mod schema;
pub mod selector;
pub mod status;
pub mod table;
pub mod validation;
pub mod yaml;

mod gvk;
mod object;
mod openapi;
mod resource;
mod rules;
mod scalar;
mod scheme;

pub use gvk::{GroupKind, GroupResource, GroupVersion, GroupVersionKind, GroupVersionResource, ObjectRef};
pub use object::{Format, Object};
pub use openapi::{SubresourceInfo, has_resource, openapi_v2, openapi_v3, openapi_v3_groups, subresource, verbs};
pub use pintle_object_model_derive::{Reflect, Resource};
pub use resource::{AnyResource, KindInfo, PrinterColumn, Resource, Rules, ScaleInfo};
pub(crate) use resource::{json_text, json_value};
pub use scalar::{
    ByteString, FieldsV1, GoDuration, IntOrString, Json, MicroTime, ParseQuantityError, Quantity, RawExtension, Time,
};
pub use scheme::{Converts, Decoded, KindEntry, Opened, Scheme, SchemeError};
pub use status::Status;

// The derives reach serde through us, so that a user's crate needs no dependency of that name.
#[doc(hidden)]
pub use serde;

/// The version of Kubernetes whose API this is.
pub const KUBERNETES_VERSION: &str = "v1.36.0";
