//! The thread that writes: gathers what is asked for at the same time, makes it durable with one sync, then shows it.
//!
//! In: commands. Out: answers. Invariant: every answer, a conflict included, is given after what it is based on is
//! durable.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pintle_object_model::clock::Clock;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use super::disk::{self, Disk, corrupt};
use super::record::{Place, Record};
use super::{FileConfig, unavailable};
use crate::engine::{Change, Engine, Entry, Limits, Outcome, Present};
use crate::{Codec, CommitError, Committed, Key, Revision, StoreError, Txn, Value};

pub(super) enum Command<V: Value> {
    Commit {
        txn: Txn<V>,
        values: Vec<Bytes>,
        done: oneshot::Sender<Result<Committed<V>, CommitError<V>>>,
    },
    /// Answers whether it could be done.
    Expire {
        done: oneshot::Sender<bool>,
    },
    Compact {
        at: Revision,
        done: oneshot::Sender<Result<(), StoreError>>,
    },
    Close {
        done: oneshot::Sender<()>,
    },
}

/// What an opened file holds.
pub(super) struct Opened<V: Value> {
    pub(super) engine: Arc<Engine<V>>,
}

/// What the thread needs.
pub(super) struct Start<V: Value> {
    pub(super) config: FileConfig,
    pub(super) limits: Limits,
    pub(super) codec: Arc<dyn Codec<V>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) queue: mpsc::Receiver<Command<V>>,
}

/// Most bytes of values in a batch.
const BATCH_BYTES_MAX: usize = 16 << 20;
/// Most records that are removed in one go, so that commits do not wait long for it.
const CLEAN_RECORDS_MAX: usize = 2000;

impl<V: Value> Start<V> {
    /// Opens the file, says so, and writes until nobody can ask for more.
    pub(super) fn run(self, opened: oneshot::Sender<Result<Opened<V>, StoreError>>) {
        let Self { config, limits, codec, clock, mut queue } = self;
        let loaded = Disk::open(&config.path, config.cache_bytes)
            .and_then(|disk| Ok((load(&disk, limits, &*codec, &*clock)?, disk)));
        let mut writer = match loaded {
            Ok((engine, disk)) => {
                let engine = Arc::new(engine);
                let _ = opened.send(Ok(Opened { engine: Arc::clone(&engine) }));
                Writer { disk: Some(disk), config, engine, clock, full: None }
            }
            Err(error) => {
                let _ = opened.send(Err(error));
                return;
            }
        };
        while let Some(first) = queue.blocking_recv() {
            let mut commands = vec![];
            let mut bytes = first.bytes();
            let mut next = Some(first);
            while let Some(command) = next {
                commands.push(command);
                if commands.len() >= writer.config.batch_commits_max.max(1) || bytes > BATCH_BYTES_MAX {
                    break;
                }
                next = queue.try_recv().ok();
                bytes += next.as_ref().map_or(0, Command::bytes);
            }
            if let Some(close) = writer.batch(commands) {
                drop(writer);
                let _ = close.send(());
                return;
            }
        }
    }
}

impl<V: Value> Command<V> {
    fn bytes(&self) -> usize {
        match self {
            Self::Commit { values, .. } => values.iter().map(Bytes::len).sum(),
            Self::Expire { .. } | Self::Compact { .. } | Self::Close { .. } => 0,
        }
    }
}

/// Rebuilds the state and its past from the log.
fn load<V: Value>(
    disk: &Disk,
    limits: Limits,
    codec: &dyn Codec<V>,
    clock: &dyn Clock,
) -> Result<Engine<V>, StoreError> {
    let mut present = Present::empty();
    let mut past = vec![];
    let (now, utc) = (clock.now(), clock.utc().unix_micros());
    disk.replay(|(number, index), record| {
        let key = Key::new(record.key);
        let revision = Revision::new(number).ok_or_else(|| corrupt("the log has a revision 0"))?;
        let change = match record.value {
            Some(bytes) => {
                let mut value =
                    codec.decode(&key, &bytes).map_err(|why| StoreError::Corrupt { key: key.clone(), why })?;
                value.stamp(revision);
                let expires = record
                    .expires_utc_micros
                    .map(|at| now + Duration::from_micros(u64::try_from(at.saturating_sub(utc)).unwrap_or(0)));
                Some(present.put(key, Entry { value, revision, index, expires }))
            }
            None => present.delete(&key, revision).map(|(change, _)| change),
        };
        past.extend(change.filter(|_| number > disk.compacted));
        Ok(())
    })?;
    let revision = Revision::new(disk.revision).ok_or_else(|| corrupt("the file has revision 0"))?;
    let compacted = Revision::new(disk.compacted).ok_or_else(|| corrupt("the file is compacted at revision 0"))?;
    let newest = past.iter().map(|change: &Change<V>| change.event.revision).next_back();
    if newest.is_some_and(|newest| newest > revision) || compacted > revision {
        return Err(corrupt("the log goes beyond the file's revision"));
    }
    present.advance(revision);
    Ok(Engine::new(limits, present, compacted, past, now))
}

struct Writer<V: Value> {
    /// `None` after a failure until the file could be opened again.
    disk: Option<Disk>,
    config: FileConfig,
    engine: Arc<Engine<V>>,
    clock: Arc<dyn Clock>,
    /// Set while there is no space.
    full: Option<Full>,
}

/// How it was when a batch found no space. The file has to be opened again after that, which takes as long as it is
/// large, so whatever can fare no better is refused at once.
#[derive(Clone, Copy, Debug)]
struct Full {
    /// What was left on the disk, in bytes.
    available: u64,
    /// The size of the batch.
    bytes: usize,
}

/// What a batch has to answer once it is durable.
enum Answer<V: Value> {
    Commit(oneshot::Sender<Result<Committed<V>, CommitError<V>>>, Result<Committed<V>, CommitError<V>>),
    Expire(oneshot::Sender<bool>),
    Compact(oneshot::Sender<Result<(), StoreError>>, Revision),
}

impl<V: Value> Writer<V> {
    /// Does all of it; returns whom to tell if the store is to be closed.
    fn batch(&mut self, commands: Vec<Command<V>>) -> Option<oneshot::Sender<()>> {
        let (now, utc) = (self.clock.now(), self.clock.utc().unix_micros());
        let mut present = self.engine.present();
        let mut changes: Vec<Change<V>> = vec![];
        let mut records: Vec<(Place, Record)> = vec![];
        let mut answers = vec![];
        let mut close = None;
        for command in commands {
            match command {
                Command::Commit { txn, values, done } => {
                    let result = present.carry_out(txn, now).map(|Outcome { committed, changes: made }| {
                        record(&made, values, |expires| deadline(expires, now, utc), &mut records);
                        changes.extend(made);
                        committed
                    });
                    answers.push(Answer::Commit(done, result));
                }
                Command::Expire { done } => {
                    let made = present.expire(now);
                    record(&made, vec![], |_| 0, &mut records);
                    changes.extend(made);
                    answers.push(Answer::Expire(done));
                }
                Command::Compact { at, done } => answers.push(Answer::Compact(done, at)),
                Command::Close { done } => close = Some(done),
            }
        }
        let written = self.write(&records, present.revision().get());
        if written.is_ok() && !changes.is_empty() {
            self.engine.replace(now, present, changes);
        }
        for answer in answers {
            self.answer(answer, &written);
        }
        self.clean();
        close
    }

    fn answer(&mut self, answer: Answer<V>, written: &Result<(), StoreError>) {
        // Whoever has stopped waiting is not owed an answer.
        match answer {
            Answer::Commit(done, result) => {
                let _ = done.send(match written {
                    Ok(()) => result,
                    Err(error) => Err(again(error).into()),
                });
            }
            Answer::Expire(done) => {
                let _ = done.send(written.is_ok());
            }
            Answer::Compact(done, at) => {
                let _ = done.send(self.compact(at));
            }
        }
    }

    fn disk(&mut self) -> Result<&mut Disk, StoreError> {
        if self.disk.is_none() {
            let disk = Disk::open(&self.config.path, self.config.cache_bytes)?;
            if disk.revision != self.engine.revision().get() {
                return Err(unavailable(
                    "opening the file again",
                    "it is not what it was: the store has to be opened anew",
                ));
            }
            self.disk = Some(disk);
        }
        self.disk.as_mut().ok_or_else(|| corrupt("the file is not open"))
    }

    /// Makes records durable. A failed write may be durable all the same: opening the file again tells.
    fn write(&mut self, records: &[(Place, Record)], revision: u64) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let bytes = records.iter().map(|(_, record)| record.bytes()).sum();
        if self.full.is_some_and(|full| bytes >= full.bytes && disk::available(&self.config.path) <= full.available) {
            return Err(StoreError::NoSpace);
        }
        let failure = match self.disk()?.append(records.iter().map(|(place, record)| (*place, record)), revision) {
            Ok(()) => {
                self.full = None;
                return Ok(());
            }
            Err(failure) => failure,
        };
        error!(%failure, "writing to the store's file failed");
        let written = self.reopen(failure, revision);
        if let Err(StoreError::NoSpace) = written {
            self.full = Some(Full { available: disk::available(&self.config.path), bytes });
        }
        written
    }

    /// Finds out whether a batch that ends at `revision` became durable although writing it failed.
    fn reopen(&mut self, failure: StoreError, revision: u64) -> Result<(), StoreError> {
        // Closed first, or it would be found locked.
        self.disk = None;
        match Disk::open(&self.config.path, self.config.cache_bytes) {
            Ok(disk) if disk.revision == revision => {
                self.disk = Some(disk);
                Ok(())
            }
            Ok(disk) => {
                self.disk = Some(disk);
                Err(failure)
            }
            Err(error) => {
                error!(%error, "the store's file cannot be opened again");
                Err(failure)
            }
        }
    }

    fn compact(&mut self, at: Revision) -> Result<(), StoreError> {
        self.engine.check_compactable(at)?;
        self.disk()?.compact(at.get(), CLEAN_RECORDS_MAX)?;
        self.full = None;
        self.engine.compact(at)
    }

    /// Removes what history no longer needs, a little at a time, so that it keeps up with what is written.
    fn clean(&mut self) {
        let compacted = self.engine.compacted().get();
        let Some(disk) = &mut self.disk else { return };
        // A batch of its own is worth its sync only when there is something to remove.
        if compacted.saturating_sub(disk.cleaned) < CLEAN_RECORDS_MAX as u64 / 2 && disk.cleaned >= disk.compacted {
            return;
        }
        match disk.compact(compacted, CLEAN_RECORDS_MAX) {
            Ok(_) => self.full = None,
            Err(error) => {
                warn!(%error, "removing old records of the store failed");
                self.disk = None;
            }
        }
    }
}

/// The records of changes; `values` are those of the puts among them.
fn record<V>(
    changes: &[Change<V>],
    values: Vec<Bytes>,
    deadline: impl Fn(Duration) -> i64,
    out: &mut Vec<(Place, Record)>,
) {
    let mut values = values.into_iter();
    for (index, change) in (0u32..).zip(changes) {
        let record = Record {
            key: change.event.key.as_str().to_owned(),
            value: change.event.value.as_ref().and_then(|_| values.next()),
            previous: change.previous.map(|(revision, index)| (revision.get(), index)),
            expires_utc_micros: change.expires.map(&deadline),
        };
        out.push(((change.event.revision.get(), index), record));
    }
}

/// A monotonic deadline in microseconds of Unix time.
fn deadline(expires: Duration, now: Duration, utc: i64) -> i64 {
    utc.saturating_add(i64::try_from(expires.saturating_sub(now).as_micros()).unwrap_or(i64::MAX))
}

/// The same failure for everybody in the batch.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::NoSpace => StoreError::NoSpace,
        StoreError::Corrupt { key, why } => StoreError::Corrupt { key: key.clone(), why: why.clone() },
        other => unavailable("committing", other.to_string()),
    }
}
