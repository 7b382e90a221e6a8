//! Typed events for metrics and tests.

use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::ObjectRef;

use crate::ControllerError;

/// How a reconciliation ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// All is as it should be.
    Done,
    /// It wants another look after this time.
    Requeued(Duration),
    /// It failed and is tried again.
    Failed(&'a ControllerError),
}

/// What controllers tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum ControllerEvent<'a> {
    /// The informers of a controller are filled; it starts to work.
    Synced {
        /// Name of the controller.
        controller: &'a str,
    },
    /// A key has been worked on.
    Reconciled {
        /// Name of the controller.
        controller: &'a str,
        /// The key.
        key: &'a ObjectRef,
        /// How it ended.
        outcome: Outcome<'a>,
        /// How long it took.
        took: Duration,
        /// Keys that wait behind it.
        waiting: usize,
    },
    /// A controller has stopped.
    Stopped {
        /// Name of the controller.
        controller: &'a str,
    },
}

type Call = Arc<dyn Fn(&ControllerEvent<'_>) + Send + Sync>;

/// Is told [`ControllerEvent`]s; must not block. The default tells nobody.
#[derive(Clone, Default)]
pub struct Observer(Option<Call>);

impl Observer {
    /// Calls this function.
    pub fn new(call: impl Fn(&ControllerEvent<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(call)))
    }
    pub(crate) fn tell(&self, event: &ControllerEvent<'_>) {
        if let Some(call) = &self.0 {
            call(event);
        }
    }
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer")
    }
}
