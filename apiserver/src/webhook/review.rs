//! Admission reviews: the question and the answer.

use pintle_object_model::api::meta::v1::Status as StatusKind;
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::{AnyResource, Format, Object, Status, json as text};
use serde_json::{Value, json};

use crate::admission::Attributes;

/// What a webhook said.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) allowed: bool,
    /// Operations of a JSON Patch, as text.
    pub(super) patch: Option<Vec<u8>>,
    pub(super) status: Option<StatusKind>,
    pub(super) warnings: Vec<String>,
}

/// The question about a write, at this version of the review.
pub(super) fn question(
    version: &str,
    uid: &str,
    attributes: &Attributes<'_>,
    object: Option<&dyn AnyResource>,
) -> Vec<u8> {
    let resource = attributes.resource;
    let kind =
        json!({"group": attributes.kind.group, "version": attributes.kind.version, "kind": attributes.kind.kind});
    let gvr = json!({"group": resource.group, "version": resource.version, "resource": resource.resource});
    let identity = attributes.identity;
    let tree = |object: &Object| object.to_value();
    let mut request = json!({
        "uid": uid, "kind": kind, "resource": gvr, "requestKind": kind, "requestResource": gvr,
        "operation": attributes.operation.as_str(), "dryRun": attributes.dry_run,
        "userInfo": {"username": identity.user, "groups": identity.groups},
        "object": object.map_or(Value::Null, |object| tree(&Object::from_box(object.clone_box()))),
        "oldObject": attributes.old.map_or(Value::Null, tree),
        "options": {"kind": options_kind(attributes), "apiVersion": "meta.k8s.io/v1"},
    });
    let optional = [
        ("name", attributes.name),
        ("namespace", attributes.namespace),
        ("subResource", attributes.subresource),
        ("requestSubResource", attributes.subresource),
    ];
    for (member, value) in optional.into_iter().filter(|(_, value)| !value.is_empty()) {
        request[member] = value.into();
    }
    if !identity.uid.is_empty() {
        request["userInfo"]["uid"] = identity.uid.as_str().into();
    }
    if !identity.extra.is_empty() {
        request["userInfo"]["extra"] = json!(identity.extra);
    }
    let review = json!({
        "kind": "AdmissionReview", "apiVersion": format!("admission.k8s.io/{version}"), "request": request,
    });
    review.to_string().into_bytes()
}

fn options_kind(attributes: &Attributes<'_>) -> &'static str {
    use crate::admission::Operation;
    match attributes.operation {
        Operation::Create => "CreateOptions",
        Operation::Update => "UpdateOptions",
        Operation::Delete => "DeleteOptions",
        Operation::Connect => "ConnectOptions",
    }
}

/// Reads an answer to the question `uid`.
pub(super) fn answer(version: &str, uid: &str, body: &[u8]) -> Result<Answer, String> {
    let review: Value = serde_json::from_slice(body).map_err(|error| format!("invalid answer: {error}"))?;
    let member = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (found, kind) = (member(&review, "apiVersion"), member(&review, "kind"));
    let expected = format!("admission.k8s.io/{version}");
    if found != expected || kind != "AdmissionReview" {
        return Err(format!("expected webhook response of {expected}, Kind=AdmissionReview, got {found}, Kind={kind}"));
    }
    let Some(response) = review.get("response").filter(|response| response.is_object()) else {
        return Err("webhook response was absent".into());
    };
    let answered = member(response, "uid");
    if answered != uid {
        return Err(format!("expected response.uid={uid:?}, got {answered:?}"));
    }
    let patch = match response.get("patch").and_then(Value::as_str) {
        None | Some("") => None,
        Some(encoded) => {
            let kind = member(response, "patchType");
            if kind != "JSONPatch" {
                return Err(format!("webhook returned response.patch with response.patchType {kind:?}"));
            }
            use base64::Engine as _;
            let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
            Some(decoded.map_err(|error| format!("response.patch is not base64: {error}"))?)
        }
    };
    let status = match response.get("status") {
        Some(tree) if tree.is_object() => {
            let mut status = StatusKind::default();
            let encoded = serde_json::to_vec(tree).map_err(|error| error.to_string())?;
            text::decode_kind(&encoded, &mut status, &DecodeOptions::default()).map_err(|error| error.to_string())?;
            Some(status)
        }
        _ => None,
    };
    let warnings = response.get("warnings").and_then(Value::as_array).into_iter().flatten();
    Ok(Answer {
        allowed: response.get("allowed").and_then(Value::as_bool).unwrap_or(false),
        patch,
        status,
        warnings: warnings.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

/// The refusal that a client gets: the webhook's own, made safe.
pub(super) fn refusal(webhook: &str, status: Option<StatusKind>) -> Status {
    let mut status = status.unwrap_or_default();
    let denied = format!("admission webhook {webhook:?} denied the request");
    status.message = match (status.message.as_str(), status.reason.as_str()) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    status.code = status.code.max(400);
    status.status = "Failure".into();
    status
}

/// The object as webhooks and their patches see it.
pub(super) fn tree_of(object: &dyn AnyResource) -> Value {
    let encoded = Object::from_box(object.clone_box()).encode(Format::Json);
    serde_json::from_slice(&encoded).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_checked_before_they_are_used() {
        let review = |response: Value| {
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).to_string()
        };
        let read = |response: Value| answer("v1", "u", review(response).as_bytes());
        assert!(read(json!({"uid": "u", "allowed": true})).unwrap().allowed);
        assert!(!read(json!({"uid": "u"})).unwrap().allowed, "no answer is a refusal");
        assert_eq!(read(json!({"uid": "other"})).unwrap_err(), "expected response.uid=\"u\", got \"other\"");
        assert!(read(json!({"uid": "u", "patch": "W10=", "patchType": "Merge"})).is_err());
        let patched = read(json!({"uid": "u", "allowed": true, "patch": "W10=", "patchType": "JSONPatch"})).unwrap();
        assert_eq!(patched.patch.as_deref(), Some(&b"[]"[..]));
        assert!(answer("v1", "u", b"{}").is_err());
    }

    #[test]
    fn refusals_are_refusals_whatever_the_webhook_says() {
        let told = refusal("w.example.com", None);
        assert_eq!(told.message, "admission webhook \"w.example.com\" denied the request without explanation");
        let odd = StatusKind { code: 200, status: "Success".into(), message: "no".into(), ..StatusKind::default() };
        let told = refusal("w", Some(odd));
        assert_eq!((told.code, told.status.as_str()), (400, "Failure"));
        assert_eq!(told.message, "admission webhook \"w\" denied the request: no");
    }
}
