//! What webhooks have answered, remembered for a while.
//!
//! Invariants: bounded, what was not used for longest goes first; neither tokens nor questions are kept, only their hashes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// Most answers that are remembered.
const ANSWERS_MAX: usize = 8192;

/// What a question is remembered by.
pub(crate) type Fingerprint = [u8; 32];

/// The fingerprint of a question.
pub(crate) fn fingerprint(question: &[u8]) -> Fingerprint {
    Sha256::digest(question).into()
}

/// Answers by question.
#[derive(Debug)]
pub(crate) struct Answers<V>(Mutex<Known<V>>);

#[derive(Debug)]
struct Known<V> {
    by_question: HashMap<Fingerprint, Entry<V>>,
    /// Questions by their last use.
    by_use: BTreeMap<u64, Fingerprint>,
    uses: u64,
}

#[derive(Debug)]
struct Entry<V> {
    answer: V,
    until: Duration,
    used: u64,
}

impl<V> Default for Answers<V> {
    fn default() -> Self {
        Self(Mutex::new(Known { by_question: HashMap::new(), by_use: BTreeMap::new(), uses: 0 }))
    }
}

impl<V: Clone> Answers<V> {
    fn known(&self) -> MutexGuard<'_, Known<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer, if it is still good at this time.
    pub(crate) fn get(&self, question: &Fingerprint, now: Duration) -> Option<V> {
        let mut known = self.known();
        let entry = known.remove(question).filter(|entry| now < entry.until)?;
        let answer = entry.answer.clone();
        known.insert(*question, entry.answer, entry.until);
        Some(answer)
    }

    /// Remembers an answer until this time.
    pub(crate) fn put(&self, question: Fingerprint, answer: V, until: Duration) {
        let mut known = self.known();
        known.remove(&question);
        if known.by_question.len() >= ANSWERS_MAX
            && let Some((_, oldest)) = known.by_use.pop_first()
        {
            known.by_question.remove(&oldest);
        }
        known.insert(question, answer, until);
    }
}

impl<V> Known<V> {
    fn remove(&mut self, question: &Fingerprint) -> Option<Entry<V>> {
        let entry = self.by_question.remove(question)?;
        self.by_use.remove(&entry.used);
        Some(entry)
    }

    fn insert(&mut self, question: Fingerprint, answer: V, until: Duration) {
        self.uses += 1;
        self.by_use.insert(self.uses, question);
        self.by_question.insert(question, Entry { answer, until, used: self.uses });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(number: usize) -> Fingerprint {
        fingerprint(&number.to_le_bytes())
    }

    #[test]
    fn answers_are_forgotten_in_time_and_the_least_used_first() {
        let answers = Answers::default();
        let second = Duration::from_secs(1);
        for number in 0..ANSWERS_MAX {
            answers.put(question(number), number, second);
        }
        assert_eq!(answers.get(&question(0), Duration::ZERO), Some(0), "now the latest that was used");
        answers.put(question(ANSWERS_MAX), ANSWERS_MAX, second);
        assert_eq!(answers.get(&question(1), Duration::ZERO), None, "had to make room");
        assert_eq!(answers.get(&question(0), Duration::ZERO), Some(0));
        assert_eq!(answers.get(&question(0), second), None, "too old");
        let known = answers.known();
        assert_eq!((known.by_question.len(), known.by_use.len()), (ANSWERS_MAX - 1, ANSWERS_MAX - 1));
    }
}
