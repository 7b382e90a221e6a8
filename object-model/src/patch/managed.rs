//! `metadata.managedFields`: who owns which fields, kept up to date by every write.
//!
//! In: the entries of an object and what a write changed. Out: the entries after it. Invariants: a manager is one by
//! name, operation, subresource and, for updates, version; a write that changes nothing leaves the entries alone.
//! Source: Kubernetes API concepts, "Server-Side Apply". Elsewhere: what changed (`walk`), merges (`apply`).

use std::sync::LazyLock;

use super::apply::Conflict;
use super::fieldset::FieldSet;
use super::walk::Comparison;
use crate::api::meta::v1::{ManagedFieldsEntry, StatusCause};
use crate::{FieldsV1, Status, Time};

/// Most entries of updates before the oldest are thrown together.
const UPDATERS_MAX: usize = 10;
/// Where they are thrown together.
const OLD_UPDATERS: &str = "ancient-changes";
/// Who owned what was there before anybody applied.
pub(super) const BEFORE_APPLY: &str = "before-first-apply";

const APPLY: &str = "Apply";
const UPDATE: &str = "Update";

/// Fields that nobody owns: identity, and what the server counts.
static STRIPPED: LazyLock<FieldSet> = LazyLock::new(|| {
    FieldSet::of_fields([
        &["apiVersion"][..],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
});

/// Without the fields that nobody owns.
pub(super) fn strip(set: FieldSet) -> FieldSet {
    set.difference(&STRIPPED)
}

/// Who writes, and where.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// Name of the manager; empty if it gave none.
    pub manager: &'a str,
    /// Version at which it writes.
    pub api_version: &'a str,
    /// Subresource through which it writes; empty for the object itself.
    pub subresource: &'a str,
    /// When.
    pub now: Time,
}

impl Writer<'_> {
    fn name(&self) -> &str {
        if self.manager.is_empty() { "unknown" } else { self.manager }
    }
}

/// What one manager owns.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) manager: String,
    pub(super) applied: bool,
    pub(super) api_version: String,
    pub(super) subresource: String,
    pub(super) time: Option<Time>,
    set: FieldSet,
    /// The text that `set` was read from, while it is the same.
    text: Option<FieldsV1>,
}

impl Record {
    pub(super) fn new(manager: &str, applied: bool, writer: &Writer<'_>, set: FieldSet) -> Self {
        Self {
            manager: manager.to_owned(),
            applied,
            api_version: writer.api_version.to_owned(),
            subresource: writer.subresource.to_owned(),
            time: None,
            set,
            text: None,
        }
    }

    pub(super) fn set(&self) -> &FieldSet {
        &self.set
    }

    fn change(&mut self, set: FieldSet) {
        if set != self.set {
            self.set = set;
            self.text = None;
        }
    }

    fn decode(index: usize, entry: &ManagedFieldsEntry) -> Result<Self, String> {
        if entry.operation != APPLY && entry.operation != UPDATE {
            return Err("operation must be `Apply` or `Update`".into());
        }
        if entry.api_version.is_empty() {
            return Err("apiVersion must not be empty".into());
        }
        match entry.fields_type.as_str() {
            "FieldsV1" => {}
            "" => return Err(format!("missing fieldsType in managed fields entry {index}")),
            other => return Err(format!("invalid fieldsType {other:?} in managed fields entry {index}")),
        }
        let set = match &entry.fields_v1 {
            Some(fields) if !fields.text().is_empty() => FieldSet::from_fields(fields)?,
            _ => FieldSet::new(),
        };
        Ok(Self {
            manager: entry.manager.clone(),
            applied: entry.operation == APPLY,
            api_version: entry.api_version.clone(),
            subresource: entry.subresource.clone(),
            time: entry.time,
            set,
            text: entry.fields_v1.clone(),
        })
    }

    fn encode(self) -> ManagedFieldsEntry {
        ManagedFieldsEntry {
            manager: self.manager,
            operation: if self.applied { APPLY } else { UPDATE }.into(),
            api_version: self.api_version,
            time: self.time,
            fields_type: "FieldsV1".into(),
            fields_v1: Some(self.text.unwrap_or_else(|| self.set.to_fields())),
            subresource: self.subresource,
        }
    }

    fn is(&self, manager: &str, applied: bool, api_version: &str, subresource: &str) -> bool {
        self.manager == manager
            && self.applied == applied
            && self.subresource == subresource
            && (applied || self.api_version == api_version)
    }

    fn same_owner(&self, other: &Self) -> bool {
        self.is(&other.manager, other.applied, &other.api_version, &other.subresource)
    }

    pub(super) fn described(&self) -> String {
        let mut text = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if !self.applied {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

/// The managers of an object.
#[derive(Clone, Debug, Default)]
pub struct ManagedFields {
    pub(super) records: Vec<Record>,
}

impl ManagedFields {
    /// From the entries of an object.
    ///
    /// # Errors
    /// An entry that is not understood.
    pub fn decode(entries: &[ManagedFieldsEntry]) -> Result<Self, String> {
        let mut managed = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            managed.put(Record::decode(index, entry)?);
        }
        Ok(managed)
    }

    /// The managers that an update starts from. A client may send entries along with the object itself; one empty
    /// entry forgets all managers; entries that are missing or not understood leave those of the live object.
    pub fn of_update(given: &[ManagedFieldsEntry], live: &[ManagedFieldsEntry], subresource: &str) -> Self {
        if subresource.is_empty() {
            if let [only] = given
                && *only == ManagedFieldsEntry::default()
            {
                return Self::default();
            }
            if let Ok(managed) = Self::decode(given)
                && !managed.is_empty()
            {
                return managed;
            }
        }
        Self::decode(live).unwrap_or_default()
    }

    /// The entries, in the order in which the API server writes them.
    pub fn encode(mut self) -> Vec<ManagedFieldsEntry> {
        self.records.sort_by(|a, b| {
            let seconds = |record: &Record| record.time.map_or(0, Time::unix);
            let key = |record: &Record| (!record.applied, seconds(record));
            key(a).cmp(&key(b)).then_with(|| {
                (&a.manager, &a.api_version, &a.subresource).cmp(&(&b.manager, &b.api_version, &b.subresource))
            })
        });
        self.records.into_iter().map(Record::encode).collect()
    }

    /// Nobody?
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn find(&self, manager: &str, applied: bool, writer: &Writer<'_>) -> Option<usize> {
        self.records.iter().position(|record| record.is(manager, applied, writer.api_version, writer.subresource))
    }

    pub(super) fn applier(&self, writer: &Writer<'_>) -> Option<&Record> {
        self.find(writer.name(), true, writer).map(|index| &self.records[index])
    }

    /// Sets what an applier owns; nothing forgets it.
    pub(super) fn set_applier(&mut self, writer: &Writer<'_>, set: FieldSet) {
        match self.find(writer.name(), true, writer) {
            Some(index) if set.is_empty() => drop(self.records.remove(index)),
            Some(index) => {
                writer.api_version.clone_into(&mut self.records[index].api_version);
                self.records[index].change(set);
            }
            None if set.is_empty() => {}
            None => self.records.push(Record::new(writer.name(), true, writer, set)),
        }
    }

    /// A set that is what it was has the text that it had.
    pub(super) fn keep_text(&mut self, before: &Record) {
        if let Some(record) =
            self.records.iter_mut().find(|record| record.same_owner(before) && record.set == before.set)
        {
            record.text.clone_from(&before.text);
        }
    }

    pub(super) fn touch_applier(&mut self, writer: &Writer<'_>) {
        if let Some(index) = self.find(writer.name(), true, writer) {
            self.records[index].time = Some(writer.now);
        }
    }

    /// Adds a record, in the place of the one of the same owner.
    pub(super) fn put(&mut self, record: Record) {
        match self.records.iter_mut().find(|existing| existing.same_owner(&record)) {
            Some(existing) => *existing = record,
            None => self.records.push(record),
        }
    }

    /// Takes what a write changed from all managers but `spared`, and from everybody what it removed. Managers at
    /// versions that are no longer known are forgotten.
    pub(super) fn give_up(
        &mut self,
        spared: Option<&Record>,
        version: &str,
        comparison: &Comparison,
        compare_at: &mut dyn FnMut(&str) -> Option<Comparison>,
    ) {
        let mut others: Vec<(String, Option<Comparison>)> = vec![];
        self.records.retain_mut(|record| {
            if spared.is_some_and(|spared| spared.same_owner(record)) {
                return true;
            }
            let comparison = if record.api_version == version {
                comparison
            } else {
                if !others.iter().any(|(known, _)| *known == record.api_version) {
                    others.push((record.api_version.clone(), compare_at(&record.api_version)));
                }
                let known = others.iter().find(|(known, _)| *known == record.api_version);
                let Some(comparison) = known.and_then(|(_, comparison)| comparison.as_ref()) else { return false };
                comparison
            };
            if !comparison.is_same() {
                let left = record.set.clone().difference(&comparison.modified).difference(&comparison.added);
                record.change(left.difference(&comparison.removed));
            }
            !record.set.is_empty()
        });
    }

    /// Records an update: what changed is the writer's from now on.
    ///
    /// `comparison` is of the old and the new object at the writer's version, `compare_at` compares them at another
    /// one, `None` if that is not known; both without the fields that this write cannot change. `creating` says that
    /// there was no object before; objects without managers stay without.
    pub fn update(
        &mut self,
        writer: &Writer<'_>,
        comparison: Comparison,
        creating: bool,
        compare_at: &mut dyn FnMut(&str) -> Option<Comparison>,
    ) {
        if self.is_empty() && !creating {
            return;
        }
        if comparison.is_same() {
            return;
        }
        self.record_update(writer.name(), writer, Some(writer.now), comparison, compare_at);
        self.cap();
    }

    /// What there was before the first apply belongs to a manager of its own.
    pub(super) fn update_before_apply(&mut self, writer: &Writer<'_>, comparison: Comparison) {
        self.record_update(BEFORE_APPLY, writer, Some(writer.now), comparison, &mut |_| None);
    }

    fn record_update(
        &mut self,
        manager: &str,
        writer: &Writer<'_>,
        time: Option<Time>,
        comparison: Comparison,
        compare_at: &mut dyn FnMut(&str) -> Option<Comparison>,
    ) {
        let previous = self.find(manager, false, writer).map(|index| self.records[index].clone());
        self.give_up(None, writer.api_version, &comparison, compare_at);
        let taken = strip(comparison.modified.union(comparison.added));
        if taken.is_empty() {
            return;
        }
        match self.find(manager, false, writer) {
            Some(index) => {
                let record = &mut self.records[index];
                let set = record.set.clone().union(taken);
                record.change(set);
                record.time = time;
                if let Some(previous) = &previous {
                    self.keep_text(previous);
                }
            }
            None => {
                let mut record = Record::new(manager, false, writer, taken);
                record.time = time;
                self.records.push(record);
            }
        }
    }

    /// Throws the oldest updates of each version together until there are few enough.
    fn cap(&mut self) {
        let mut updaters = self.records.iter().filter(|record| !record.applied).count();
        if updaters <= UPDATERS_MAX {
            return;
        }
        let mut order: Vec<Record> = vec![];
        let (mut oldest, appliers): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.records).into_iter().partition(|record| !record.applied);
        oldest.sort_by(|a, b| {
            let seconds = |record: &Record| record.time.map_or(0, Time::unix);
            seconds(a).cmp(&seconds(b)).then_with(|| {
                (&a.manager, &a.api_version, &a.subresource).cmp(&(&b.manager, &b.api_version, &b.subresource))
            })
        });
        for mut record in oldest {
            // The first of a version waits for a second one to be thrown together with.
            let bucket = order.iter().position(|kept| kept.api_version == record.api_version);
            match bucket {
                Some(index) if updaters > UPDATERS_MAX => {
                    let mut bucket = order.remove(index);
                    OLD_UPDATERS.clone_into(&mut bucket.manager);
                    bucket.subresource.clear();
                    let set = std::mem::take(&mut bucket.set).union(std::mem::take(&mut record.set));
                    bucket.set = set;
                    bucket.text = None;
                    bucket.time = record.time;
                    order.insert(index, bucket);
                    updaters -= 1;
                }
                _ => order.push(record),
            }
        }
        self.records = appliers;
        self.records.extend(order);
    }
}

/// The 409 that tells an applier whose fields it would change.
pub fn conflict_status(conflicts: &[Conflict]) -> Status {
    let message = match conflicts {
        [one] => format!("Apply failed with 1 conflict: conflict with {}: {}", one.manager, one.path),
        many => {
            let mut lines = vec![];
            let mut last = None;
            for conflict in many {
                if last != Some(&conflict.manager) {
                    lines.push(format!("conflicts with {}:", conflict.manager));
                    last = Some(&conflict.manager);
                }
                lines.push(format!("- {}", conflict.path));
            }
            format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n"))
        }
    };
    let mut status = Status::failure(409, "Conflict", message);
    status.details.get_or_insert_default().causes = conflicts
        .iter()
        .map(|conflict| StatusCause {
            reason: "FieldManagerConflict".into(),
            message: format!("conflict with {}", conflict.manager),
            field: conflict.path.clone(),
        })
        .collect();
    status
}
