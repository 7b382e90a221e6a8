//! Server-side apply.
//!
//! In: a configuration, JSON or YAML. Out: a new object, or an update of the merged one, tried again while others are
//! faster. Invariant: the outcome goes the same way as any other write. Source: KEP-555. Elsewhere: the merge itself
//! (`object-model`, `patch`).

use pintle_client::{Content, Params, Patch, PatchKind, Response};
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::patch::{Application, ApplyError, SchemeVersions, Whole, Writer, apply, conflict_status};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{AnyResource, GroupVersionKind, KindEntry, KindInfo, Object, Scheme, Status, yaml};
use serde_json::Value;

use super::create::{check_namespace, invalid};
use super::fields::{Manager, reset_fields};
use super::options::{self, OptionsOf};
use super::update::{ATTEMPTS, check_identity};
use super::{Call, Registry};

impl Registry {
    pub(super) async fn apply(&self, call: &Call<'_>, patch: &Patch, params: &Params) -> Result<Response, Status> {
        let dry = options::check(OptionsOf::Patch(PatchKind::Apply), params)?;
        let configuration = Configuration::parse(&patch.text, &call.entry.info().gvk())?;
        for _ in 0..ATTEMPTS {
            let current = call.storage.get(call.namespace, call.name).await?;
            let live = match &current {
                Some(current) => Some(self.present(call, &current.value)?),
                None if call.subresource.is_empty() => None,
                None => return Err(Status::not_found(&call.group_resource(), call.name)),
            };
            let now = self.parts.clock.utc().to_time();
            let mut applied = configuration.apply_to(call.scheme, call, live.as_ref(), params, now)?;
            configuration.check_twice_named_keys(call, &params.field_validation)?;
            let manager = Manager::settled(&params.field_manager);
            let (Some(current), Some(live)) = (&current, &live) else {
                let object = to_create(call, applied)?;
                match self.create_object(call, object, &manager, dry).await {
                    // Somebody else was faster: then it is a change of what they made.
                    Err(status) if status.is_already_exists() && !dry => continue,
                    created => {
                        let object = self.present(call, &created?)?;
                        return Ok(Response::new(Content::Object { code: 201, object }));
                    }
                }
            };
            check_namespace(call, &mut *applied)?;
            check_update(call, &*applied, live)?;
            let new = call.scheme.to_hub(applied).map_err(|error| Status::bad_request(error.to_string()))?;
            if let Some(written) = self.write_update(call, new, current, &manager, dry).await? {
                return Ok(Response::object(self.present(call, &written)?));
            }
        }
        Err(Status::modified(&call.group_resource(), call.name))
    }
}

/// What an applier wants.
pub(super) struct Configuration {
    tree: Value,
    /// A key that the text names twice in one map, and its line.
    twice: Option<yaml::Duplicate>,
}

impl Configuration {
    pub(super) fn parse(text: &[u8], expected: &GroupVersionKind) -> Result<Self, Status> {
        let (tree, twice) =
            yaml::first_to_json(text).map_err(|error| Status::bad_request(format!("error decoding YAML: {error}")))?;
        let text_at = |name: &str| tree.get(name).and_then(Value::as_str).unwrap_or_default();
        let found = parse_kind(text_at("apiVersion"), text_at("kind"));
        if found != *expected {
            let GroupVersionKind { group, version, kind } = found;
            return Err(Status::bad_request(format!("invalid object type: {group}/{version}, Kind={kind}")));
        }
        let managed = tree.get("metadata").and_then(|metadata| metadata.get("managedFields"));
        if managed.is_some_and(|managed| !managed.is_null()) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        Ok(Self { tree, twice })
    }

    /// The object after the apply, with its managed fields, defaulted.
    fn apply_to(
        &self,
        scheme: &Scheme,
        call: &Call<'_>,
        live: Option<&Object>,
        params: &Params,
        now: pintle_object_model::Time,
    ) -> Result<Box<dyn AnyResource>, Status> {
        let opened = live.map(|live| super::open(call, live)).transpose()?;
        self.merge(scheme, call.entry, call.subresource, opened.as_deref(), params, now)
    }

    /// Merges the configuration into an object of the kind of `entry`.
    pub(super) fn merge(
        &self,
        scheme: &Scheme,
        entry: &KindEntry,
        subresource: &str,
        live: Option<&dyn AnyResource>,
        params: &Params,
        now: pintle_object_model::Time,
    ) -> Result<Box<dyn AnyResource>, Status> {
        let zero;
        let base = match live {
            Some(live) => live,
            None => {
                zero = entry.create();
                &*zero
            }
        };
        let tree = Whole::of(base).to_tree();
        let api_version = entry.info().api_version();
        let writer = Writer { manager: &params.field_manager, api_version: &api_version, subresource, now };
        let ignored = |info: &KindInfo| reset_fields(info, subresource);
        let versions = SchemeVersions { scheme, entry, ignored: &ignored };
        let applied = apply(&Application {
            live: &tree,
            exists: live.is_some(),
            config: &self.tree,
            managed: &base.metadata().managed_fields,
            writer,
            schema: entry.schema(),
            force: params.force.unwrap_or(false),
            versions: &versions,
        })
        .map_err(|error| self.refused(error, entry))?;
        let mut object = match applied.object {
            None => base.clone_box(),
            Some(tree) => self.decode(scheme, &tree, entry)?,
        };
        object.metadata_mut().managed_fields = applied.managed;
        object.set_defaults();
        Ok(object)
    }

    fn decode(&self, scheme: &Scheme, tree: &Value, entry: &KindEntry) -> Result<Box<dyn AnyResource>, Status> {
        let text = serde_json::to_vec(tree).map_err(Status::internal)?;
        let decoded = scheme.decode_json(&entry.info().gvk(), &text, &DecodeOptions::default()).map_err(|error| {
            let about = self.about(entry);
            internal(format!("failed to convert new typed object ({about}) to object: {error}"))
        })?;
        Ok(decoded.object)
    }

    /// Namespace, name and kind as the configuration gives them.
    fn about(&self, entry: &KindEntry) -> String {
        let metadata = |name: &str| {
            let member = self.tree.get("metadata").and_then(|metadata| metadata.get(name));
            member.and_then(Value::as_str).unwrap_or_default()
        };
        let info = entry.info();
        format!("{}/{}; {}/{}, Kind={}", metadata("namespace"), metadata("name"), info.group, info.version, info.kind)
    }

    fn refused(&self, error: ApplyError, entry: &KindEntry) -> Status {
        match error {
            ApplyError::Conflicts(conflicts) => conflict_status(&conflicts),
            ApplyError::Mistyped { why } => {
                internal(format!("failed to create typed patch object ({}): {why}", self.about(entry)))
            }
            other => internal(other.to_string()),
        }
    }

    pub(super) fn check_twice_named_keys(&self, call: &Call<'_>, validation: &str) -> Result<(), Status> {
        let Some(yaml::Duplicate { key, line }) = &self.twice else { return Ok(()) };
        let message = format!(
            "error converting YAML to JSON: yaml: unmarshal errors:\n  line {line}: key {key:?} already set in map"
        );
        match validation {
            "Strict" => return Err(Status::bad_request(format!("error strict decoding YAML: {message}"))),
            "Ignore" => {}
            _ => call.warnings.add(message),
        }
        Ok(())
    }
}

fn parse_kind(api_version: &str, kind: &str) -> GroupVersionKind {
    if api_version.matches('/').count() > 1 {
        return GroupVersionKind::default();
    }
    GroupVersionKind::parse(api_version, kind)
}

/// 500 as the server words errors that have no reason of their own.
fn internal(message: String) -> Status {
    Status::failure(500, "", message)
}

fn to_create(call: &Call<'_>, mut object: Box<dyn AnyResource>) -> Result<Box<dyn AnyResource>, Status> {
    if !object.metadata().uid.is_empty() {
        let why = format!(
            "uid mismatch: the provided object specified uid {}, and no existing object was found",
            object.metadata().uid
        );
        return Err(Status::conflict(&call.group_resource(), call.name, why));
    }
    check_namespace(call, &mut *object)?;
    check_identity(call, &*object)?;
    object.metadata_mut().resource_version.clear();
    Ok(object)
}

/// Does the outcome still name the object, and the version of it, that it changes?
fn check_update(call: &Call<'_>, object: &dyn AnyResource, live: &Object) -> Result<(), Status> {
    let (new, old) = (object.metadata(), live.metadata());
    check_identity(call, object)?;
    if new.resource_version != old.resource_version {
        return Err(Status::modified(&call.group_resource(), call.name));
    }
    if new.uid != old.uid {
        let mut errors = FieldErrors::default();
        // The server checks it in two places.
        for _ in 0..2 {
            errors.invalid(&Path::new("metadata").child("uid"), new.uid.as_str(), "field is immutable");
        }
        return Err(invalid(call, call.name, &errors));
    }
    Ok(())
}
