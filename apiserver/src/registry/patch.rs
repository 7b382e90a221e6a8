//! Changing parts of objects.
//!
//! In: a patch of one of the four kinds. Out: an update of the patched object, tried again while others are faster.
//! Elsewhere: the patches themselves (`object-model`, `patch`).

use pintle_client::{Body, Patch, PatchKind, Request, Response};
use pintle_object_model::json::{DecodeOptions, StrictIssue};
use pintle_object_model::patch::{self, PatchError};
use pintle_object_model::schema::StructSchema;
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{AnyResource, Object, Status};
use serde_json::Value;

use super::options::{self, OptionsOf};
use super::update::{ATTEMPTS, check_identity, check_version, version_of};
use super::{Call, Registry};
use crate::admission::Warnings;

impl Registry {
    pub(super) async fn patch(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let Request { body, params, user_agent, .. } = request;
        let Body::Patch(patch) = body else { return Err(no_patch()) };
        let dry = options::check(OptionsOf::Patch(patch.kind), &params)?;
        if patch.kind == PatchKind::Apply {
            return self.apply(call, &patch, &params).await;
        }
        let manager = super::fields::manager(&params, &user_agent);
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                return Err(Status::not_found(&call.group_resource(), call.name));
            };
            let before = self.present(call, &current.value)?;
            let patched = self.patched(call, &before, &patch, &params.field_validation)?;
            // A patch that names a version means that one and no other.
            check_version(call, version_of(patched.metadata())?, current.revision)?;
            let new = call.scheme.to_hub(patched).map_err(|error| Status::bad_request(error.to_string()))?;
            if let Some(written) = self.write_update(call, new, &current, &manager, dry).await? {
                return Ok(Response::object(self.present(call, &written)?));
            }
        }
        Err(Status::modified(&call.group_resource(), call.name))
    }

    /// The object after the patch, defaulted.
    pub(super) fn patched(
        &self,
        call: &Call<'_>,
        before: &Object,
        patch: &Patch,
        validation: &str,
    ) -> Result<Box<dyn AnyResource>, Status> {
        let gvk = call.entry.info().gvk();
        let options = DecodeOptions { strict: validation != "Ignore" };
        let patching = Patching { patch, schema: call.entry.schema(), validation, warnings: call.warnings };
        let strategic = patch.kind == PatchKind::Strategic;
        let mut object = patching.run(&before.to_value(), |text| {
            // A strategic merge knows its kind; the others are read again.
            if !strategic && let Some(why) = super::body::other_kind(call.scheme, text, &gvk) {
                return Err(why);
            }
            let decoded = call.scheme.decode_json(&gvk, text, &options).map_err(|error| error.to_string())?;
            Ok((decoded.object, decoded.issues))
        })?;
        super::create::check_namespace(call, &mut *object)?;
        check_identity(call, &*object)?;
        object.set_defaults();
        Ok(object)
    }
}

/// The refusal of a body that is no patch.
pub(super) fn no_patch() -> Status {
    Status::unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: \
         application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, \
         application/apply-patch+yaml",
    )
}

/// A patch on its way to an object.
pub(super) struct Patching<'a> {
    pub(super) patch: &'a Patch,
    pub(super) schema: &'a StructSchema,
    pub(super) validation: &'a str,
    pub(super) warnings: &'a Warnings,
}

impl Patching<'_> {
    /// Patches the tree and decodes the outcome; what strict decoding objects to is warned of or refused.
    pub(super) fn run<T>(
        &self,
        before: &Value,
        decode: impl FnOnce(&[u8]) -> Result<(T, Vec<StrictIssue>), String>,
    ) -> Result<T, Status> {
        let Patch { kind, text } = self.patch;
        let mut tree = before.clone();
        patch::apply_any(&mut tree, *kind, text, self.schema).map_err(|error| refused(&error))?;
        let mut issues = vec![];
        if self.validation != "Ignore" {
            issues = patch::issues(*kind, text).map_err(|error| refused(&error))?;
        }
        let strategic = *kind == PatchKind::Strategic;
        let outcome = patch::text_of(&tree, before, self.schema);
        let told = || if strategic { sent(text) } else { outcome.clone() };
        if strategic && let Some(why) = patch::mistyped(&tree, self.schema) {
            return Err(does_not_fit(&told(), why));
        }
        let (decoded, found) = decode(outcome.as_bytes()).map_err(|why| does_not_fit(&told(), why))?;
        let mut found: Vec<String> = found.iter().map(ToString::to_string).collect();
        if strategic {
            found.sort();
        }
        issues.extend(found);
        if self.validation == "Strict" && !issues.is_empty() {
            return Err(does_not_fit(&told(), format!("strict decoding error: {}", issues.join(", "))));
        }
        issues.into_iter().for_each(|issue| self.warnings.add(issue));
        Ok(decoded)
    }
}

/// A strategic merge patch as messages show it.
fn sent(text: &[u8]) -> String {
    serde_json::from_slice(text).map(|patch| patch::display(&patch)).unwrap_or_default()
}

/// 422: the outcome is no object of the kind.
fn does_not_fit(outcome: &str, why: String) -> Status {
    let mut errors = FieldErrors::default();
    errors.invalid(&Path::new("patch"), outcome, why);
    Status::invalid("", "", "", &errors)
}

/// A patch that cannot be applied, as clients see it.
fn refused(error: &PatchError) -> Status {
    match error {
        PatchError::Malformed { .. } => Status::bad_request(error.to_string()),
        PatchError::TooLarge { .. } => Status::failure(413, "RequestEntityTooLarge", error.to_string()),
        PatchError::Failed { .. } => Status::failure(500, "", error.to_string()),
        // Whatever else there will be, the patch did not fit.
        _ => {
            tracing::debug!(%error, "a patch does not fit");
            let why = "the server rejected our request due to an error in our request";
            let mut status = Status::failure(422, "Invalid", why);
            status.details = Some(Box::default());
            status
        }
    }
}
