//! `metadata.managedFields`: who owns which fields, kept up to date by every write.
//!
//! In: the entries of an object and what a write changed. Out: the entries after it. Invariants: a manager is one by
//! name, operation, subresource and, for updates, version; a write that changes nothing leaves the entries alone.
//! Source: Kubernetes API concepts, "Server-Side Apply". Elsewhere: what changed (`walk`), merges (`apply`).

use std::cell::OnceCell;
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

/// What one manager owns. Most writes do not touch most managers, so the set is read only when it is needed.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) manager: String,
    pub(super) applied: bool,
    pub(super) api_version: String,
    pub(super) subresource: String,
    pub(super) time: Option<Time>,
    set: OnceCell<FieldSet>,
    /// The text of the set, while it is the same.
    text: Option<FieldsV1>,
}

impl Record {
    fn new(manager: &str, applied: bool, writer: &Writer<'_>, text: FieldsV1) -> Self {
        Self {
            manager: manager.to_owned(),
            applied,
            api_version: writer.api_version.to_owned(),
            subresource: writer.subresource.to_owned(),
            time: None,
            set: OnceCell::new(),
            text: Some(text),
        }
    }

    /// Does it own exactly the fields of this text, at this version?
    pub(super) fn is_of(&self, api_version: &str, text: &FieldsV1) -> bool {
        self.api_version == api_version && self.text.as_ref() == Some(text)
    }

    /// What it owns; nothing if the text is no set.
    pub(super) fn set(&self) -> &FieldSet {
        self.set.get_or_init(|| {
            let text = self.text.as_ref().filter(|text| !text.text().is_empty());
            text.and_then(|text| FieldSet::from_fields(text).ok()).unwrap_or_default()
        })
    }

    fn is_empty(&self) -> bool {
        match (&self.text, self.set.get()) {
            (_, Some(set)) => set.is_empty(),
            (Some(text), None) => matches!(text.text(), b"" | b"{}"),
            (None, None) => true,
        }
    }

    /// How many of these paths does it own?
    pub(super) fn count(&self, paths: &FieldSet) -> usize {
        match (&self.text, self.set.get()) {
            _ if paths.is_empty() => 0,
            (Some(text), None) => paths.count_in(text.text()),
            _ => paths.count_common(self.set()),
        }
    }

    fn change(&mut self, change: impl FnOnce(FieldSet) -> FieldSet) {
        self.set();
        let set = self.set.take().unwrap_or_default();
        self.set = change(set).into();
        self.text = None;
    }

    fn remove(&mut self, paths: &FieldSet) {
        if self.count(paths) > 0 {
            self.change(|set| set.difference(paths));
        }
    }

    fn add(&mut self, paths: FieldSet) {
        if self.count(&paths) < paths.len() {
            self.change(|set| set.union(paths));
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
        Ok(Self {
            manager: entry.manager.clone(),
            applied: entry.operation == APPLY,
            api_version: entry.api_version.clone(),
            subresource: entry.subresource.clone(),
            time: entry.time,
            set: OnceCell::new(),
            text: entry.fields_v1.clone(),
        })
    }

    fn encode(self) -> ManagedFieldsEntry {
        let fields = self.text.clone().unwrap_or_else(|| self.set().to_fields());
        ManagedFieldsEntry {
            manager: self.manager,
            operation: if self.applied { APPLY } else { UPDATE }.into(),
            api_version: self.api_version,
            time: self.time,
            fields_type: "FieldsV1".into(),
            fields_v1: Some(fields),
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

    /// As [`decode`](Self::decode), for entries from outside: those that are not as the server wrote them are read at
    /// once, and written in its own form.
    fn decode_given(given: &[ManagedFieldsEntry], live: &[ManagedFieldsEntry]) -> Result<Self, String> {
        let mut managed = Self::default();
        for (index, entry) in given.iter().enumerate() {
            let mut record = Record::decode(index, entry)?;
            if !live.contains(entry) {
                let text = entry.fields_v1.as_ref().filter(|fields| !fields.text().is_empty());
                record.set = text.map(FieldSet::from_fields).transpose()?.unwrap_or_default().into();
                record.text = None;
            }
            managed.put(record);
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
            if let Ok(managed) = Self::decode_given(given, live)
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

    /// Takes an applier out, to be put back with what it owns from then on.
    pub(super) fn take_applier(&mut self, writer: &Writer<'_>) -> Option<Record> {
        self.find(writer.name(), true, writer).map(|index| self.records.remove(index))
    }

    /// Puts an applier back with what it owns now, and with the time of this write if the object changed.
    pub(super) fn put_applier(&mut self, writer: &Writer<'_>, text: &FieldsV1, last: Option<Record>, changed: bool) {
        let mut record = Record::new(writer.name(), true, writer, text.clone());
        if record.is_empty() {
            return;
        }
        record.time = if changed { Some(writer.now) } else { last.and_then(|last| last.time) };
        self.records.push(record);
    }

    /// Adds a record, in the place of the one of the same owner.
    fn put(&mut self, record: Record) {
        match self.records.iter_mut().find(|existing| existing.same_owner(&record)) {
            Some(existing) => *existing = record,
            None => self.records.push(record),
        }
    }

    /// Takes what a write changed or removed from all managers but the one at `spared`. Managers at versions that are
    /// no longer known are forgotten, and those that own nothing any more.
    pub(super) fn give_up(
        &mut self,
        spared: Option<usize>,
        version: &str,
        comparison: &Comparison,
        compare_at: &mut dyn FnMut(&str) -> Option<Comparison>,
    ) {
        let mut others: Vec<(String, Option<Comparison>)> = vec![];
        let mut index = 0;
        self.records.retain_mut(|record| {
            index += 1;
            if spared == Some(index - 1) {
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
            for paths in [&comparison.modified, &comparison.added, &comparison.removed] {
                record.remove(paths);
            }
            !record.is_empty()
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
        let own = self.find(manager, false, writer);
        if let Some(own) = own {
            self.records[own].remove(&comparison.removed);
        }
        self.give_up(own, writer.api_version, &comparison, compare_at);
        let taken = strip(comparison.modified.union(comparison.added));
        match self.find(manager, false, writer) {
            Some(index) if taken.is_empty() => {
                if self.records[index].is_empty() {
                    self.records.remove(index);
                }
            }
            Some(index) => {
                self.records[index].add(taken);
                self.records[index].time = time;
            }
            None if taken.is_empty() => {}
            None => {
                let mut record = Record::new(manager, false, writer, taken.to_fields());
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
        for record in oldest {
            // The first of a version waits for a second one to be thrown together with.
            let bucket = order.iter().position(|kept| kept.api_version == record.api_version);
            match bucket {
                Some(index) if updaters > UPDATERS_MAX => {
                    let mut bucket = order.remove(index);
                    OLD_UPDATERS.clone_into(&mut bucket.manager);
                    bucket.subresource.clear();
                    bucket.add(record.set().clone());
                    bucket.time = record.time;
                    order.insert(index, bucket);
                    updaters -= 1;
                }
                _ => order.push(record),
            }
        }
        self.records = appliers;
        for record in order {
            // There may have been a bucket already.
            match self.records.iter_mut().find(|kept| kept.same_owner(&record)) {
                Some(kept) => {
                    kept.time = kept.time.max(record.time);
                    kept.add(record.set().clone());
                }
                None => self.records.push(record),
            }
        }
    }
}

const SCALE_VERSION: &str = "autoscaling/v1";

fn replicas() -> FieldSet {
    FieldSet::of_fields([&["spec", "replicas"][..]])
}

/// The managers of a `Scale`: those of its workload that own `spec.replicas`, which the two call alike.
pub fn scale_managers(workload: &[ManagedFieldsEntry]) -> Vec<ManagedFieldsEntry> {
    let mut managed = ManagedFields::decode(workload).unwrap_or_default();
    managed.records.retain_mut(|record| {
        SCALE_VERSION.clone_into(&mut record.api_version);
        record.change(|set| set.intersection(&replicas()));
        !record.is_empty()
    });
    managed.encode()
}

/// The managers of a workload at `api_version` after its `Scale` was written and came to have these managers.
pub fn managers_after_scale(
    workload: &[ManagedFieldsEntry],
    scale: &[ManagedFieldsEntry],
    api_version: &str,
) -> Vec<ManagedFieldsEntry> {
    let mut managed = ManagedFields::decode(workload).unwrap_or_default();
    let mut owners = ManagedFields::decode(scale).unwrap_or_default().records;
    owners.retain(|owner| owner.count(&replicas()) > 0);
    managed.records.retain_mut(|record| {
        let owner = owners.iter().position(|owner| {
            owner.manager == record.manager
                && owner.applied == record.applied
                && owner.subresource == record.subresource
        });
        match owner {
            Some(index) if record.count(&replicas()) > 0 => record.time = owners.remove(index).time,
            _ => record.remove(&replicas()),
        }
        !record.is_empty()
    });
    for mut owner in owners {
        api_version.clone_into(&mut owner.api_version);
        owner.change(|_| replicas());
        match managed.records.iter_mut().find(|record| record.same_owner(&owner)) {
            Some(record) => {
                record.add(replicas());
                record.time = owner.time;
            }
            None => managed.records.push(owner),
        }
    }
    managed.encode()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> FieldSet {
        FieldSet::parse(text.as_bytes()).unwrap()
    }

    fn entry(manager: &str, operation: &str, version: &str, time: i64, fields: &str) -> ManagedFieldsEntry {
        ManagedFieldsEntry {
            manager: manager.into(),
            operation: operation.into(),
            api_version: version.into(),
            time: Some(Time::from_unix(time)),
            fields_type: "FieldsV1".into(),
            fields_v1: Some(FieldsV1::from_text(fields.as_bytes().to_vec())),
            subresource: String::new(),
        }
    }

    fn writer(manager: &str, now: i64) -> Writer<'_> {
        Writer { manager, api_version: "v1", subresource: "", now: Time::from_unix(now) }
    }

    fn change(added: &str, modified: &str, removed: &str) -> Comparison {
        Comparison { added: set(added), modified: set(modified), removed: set(removed) }
    }

    fn shown(managed: ManagedFields) -> Vec<String> {
        let entries = managed.encode().into_iter();
        entries
            .map(|entry| {
                let fields = entry.fields_v1.unwrap_or_default();
                let (time, text) = (entry.time.map_or(-1, Time::unix), String::from_utf8_lossy(fields.text()));
                format!("{} {} {} {time} {text}", entry.manager, entry.operation, entry.api_version)
            })
            .collect()
    }

    #[test]
    fn an_update_takes_what_it_changes_from_everybody() {
        let live = [
            entry("a", "Apply", "v1", 1, r#"{"f:data":{"f:k":{},"f:l":{}}}"#),
            entry("u", "Update", "v1", 1, r#"{"f:data":{"f:m":{}}}"#),
        ];
        let mut managed = ManagedFields::of_update(&[], &live, "");
        let comparison = change(r#"{"f:data":{"f:n":{}}}"#, r#"{"f:data":{"f:k":{}}}"#, r#"{"f:data":{"f:m":{}}}"#);
        managed.update(&writer("w", 9), comparison, false, &mut |_| None);
        assert_eq!(
            shown(managed),
            [r#"a Apply v1 1 {"f:data":{"f:l":{}}}"#, r#"w Update v1 9 {"f:data":{"f:k":{},"f:n":{}}}"#]
        );
    }

    #[test]
    fn a_change_of_nothing_moves_no_time() {
        let live = [entry("w", "Update", "v1", 1, r#"{"f:data":{"f:k":{}}}"#)];
        let mut managed = ManagedFields::of_update(&[], &live, "");
        managed.update(&writer("w", 9), Comparison::default(), false, &mut |_| None);
        assert_eq!(managed.encode(), live);
    }

    #[test]
    fn what_only_the_server_sets_belongs_to_nobody() {
        let mut managed = ManagedFields::default();
        let added = r#"{"f:metadata":{".":{},"f:name":{},"f:uid":{},"f:generateName":{},"f:creationTimestamp":{}}}"#;
        managed.update(&writer("", 9), change(added, "{}", "{}"), true, &mut |_| None);
        assert_eq!(shown(managed), [r#"unknown Update v1 9 {"f:metadata":{"f:generateName":{}}}"#]);
    }

    #[test]
    fn one_empty_entry_forgets_all_managers_and_they_stay_forgotten() {
        let live = [entry("w", "Update", "v1", 1, r#"{"f:data":{"f:k":{}}}"#)];
        let mut managed = ManagedFields::of_update(&[ManagedFieldsEntry::default()], &live, "");
        managed.update(&writer("w", 9), change(r#"{"f:data":{}}"#, "{}", "{}"), false, &mut |_| None);
        assert!(managed.is_empty());
        // An empty list, and one that is not understood, are taken for an oversight; subresources have no say.
        assert!(!ManagedFields::of_update(&[], &live, "").is_empty());
        let strange = [ManagedFieldsEntry { operation: "X".into(), ..live[0].clone() }];
        assert!(!ManagedFields::of_update(&strange, &live, "").is_empty());
        assert!(!ManagedFields::of_update(&[ManagedFieldsEntry::default()], &live, "status").is_empty());
    }

    #[test]
    fn entries_that_a_client_sends_back_in_another_order_are_the_same() {
        let fields = r#"{"f:ports":{"k:{\"port\":80}":{},"k:{\"port\":443}":{}}}"#;
        let live = [entry("w", "Update", "v1", 1, fields)];
        let sent = [entry("w", "Update", "v1", 1, r#"{"f:ports":{"k:{\"port\":443}":{},"k:{\"port\":80}":{}}}"#)];
        assert_eq!(ManagedFields::of_update(&sent, &live, "").encode(), live);
        let broken = [entry("w", "Update", "v1", 1, "{\"x\":{}}")];
        assert_eq!(ManagedFields::of_update(&broken, &live, "").encode(), live);
    }

    #[test]
    fn entries_are_sorted_by_operation_time_and_name() {
        let entries = [
            entry("z", "Update", "v1", 1, "{\"f:a\":{}}"),
            entry("b", "Update", "v1", 2, "{\"f:b\":{}}"),
            entry("a", "Update", "v1", 2, "{\"f:c\":{}}"),
            entry("x", "Apply", "v1", 9, "{\"f:d\":{}}"),
        ];
        let sorted = ManagedFields::decode(&entries).unwrap().encode();
        assert_eq!(sorted.iter().map(|entry| entry.manager.as_str()).collect::<Vec<_>>(), ["x", "z", "a", "b"]);
    }

    #[test]
    fn the_oldest_of_too_many_updates_are_thrown_together() {
        let mut managed = ManagedFields::default();
        for index in 0..12 {
            let added = format!("{{\"f:data\":{{\"f:k{index}\":{{}}}}}}");
            let name = format!("w{index}");
            managed.update(&writer(&name, index), change(&added, "{}", "{}"), true, &mut |_| None);
        }
        let managers = shown(managed);
        assert_eq!(managers.len(), 10);
        assert_eq!(managers[0], r#"ancient-changes Update v1 2 {"f:data":{"f:k0":{},"f:k1":{},"f:k2":{}}}"#);
        assert_eq!(managers[1], r#"w3 Update v1 3 {"f:data":{"f:k3":{}}}"#);
    }

    #[test]
    fn managers_at_other_versions_are_judged_there_or_forgotten() {
        let live = [
            entry("old", "Update", "v0", 1, r#"{"f:spec":{"f:x":{},"f:y":{}}}"#),
            entry("gone", "Update", "v9", 1, r#"{"f:spec":{"f:x":{}}}"#),
        ];
        let mut managed = ManagedFields::of_update(&[], &live, "");
        let comparison = change("{}", r#"{"f:spec":{"f:renamed":{}}}"#, "{}");
        managed.update(&writer("w", 9), comparison, false, &mut |version| {
            (version == "v0").then(|| change("{}", r#"{"f:spec":{"f:x":{}}}"#, "{}"))
        });
        assert_eq!(
            shown(managed),
            [r#"old Update v0 1 {"f:spec":{"f:y":{}}}"#, r#"w Update v1 9 {"f:spec":{"f:renamed":{}}}"#]
        );
    }

    #[test]
    fn scaling_hands_replicas_over() {
        let workload = [
            entry("a", "Apply", "apps/v1", 1, r#"{"f:spec":{"f:replicas":{},"f:paused":{}}}"#),
            entry("b", "Update", "apps/v1", 1, r#"{"f:spec":{"f:paused":{}}}"#),
        ];
        let scale = scale_managers(&workload);
        assert_eq!(scale.len(), 1);
        assert_eq!(scale[0].api_version, "autoscaling/v1");
        // Nothing happened: nothing changes.
        assert_eq!(managers_after_scale(&workload, &scale, "apps/v1"), workload);
        let mut taken = entry("k", "Update", "autoscaling/v1", 5, r#"{"f:spec":{"f:replicas":{}}}"#);
        taken.subresource = "scale".into();
        let after = managers_after_scale(&workload, &[taken], "apps/v1");
        let shown: Vec<_> =
            after.iter().map(|e| format!("{} {} {}", e.manager, e.api_version, e.subresource)).collect();
        assert_eq!(shown, ["a apps/v1 ", "b apps/v1 ", "k apps/v1 scale"]);
        assert_eq!(after[0].fields_v1.as_ref().unwrap().text(), br#"{"f:spec":{"f:paused":{}}}"#);
    }

    #[test]
    fn conflicts_read_as_clients_know_them() {
        let conflict = |manager: &str, path: &str| Conflict { manager: manager.into(), path: path.into() };
        let one = conflict_status(&[conflict("\"x\" using v1", ".spec.y")]);
        assert_eq!(one.message, "Apply failed with 1 conflict: conflict with \"x\" using v1: .spec.y");
        assert_eq!((one.code, one.reason.as_str()), (409, "Conflict"));
        let many = conflict_status(&[conflict("\"a\"", ".k"), conflict("\"a\"", ".l"), conflict("\"b\"", ".m")]);
        assert_eq!(
            many.message,
            "Apply failed with 3 conflicts: conflicts with \"a\":\n- .k\n- .l\nconflicts with \"b\":\n- .m"
        );
        assert_eq!(many.details.unwrap().causes[2].message, "conflict with \"b\"");
    }
}
