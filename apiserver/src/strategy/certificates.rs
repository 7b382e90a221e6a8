//! Certificate signing requests: who may change which part of their status.
//!
//! In: a change through `approval` or `status`. Out: conditions with times, and what is wrong with the change. Invariant:
//! only `approval` adds or removes an approval or denial, and neither is ever taken back.

use pintle_object_model::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{AnyResource, Time};

type Pair<'a> = (&'a CertificateSigningRequest, &'a CertificateSigningRequest);

fn pair<'a>(object: &'a dyn AnyResource, old: &'a dyn AnyResource) -> Option<Pair<'a>> {
    Some((object.as_any().downcast_ref()?, old.as_any().downcast_ref()?))
}

/// A change through `approval` changes conditions and nothing else.
pub(super) fn only_conditions(object: &mut dyn AnyResource, old: &dyn AnyResource) {
    let Some(old) = old.as_any().downcast_ref::<CertificateSigningRequest>() else { return };
    let Some(new) = object.as_any_mut().downcast_mut::<CertificateSigningRequest>() else { return };
    let conditions = std::mem::take(&mut new.status.conditions);
    new.spec.clone_from(&old.spec);
    new.status.clone_from(&old.status);
    new.status.conditions = conditions;
}

/// Conditions without times get them; one that was there before keeps the time of its last change.
pub(super) fn stamp_conditions(object: &mut dyn AnyResource, old: &dyn AnyResource, now: Time) {
    let Some(old) = old.as_any().downcast_ref::<CertificateSigningRequest>() else { return };
    let Some(new) = object.as_any_mut().downcast_mut::<CertificateSigningRequest>() else { return };
    for condition in &mut new.status.conditions {
        condition.last_update_time.get_or_insert(now);
        let same = |before: &&CertificateSigningRequestCondition| {
            before.type_ == condition.type_ && before.status == condition.status
        };
        let before = old.status.conditions.iter().find(same).and_then(|before| before.last_transition_time);
        condition.last_transition_time.get_or_insert(before.unwrap_or(now));
    }
}

/// Everything that is wrong with a change of the status.
pub(super) fn validate(object: &dyn AnyResource, old: &dyn AnyResource, subresource: &str) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let Some((new, old)) = pair(object, old) else { return errors };
    let approves = subresource == "approval";
    check_conditions(&new.status.conditions, &mut errors);
    let path = Path::new("status").child("conditions");
    for type_ in ["Approved", "Denied", "Failed"] {
        let of = |request: &CertificateSigningRequest| -> Vec<CertificateSigningRequestCondition> {
            request.status.conditions.iter().filter(|condition| condition.type_ == type_).cloned().collect()
        };
        let (now, before) = (of(new), of(old));
        let may_add = approves == (type_ != "Failed");
        if now.len() > before.len() && !may_add {
            errors.forbidden(&path, format!("updates may not add a condition of type {type_:?}"));
        } else if now.len() < before.len() {
            errors.forbidden(&path, format!("updates may not remove a condition of type {type_:?}"));
        } else if now.len() == before.len() && now != before {
            errors.forbidden(&path, format!("updates may not modify a condition of type {type_:?}"));
        }
    }
    if new.status.certificate != old.status.certificate {
        check_certificate(new, old, approves, &mut errors);
    }
    errors
}

fn check_conditions(conditions: &[CertificateSigningRequestCondition], errors: &mut FieldErrors) {
    let path = Path::new("status").child("conditions");
    let has = |type_: &str| conditions.iter().any(|condition| condition.type_ == type_);
    for (index, condition) in conditions.iter().enumerate() {
        let at = path.index(index);
        if condition.type_.is_empty() {
            errors.required(&at.child("type"), "");
        }
        match condition.status.as_str() {
            "" => errors.required(&at.child("status"), ""),
            // An approval is there or not.
            other if matches!(condition.type_.as_str(), "Approved" | "Denied" | "Failed") && other != "True" => {
                errors.not_supported(&at.child("status"), other, &["True"]);
            }
            "True" | "False" | "Unknown" => {}
            other => errors.not_supported(&at.child("status"), other, &["False", "True", "Unknown"]),
        }
        if conditions[..index].iter().any(|before| before.type_ == condition.type_) {
            errors.duplicate(&at.child("type"), &condition.type_);
        }
    }
    if let Some(index) = conditions.iter().position(|condition| condition.type_ == "Denied")
        && has("Approved")
    {
        errors.invalid(
            &path.index(index).child("type"),
            "Denied",
            "Approved and Denied conditions are mutually exclusive",
        );
    }
}

fn check_certificate(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    approves: bool,
    errors: &mut FieldErrors,
) {
    const SHOWN: &str = "<certificate data>";
    let path = Path::new("status").child("certificate");
    if approves || !old.status.certificate.0.is_empty() {
        errors.forbidden(&path, "updates may not set certificate content");
        return;
    }
    let blocks = pem_blocks(&new.status.certificate.0);
    if blocks.is_empty() {
        errors.invalid(&path, SHOWN, "must contain at least one CERTIFICATE PEM block");
    } else if let Some(other) = blocks.iter().find(|kind| *kind != "CERTIFICATE") {
        errors.invalid(&path, SHOWN, format!("only CERTIFICATE PEM blocks are allowed, found {other:?}"));
    }
}

/// The types of the PEM blocks of a text.
fn pem_blocks(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(types: &[&str]) -> CertificateSigningRequest {
        let mut request = CertificateSigningRequest::default();
        for type_ in types {
            request.status.conditions.push(CertificateSigningRequestCondition {
                type_: (*type_).into(),
                status: "True".into(),
                ..Default::default()
            });
        }
        request
    }

    #[test]
    fn only_approval_approves() {
        let wrong = |new: &[&str], old: &[&str], subresource| validate(&request(new), &request(old), subresource).len();
        assert_eq!(wrong(&["Approved"], &[], "approval"), 0);
        assert_eq!(wrong(&["Approved"], &[], "status"), 1);
        assert_eq!(wrong(&["Failed"], &[], "status"), 0);
        assert_eq!(wrong(&["Failed"], &[], "approval"), 1);
        assert_eq!(wrong(&[], &["Approved"], "approval"), 1);
        assert_eq!(wrong(&["Approved", "Denied"], &[], "approval"), 1);
    }
}
