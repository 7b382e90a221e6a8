//! Waiting longer after every failure.

use std::time::Duration;

use pintle_object_model::clock::Random;

/// Exponential back-off with jitter: `base`, then twice that, up to `max`. The delays are handed out; waiting is the
/// caller's.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    max: Duration,
    failures: u32,
    random: Random,
}

impl Backoff {
    /// Starts at `base` and never waits longer than `max` plus a tenth.
    pub fn new(base: Duration, max: Duration, random: Random) -> Self {
        Self { base, max, failures: 0, random }
    }

    /// The delay after one more failure, with up to a tenth of jitter.
    pub fn next_delay(&mut self) -> Duration {
        let delay = delay_after(self.base, self.max, self.failures);
        self.failures = self.failures.saturating_add(1);
        self.random.jitter(delay, 0.1)
    }

    /// Forgets the failures.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// `base` doubled once per earlier failure, at most `max`.
pub(crate) fn delay_after(base: Duration, max: Duration, earlier_failures: u32) -> Duration {
    base.saturating_mul(2u32.saturating_pow(earlier_failures.min(31))).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_maximum() {
        let seconds = |failures| delay_after(Duration::from_secs(1), Duration::from_secs(10), failures).as_secs();
        assert_eq!([seconds(0), seconds(1), seconds(3), seconds(4), seconds(u32::MAX)], [1, 2, 8, 10, 10]);
    }

    #[test]
    fn starts_over_after_a_reset() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(64), Random::seeded(1));
        backoff.next_delay();
        assert!(backoff.next_delay() >= Duration::from_millis(1800));
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_millis(1100));
    }
}
