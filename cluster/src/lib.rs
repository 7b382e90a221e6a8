//! A whole cluster as a library.
//!
//! ```
//! use pintle::Cluster;
//! use pintle_object_model::api::core::v1::ConfigMap;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().start().await?;
//! let mut map = ConfigMap::default();
//! map.metadata.name = "settings".into();
//! map.data.insert("color".into(), "blue".into());
//! cluster.client().namespaced::<ConfigMap>("default").create(&map).await?;
//! cluster.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Wiring only: every part comes from a crate that can be used without this one.

mod builder;
mod credentials;
mod manifests;
mod nodes;
mod running;
mod tls_files;

pub use builder::{Builder, ClusterError, StoreChoice, Toggle};
pub use credentials::Credentials;
pub use manifests::apply;
pub use running::{Cluster, node_range};
pub use tls_files::{KeyFiles, TlsFiles};

/// The examples of the README are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
