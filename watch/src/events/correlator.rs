//! Decides what becomes of something that happened: a new Event, a continued one, or nothing. No I/O.
//!
//! Source: Kubernetes' published limits on events: per object and reporter a burst of 25, then one every five minutes; more
//! than ten different messages of one kind within ten minutes become one.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use pintle_object_model::MicroTime;
use pintle_object_model::api::core::v1::{Event, EventSeries, EventSource};
use serde_json::{Value, json};

use super::{Happening, Reporter};

/// Past events that are remembered.
const REMEMBERED_MAX: usize = 4096;
/// Tokens that an object starts with, and the time after which it gets another.
const BURST: f64 = 25.0;
const REFILL: Duration = Duration::from_secs(300);
/// So many different messages of one kind within this time become one.
const SIMILAR_MAX: usize = 10;
const SIMILAR_WITHIN: Duration = Duration::from_secs(600);
/// A series goes on if it was heard of within this time.
const SERIES_GAP: Duration = Duration::from_secs(360);
/// API limit of the note of an Event of the newer form.
const NOTE_BYTES_MAX: usize = 1024;

/// What is to be written.
#[derive(Debug, PartialEq)]
pub(super) enum Write {
    Create(Box<Event>),
    /// Patch the Event so; create it anew if it is gone.
    Continue(Box<Event>, Value),
}

/// Who spoke of what: reporter, kind, namespace, name, UID and part of the object.
type Subject = (Arc<Reporter>, [String; 5]);
type Kind = (Subject, String);
/// What counts as the same thing said again.
pub(super) type Key = (Kind, String);

struct Said {
    event: Event,
    at: Duration,
}

#[derive(Default)]
pub(super) struct Correlator {
    said: Remembered<Key, Said>,
    tokens: Remembered<Subject, (f64, Duration)>,
    /// Messages of one kind about one object, and since when they are collected.
    similar: Remembered<Kind, (Vec<String>, Duration)>,
    /// The last number in an Event's name: the time, as Kubernetes does it, but never the same twice.
    stamp: i64,
}

impl Correlator {
    pub(super) fn decide(&mut self, happening: Happening, now: Duration, utc: MicroTime) -> Option<(Key, Write)> {
        let Happening { reporter, regarding, type_, reason, action, mut note } = happening;
        let object = [&regarding.kind, &regarding.namespace, &regarding.name, &regarding.uid, &regarding.field_path];
        let subject = (reporter, object.map(Clone::clone));
        if !self.take_token(&subject, now) {
            return None;
        }
        let kind = (subject, format!("{type_}/{reason}/{action}"));
        let combined = self.is_one_of_many(&kind, &note, now);
        let key = (kind, if combined { String::new() } else { note.clone() });
        if combined {
            note = format!("(combined from similar events): {note}");
        }
        if !action.is_empty() {
            note.truncate(note.floor_char_boundary(NOTE_BYTES_MAX));
        }
        if let Some(said) = self.said.get_mut(&key)
            && (action.is_empty() || now < said.at + SERIES_GAP)
        {
            said.at = now;
            said.event.message = note;
            let patch = again(&mut said.event, utc);
            return Some((key, Write::Continue(Box::new(said.event.clone()), patch)));
        }
        let mut event = Event::default();
        let namespace = if regarding.namespace.is_empty() { "default" } else { &regarding.namespace };
        event.metadata.namespace = namespace.to_owned();
        event.metadata.name = self.name(&regarding.name, utc);
        event.involved_object = regarding;
        event.type_ = type_.to_owned();
        event.reason = reason;
        event.message = note;
        let reporter = &key.0.0.0;
        event.reporting_component.clone_from(&reporter.component);
        event.reporting_instance.clone_from(&reporter.instance);
        if action.is_empty() {
            event.source = EventSource { component: reporter.component.clone(), host: reporter.instance.clone() };
            event.count = 1;
            event.first_timestamp = Some(utc.to_time());
            event.last_timestamp = Some(utc.to_time());
        } else {
            event.action = action.to_owned();
            event.event_time = Some(utc);
        }
        self.said.insert(key.clone(), Said { event: event.clone(), at: now });
        Some((key, Write::Create(Box::new(event))))
    }

    /// The Event of `key` is called so.
    pub(super) fn named(&mut self, key: &Key, name: &str) {
        if let Some(said) = self.said.get_mut(key) {
            name.clone_into(&mut said.event.metadata.name);
        }
    }

    /// The Event of `key` was not written.
    pub(super) fn forget(&mut self, key: &Key) {
        self.said.remove(key);
    }

    /// Gives an Event another name.
    pub(super) fn rename(&mut self, event: &mut Event) {
        self.stamp += 1;
        event.metadata.name = format!("{}.{:x}", event.involved_object.name, self.stamp);
    }

    fn name(&mut self, of: &str, utc: MicroTime) -> String {
        self.stamp = utc.unix_micros().saturating_mul(1000).max(self.stamp + 1);
        format!("{of}.{:x}", self.stamp)
    }

    fn take_token(&mut self, subject: &Subject, now: Duration) -> bool {
        let (tokens, at) = self.tokens.entry(subject, || (BURST, now));
        let gained = now.saturating_sub(*at).as_secs_f64() / REFILL.as_secs_f64();
        *tokens = (*tokens + gained).min(BURST);
        *at = now;
        let enough = *tokens >= 1.0;
        if enough {
            *tokens -= 1.0;
        }
        enough
    }

    fn is_one_of_many(&mut self, kind: &Kind, note: &String, now: Duration) -> bool {
        let (notes, since) = self.similar.entry(kind, || (vec![], now));
        if now >= *since + SIMILAR_WITHIN {
            notes.clear();
            *since = now;
        }
        let known = notes.contains(note);
        let full = notes.len() >= SIMILAR_MAX;
        if !known && !full {
            notes.push(note.clone());
        }
        !known && full
    }
}

/// Counts an Event up and answers how the stored one must change.
fn again(event: &mut Event, utc: MicroTime) -> Value {
    if event.event_time.is_none() {
        event.count = event.count.saturating_add(1);
        event.last_timestamp = Some(utc.to_time());
        return json!({
            "count": event.count, "message": event.message, "lastTimestamp": utc.to_time().to_string(),
        });
    }
    let series = event.series.get_or_insert_with(|| Box::new(EventSeries { count: 1, last_observed_time: None }));
    series.count = series.count.saturating_add(1);
    series.last_observed_time = Some(utc);
    json!({"series": {"count": series.count, "lastObservedTime": utc.to_string()}})
}

/// A map that forgets what came first when it is full: a few events are then written twice, which harms nobody.
struct Remembered<K, V> {
    map: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { map: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + Hash, V> Remembered<K, V> {
    fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.map.get_mut(key)
    }

    fn insert(&mut self, key: K, value: V) {
        if self.map.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > REMEMBERED_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.map.remove(&oldest);
            }
        }
    }

    fn entry(&mut self, key: &K, value: impl FnOnce() -> V) -> &mut V {
        if !self.map.contains_key(key) {
            self.insert(key.clone(), value());
        }
        self.map.get_mut(key).expect("what was just put in is the last to be forgotten")
    }

    fn remove(&mut self, key: &K) {
        if self.map.remove(key).is_some() {
            self.order.retain(|known| known != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_object_model::api::core::v1::ObjectReference;

    fn happening(note: &str, action: &'static str) -> Happening {
        let regarding = ObjectReference { name: "web".into(), namespace: "a".into(), ..ObjectReference::default() };
        let reporter = Arc::new(Reporter { component: "c".into(), instance: "i".into() });
        Happening { reporter, regarding, type_: "Normal", reason: "Made".into(), action, note: note.into() }
    }

    fn decide(correlator: &mut Correlator, note: &str, action: &'static str, second: u64) -> Option<Write> {
        let utc = MicroTime::from_unix_micros(second as i64 * 1_000_000);
        correlator.decide(happening(note, action), Duration::from_secs(second), utc).map(|(_, write)| write)
    }

    #[test]
    fn repeats_are_counted_similar_ones_combined_and_noise_is_limited() {
        let mut correlator = Correlator::default();
        let mut record = |note: &str, second| decide(&mut correlator, note, "", second);
        let created = |write, note: &str| matches!(write, Some(Write::Create(event)) if event.message == note);
        let counted = |write, to| matches!(write, Some(Write::Continue(event, _)) if event.count == to);
        assert!(created(record("one", 0), "one"));
        assert!(counted(record("one", 1), 2));
        for index in 0..9 {
            let note = format!("m{index}");
            assert!(created(record(&note, 2), &note));
        }
        assert!(created(record("eleventh", 3), "(combined from similar events): eleventh"));
        assert!(counted(record("twelfth", 3), 2));
        for _ in 0..12 {
            assert!(record("one", 4).is_some());
        }
        assert_eq!(record("one", 4), None, "25 events are enough");
        assert!(record("one", 310).is_some(), "one more after five minutes");
    }

    #[test]
    fn what_was_done_again_soon_is_a_series() {
        let mut correlator = Correlator::default();
        let mut record = |second| decide(&mut correlator, &"é".repeat(600), "Binding", second);
        let Some(Write::Create(first)) = record(0) else { panic!("a new event") };
        assert_eq!((first.action.as_str(), first.count, first.message.len()), ("Binding", 0, 1024));
        assert_eq!((first.reporting_component.as_str(), first.reporting_instance.as_str()), ("c", "i"));
        let Some(Write::Continue(_, patch)) = record(300) else { panic!("the same event") };
        assert_eq!(patch["series"]["count"], 2);
        let Some(Write::Create(second)) = record(700) else { panic!("the series has ended") };
        assert_ne!(second.metadata.name, first.metadata.name);
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut remembered = Remembered::default();
        for key in 0..REMEMBERED_MAX + 10 {
            remembered.insert(key, ());
        }
        assert_eq!((remembered.map.len(), remembered.get_mut(&9).is_some()), (REMEMBERED_MAX, false));
    }
}
