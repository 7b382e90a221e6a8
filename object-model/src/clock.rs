//! Time and chance, handed in.
//!
//! Library code takes a [`Clock`] and a [`Random`]; this module is the only place that asks the
//! machine for either ([`SystemClock`], [`Random::from_os`]). Under simulation both are seeded, and
//! the same seed gives the same history.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::MicroTime;

/// Where time comes from. Waiting is done with `tokio::time` (paused in simulations), reading with this.
pub trait Clock: Debug + Send + Sync {
    /// Monotonic time since the clock was made; for timeouts and leases.
    fn now(&self) -> Duration;
    /// Calendar time; for stamps and calendar rules, never for timeouts.
    fn utc(&self) -> MicroTime;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place that owns the machine's clocks")]
    pub fn new() -> Self {
        Self { start: std::time::Instant::now() }
    }

    /// The same, shared.
    pub fn shared() -> Arc<dyn Clock> {
        Arc::new(Self::new())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }
    #[expect(clippy::disallowed_methods, reason = "the one place that owns the machine's clocks")]
    fn utc(&self) -> MicroTime {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        MicroTime::from_unix_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that moves only when told: for unit tests of synchronous code.
#[derive(Debug, Default)]
pub struct ManualClock {
    elapsed: Mutex<Duration>,
    epoch_seconds: i64,
}

impl ManualClock {
    /// A clock that stands at this Unix second.
    pub fn at(epoch_seconds: i64) -> Arc<Self> {
        Arc::new(Self { elapsed: Mutex::default(), epoch_seconds })
    }

    /// Moves both the monotonic and the calendar time.
    pub fn advance(&self, by: Duration) {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn utc(&self) -> MicroTime {
        let micros = i64::try_from(self.now().as_micros()).unwrap_or(i64::MAX);
        MicroTime::from_unix_micros(self.epoch_seconds * 1_000_000 + micros)
    }
}

/// A shared pseudo-random generator (xoshiro256**). Not for secrets.
#[derive(Clone, Debug)]
pub struct Random {
    state: Arc<Mutex<[u64; 4]>>,
}

impl Random {
    /// A generator that repeats its sequence for the same seed.
    pub fn seeded(seed: u64) -> Self {
        // SplitMix64 spreads the seed over the whole state, as the generator's authors advise.
        let mut x = seed;
        let state = std::array::from_fn(|_| {
            x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        });
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// A generator seeded by the operating system.
    pub fn from_os() -> Self {
        Self::seeded(std::collections::hash_map::RandomState::new().build_hasher().finish())
    }

    /// The next 64 bits.
    pub fn next_u64(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let s = &mut *state;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number in `0..bound`; 0 for an empty range.
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64 }
    }

    /// A number in `0.0..1.0`.
    pub fn fraction(&self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A random UUID (version 4) as text.
    pub fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next_u64().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next_u64().to_le_bytes());
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// `length` characters from the alphabet that Kubernetes uses for generated names (no vowels, no look-alikes).
    pub fn name_suffix(&self, length: usize) -> String {
        const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..length).map(|_| char::from(ALPHABET[self.below(27) as usize])).collect()
    }

    /// `base` plus or minus up to `share` (0 to 1) of it.
    pub fn jitter(&self, base: Duration, share: f64) -> Duration {
        base.mul_f64((1.0 + share * (2.0 * self.fraction() - 1.0)).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats_and_another_does_not() {
        let take =
            |seed| (0..4).map(|_| 0).scan(Random::seeded(seed), |r, _: i32| Some(r.next_u64())).collect::<Vec<_>>();
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
    }

    #[test]
    fn suffixes_use_only_the_alphabet_of_generated_names() {
        let suffix = Random::seeded(1).name_suffix(200);
        assert_eq!(suffix.len(), 200);
        assert!(suffix.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)), "{suffix}");
    }
}
