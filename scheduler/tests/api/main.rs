//! The scheduler on an in-process API server.

mod cluster;
mod common;
mod extension;
