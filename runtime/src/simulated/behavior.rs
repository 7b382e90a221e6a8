//! What a simulated container does, as its labels say.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::agent::SIMULATION_PREFIX;

/// The part of a container's labels that steers it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Behavior {
    pub(super) exit_after: Option<Duration>,
    pub(super) exit_code: i32,
    pub(super) stop_after: Duration,
    pub(super) start_error: Option<String>,
    pub(super) probes_fail: bool,
    pub(super) cpu_millis: u64,
    pub(super) memory_bytes: u64,
}

impl Behavior {
    pub(super) fn of(labels: &BTreeMap<String, String>, container: &str) -> Self {
        let get = |key: &str| {
            let own = labels.get(&format!("{SIMULATION_PREFIX}{key}.{container}"));
            own.or_else(|| labels.get(&format!("{SIMULATION_PREFIX}{key}"))).map(String::as_str)
        };
        let init = get("role") == Some("init");
        // A pod-wide wish is about what the pod is for, not about what prepares it.
        let own_only = |key: &str| labels.get(&format!("{SIMULATION_PREFIX}{key}.{container}")).map(String::as_str);
        let ending = |key: &str| if init { own_only(key) } else { get(key) };
        let seconds = |text: Option<&str>| {
            let number = text?.trim_end_matches('s').parse::<f64>().ok()?;
            Duration::try_from_secs_f64(number).ok()
        };
        let exit_code = ending("exit-code").and_then(|text| text.parse().ok());
        let after = seconds(ending("exit-after"));
        Self {
            exit_after: after.or_else(|| (init || exit_code.is_some()).then_some(Duration::ZERO)),
            exit_code: exit_code.unwrap_or_default(),
            stop_after: seconds(get("stop-after")).unwrap_or_default(),
            start_error: get("start-error").map(str::to_owned),
            probes_fail: get("probe") == Some("fail"),
            cpu_millis: get("cpu-millis").and_then(|text| text.parse().ok()).unwrap_or_default(),
            memory_bytes: get("memory-bytes").and_then(|text| text.parse().ok()).unwrap_or(8 << 20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_steer_all_or_one_container() {
        let label = |key: &str, value: &str| (format!("{SIMULATION_PREFIX}{key}"), value.to_owned());
        let labels = BTreeMap::from([label("exit-code", "3"), label("exit-after.b", "1.5"), label("exit-code.b", "4")]);
        let a = Behavior::of(&labels, "a");
        assert_eq!((a.exit_after, a.exit_code), (Some(Duration::ZERO), 3));
        let b = Behavior::of(&labels, "b");
        assert_eq!((b.exit_after, b.exit_code), (Some(Duration::from_millis(1500)), 4));
        let mut init = labels;
        init.extend([label("role", "init")]);
        let a = Behavior::of(&init, "a");
        assert_eq!((a.exit_after, a.exit_code), (Some(Duration::ZERO), 0));
    }
}
