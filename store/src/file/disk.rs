//! The log in its file.
//!
//! In: records, appended in batches. Out: all of them, in order, when the file is opened. Invariant: a batch is there as
//! a whole or not at all. Elsewhere: pages, checksums of pages, recovery (redb).

use std::io;
use std::ops::Bound;
use std::path::Path;

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::record::{Place, Record};
use super::unavailable;
use crate::{Key, StoreError};

const LOG: TableDefinition<'_, Place, &[u8]> = TableDefinition::new("log");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const FORMAT: &str = "format";
/// The layout that this code reads and writes.
const FORMAT_NOW: u64 = 1;
/// States before this revision cannot be read.
const COMPACTED: &str = "compacted";
/// Superseded records up to this revision are removed.
const CLEANED: &str = "cleaned";
/// The newest revision: the log does not tell once deletions are cleaned away.
const REVISION: &str = "revision";

pub(super) struct Disk {
    database: Database,
    pub(super) compacted: u64,
    pub(super) cleaned: u64,
    pub(super) revision: u64,
}

impl Disk {
    /// Opens the file, or makes it, and checks every page.
    pub(super) fn open(path: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        let doing = format!("opening {}", path.display());
        let is_new = !path.exists();
        let mut builder = Database::builder();
        builder.set_cache_size(cache_bytes).set_check_integrity_on_open(true);
        let database = builder.create(path).map_err(|error| failed(&doing, error))?;
        let mut disk = Self { database, compacted: 1, cleaned: 1, revision: 1 };
        if is_new {
            // The entry in the folder has to be durable as well as the file.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(|error| unavailable(&doing, error))?;
        }
        // Opening an existing file writes nothing, so that a full disk does not prevent it.
        if !disk.read_meta(&doing)? {
            disk.write_meta(&doing)?;
        }
        Ok(disk)
    }

    /// Reads what the file says about itself; false if it is new.
    fn read_meta(&mut self, doing: &str) -> Result<bool, StoreError> {
        let read = self.database.begin_read().map_err(|error| failed(doing, error))?;
        let meta = match read.open_table(META) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(false),
            other => other.map_err(|error| failed(doing, error))?,
        };
        let get = |name| meta.get(name).map(|found| found.map(|guard| guard.value()));
        let get = |name, default| get(name).map(|found| found.unwrap_or(default)).map_err(|error| failed(doing, error));
        let format = get(FORMAT, FORMAT_NOW)?;
        if format != FORMAT_NOW {
            return Err(corrupt(format!("the file has format {format}, not {FORMAT_NOW}")));
        }
        self.compacted = get(COMPACTED, 1)?;
        self.cleaned = get(CLEANED, 1)?;
        self.revision = get(REVISION, 1)?;
        Ok(true)
    }

    /// Makes the tables of a new file.
    fn write_meta(&self, doing: &str) -> Result<(), StoreError> {
        let write = self.database.begin_write().map_err(|error| failed(doing, error))?;
        write.open_table(LOG).map_err(|error| failed(doing, error))?;
        {
            let mut meta = write.open_table(META).map_err(|error| failed(doing, error))?;
            meta.insert(FORMAT, FORMAT_NOW).map_err(|error| failed(doing, error))?;
        }
        write.commit().map_err(|error| failed(doing, error))
    }

    /// Reads all records, oldest first.
    pub(super) fn replay(
        &self,
        mut each: impl FnMut(Place, Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let doing = "reading the log";
        let read = self.database.begin_read().map_err(|error| failed(doing, error))?;
        let log = read.open_table(LOG).map_err(|error| failed(doing, error))?;
        for entry in log.iter().map_err(|error| failed(doing, error))? {
            let (place, bytes) = entry.map_err(|error| failed(doing, error))?;
            let place = place.value();
            each(place, Record::decode(place, bytes.value()).map_err(corrupt)?)?;
        }
        Ok(())
    }

    /// Appends a batch that ends at `revision`; it is durable when this returns.
    pub(super) fn append<'a>(
        &mut self,
        records: impl Iterator<Item = (Place, &'a Record)>,
        revision: u64,
    ) -> Result<(), StoreError> {
        let doing = "committing";
        let mut write = self.database.begin_write().map_err(|error| failed(doing, error))?;
        write.set_durability(Durability::Immediate).map_err(|error| failed(doing, error))?;
        {
            let mut log = write.open_table(LOG).map_err(|error| failed(doing, error))?;
            for (place, record) in records {
                log.insert(place, record.encode(place).as_slice()).map_err(|error| failed(doing, error))?;
            }
            let mut meta = write.open_table(META).map_err(|error| failed(doing, error))?;
            meta.insert(REVISION, revision).map_err(|error| failed(doing, error))?;
        }
        write.commit().map_err(|error| failed(doing, error))?;
        self.revision = revision;
        Ok(())
    }

    /// Takes note that states before `at` are not needed, and removes up to `records_max` records that only they need.
    /// Says whether more remain.
    pub(super) fn compact(&mut self, at: u64, records_max: usize) -> Result<bool, StoreError> {
        let doing = "compacting";
        let compacted = at.max(self.compacted);
        let mut cleaned = self.cleaned;
        let mut write = self.database.begin_write().map_err(|error| failed(doing, error))?;
        write.set_durability(Durability::Immediate).map_err(|error| failed(doing, error))?;
        {
            let mut log = write.open_table(LOG).map_err(|error| failed(doing, error))?;
            let mut gone: Vec<Place> = vec![];
            let range = (Bound::Excluded((cleaned, u32::MAX)), Bound::Included((compacted, u32::MAX)));
            let mut reached = compacted;
            for (seen, entry) in log.range::<Place>(range).map_err(|error| failed(doing, error))?.enumerate() {
                let (place, bytes) = entry.map_err(|error| failed(doing, error))?;
                let place = place.value();
                // A revision is cleaned as a whole.
                if seen >= records_max && place.0 > cleaned {
                    reached = cleaned;
                    break;
                }
                cleaned = place.0;
                let record = Record::decode(place, bytes.value()).map_err(corrupt)?;
                gone.extend(record.previous);
                if record.value.is_none() {
                    gone.push(place);
                }
            }
            cleaned = reached;
            for place in gone {
                log.remove(place).map_err(|error| failed(doing, error))?;
            }
            let mut meta = write.open_table(META).map_err(|error| failed(doing, error))?;
            meta.insert(COMPACTED, compacted).map_err(|error| failed(doing, error))?;
            meta.insert(CLEANED, cleaned).map_err(|error| failed(doing, error))?;
        }
        write.commit().map_err(|error| failed(doing, error))?;
        self.compacted = compacted;
        self.cleaned = cleaned;
        Ok(cleaned < compacted)
    }
}

/// How many bytes the file's disk has left; if it does not say, as many as anybody needs.
pub(super) fn available(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

pub(super) fn corrupt(why: impl Into<String>) -> StoreError {
    StoreError::Corrupt { key: Key::new(""), why: why.into() }
}

fn failed(doing: &str, error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Corrupted(why) => corrupt(why),
        redb::Error::UpgradeRequired(version) => corrupt(format!("the file has redb format {version}")),
        redb::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => StoreError::NoSpace,
        redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => corrupt(error.to_string()),
        error @ (redb::Error::TableTypeMismatch { .. } | redb::Error::TypeDefinitionChanged { .. }) => {
            corrupt(error.to_string())
        }
        error => unavailable(doing, error),
    }
}
