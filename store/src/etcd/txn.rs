//! Transactions as etcd's.
//!
//! In: comparisons and operations. Out: what was put and deleted, or the first key whose comparison failed. Invariant:
//! everything an answer tells comes from the transaction itself, never from a second read.

use super::client::Repeat;
use super::failure::{Failure, unavailable};
use super::proto::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, Request, RequestOp, TxnRequest, TxnResponse, revision_of,
};
use super::{Shared, bytes_of, number, revision};
use crate::{CommitError, Committed, Key, Op, StoreError, Txn, Value, Versioned};

const DOING: &str = "committing";
/// etcd's number for "compare the revision of the last change".
const MOD_REVISION: i32 = 2;

impl<V: Value> Shared<V> {
    pub(super) async fn commit(&self, txn: Txn<V>) -> Result<Committed<V>, CommitError<V>> {
        txn.validate()?;
        let mut question = TxnRequest::default();
        for compare in &txn.compares {
            let key = bytes_of(compare.key.as_str());
            question.failure.push(op(Request::Range(RangeRequest { key: key.clone(), ..Default::default() })));
            let mod_revision = Some(number(compare.expected));
            question.compare.push(Compare { target: MOD_REVISION, key, mod_revision, ..Default::default() });
        }
        for change in &txn.ops {
            question.success.push(op(self.change(change).await?));
        }
        match self.send(&question).await {
            Err(Failure::LeaseGone) => {
                // A shared lease has ended early, as after a long pause of this process: once more with new ones.
                self.leases.forget().await;
                question.success.clear();
                for change in &txn.ops {
                    question.success.push(op(self.change(change).await?));
                }
                let answer = self.send(&question).await.map_err(|failure| self.commit_error(failure, &txn))?;
                self.outcome(txn, answer)
            }
            Err(failure) => Err(self.commit_error(failure, &txn).into()),
            Ok(answer) => self.outcome(txn, answer),
        }
    }

    async fn send(&self, question: &TxnRequest) -> Result<TxnResponse, Failure> {
        self.client.call("/etcdserverpb.KV/Txn", Repeat::IfNeverSent, question.clone()).await.map_err(Failure::of)
    }

    async fn change(&self, change: &Op<V>) -> Result<Request, StoreError> {
        match change {
            Op::Put { key, value, ttl } => {
                let value = self.codec.encode(key, value).map_err(|why| unavailable("encoding", why))?;
                if value.len() > self.config.value_bytes_max {
                    return Err(StoreError::TooLarge {
                        key: key.clone(),
                        size: value.len(),
                        max: self.config.value_bytes_max,
                    });
                }
                let lease = match ttl {
                    Some(ttl) => self.leases.lease(&self.client, *ttl).await?,
                    None => 0,
                };
                Ok(Request::Put(PutRequest { key: bytes_of(key.as_str()), value, lease }))
            }
            Op::Delete { key } => {
                Ok(Request::DeleteRange(DeleteRangeRequest { key: bytes_of(key.as_str()), prev_kv: true }))
            }
        }
    }

    fn commit_error(&self, failure: Failure, txn: &Txn<V>) -> StoreError {
        let Failure::TooLarge = failure else { return failure.into_error(DOING) };
        // The server takes less than this store was told: name the largest value.
        let sized = txn.ops.iter().filter_map(|op| match op {
            Op::Put { key, value, .. } => Some((self.codec.encode(key, value).map_or(0, |bytes| bytes.len()), key)),
            Op::Delete { .. } => None,
        });
        match sized.max() {
            Some((size, key)) => StoreError::TooLarge { key: key.clone(), size, max: self.config.value_bytes_max },
            None => failure.into_error(DOING),
        }
    }

    fn outcome(&self, txn: Txn<V>, answer: TxnResponse) -> Result<Committed<V>, CommitError<V>> {
        if !answer.succeeded {
            return Err(self.conflict(&txn, &answer));
        }
        let revision = revision(revision_of(answer.header.as_ref()), DOING)?;
        let mut committed = Committed { revision, puts: vec![], deleted: vec![] };
        for (change, done) in txn.ops.into_iter().zip(answer.responses) {
            match change {
                Op::Put { key, mut value, .. } => {
                    value.stamp(revision);
                    committed.puts.push(Versioned { key, value, revision });
                }
                Op::Delete { .. } => {
                    for kv in done.delete_range.unwrap_or_default().prev_kvs {
                        committed.deleted.push(self.decode(&kv)?);
                    }
                }
            }
        }
        Ok(committed)
    }

    /// The first comparison that failed, with what the transaction found in its place.
    fn conflict(&self, txn: &Txn<V>, answer: &TxnResponse) -> CommitError<V> {
        for (compare, found) in txn.compares.iter().zip(&answer.responses) {
            let kv = found.range.as_ref().and_then(|range| range.kvs.first());
            if kv.map_or(0, |kv| kv.mod_revision) != number(compare.expected) {
                return match kv.map(|kv| self.decode(kv)).transpose() {
                    Ok(found) => CommitError::Conflict { key: compare.key.clone(), found },
                    Err(error) => error.into(),
                };
            }
        }
        let key = txn.compares.first().map_or_else(|| Key::new(""), |compare| compare.key.clone());
        StoreError::Corrupt { key, why: "etcd refused a transaction whose comparisons all hold".into() }.into()
    }
}

fn op(request: Request) -> RequestOp {
    RequestOp { request: Some(request) }
}
