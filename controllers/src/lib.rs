//! Controllers: what makes the cluster fit what its objects say.
//!
//! The framework: a [`Reconciler`] is given keys and makes the world fit; [`Controller::new`] declares what it is for and
//! what it watches; a [`Manager`] runs many on shared informers, with leader election if wanted. The built-in controllers
//! are written with exactly this, and are chosen by name through a [`ControllerSet`].
//!
//! ```
//! use pintle_controllers::{Action, Context, Controller, ControllerError, Reconciler};
//! use pintle_object_model::ObjectRef;
//! use pintle_object_model::api::core::v1::ConfigMap;
//!
//! struct Greeter;
//!
//! #[async_trait::async_trait]
//! impl Reconciler for Greeter {
//!     async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
//!         if let Some(map) = ctx.cached::<ConfigMap>().get(&key.namespace, &key.name) {
//!             ctx.events().normal(&*map, "Seen", "hello");
//!         }
//!         Ok(Action::done())
//!     }
//! }
//!
//! let controller = Controller::new("greeter").for_::<ConfigMap>().workers(2).build(Greeter);
//! ```
//!
//! Absent here: the store and the server. Controllers see a `Client` and nothing else.

mod batch;
mod builtin;
mod condition;
mod context;
mod controller;
mod error;
mod expectations;
mod manager;
mod observer;
mod owner;
mod pods;
mod registry;
mod resources;
mod revisions;

pub use context::Context;
pub use controller::{Action, Controller, ControllerBuilder, Enqueue, Reconciler, Runnable};
pub use error::ControllerError;
pub use expectations::{EXPECTATION_TIMEOUT, Expectations};
pub use manager::{ControllerOptions, Manager};
pub use observer::{ControllerEvent, Observer, Outcome};
pub use pintle_watch::EventRecorder;
pub use registry::{ControllerSet, names};
