//! What the example binaries share: logs, signals, the files of the sample application.

mod files;
mod logs;
mod signals;

pub use files::{Files, add_program};
pub use logs::start_logs;
pub use signals::wait_for_stop;
