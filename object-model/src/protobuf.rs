//! Protobuf over the schema tables, with Kubernetes' `k8s\0` envelope.
//!
//! In: bytes from the wire or the store. Out: the same bytes back. Kubernetes writes proto2 in its own way: plain
//! values are written even when zero, pointers only when set, structs always, maps in key order, fields by number.
//! Invariant: unknown fields are skipped; nothing recurses deeper than [`DEPTH_MAX`]. Source: Kubernetes API
//! concepts, "Kubernetes Protobuf encoding".

mod decode;
mod encode;
mod envelope;
mod wire;

pub use decode::decode;
pub use encode::{encode, encode_kind};
pub use envelope::{Envelope, decode_envelope, encode_list, encode_metadata_only, frame_watch_event, split_list};
pub use wire::{last_bytes_field, last_varint_field, write_bytes_field, write_varint_field};

/// Deepest nesting of messages, lists and maps: what their JSON may have, so that either encoding reads what the other wrote.
pub const DEPTH_MAX: usize = crate::json::DEPTH_MAX;
/// First bytes of an enveloped object.
pub const MAGIC: &[u8; 4] = b"k8s\0";
