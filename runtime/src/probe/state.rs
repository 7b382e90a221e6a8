//! How many answers in a row it takes to believe a probe.

use pintle_object_model::api::core::v1::Probe;

/// Counts a probe's answers.
#[derive(Debug, Default)]
pub(crate) struct ProbeState {
    last: Option<bool>,
    in_a_row: i32,
}

impl ProbeState {
    /// Takes in an answer. Answers what to believe from now on, once the answer came often enough in a row.
    pub(crate) fn take(&mut self, success: bool, probe: &Probe) -> Option<bool> {
        self.in_a_row = if self.last == Some(success) { self.in_a_row.saturating_add(1) } else { 1 };
        self.last = Some(success);
        let needed = if success { probe.success_threshold } else { probe.failure_threshold };
        (self.in_a_row >= needed.max(1)).then_some(success)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_count_answers_in_a_row() {
        let probe = Probe { failure_threshold: 3, success_threshold: 2, ..Probe::default() };
        let mut state = ProbeState::default();
        let mut take = |success| state.take(success, &probe);
        assert_eq!([take(false), take(false), take(true), take(false)], [None; 4]);
        assert_eq!([take(false), take(false), take(true), take(true)], [None, Some(false), None, Some(true)]);
    }
}
