//! The API over HTTP: one codec, used by servers and clients alike.
//!
//! In and out: [`Request`](crate::Request) and [`Response`](crate::Response) on one side, `http` messages on the other. Invariant: what one
//! direction writes, the other reads back. Elsewhere: sockets and TLS (`transport` here, `apiserver`).

mod accept;
mod body;
mod decode;
mod frames;
mod path;
mod pieces;
mod post;
mod query;
mod remote;
mod request;
mod response;

pub use accept::{Accept, As, Subject};
pub use body::ResponseBody;
pub use decode::decode_list;
pub use post::JsonEndpoint;
pub use remote::{HttpOptions, HttpTransport};
pub use request::{decode_request, encode_request, request_meta, request_timeout, request_uri};
pub use response::{encode_response, encode_status};

/// `application/json`
pub const JSON: &str = "application/json";
/// `application/yaml`
pub const YAML: &str = "application/yaml";
/// `application/vnd.kubernetes.protobuf`
pub const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// The path of a target, as it stands in URLs.
pub(crate) fn path_of(target: &crate::Target) -> String {
    path::format(target)
}
