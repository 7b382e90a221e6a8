//! Answers of the API, as plain data.
//!
//! In: the API server or the HTTP codec. Out: typed handles, or the HTTP codec. Invariant: objects are shared
//! with whoever answered, never copied.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use pintle_object_model::api::meta::v1::ListMeta;
use pintle_object_model::custom::{CustomColumn, CustomKind};
use pintle_object_model::{GroupVersionKind, Object, Status};
use tokio::io::{AsyncRead, AsyncWrite};

/// An answer. Refusals are the `Err` of the call.
#[derive(Debug)]
pub struct Response {
    /// `Warning` headers.
    pub warnings: Vec<String>,
    /// The content.
    pub content: Content,
    /// The kind that was asked for, if it is one of a definition: it says how lists of it look.
    pub custom: Option<Arc<CustomKind>>,
    /// The columns of tables, if the kind itself says which it has.
    pub columns: Option<Arc<[CustomColumn]>>,
}

/// What an answer holds.
#[derive(Debug)]
#[non_exhaustive]
pub enum Content {
    /// One object. `code` is 200, 201 (created) or 202 (deletion goes on).
    Object {
        /// HTTP code.
        code: u16,
        /// The object.
        object: Object,
    },
    /// Many objects.
    List(ObjectList),
    /// Changes as they happen.
    Watch {
        /// Kind of the objects.
        gvk: GroupVersionKind,
        /// The changes.
        events: WatchStream,
    },
    /// A success that has no object to show.
    Status(Box<Status>),
    /// A document that is not an object: discovery, OpenAPI, health, metrics.
    Document(Document),
    /// Bytes as they come: logs.
    Bytes(ByteStream),
    /// The protocol has been switched.
    Upgrade(Upgrade),
}

/// Objects of one kind at one revision.
#[derive(Clone, Debug)]
pub struct ObjectList {
    /// Kind of the items (`Pod`, not `PodList`).
    pub gvk: GroupVersionKind,
    /// Resource version, continue token, count of what remains.
    pub metadata: ListMeta,
    /// The objects.
    pub items: Vec<Object>,
}

/// One event of a watch.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchEvent {
    /// The object came to be, or came to match.
    Added(Object),
    /// The object changed.
    Modified(Object),
    /// The object is gone, or no longer matches; this is its last state.
    Deleted(Object),
    /// Nothing older than this will follow.
    Bookmark {
        /// Resource version up to which everything has been sent.
        resource_version: u64,
        /// This bookmark ends the initial events.
        initial_events_end: bool,
    },
    /// The watch ends with this error.
    Error(Box<Status>),
}

/// Events of a watch. Dropping it ends the watch.
pub type WatchStream = Pin<Box<dyn SyncStream>>;

/// A stream that can be held by shared values: `Send`, and `Debug` by name only.
pub trait SyncStream: Stream<Item = WatchEvent> + Send {}
impl<T: Stream<Item = WatchEvent> + Send> SyncStream for T {}

impl fmt::Debug for dyn SyncStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchStream")
    }
}

/// A document with its media type.
#[derive(Clone, Debug)]
pub struct Document {
    /// HTTP code.
    pub code: u16,
    /// Media type.
    pub content_type: String,
    /// The bytes.
    pub body: Bytes,
    /// Further headers, such as `ETag`.
    pub headers: Vec<(String, String)>,
}

/// Bytes as they come, with their media type.
pub struct ByteStream {
    /// Media type.
    pub content_type: String,
    /// The bytes; an error ends them.
    pub stream: Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>,
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}

/// A byte stream in both directions.
pub trait DuplexStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> DuplexStream for T {}

/// The protocol switch that a client asks for (`Connection: Upgrade`).
#[derive(Clone, Debug, Default)]
pub struct UpgradeRequest {
    /// Name and value of every header that belongs to the switch: `Upgrade`, `Connection`,
    /// `Sec-WebSocket-*`, `X-Stream-Protocol-Version`.
    pub headers: Vec<(String, String)>,
}

/// A switched protocol: the answer's headers and the connection behind it.
pub struct Upgrade {
    /// Headers of the `101` answer.
    pub headers: Vec<(String, String)>,
    /// The bytes that follow it, in both directions.
    pub stream: Box<dyn DuplexStream>,
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("headers", &self.headers).finish_non_exhaustive()
    }
}

impl Response {
    /// An answer without warnings.
    pub fn new(content: Content) -> Self {
        Self { warnings: vec![], content, custom: None, columns: None }
    }

    /// One object with code 200.
    pub fn object(object: Object) -> Self {
        Self::new(Content::Object { code: 200, object })
    }

    /// The object, or an error that says what came instead.
    ///
    /// # Errors
    /// If the answer holds no object.
    pub fn into_object(self) -> Result<Object, Status> {
        match self.content {
            Content::Object { object, .. } => Ok(object),
            other => Err(unexpected("an object", &other)),
        }
    }

    /// The list, or an error that says what came instead.
    ///
    /// # Errors
    /// If the answer holds no list.
    pub fn into_list(self) -> Result<ObjectList, Status> {
        match self.content {
            Content::List(list) => Ok(list),
            other => Err(unexpected("a list", &other)),
        }
    }

    /// The watch, or an error that says what came instead.
    ///
    /// # Errors
    /// If the answer holds no watch.
    pub fn into_watch(self) -> Result<WatchStream, Status> {
        match self.content {
            Content::Watch { events, .. } => Ok(events),
            other => Err(unexpected("a watch", &other)),
        }
    }
}

fn unexpected(wanted: &str, found: &Content) -> Status {
    let found = match found {
        Content::Object { .. } => "an object",
        Content::List(_) => "a list",
        Content::Watch { .. } => "a watch",
        Content::Status(_) => "a status",
        Content::Document(_) => "a document",
        Content::Bytes(_) => "bytes",
        Content::Upgrade(_) => "a switched protocol",
    };
    Status::internal(format!("expected {wanted} from the server, found {found}"))
}
