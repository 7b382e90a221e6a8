use super::*;
use pintle_object_model::clock::{ManualClock, SystemClock};

fn queue() -> WorkQueue<&'static str> {
    WorkQueue::new(ManualClock::at(0), Random::seeded(1), RetryPolicy::default())
}

#[test]
fn a_key_waits_once_however_often_it_is_added() {
    let mut state = QueueState::default();
    assert!(state.add("a"));
    assert!(!state.add("a"));
    assert_eq!(state.take(), Some("a"));
    assert_eq!(state.take(), None);
}

#[test]
fn a_key_added_during_work_is_handed_out_again_only_when_done() {
    let mut state = QueueState::default();
    state.add("a");
    state.take();
    state.add("a");
    assert_eq!(state.take(), None, "somebody works on it");
    assert!(state.done(&"a"));
    assert_eq!(state.take(), Some("a"));
    assert!(!state.done(&"a"));
}

#[test]
fn the_earlier_of_two_delays_counts() {
    let mut state = QueueState::default();
    state.add_at("a", Duration::from_secs(9));
    state.add_at("a", Duration::from_secs(3));
    state.add_at("a", Duration::from_secs(5));
    assert_eq!(state.next_due(), Some(Duration::from_secs(3)));
    state.advance(Duration::from_secs(2));
    assert_eq!(state.take(), None);
    state.advance(Duration::from_secs(3));
    assert_eq!(state.take(), Some("a"));
    assert_eq!(state.next_due(), None);
}

#[test]
fn adding_now_cancels_the_delay() {
    let mut state = QueueState::default();
    state.add_at("a", Duration::from_secs(9));
    state.add("a");
    state.take();
    state.done(&"a");
    assert!(state.is_idle());
}

#[tokio::test]
async fn workers_share_what_waits_and_end_with_the_queue() {
    let queue = queue();
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut seen = vec![];
                while let Some(key) = queue.take().await {
                    seen.push(key);
                    tokio::task::yield_now().await;
                    queue.done(&key);
                }
                seen
            })
        })
        .collect();
    for key in ["a", "b", "c", "d"] {
        queue.add(key);
    }
    while !queue.is_idle() {
        tokio::task::yield_now().await;
    }
    queue.shut_down();
    let mut seen = vec![];
    for worker in workers {
        seen.extend(worker.await.unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, ["a", "b", "c", "d"]);
}

/// A clock that follows tokio's paused time.
#[derive(Debug)]
struct Paused(tokio::time::Instant);
impl Clock for Paused {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
    fn utc(&self) -> pintle_object_model::MicroTime {
        SystemClock::new().utc()
    }
}

#[tokio::test(start_paused = true)]
async fn failures_wait_longer_each_time() {
    let clock = Arc::new(Paused(tokio::time::Instant::now()));
    let retry = RetryPolicy { base: Duration::from_secs(1), jitter: 0.0, ..RetryPolicy::default() };
    let queue = WorkQueue::new(clock.clone(), Random::seeded(1), retry);
    let mut waited = vec![];
    for _ in 0..4 {
        let before = clock.now();
        queue.add_rate_limited("a");
        let key = queue.take().await.unwrap();
        queue.done(&key);
        waited.push((clock.now() - before).as_secs_f64().round());
    }
    assert_eq!(waited, [1.0, 2.0, 4.0, 8.0]);
    queue.forget(&"a");
    assert_eq!(queue.failures(&"a"), 0);
}

fn taken<T: QueueKey>(state: &mut QueueState<T>, count: usize) -> Vec<T> {
    (0..count)
        .filter_map(|_| {
            let key = state.take()?;
            state.done(&key);
            Some(key)
        })
        .collect()
}

#[test]
fn higher_priorities_go_first_and_none_starves() {
    let mut state = QueueState::default();
    for key in ["low", "high", "raised"] {
        state.add_with(key, i32::from(key == "high"));
    }
    state.add_with("raised", 2);
    state.add_with("raised", 0);
    assert_eq!(taken(&mut state, 4), ["raised", "high", "low"]);

    state.add_with("bottom", -100);
    let mut before_bottom = 0;
    while !taken(&mut state, 1).contains(&"bottom") {
        state.add_with("busy", 1);
        before_bottom += 1;
        assert!(before_bottom < 20, "whoever waits gets a turn");
    }
    state.take();
    state.add_with("busy", 1);
    state.done(&"busy");
    assert_eq!((state.take(), state.is_idle()), (Some("busy"), false));
}

#[test]
fn flows_take_turns() {
    let mut state = QueueState::fair(|key: &(u64, u64)| key.0);
    for number in 0..100 {
        state.add((1, number));
    }
    state.add((2, 0));
    state.add((2, 1));
    state.add((3, 0));
    assert_eq!(taken(&mut state, 6), [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (1, 2)]);
}
