//! Forgets etcd's history, in turns with all others who do so.
//!
//! In: time, and what etcd answers. Out: claims of a turn, and revisions to compact at. Invariants: of all that claim
//! the same turn one gets it; whatever happened less than an interval ago is kept. The turns are counted by the version
//! of one key, as kube-apiserver counts them, so that it may run beside us.

use std::time::Duration;

use bytes::Bytes;
use pintle_object_model::clock::Clock;
use tonic::Status;
use tracing::{debug, warn};

use super::client::{Client, Repeat};
use super::failure::Failure;
use super::proto::{
    CompactionRequest, CompactionResponse, Compare, PutRequest, RangeRequest, Request, RequestOp, TxnRequest,
    TxnResponse, revision_of,
};

/// The key whose version counts the turns. Its value is where the last one compacted.
const TURN_KEY: &[u8] = b"compact_rev_key";
/// Also keeps an interval of nothing from asking etcd in a tight loop.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// When to claim which turn.
#[derive(Debug, PartialEq, Eq)]
struct Turns {
    interval: Duration,
    /// When the next turn is claimed.
    due: Duration,
    /// Turns that others and we have had, as far as known.
    had: i64,
    /// Where etcd was when it last answered: what is older may go at the next turn. 0 if it has not.
    seen: i64,
}

/// What etcd answered to a claim.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// Was it ours?
    ours: bool,
    /// Turns that have been had, if it was not.
    had: i64,
    /// Where etcd is.
    revision: i64,
}

impl Turns {
    fn new(interval: Duration, now: Duration) -> Self {
        let interval = interval.max(INTERVAL_MIN);
        Self { interval, due: now + interval, had: 0, seen: 0 }
    }

    /// Takes note of an answer; returns where to compact.
    fn answered(&mut self, answer: Answer, now: Duration) -> Option<i64> {
        let before = std::mem::replace(&mut self.seen, answer.revision);
        self.had = if answer.ours { self.had + 1 } else { answer.had };
        self.due = now + self.interval;
        (answer.ours && before > 0).then_some(before)
    }

    /// There was no answer; the claim may have been heard, which the next one will find out.
    fn failed(&mut self, now: Duration) {
        self.due = now + self.interval;
    }
}

/// Takes turns until it is dropped.
pub(super) async fn run(client: &Client, clock: &dyn Clock, interval: Duration) {
    let mut turns = Turns::new(interval, clock.now());
    loop {
        tokio::time::sleep(turns.due.saturating_sub(clock.now())).await;
        match claim(client, &turns).await {
            Ok(answer) => {
                let Some(revision) = turns.answered(answer, clock.now()) else { continue };
                match compact(client, revision).await {
                    Ok(()) => debug!(revision, "etcd's history was compacted"),
                    Err(failure) => warn!(revision, ?failure, "compacting etcd's history failed"),
                }
            }
            Err(status) => {
                turns.failed(clock.now());
                warn!(%status, "etcd could not be asked whose turn to compact it is");
            }
        }
    }
}

/// Puts the key if nobody has had this turn, else reads who did.
async fn claim(client: &Client, turns: &Turns) -> Result<Answer, Status> {
    let key = Bytes::from_static(TURN_KEY);
    let put = PutRequest { key: key.clone(), value: turns.seen.to_string().into(), lease: 0 };
    let question = TxnRequest {
        // Target 0 is the version.
        compare: vec![Compare { key: key.clone(), version: Some(turns.had), ..Default::default() }],
        success: vec![RequestOp { request: Some(Request::Put(put)) }],
        failure: vec![RequestOp { request: Some(Request::Range(RangeRequest { key, ..Default::default() })) }],
    };
    let answer: TxnResponse = client.call("/etcdserverpb.KV/Txn", Repeat::IfNeverSent, question).await?;
    let found = answer.responses.first().and_then(|response| response.range.as_ref()?.kvs.first());
    Ok(Answer {
        ours: answer.succeeded,
        had: found.map_or(0, |kv| kv.version),
        revision: i64::try_from(revision_of(answer.header.as_ref())).unwrap_or(0),
    })
}

async fn compact(client: &Client, revision: i64) -> Result<(), Failure> {
    let question = CompactionRequest { revision };
    match client.call("/etcdserverpb.KV/Compact", Repeat::Always, question).await.map_err(Failure::of) {
        // Somebody else was faster, or the answer to the first try was lost.
        Ok(CompactionResponse {}) | Err(Failure::Compacted) => Ok(()),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(300);

    /// An etcd that knows only the key of the turns.
    #[derive(Default)]
    struct Cluster {
        version: i64,
        revision: i64,
        compacted: Vec<i64>,
    }

    impl Cluster {
        fn claim(&mut self, turns: &Turns) -> Answer {
            let ours = turns.had == self.version;
            if ours {
                self.version += 1;
                self.revision += 1;
            }
            Answer { ours, had: self.version, revision: self.revision }
        }
    }

    #[test]
    fn of_many_servers_one_compacts_each_turn_and_an_interval_of_history_stays() {
        let mut cluster = Cluster { revision: 100, ..Cluster::default() };
        // They started at different times.
        let mut servers: Vec<_> =
            (0..3u64).map(|number| Turns::new(INTERVAL, Duration::from_secs(number * 70))).collect();
        let mut revisions_at = vec![];
        for second in 0..3000 {
            let now = Duration::from_secs(second);
            cluster.revision += 1;
            revisions_at.push(cluster.revision);
            for turns in &mut servers {
                if turns.due > now {
                    continue;
                }
                let answer = cluster.claim(turns);
                if let Some(at) = turns.answered(answer, now) {
                    let kept_since = revisions_at[second.saturating_sub(INTERVAL.as_secs()) as usize];
                    assert!(at <= kept_since + 3, "second {second}: {at} is younger than an interval");
                    cluster.compacted.push(at);
                }
            }
        }
        assert!(cluster.compacted.is_sorted_by(|a, b| a < b), "nothing is compacted twice: {:?}", cluster.compacted);
        // The first turn of all only looks.
        assert_eq!(cluster.compacted.len(), 8, "one each interval: {:?}", cluster.compacted);
    }

    #[test]
    fn a_server_that_was_not_heard_waits_an_interval_and_keeps_what_it_knew() {
        let mut turns = Turns::new(INTERVAL, Duration::ZERO);
        turns.answered(Answer { ours: true, had: 0, revision: 50 }, INTERVAL);
        turns.failed(2 * INTERVAL);
        assert_eq!(turns, Turns { interval: INTERVAL, due: 3 * INTERVAL, had: 1, seen: 50 });
        // The claim had been heard all the same, so now the turn counts as somebody else's.
        assert_eq!(turns.answered(Answer { ours: false, had: 2, revision: 90 }, 3 * INTERVAL), None);
        assert_eq!(turns.answered(Answer { ours: true, had: 0, revision: 120 }, 4 * INTERVAL), Some(90));
    }
}
