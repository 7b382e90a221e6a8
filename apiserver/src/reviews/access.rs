//! May I, or may somebody else: the access reviews.
//!
//! In: attributes of a request that might be made. Out: the authorizer's answer, or what is wrong with the question.
//! Source: Kubernetes API reference, `authorization.k8s.io/v1`.

use pintle_client::Identity;
use pintle_object_model::api::authorization::v1::{
    FieldSelectorAttributes, LabelSelectorAttributes, LocalSubjectAccessReview, NonResourceAttributes,
    ResourceAttributes, SelfSubjectAccessReview, SubjectAccessReview, SubjectAccessReviewSpec,
    SubjectAccessReviewStatus,
};
use pintle_object_model::api::meta::v1::ObjectMeta;
use pintle_object_model::selector::{FieldSelector, FieldTerm, Selector};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{Status, json, names};
use serde_json::{Value, json};

use crate::authz::{Action, Authorizer, Decision, ResourceAction};

/// Answers what the author of the request may do.
pub(super) async fn own(
    authorizer: &dyn Authorizer,
    identity: &Identity,
    review: &mut SelfSubjectAccessReview,
) -> Result<(), Status> {
    let spec = &review.spec;
    let (resource, path) = (spec.resource_attributes.as_deref(), spec.non_resource_attributes.as_deref());
    let mut errors = check_attributes(resource, path);
    check_empty(&review.metadata, "must be empty", &mut errors);
    review.status = decide(authorizer, identity, resource, path, errors).await?;
    Ok(())
}

/// Answers what somebody may do.
pub(super) async fn of_subject(authorizer: &dyn Authorizer, review: &mut SubjectAccessReview) -> Result<(), Status> {
    let mut errors = check_spec(&review.spec);
    check_empty(&review.metadata, "must be empty", &mut errors);
    review.status = decide_spec(authorizer, &review.spec, errors).await?;
    Ok(())
}

/// Answers what somebody may do in one namespace.
pub(super) async fn in_namespace(
    authorizer: &dyn Authorizer,
    namespace: &str,
    review: &mut LocalSubjectAccessReview,
) -> Result<(), Status> {
    let given = &mut review.metadata.namespace;
    if given.is_empty() {
        namespace.clone_into(given);
    } else if given != namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let mut errors = check_spec(&review.spec);
    let metadata = ObjectMeta { namespace: String::new(), ..review.metadata.clone() };
    check_empty(&metadata, "must be empty except for namespace", &mut errors);
    let spec = Path::new("spec");
    if let Some(asked) = review.spec.resource_attributes.as_ref().filter(|of| of.namespace != namespace) {
        let path = spec.child("resourceAttributes").child("namespace");
        errors.invalid(&path, &asked.namespace, "must match metadata.namespace");
    }
    if let Some(path) = &review.spec.non_resource_attributes {
        let at = spec.child("nonResourceAttributes");
        errors.invalid(&at, &shown(path), "disallowed on this kind of request");
    }
    review.status = decide_spec(authorizer, &review.spec, errors).await?;
    Ok(())
}

async fn decide_spec(
    authorizer: &dyn Authorizer,
    spec: &SubjectAccessReviewSpec,
    errors: FieldErrors,
) -> Result<SubjectAccessReviewStatus, Status> {
    let asked = Identity {
        user: spec.user.clone(),
        uid: spec.uid.clone(),
        groups: spec.groups.clone(),
        extra: spec.extra.clone(),
    };
    let (resource, path) = (spec.resource_attributes.as_deref(), spec.non_resource_attributes.as_deref());
    decide(authorizer, &asked, resource, path, errors).await
}

async fn decide(
    authorizer: &dyn Authorizer,
    identity: &Identity,
    resource: Option<&ResourceAttributes>,
    path: Option<&NonResourceAttributes>,
    errors: FieldErrors,
) -> Result<SubjectAccessReviewStatus, Status> {
    let (action, problem) = match (resource, path) {
        (Some(of), None) if errors.is_empty() => {
            let (fields, mut problems) = fields(of.field_selector.as_deref());
            problems.extend(labels(of.label_selector.as_deref()));
            let action = ResourceAction {
                verb: of.verb.clone(),
                group: of.group.clone(),
                version: of.version.clone(),
                resource: of.resource.clone(),
                subresource: of.subresource.clone(),
                namespace: of.namespace.clone(),
                name: of.name.clone(),
                fields,
            };
            let problem = match problems.as_slice() {
                [] => String::new(),
                [one] => one.clone(),
                many => format!("[{}]", many.join(", ")),
            };
            (Action::Resource(action), problem)
        }
        (None, Some(of)) if errors.is_empty() => {
            (Action::Path { verb: of.verb.clone(), path: of.path.clone() }, String::new())
        }
        // The kind is not named in the refusal of a review.
        _ => return Err(Status::invalid("authorization.k8s.io", "", "", &errors)),
    };
    let decision = authorizer.ask(identity, &action).await;
    Ok(SubjectAccessReviewStatus {
        allowed: decision.is_allowed(),
        denied: matches!(decision, Decision::Denied { .. }),
        reason: decision.why().to_owned(),
        evaluation_error: problem,
    })
}

fn shown(path: &NonResourceAttributes) -> Value {
    json!({"Path": path.path, "Verb": path.verb})
}

fn check_empty(metadata: &ObjectMeta, why: &str, errors: &mut FieldErrors) {
    let metadata = ObjectMeta { managed_fields: vec![], ..metadata.clone() };
    if metadata == ObjectMeta::default() {
        return;
    }
    let mut text = vec![];
    json::encode(&metadata, &mut text);
    let value: Value = serde_json::from_slice(&text).unwrap_or_default();
    errors.invalid(&Path::new("metadata"), &value, why);
}

fn check_spec(spec: &SubjectAccessReviewSpec) -> FieldErrors {
    let (resource, path) = (spec.resource_attributes.as_deref(), spec.non_resource_attributes.as_deref());
    let mut errors = check_alternatives(resource, path);
    if spec.user.is_empty() && spec.groups.is_empty() {
        let path = Path::new("spec").child("user");
        errors.invalid(&path, &spec.user, "at least one of user or group must be specified");
    }
    check_selectors(resource, &mut errors);
    errors
}

fn check_attributes(resource: Option<&ResourceAttributes>, path: Option<&NonResourceAttributes>) -> FieldErrors {
    let mut errors = check_alternatives(resource, path);
    check_selectors(resource, &mut errors);
    errors
}

fn check_alternatives(resource: Option<&ResourceAttributes>, path: Option<&NonResourceAttributes>) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let spec = Path::new("spec");
    match (resource, path) {
        (Some(_), Some(path)) => {
            let at = spec.child("nonResourceAttributes");
            errors.invalid(&at, &shown(path), "cannot be specified in combination with resourceAttributes");
        }
        (None, None) => errors.invalid(
            &spec.child("resourceAttributes"),
            &Value::Null,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        ),
        _ => {}
    }
    errors
}

fn check_selectors(resource: Option<&ResourceAttributes>, errors: &mut FieldErrors) {
    let Some(resource) = resource else { return };
    let at = Path::new("spec").child("resourceAttributes");
    if let Some(selector) = &resource.field_selector {
        let at = at.child("fieldSelector");
        check_forms(&at, &selector.raw_selector, selector.requirements.len(), errors);
        for (index, one) in selector.requirements.iter().enumerate() {
            let at = at.child("requirements").index(index);
            if one.key.is_empty() {
                errors.required(&at.child("key"), "must be specified");
            }
            check_values(&at, &one.operator, one.values.len(), errors);
        }
    }
    if let Some(selector) = &resource.label_selector {
        let at = at.child("labelSelector");
        check_forms(&at, &selector.raw_selector, selector.requirements.len(), errors);
        for (index, one) in selector.requirements.iter().enumerate() {
            let at = at.child("requirements").index(index);
            check_values(&at, &one.operator, one.values.len(), errors);
            for problem in names::qualified_name(&one.key) {
                errors.invalid(&at.child("key"), &one.key, problem);
            }
        }
    }
}

fn check_forms(at: &Path, raw: &str, requirements: usize, errors: &mut FieldErrors) {
    match (raw.is_empty(), requirements) {
        (false, 1..) => {
            errors.invalid(&at.child("rawSelector"), raw, "may not specified at the same time as requirements");
        }
        (true, 0) => {
            let why = format!("when {at} is specified, requirements or rawSelector is required");
            errors.required(&at.child("requirements"), why);
        }
        _ => {}
    }
}

fn check_values(at: &Path, operator: &str, values: usize, errors: &mut FieldErrors) {
    match (operator, values) {
        ("In" | "NotIn", 0) => {
            errors.required(&at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
        }
        ("Exists" | "DoesNotExist", 1..) => {
            errors.forbidden(&at.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        _ => {}
    }
}

/// The terms that authorizers understand, and what had to be left out.
fn fields(selector: Option<&FieldSelectorAttributes>) -> (Vec<FieldTerm>, Vec<String>) {
    let Some(selector) = selector else { return (vec![], vec![]) };
    let problem = |how: &str| vec![format!("spec.resourceAttributes.fieldSelector {how}ignored due to parse error")];
    if !selector.raw_selector.is_empty() {
        return match FieldSelector::parse(&selector.raw_selector) {
            Ok(parsed) => (parsed.terms, vec![]),
            Err(_) => (vec![], problem("")),
        };
    }
    let mut terms = vec![];
    for one in &selector.requirements {
        let equal = match one.operator.as_str() {
            "In" => true,
            "NotIn" => false,
            _ => continue,
        };
        if let [value] = one.values.as_slice() {
            terms.push(FieldTerm { path: one.key.clone(), value: value.clone(), equal });
        }
    }
    let problems = match (terms.len(), selector.requirements.len()) {
        (understood, all) if understood == all => vec![],
        (0, _) => problem(""),
        _ => problem("partially "),
    };
    (terms, problems)
}

/// What of a label selector had to be left out. No authorizer here decides by labels.
fn labels(selector: Option<&LabelSelectorAttributes>) -> Option<String> {
    let selector = selector?;
    let problem = |how: &str| Some(format!("spec.resourceAttributes.labelSelector {how}ignored due to parse error"));
    if !selector.raw_selector.is_empty() {
        return Selector::parse(&selector.raw_selector).err().and_then(|_| problem(""));
    }
    let known = |operator: &str| matches!(operator, "In" | "NotIn" | "Exists" | "DoesNotExist");
    match selector.requirements.iter().filter(|one| known(&one.operator)).count() {
        all if all == selector.requirements.len() => None,
        0 => problem(""),
        _ => problem("partially "),
    }
}
