//! Changing parts of objects.
//!
//! In: a patch of one of the four kinds. Out: an update of the patched object, tried again while others are faster.
//! Elsewhere: the patches themselves (`object-model`, `patch`).

use pintle_client::{Body, Patch, PatchKind, Request, Response};
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::patch::{self, PatchError};
use pintle_object_model::{AnyResource, Object, Status};

use super::body::dry_run;
use super::update::ATTEMPTS;
use super::{Call, Registry};

impl Registry {
    pub(super) async fn patch(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let Request { body, params, user_agent, .. } = request;
        let Body::Patch(patch) = body else {
            return Err(Status::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, \
                 application/apply-patch+yaml",
            ));
        };
        super::apply::check_options(patch.kind, &params)?;
        if patch.kind == PatchKind::Apply {
            return self.apply(call, &patch, &params).await;
        }
        let manager = super::fields::manager(&params, &user_agent);
        let dry = dry_run(&params.dry_run)?;
        let strict = DecodeOptions { strict: params.field_validation != "Ignore" };
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                return Err(Status::not_found(&call.storage.group_resource(), call.name));
            };
            let before = self.present(call, &current.value)?;
            let (patched, given_version) = self.patched(call, &before, &patch, &strict, &params.field_validation)?;
            if given_version && patched.metadata().resource_version != current.revision.to_string() {
                return Err(Status::modified(&call.storage.group_resource(), call.name));
            }
            let new = call.scheme.to_hub(patched).map_err(|error| Status::bad_request(error.to_string()))?;
            if let Some(written) = self.write_update(call, new, &current, &manager, dry).await? {
                return Ok(Response::object(self.present(call, &written)?));
            }
            if given_version {
                break;
            }
        }
        Err(Status::modified(&call.storage.group_resource(), call.name))
    }

    /// The object after the patch, defaulted, and whether the patch insists on a resource version.
    fn patched(
        &self,
        call: &Call<'_>,
        before: &Object,
        patch: &Patch,
        options: &DecodeOptions,
        validation: &str,
    ) -> Result<(Box<dyn AnyResource>, bool), Status> {
        let info = call.entry.info();
        let mut tree = before.to_value();
        patch::apply_any(&mut tree, patch.kind, &patch.text, call.entry.schema())
            .map_err(|error| refused(&error, info.kind))?;
        let version = tree.pointer("/metadata/resourceVersion").and_then(|value| value.as_str()).unwrap_or_default();
        let given = !version.is_empty() && version != before.metadata().resource_version;
        let name = tree.pointer("/metadata/name").and_then(|value| value.as_str()).unwrap_or_default();
        if name != call.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                call.name
            )));
        }
        let text = serde_json::to_vec(&tree).map_err(Status::internal)?;
        let decoded = call.scheme.decode_json(&info.gvk(), &text, options).map_err(|error| {
            Status::failure(
                422,
                "Invalid",
                format!("{} \"{}\" is invalid: patch: Invalid value: {error}", info.gvk().group_kind(), call.name),
            )
        })?;
        if validation == "Strict" && !decoded.issues.is_empty() {
            let list = decoded.issues.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(Status::bad_request(format!("strict decoding error: {list}")));
        }
        for issue in &decoded.issues {
            call.warnings.add(issue.to_string());
        }
        let mut object = decoded.object;
        object.set_defaults();
        Ok((object, given))
    }
}

/// A patch that does not fit, as clients see it.
pub(super) fn refused(error: &PatchError, kind: &str) -> Status {
    match error {
        PatchError::Malformed { .. } => Status::bad_request(error.to_string()),
        PatchError::TooLarge { .. } => Status::failure(413, "RequestEntityTooLarge", error.to_string()),
        // Whatever else there will be, the patch did not fit.
        _ => {
            tracing::debug!(kind, %error, "a patch does not fit");
            let why = "the server rejected our request due to an error in our request";
            let mut status = Status::failure(422, "Invalid", why);
            status.details = Some(Box::default());
            status
        }
    }
}
