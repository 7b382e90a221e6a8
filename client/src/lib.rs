//! The Kubernetes API as seen by a caller.
//!
//! [`Request`] and [`Response`] are the API's verbs as plain data. Anything that answers them is an
//! [`ApiService`]: the API server itself, in process, or an HTTP connection to a remote one. [`Client`]
//! wraps either, and [`Api`] is the typed handle that most code uses.
//!
//! Absent here: any knowledge of how requests are answered, of caches and of controllers.

mod api;
mod caller;
mod client;
mod credentials;
mod dynamic;
pub mod http;
mod kubeconfig;
pub mod layers;
mod reason;
mod request;
mod response;
mod streams;
mod tls;

pub use api::{Api, Delete, Followed, ListOf, Read, ReadOnly, TypedEvent, TypedWatch, Write, WriteStatus};
pub use caller::{Caller, Identity};
pub use client::{ApiService, Client};
pub use credentials::{Credentials, ExecConfig, ExecCredentials, TokenFile};
pub use dynamic::DynamicApi;
pub use http::{HttpOptions, HttpTransport, JsonEndpoint};
pub use kubeconfig::{
    Cluster, ConfigError, ContextOf, Kubeconfig, Named, User, client_from_file, client_from_files, endpoint_from_file,
    in_cluster_client,
};
pub use reason::{Reason, retry_after};
pub use request::{Body, FieldValidation, Notes, Params, Patch, Propagation, Request, Target, Verb};
pub use response::{
    ByteStream, Content, Document, DuplexStream, ObjectList, Response, SyncStream, Upgrade, UpgradeRequest, WatchEvent,
    WatchStream,
};
pub use streams::{ExecOptions, ExecOutcome, ExecStreams, Forwarded, LogOptions};
pub use tls::{CertificateSlot, TlsError, TlsOptions};

pub use pintle_object_model::Status;
pub use pintle_object_model::patch::PatchKind;
