//! Leaf values with text forms of their own.
//!
//! In and out: the JSON and protobuf codecs, through [`Scalar`](crate::reflect::Scalar). Invariant: a value
//! prints in Kubernetes' canonical form, and parsing that form gives the value back.

mod bytes;
mod duration;
mod int_or_string;
mod quantity;
mod raw;
mod time;

pub use bytes::ByteString;
pub use duration::GoDuration;
pub use int_or_string::IntOrString;
pub use quantity::{ParseQuantityError, Quantity};
pub use raw::{FieldsV1, Json, RawExtension};
pub use time::{MicroTime, Time};
