//! Bodies: from what was sent to an object at the stored version.
//!
//! In: encoded or in-process bodies. Out: a defaulted object, and warnings or errors for unknown fields.
//! Invariant: a body that is not understood is refused; nothing of it is silently lost unless the client asked.

use pintle_client::{Body, Params};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::{AnyResource, GroupVersionKind, KindEntry, Scheme, SchemeError, Status, protobuf, yaml};

use super::recognize;
use crate::admission::Warnings;

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// How strictly to decode, as the request says.
fn validation_of(params: &Params) -> Result<&str, Status> {
    match params.field_validation.as_str() {
        "" => Ok("Warn"),
        known @ ("Ignore" | "Warn" | "Strict") => Ok(known),
        other => {
            let mut errors = pintle_object_model::validation::FieldErrors::default();
            let path = pintle_object_model::validation::Path::new("fieldValidation");
            errors.not_supported(&path, other, &["", "Ignore", "Strict", "Warn"]);
            Err(Status::invalid("meta.k8s.io", "CreateOptions", "", &errors))
        }
    }
}

/// Decodes the body of a create or update as the kind that was asked for, with the defaults of that version.
pub(crate) fn decode_object(
    scheme: &Scheme,
    entry: &KindEntry,
    body: Body,
    params: &Params,
    warnings: &Warnings,
) -> Result<Box<dyn AnyResource>, Status> {
    let expected = entry.info().gvk();
    let mut object = match body {
        Body::Object(object) => match object.typed() {
            Some(typed) if typed.info().gvk() == expected => typed.clone_box(),
            // In process custom resources come in their compact form: as their text would.
            None if object.gvk() == expected => {
                let text = object.encode(pintle_object_model::Format::Json);
                decode_bytes(scheme, &expected, JSON, &text, params, warnings)?
            }
            _ => return Err(wrong_kind(scheme, &object.gvk(), &expected)),
        },
        Body::Encoded { media_type, bytes } => decode_bytes(scheme, &expected, &media_type, &bytes, params, warnings)?,
        Body::Empty => return Err(Status::bad_request("the request body is empty")),
        Body::Patch(_) | Body::Delete(_) => return Err(Status::bad_request("the body is not an object")),
    };
    object.set_defaults();
    Ok(object)
}

fn decode_bytes(
    scheme: &Scheme,
    expected: &GroupVersionKind,
    media_type: &str,
    bytes: &[u8],
    params: &Params,
    warnings: &Warnings,
) -> Result<Box<dyn AnyResource>, Status> {
    let options = DecodeOptions { strict: validation_of(params)? != "Ignore" };
    let (converted, mut twice);
    let text = match media_type {
        PROTOBUF => return decode_protobuf(scheme, expected, bytes),
        JSON | "" => {
            twice = None;
            recognize::json(bytes, bytes, expected)?;
            bytes
        }
        YAML => {
            (converted, twice) = recognize::yaml(bytes, expected)?;
            &converted
        }
        _ => return Err(unsupported()),
    };
    if scheme.kind(expected).is_some_and(|entry| entry.custom().is_some()) {
        recognize::named(text, bytes, expected)?;
    }
    if params.field_validation != "Strict" {
        twice = None;
    }
    check_type_meta(scheme, text, expected)?;
    let decoded = scheme.decode_json(expected, text, &options).map_err(|error| cannot_be_handled(expected, &error))?;
    // What is wrong with the text comes before what is wrong with the object.
    let text = twice
        .map(|twice| format!("yaml: unmarshal errors:\n  line {}: key {:?} already set in map", twice.line, twice.key));
    let issues: Vec<String> = text.into_iter().chain(decoded.issues.iter().map(ToString::to_string)).collect();
    report(expected, params, issues, warnings)?;
    Ok(decoded.object)
}

fn decode_protobuf(scheme: &Scheme, expected: &GroupVersionKind, bytes: &[u8]) -> Result<Box<dyn AnyResource>, Status> {
    let envelope = recognize::protobuf(bytes, expected)?;
    let found = GroupVersionKind::parse(&envelope.api_version, &envelope.kind);
    if !envelope.kind.is_empty() && found != *expected {
        return Err(wrong_kind(scheme, &found, expected));
    }
    scheme.decode_protobuf(expected, envelope.raw).map_err(|error| cannot_be_handled(expected, &error))
}

/// The first document, and a key that it names twice.
fn yaml_to_json(bytes: &[u8]) -> Result<(Vec<u8>, Option<yaml::Duplicate>), Status> {
    let (tree, twice) = yaml::first_to_json(bytes).map_err(Status::bad_request)?;
    Ok((serde_json::to_vec(&tree).map_err(Status::internal)?, twice))
}

/// The kind that a text says it is; what it leaves out is as expected. `None` if that is the expected kind, or if the
/// text is malformed, which the decoder reports in its own words.
fn kind_of(text: &[u8], expected: &GroupVersionKind) -> Option<GroupVersionKind> {
    let (api_version, kind) = pintle_object_model::json::type_meta(text)?;
    let mut found =
        if api_version.is_empty() { expected.clone() } else { GroupVersionKind::parse(&api_version, &expected.kind) };
    if !kind.is_empty() {
        found.kind = kind;
    }
    (found != *expected).then_some(found)
}

/// The body's own `apiVersion` and `kind` must be those that the URL asks for.
fn check_type_meta(scheme: &Scheme, text: &[u8], expected: &GroupVersionKind) -> Result<(), Status> {
    kind_of(text, expected).map_or(Ok(()), |found| Err(wrong_kind(scheme, &found, expected)))
}

/// Why a text is not of the expected kind, whatever its version.
pub(super) fn other_kind(scheme: &Scheme, text: &[u8], expected: &GroupVersionKind) -> Option<String> {
    let found = kind_of(text, expected).filter(|found| !same_kind(scheme, found, expected))?;
    Some(why_other(scheme, &found, expected))
}

fn why_other(scheme: &Scheme, found: &GroupVersionKind, expected: &GroupVersionKind) -> String {
    if scheme.kind(found).is_some() {
        let package = internal_package(expected);
        return format!(
            "converting ({}.{}) to ({package}.{}): unknown conversion",
            found.version, found.kind, expected.kind
        );
    }
    format!(
        "no kind {:?} is registered for version {:?} in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
        found.kind,
        found.api_version()
    )
}

fn wrong_kind(scheme: &Scheme, found: &GroupVersionKind, expected: &GroupVersionKind) -> Status {
    if same_kind(scheme, found, expected) {
        return Status::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({})",
            found.api_version(),
            expected.api_version()
        ));
    }
    let why = why_other(scheme, found, expected);
    Status::bad_request(format!(
        "{} in version \"{}\" cannot be handled as a {}: {why}",
        found.kind, found.version, expected.kind
    ))
}

/// Versions that the server knows how to read though it no longer serves them.
const NO_LONGER_SERVED: [(&str, &[&str]); 17] = [
    ("admissionregistration.k8s.io", &["v1beta1", "v1alpha1"]),
    ("apps", &["v1beta1", "v1beta2"]),
    ("authentication.k8s.io", &["v1beta1", "v1alpha1"]),
    ("authorization.k8s.io", &["v1beta1"]),
    ("autoscaling", &["v2beta1", "v2beta2"]),
    ("batch", &["v1beta1"]),
    ("certificates.k8s.io", &["v1beta1", "v1alpha1"]),
    ("coordination.k8s.io", &["v1beta1", "v1alpha2"]),
    ("discovery.k8s.io", &["v1beta1"]),
    ("events.k8s.io", &["v1beta1"]),
    ("flowcontrol.apiserver.k8s.io", &["v1beta1", "v1beta2", "v1beta3"]),
    ("networking.k8s.io", &["v1beta1", "v1alpha1"]),
    ("node.k8s.io", &["v1beta1", "v1alpha1"]),
    ("policy", &["v1beta1"]),
    ("rbac.authorization.k8s.io", &["v1beta1", "v1alpha1"]),
    ("scheduling.k8s.io", &["v1beta1", "v1alpha1"]),
    ("storage.k8s.io", &["v1beta1", "v1alpha1"]),
];

/// Are these two versions of one kind?
fn same_kind(scheme: &Scheme, found: &GroupVersionKind, expected: &GroupVersionKind) -> bool {
    let Some(wanted) = scheme.kind(expected) else { return false };
    match scheme.kind(found) {
        Some(entry) => entry.hub() == wanted.hub(),
        None => {
            let versions = NO_LONGER_SERVED.iter().find(|(group, _)| *group == found.group);
            found.group == expected.group
                && found.kind == expected.kind
                && versions.is_some_and(|(_, versions)| versions.contains(&found.version.as_str()))
        }
    }
}

/// The name of the package that holds a kind's unversioned type.
fn internal_package(kind: &GroupVersionKind) -> &str {
    match (kind.group.split('.').next().unwrap_or_default(), kind.kind.as_str()) {
        ("", _) | ("events", "Event") => "core",
        ("internal", _) => "apiserverinternal",
        (first, _) => first,
    }
}

fn cannot_be_handled(expected: &GroupVersionKind, error: &SchemeError) -> Status {
    Status::bad_request(format!(
        "{} in version \"{}\" cannot be handled as a {}: {error}",
        expected.kind, expected.version, expected.kind
    ))
}

fn report(
    expected: &GroupVersionKind,
    params: &Params,
    issues: Vec<String>,
    warnings: &Warnings,
) -> Result<(), Status> {
    if issues.is_empty() {
        return Ok(());
    }
    if params.field_validation == "Strict" {
        let list = issues.join(", ");
        return Err(Status::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {}: strict decoding error: {list}",
            expected.kind, expected.version, expected.kind
        )));
    }
    for issue in issues {
        warnings.add(issue);
    }
    Ok(())
}

fn unsupported() -> Status {
    Status::unsupported_media_type(format!(
        "the body of the request was in an unknown format - accepted media types include: {JSON}, {YAML}, {PROTOBUF}"
    ))
}

/// How to delete: from the body if there is one, else from the query.
pub(crate) fn delete_options(body: Body, params: &Params) -> Result<DeleteOptions, Status> {
    let mut options = match body {
        Body::Delete(options) => *options,
        Body::Empty => from_query(params)?,
        Body::Encoded { bytes, .. } if bytes.is_empty() => from_query(params)?,
        Body::Encoded { media_type, .. } if !matches!(media_type.as_str(), "" | JSON | YAML | PROTOBUF) => {
            return Err(unsupported());
        }
        Body::Encoded { media_type, bytes } => {
            let mut options = DeleteOptions::default();
            if media_type == PROTOBUF {
                let envelope =
                    protobuf::decode_envelope(&bytes).map_err(|error| Status::bad_request(error.to_string()))?;
                check_is_options(&envelope.api_version, &envelope.kind)?;
                protobuf::decode(envelope.raw, &mut options).map_err(|error| Status::bad_request(error.to_string()))?;
            } else {
                let converted;
                let text: &[u8] = if media_type == YAML {
                    (converted, _) = yaml_to_json(&bytes)?;
                    &converted
                } else {
                    &bytes
                };
                let kind = pintle_object_model::json::type_meta(text);
                if let Some((api_version, kind)) = &kind {
                    check_is_options(api_version, kind)?;
                }
                pintle_object_model::json::decode_kind(text, &mut options, &DecodeOptions::default()).map_err(
                    |error| {
                        // What has no kind to be read failed earlier than what has the wrong types.
                        let early = if kind.is_none() { "couldn't get version/kind; json parse error: " } else { "" };
                        Status::bad_request(format!("{early}{error}"))
                    },
                )?;
            }
            options
        }
        Body::Object(_) | Body::Patch(_) => return Err(Status::bad_request("the body of a deletion is DeleteOptions")),
    };
    if options.dry_run.is_empty() {
        options.dry_run.clone_from(&params.dry_run);
    }
    Ok(options)
}

/// Options are known by their kind; their version does not matter.
fn check_is_options(api_version: &str, kind: &str) -> Result<(), Status> {
    if matches!(kind, "" | "DeleteOptions") {
        return Ok(());
    }
    let version = if api_version.is_empty() { "meta.k8s.io/v1" } else { api_version };
    Err(Status::bad_request(format!(
        "no kind {kind:?} is registered for version {version:?} in scheme \
         \"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\""
    )))
}

fn from_query(params: &Params) -> Result<DeleteOptions, Status> {
    let mut options = DeleteOptions { dry_run: params.dry_run.clone(), ..DeleteOptions::default() };
    if let Some(text) = params.other("gracePeriodSeconds") {
        let seconds = super::connect::parse_int(text).map_err(Status::bad_request)?;
        options.grace_period_seconds = Some(seconds);
    }
    options.propagation_policy = params.other("propagationPolicy").map(str::to_owned);
    options.orphan_dependents = params.other("orphanDependents").map(super::connect::is_true);
    Ok(options)
}
