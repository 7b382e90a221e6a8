//! What the example binaries share: flags, logs, signals, and the demonstration.

mod connect;
mod demo;
mod fetch;
mod files;
mod flags;
mod logs;
mod progress;
mod signals;

pub use connect::ServerFlags;
pub use demo::{Places, demonstrate};
pub use fetch::get;
pub use files::{Files, add_program};
pub use flags::{IngressFlag, ProxyFlag, RuntimeFlag, StoreFlag, Switch};
pub use logs::start_logs;
pub use progress::{Progress, resident_mib};
pub use signals::{until_stopped, wait_for_stop};
