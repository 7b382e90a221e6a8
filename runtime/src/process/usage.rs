//! What a process group uses, as `/proc` tells it.

use std::time::Duration;

use rustix::process::Pid;

use crate::{ContainerStats, RuntimeError};

/// Ticks of a second in `/proc`: the same on every Linux that programs see (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

pub(super) async fn of_group(group: Pid) -> Result<ContainerStats, RuntimeError> {
    let group = group.as_raw_nonzero().get();
    let work = move || -> std::io::Result<ContainerStats> {
        let (mut ticks, mut pages) = (0u64, 0u64);
        for entry in std::fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            // Processes end while we look.
            let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            if let Some((of, used, resident)) = parse(&stat)
                && of == group
            {
                ticks += used;
                pages += resident;
            }
        }
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        Ok(ContainerStats {
            cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND),
            memory_working_set_bytes: pages * page,
            file_system_bytes: 0,
        })
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(stats) => stats.map_err(RuntimeError::io("reading /proc")),
        Err(error) => Err(RuntimeError::Io { doing: "reading /proc".into(), source: std::io::Error::other(error) }),
    }
}

/// Process group, ticks of CPU (of waited-for children, too), resident pages.
fn parse(stat: &str) -> Option<(i32, u64, u64)> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let ticks = number(11)? + number(12)? + number(13)? + number(14)?;
    Some((fields.get(2)?.parse().ok()?, ticks, number(21)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_line_is_understood() {
        let stat = "7 (a) b) S 1 42 42 0 -1 4194304 100 0 0 0 3 4 5 6 20 0 1 0 12345 1000 77 18446744073709551615 0";
        assert_eq!(parse(stat), Some((42, 18, 77)));
    }
}
