//! Processes that are not our children: found again after a restart, watched and killed without mistaking one for another.
//!
//! In: a process id. Out: a handle of the kernel's (pidfd). Invariant: a process id that has been given to another process
//! since is recognized by its start time and the boot it belongs to. Source: pidfd_open(2), proc(5).

use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};
use tokio::io::Interest;

use super::stream::watched;

/// What identifies a process beyond doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProcessRecord {
    pub(super) pid: i32,
    /// Ticks between boot and its start.
    started: u64,
    boot: String,
}

impl ProcessRecord {
    /// Identifies a process that exists now.
    pub(super) fn of(pid: i32) -> std::io::Result<Self> {
        Ok(Self { pid, started: start_time(pid)?, boot: boot_id()? })
    }

    /// A handle of the process, if it still runs.
    pub(super) fn open(&self) -> Option<Process> {
        if boot_id().ok()? != self.boot {
            return None;
        }
        let handle = rustix::process::pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::NONBLOCK).ok()?;
        // The handle first, then the comparison: the id cannot change hands between them unnoticed.
        let process = Process { handle };
        (start_time(self.pid).ok()? == self.started && !process.has_ended()).then_some(process)
    }

    /// Does it still run?
    pub(super) fn is_alive(&self) -> bool {
        self.open().is_some()
    }
}

/// A handle of a process.
#[derive(Debug)]
pub(super) struct Process {
    handle: OwnedFd,
}

impl Process {
    pub(super) fn signal(&self, signal: Signal) -> std::io::Result<()> {
        match rustix::process::pidfd_send_signal(&self.handle, signal) {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            result => Ok(result?),
        }
    }

    fn has_ended(&self) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut poll = [PollFd::new(&self.handle, PollFlags::IN)];
        !matches!(rustix::event::poll(&mut poll, Some(&now)), Ok(0))
    }

    /// Waits until it ends; the kernel tells at once.
    pub(super) async fn ended(self) -> std::io::Result<()> {
        watched(self.handle, Interest::READABLE)?.readable().await.map(drop)
    }
}

fn boot_id() -> std::io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

fn start_time(pid: i32) -> std::io::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may contain anything, so count from behind it; field 22 is the 20th from there.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let field = rest.split_whitespace().nth(19).and_then(|field| field.parse().ok());
    field.ok_or_else(|| std::io::Error::other("malformed /proc/<pid>/stat"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_is_found_and_its_end_noticed() {
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let record = ProcessRecord::of(child.id() as i32).unwrap();
        let process = record.open().unwrap();
        let impostor = ProcessRecord { started: record.started + 1, ..record.clone() };
        assert!(!impostor.is_alive());
        process.signal(Signal::KILL).unwrap();
        process.ended().await.unwrap();
        // Ended, though not yet waited for.
        assert!(!record.is_alive());
        child.wait().unwrap();
        assert!(!record.is_alive());
    }
}
