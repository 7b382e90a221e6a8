//! What the example binaries share: logs, signals, flags.

mod logs;
mod signals;

pub use logs::start_logs;
pub use signals::wait_for_stop;
