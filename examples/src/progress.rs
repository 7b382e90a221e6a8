//! Telling a person what goes on.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::clock::Clock;

/// Prints steps with the time since the start.
#[derive(Clone, Debug)]
pub struct Progress {
    clock: Arc<dyn Clock>,
    start: Duration,
}

impl Progress {
    /// Time runs from now.
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let start = clock.now();
        Self { clock, start }
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.clock.now().saturating_sub(self.start)
    }

    /// One line.
    pub fn say(&self, text: impl std::fmt::Display) {
        // A reader that has gone away must not end a cluster.
        let _ = writeln!(std::io::stdout(), "{:>8.3} s  {text}", self.elapsed().as_secs_f64());
    }

    /// Lines that belong to the step before.
    pub fn detail(&self, text: impl std::fmt::Display) {
        for line in text.to_string().lines() {
            let _ = writeln!(std::io::stdout(), "            {line}");
        }
    }
}

/// Resident memory of this process in MiB, if the system tells.
pub fn resident_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}
