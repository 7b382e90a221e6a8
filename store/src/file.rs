//! The file backend: everything in memory for reading, every commit in one file before it is acknowledged.
//!
//! In: transactions, encoded by their callers. Out: acknowledgements after the disk's. Invariants: nobody sees a commit
//! that is not durable; one thread writes, and a batch of commits costs one sync; the file is a log keyed by revision,
//! so that writing appends. Elsewhere: the state that readers see (`engine`), pages and checksums (redb).

mod disk;
mod record;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pintle_object_model::clock::Clock;
use tokio::sync::{mpsc, oneshot};

use self::writer::{Command, Opened};
use crate::engine::{Engine, Expiry, Limits};
use crate::{
    At, Codec, CommitError, Committed, EventStream, Key, Op, Page, Range, Revision, Store, StoreError, Txn, Value,
    Versioned,
};

/// Where a [`FileStore`] is, and its limits.
#[derive(Clone, Debug)]
pub struct FileConfig {
    /// The file; made if it is not there.
    pub path: PathBuf,
    /// Most events kept for reads at old revisions and watchers that start in the past. Default 100,000.
    pub history_events_max: usize,
    /// How old they get; looked at whenever something changes, and anew from each opening on. Default 10 minutes.
    pub history_age_max: Duration,
    /// Most undelivered commits of one watcher. Default 10,000.
    pub queue_commits_max: usize,
    /// Largest encoded value, in bytes. Default 4 MiB.
    pub value_bytes_max: usize,
    /// Most transactions that share one sync. Default 512.
    pub batch_commits_max: usize,
    /// How much of the file's pages is kept in memory, in bytes; reads do not need them. Default 16 MiB.
    pub cache_bytes: usize,
}

impl FileConfig {
    /// The defaults for this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            history_events_max: 100_000,
            history_age_max: Duration::from_secs(600),
            queue_commits_max: 10_000,
            value_bytes_max: 4 << 20,
            batch_commits_max: 512,
            cache_bytes: 16 << 20,
        }
    }
}

/// A [`Store`] in one file. Cheap to clone; all clones are the same store. The file is locked until the last clone is
/// dropped and the writer has finished; [`close`](Self::close) waits for that.
pub struct FileStore<V: Value> {
    shared: Arc<Shared<V>>,
}

impl<V: Value> Clone for FileStore<V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<V: Value> std::fmt::Debug for FileStore<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileStore").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

struct Shared<V: Value> {
    config: FileConfig,
    codec: Arc<dyn Codec<V>>,
    clock: Arc<dyn Clock>,
    engine: Arc<Engine<V>>,
    expiry: Expiry,
    commands: mpsc::Sender<Command<V>>,
}

/// Commands that wait for the writer; more callers wait for a place.
const COMMANDS_MAX: usize = 1024;

impl<V: Value> FileStore<V> {
    /// Opens the file, checks it and reads all of it. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the file is damaged or no store, [`StoreError::Unavailable`] if it cannot be read or
    /// another process has it open.
    pub async fn open(config: FileConfig, codec: Arc<dyn Codec<V>>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let FileConfig { history_events_max, history_age_max, queue_commits_max, .. } = config;
        let limits = Limits { history_events_max, history_age_max, queue_commits_max };
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let (opened, result) = oneshot::channel();
        let writer = writer::Start {
            config: config.clone(),
            limits,
            codec: Arc::clone(&codec),
            clock: Arc::clone(&clock),
            queue,
        };
        std::thread::Builder::new()
            .name("pintle-store".into())
            .spawn(move || writer.run(opened))
            .map_err(|error| unavailable("starting the writer", error))?;
        let Opened { engine } = result.await.unwrap_or_else(|_| {
            // redb gives up with a panic on some kinds of damage.
            Err(StoreError::Corrupt { key: Key::new(""), why: "the file cannot be read".into() })
        })?;
        let mortal = engine.present().next_deadline().is_some();
        let shared = Shared { config, codec, clock, engine, expiry: Expiry::default(), commands };
        if mortal {
            shared.start_expiry();
        }
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Waits until everything that was asked for is done and the file is closed; other clones fail from then on.
    pub async fn close(self) {
        let (done, closed) = oneshot::channel();
        if self.shared.commands.send(Command::Close { done }).await.is_ok() {
            let _ = closed.await;
        }
    }
}

impl<V: Value> Shared<V> {
    fn start_expiry(&self) {
        let commands = self.commands.downgrade();
        self.expiry.start(&self.engine, Arc::clone(&self.clock), move |engine| {
            // The engine must not be kept alive by who waits for its writer.
            drop(engine);
            let commands = commands.upgrade();
            async move {
                let (done, expired) = oneshot::channel();
                if let Some(commands) = commands
                    && commands.send(Command::Expire { done }).await.is_ok()
                    && let Ok(true) = expired.await
                {
                    return;
                }
                // The writer has failed or ended: there is no hurry to hear that again.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }

    /// The values of a transaction as they are kept, in the order of its puts.
    fn encode(&self, txn: &Txn<V>) -> Result<Vec<Bytes>, StoreError> {
        let max = self.config.value_bytes_max;
        let puts = txn.ops.iter().filter_map(|op| match op {
            Op::Put { key, value, .. } => Some((key, value)),
            Op::Delete { .. } => None,
        });
        puts.map(|(key, value)| {
            let bytes = self.codec.encode(key, value).map_err(|why| unavailable("encoding", why))?;
            let size = bytes.len();
            if size > max { Err(StoreError::TooLarge { key: key.clone(), size, max }) } else { Ok(bytes) }
        })
        .collect()
    }

    /// Hands a command to the writer and waits for its answer.
    async fn ask<A>(
        &self,
        doing: &str,
        command: impl FnOnce(oneshot::Sender<A>) -> Command<V>,
    ) -> Result<A, StoreError> {
        let (done, answer) = oneshot::channel();
        let gone = |_| unavailable(doing, "the store is closed");
        self.commands.send(command(done)).await.map_err(|_| unavailable(doing, "the store is closed"))?;
        answer.await.map_err(gone)
    }
}

#[async_trait]
impl<V: Value> Store<V> for FileStore<V> {
    async fn get(&self, key: &Key, at: At) -> Result<Option<Versioned<V>>, StoreError> {
        self.shared.engine.get(key, at)
    }

    async fn list(&self, range: &Range, at: At, limit: Option<usize>) -> Result<Page<V>, StoreError> {
        self.shared.engine.list(range, at, limit)
    }

    async fn commit(&self, txn: Txn<V>) -> Result<Committed<V>, CommitError<V>> {
        let values = self.shared.encode(&txn)?;
        if txn.ops.iter().any(|op| matches!(op, Op::Put { ttl: Some(_), .. })) {
            self.shared.start_expiry();
        }
        self.shared.ask("committing", |done| Command::Commit { txn, values, done }).await?
    }

    async fn watch(&self, range: &Range, from: Revision) -> Result<EventStream<V>, StoreError> {
        self.shared.engine.watch(range, from)
    }

    async fn compact(&self, at: Revision) -> Result<(), StoreError> {
        self.shared.ask("compacting", |done| Command::Compact { at, done }).await?
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.shared.engine.revision())
    }
}

fn unavailable(doing: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { doing: doing.to_owned(), source: source.into() }
}
