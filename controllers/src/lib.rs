//! The reconciler framework, and the built-in controllers written with it.
//!
//! A [`Reconciler`] is given the name of an object, reads the state it needs from informers, and makes one step toward what
//! is wanted. [`Controller`] declares what it is for, what it owns and what else concerns it; the framework gives it a
//! de-duplicating, rate-limited queue and workers. [`Manager`] runs many over shared informers, with leader election.
//!
//! Invariants: lost, merged or repeated events cannot matter, because a reconciler is given a key, never an event; a
//! controller may stop at any instruction and converge from the API alone when it starts again.
//!
//! Absent here: the API server and the store (everything goes through a `Client`), scheduling, and nodes.

mod builtin;
mod context;
mod controller;
mod error;
mod expectations;
mod manager;
mod owner;
mod recorder;
mod selection;

pub use builtin::{BUILTIN, BuiltinOptions, builtin};
pub use context::Context;
pub use controller::{Action, Controller, ControllerBuilder, Reconciler};
pub use error::ControllerError;
pub use expectations::Expectations;
pub use manager::{ControllerEvent, Manager, Observer};
pub use owner::{controller_of, controller_reference, is_controlled_by};
pub use recorder::EventRecorder;
pub use selection::{SelectionError, select};
