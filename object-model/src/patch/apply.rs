//! Server-side apply: an applier says what it wants of an object, and owns exactly that.
//!
//! In: the live object, the configuration, and who owns what. Out: the new object and its owners, or the conflicts.
//! Invariants: applying the same twice changes nothing; what an applier no longer says goes, unless somebody else owns
//! it; what others own changes only by force. Source: Kubernetes API concepts, "Server-Side Apply"; KEP-555.
//! Elsewhere: defaults and validation of the outcome, and storing it (`apiserver`).

use std::borrow::Cow;

use serde_json::Value;

use super::fieldset::FieldSet;
use super::managed::{ManagedFields, Record, Writer, strip};
use super::node::Node;
use super::structured::{merge_changes, merge_object, removals, remove_items};
use super::walk::{Comparison, compare, fields_of, with_parents};
use crate::FieldsV1;
use crate::api::meta::v1::ManagedFieldsEntry;
use crate::schema::StructSchema;

/// Where client-side apply keeps what was applied last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The one applier for whom that annotation counts.
const KUBECTL: &str = "kubectl";

/// The versions of a kind, for managers that write at another one than the applier.
pub trait Versions {
    /// The table at this `apiVersion`, if it is served.
    fn schema(&self, api_version: &str) -> Option<&StructSchema>;
    /// The fields that the write cannot change, at this `apiVersion`.
    fn ignored(&self, api_version: &str) -> FieldSet;
    /// An object, without `apiVersion` and `kind`, at another version.
    ///
    /// # Errors
    /// What the version cannot express.
    fn convert(&self, object: &Value, from: &str, to: &str) -> Result<Value, String>;
    /// An object of this version with nothing in it, as it is encoded.
    fn zero(&self, api_version: &str) -> Value;
}

/// One apply.
#[derive(Clone, Copy)]
pub struct Application<'a> {
    /// The object as it is, at the writer's version, without managed fields; if there is none, one with nothing in it.
    pub live: &'a Value,
    /// Is there such an object already?
    pub exists: bool,
    /// What the applier wants, `apiVersion` and `kind` included.
    pub config: &'a Value,
    /// The managers of the live object.
    pub managed: &'a [ManagedFieldsEntry],
    /// Who applies.
    pub writer: Writer<'a>,
    /// The table of the kind at the writer's version.
    pub schema: &'a StructSchema,
    /// Take over what others own.
    pub force: bool,
    /// The other versions of the kind.
    pub versions: &'a dyn Versions,
}

/// What an apply comes to.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The new object, neither defaulted nor validated; `None` if it is the live one.
    pub object: Option<Value>,
    /// The new managers.
    pub managed: Vec<ManagedFieldsEntry>,
}

/// A field that an apply would take from another manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other manager, as clients see it: `"x" using v1`.
    pub manager: String,
    /// The field: `.spec.replicas`.
    pub path: String,
}

/// Why an apply cannot be done.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplyError {
    /// The configuration does not fit the schema.
    #[error("{why}")]
    Mistyped {
        /// What does not fit.
        why: String,
    },
    /// Others own what would change.
    #[error("the apply conflicts with {} fields of others", .0.len())]
    Conflicts(Vec<Conflict>),
    /// The managed fields of the live object are not understood.
    #[error("failed to decode managed fields: {why}")]
    Managed {
        /// What is wrong with them.
        why: String,
    },
    /// The object cannot be expressed at the version of one of its managers.
    #[error("failed to convert the object to {to}: {why}")]
    Conversion {
        /// The version.
        to: String,
        /// What stands in the way.
        why: String,
    },
}

/// Applies a configuration.
///
/// # Errors
/// See [`ApplyError`].
pub fn apply(application: &Application<'_>) -> Result<Applied, ApplyError> {
    let Application { live, config, writer, schema, versions, .. } = *application;
    super::check::check(config, schema).map_err(|why| ApplyError::Mistyped { why })?;
    let mut managed = ManagedFields::decode(application.managed).map_err(|why| ApplyError::Managed { why })?;
    let ignored = versions.ignored(writer.api_version);
    if managed.is_empty() && application.exists {
        let zero = versions.zero(writer.api_version);
        let everything = compare(Node::Json(&zero), Node::Json(live), schema);
        managed.update_before_apply(&writer, everything.without(&ignored));
    }
    let mut merged = Cow::Borrowed(live);
    if merge_changes(live, config, schema) {
        merge_object(merged.to_mut(), config, schema);
    }
    let set = fields_of(Node::Json(config), schema).recursive_difference(&ignored);
    let text = strip(set.clone()).to_fields();
    let plan = Plan { application, merged, set, text, ignored };
    let mut outcome = if writer.manager == KUBECTL && !application.force {
        match plan.attempt(managed.clone(), false) {
            Err(Failure::Clashes(clashes)) => {
                let allowed = owned_by_client_side_apply(application).unwrap_or_default();
                let left: Vec<Clash> = clashes.into_iter().filter_map(|clash| clash.without(&allowed)).collect();
                if left.is_empty() { plan.attempt(managed, true) } else { Err(Failure::Clashes(left)) }
            }
            other => other,
        }
    } else {
        plan.attempt(managed, application.force)
    }
    .map_err(Failure::into_error)?;
    if outcome.changed && outcome.object.is_none() {
        outcome.object = Some(plan.merged.into_owned());
    }
    if writer.manager == KUBECTL {
        keep_annotation(live, config, &mut outcome.object);
    }
    Ok(Applied { object: outcome.object, managed: outcome.managed.encode() })
}

enum Failure {
    Clashes(Vec<Clash>),
    Other(ApplyError),
}

impl Failure {
    fn into_error(self) -> ApplyError {
        match self {
            Self::Other(error) => error,
            Self::Clashes(clashes) => {
                let conflicts = clashes.into_iter().flat_map(|Clash { manager, set }| {
                    let paths = set.paths().into_iter();
                    paths.map(move |path| Conflict { manager: manager.clone(), path }).collect::<Vec<_>>()
                });
                ApplyError::Conflicts(conflicts.collect())
            }
        }
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        Self::Other(error)
    }
}

/// What one other manager would lose.
struct Clash {
    manager: String,
    set: FieldSet,
}

impl Clash {
    fn without(self, allowed: &FieldSet) -> Option<Self> {
        let set = self.set.difference(allowed);
        (!set.is_empty()).then_some(Self { manager: self.manager, set })
    }
}

/// An apply up to the point where others have a say.
struct Plan<'a> {
    application: &'a Application<'a>,
    /// The live object with the configuration merged in.
    merged: Cow<'a, Value>,
    /// What the configuration says, name included: that keeps `metadata` from being removed with what was in it.
    set: FieldSet,
    /// What the applier owns from now on.
    text: FieldsV1,
    ignored: FieldSet,
}

struct Outcome {
    changed: bool,
    /// The new object, if it is not the merged one.
    object: Option<Value>,
    managed: ManagedFields,
}

impl Plan<'_> {
    fn attempt(&self, mut managed: ManagedFields, force: bool) -> Result<Outcome, Failure> {
        let Application { live, writer, schema, .. } = *self.application;
        let last = managed.take_applier(&writer);
        let object = match &last {
            // Mostly the applier speaks of the same fields as before, and nothing can go.
            Some(last) if last.is_of(writer.api_version, &self.text) => None,
            Some(last) => prune(self, last, &managed)?,
            None => None,
        };
        let new = object.as_ref().unwrap_or(&self.merged);
        let changed = new != live;
        if changed {
            let comparison = compare(Node::Json(live), Node::Json(new), schema).without(&self.ignored);
            let mut others = Others { application: self.application, new, known: vec![], failure: None };
            if !force {
                let clashes = clashes(&managed, &comparison, &mut others);
                others.check()?;
                if !clashes.is_empty() {
                    return Err(Failure::Clashes(clashes));
                }
            }
            managed.give_up(None, writer.api_version, &comparison, &mut |version| others.compare(version));
            others.check()?;
        }
        managed.put_applier(&writer, &self.text, last, changed);
        Ok(Outcome { changed, object, managed })
    }
}

/// Comparisons of the live and the new object at other versions, made once each.
struct Others<'a> {
    application: &'a Application<'a>,
    new: &'a Value,
    known: Vec<(String, Option<Comparison>)>,
    failure: Option<ApplyError>,
}

impl Others<'_> {
    fn compare(&mut self, version: &str) -> Option<Comparison> {
        if let Some((_, known)) = self.known.iter().find(|(known, _)| known == version) {
            return known.clone();
        }
        let made = self.make(version).unwrap_or_else(|error| {
            self.failure.get_or_insert(error);
            None
        });
        self.known.push((version.to_owned(), made.clone()));
        made
    }

    fn make(&self, version: &str) -> Result<Option<Comparison>, ApplyError> {
        let Application { live, writer, versions, .. } = *self.application;
        let Some(schema) = versions.schema(version) else { return Ok(None) };
        let old = convert(versions, live, writer.api_version, version)?;
        let new = convert(versions, self.new, writer.api_version, version)?;
        Ok(Some(compare(Node::Json(&old), Node::Json(&new), schema).without(&versions.ignored(version))))
    }

    fn check(&mut self) -> Result<(), ApplyError> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

fn clashes(managed: &ManagedFields, comparison: &Comparison, others: &mut Others<'_>) -> Vec<Clash> {
    let version = others.application.writer.api_version;
    let changed = comparison.set();
    let mut found: Vec<(&Record, FieldSet)> = vec![];
    for record in &managed.records {
        let there;
        let changed = if record.api_version == version {
            &changed
        } else {
            there = others.compare(&record.api_version).map(|other| other.set()).unwrap_or_default();
            &there
        };
        if record.count(changed) > 0 {
            found.push((record, record.set().intersection(changed)));
        }
    }
    found.sort_by(|(a, _), (b, _)| {
        let key = |record: &Record| (record.manager.clone(), !record.applied, record.subresource.clone());
        key(a).cmp(&key(b)).then_with(|| a.api_version.cmp(&b.api_version))
    });
    found.into_iter().map(|(record, set)| Clash { manager: record.described(), set }).collect()
}

fn convert(versions: &dyn Versions, object: &Value, from: &str, to: &str) -> Result<Value, ApplyError> {
    if from == to {
        return Ok(object.clone());
    }
    versions.convert(object, from, to).map_err(|why| ApplyError::Conversion { to: to.to_owned(), why })
}

/// The merged object without what the applier owned, says no more, and nobody else owns; `None` if that is all of it.
fn prune(plan: &Plan<'_>, last: &Record, managed: &ManagedFields) -> Result<Option<Value>, ApplyError> {
    let Application { writer, versions, .. } = *plan.application;
    let version = last.api_version.as_str();
    let Some(schema) = versions.schema(version) else { return Ok(None) };
    let same_version = version == writer.api_version;
    let whole = if same_version {
        Cow::Borrowed(&*plan.merged)
    } else {
        Cow::Owned(convert(versions, &plan.merged, writer.api_version, version)?)
    };
    let own = same_version.then_some(&plan.set);
    // Mostly the applier says again what it said before, and the others need not be asked.
    if own.is_some_and(|own| removals(&whole, last.set(), &[own], schema).is_empty()) {
        return Ok(None);
    }
    let owned: Vec<&FieldSet> =
        managed.records.iter().filter(|record| record.api_version == version).map(Record::set).chain(own).collect();
    let gone = removals(&whole, last.set(), &owned, schema);
    if gone.is_empty() {
        return Ok(None);
    }
    let mut left = (*whole).clone();
    remove_items(&mut left, &gone, schema);
    if bring_back(plan, &whole, &mut left, version, managed)? {
        // What came back with the conversion must not take with it what the applier never owned.
        let lost = missing(&whole, &left, schema).intersection(&with_parents(last.set(), schema));
        left = whole.into_owned();
        remove_items(&mut left, &lost, schema);
    }
    convert(versions, &left, version, writer.api_version).map(Some)
}

fn missing(whole: &Value, left: &Value, schema: &StructSchema) -> FieldSet {
    let all = with_parents(&fields_of(Node::Json(whole), schema), schema);
    all.difference(&with_parents(&fields_of(Node::Json(left), schema), schema))
}

/// Brings back what is owned at other versions, by managers or now by the applier. Has anything come back?
fn bring_back(
    plan: &Plan<'_>,
    whole: &Value,
    left: &mut Value,
    version: &str,
    managed: &ManagedFields,
) -> Result<bool, ApplyError> {
    let Application { writer, versions, .. } = *plan.application;
    let mut others: Vec<(&str, &FieldSet)> = managed
        .records
        .iter()
        .filter(|record| record.api_version != version)
        .map(|record| (record.api_version.as_str(), record.set()))
        .collect();
    if writer.api_version != version {
        others.push((writer.api_version, &plan.set));
    }
    others.sort_by_key(|(other, _)| *other);
    let mut changed = false;
    for owners in others.chunk_by(|a, b| a.0 == b.0) {
        let other = owners[0].0;
        let Some(schema) = versions.schema(other) else { continue };
        let owned = owners.iter().fold(FieldSet::new(), |all, (_, set)| all.union((*set).clone()));
        let owned = with_parents(&owned, schema);
        let mut there = convert(versions, whole, version, other)?;
        let lost = missing(&there, &convert(versions, left, version, other)?, schema);
        if lost.intersection(&owned).is_empty() {
            continue;
        }
        remove_items(&mut there, &lost.difference(&owned), schema);
        *left = convert(versions, &there, other, version)?;
        changed = true;
    }
    Ok(changed)
}

fn annotation(object: &Value) -> Option<&str> {
    object.get("metadata")?.get("annotations")?.get(LAST_APPLIED)?.as_str()
}

/// What kubectl applied on the client's side and nobody has changed since: it may take that over without force.
fn owned_by_client_side_apply(application: &Application<'_>) -> Option<FieldSet> {
    let Application { live, schema, .. } = *application;
    let applied: Value = serde_json::from_str(annotation(live)?).ok()?;
    super::check::check(&applied, schema).ok()?;
    if applied.get("apiVersion") != application.config.get("apiVersion") {
        return None;
    }
    let difference = compare(Node::Json(&applied), Node::Json(live), schema);
    let set = fields_of(Node::Json(&applied), schema);
    Some(set.difference(&difference.modified).difference(&difference.added).difference(&difference.removed))
}

/// kubectl's annotation, where there is one, follows what kubectl applies, so that it can go back to client-side apply.
fn keep_annotation(live: &Value, config: &Value, object: &mut Option<Value>) {
    if annotation(object.as_ref().unwrap_or(live)).is_none() {
        return;
    }
    let mut config = config.clone();
    if let Some(Value::Object(annotations)) = config.get_mut("metadata").and_then(|m| m.get_mut("annotations")) {
        annotations.remove(LAST_APPLIED);
    }
    // As Go writes JSON: escaped for HTML, with a line end.
    let text = config.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026") + "\n";
    if annotation(object.as_ref().unwrap_or(live)) == Some(&text) {
        return;
    }
    let object = object.get_or_insert_with(|| live.clone());
    object["metadata"]["annotations"][LAST_APPLIED] = Value::String(text);
}
