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
            _ => return Err(wrong_kind(&object.gvk(), &expected)),
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
    if params.field_validation != "Strict" {
        twice = None;
    }
    check_type_meta(text, expected)?;
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
        return Err(wrong_kind(&found, expected));
    }
    scheme.decode_protobuf(expected, envelope.raw).map_err(|error| cannot_be_handled(expected, &error))
}

fn yaml_to_json(bytes: &[u8]) -> Result<Vec<u8>, Status> {
    let documents = yaml::to_json(bytes).map_err(|error| Status::bad_request(error.to_string()))?;
    match documents.as_slice() {
        [one] => serde_json::to_vec(one).map_err(Status::internal),
        _ => Err(Status::bad_request("the request body must hold exactly one object")),
    }
}

/// The body's own `apiVersion` and `kind` must be those that the URL asks for.
fn check_type_meta(text: &[u8], expected: &GroupVersionKind) -> Result<(), Status> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct TypeMeta<'a> {
        #[serde(borrow, default)]
        api_version: std::borrow::Cow<'a, str>,
        #[serde(borrow, default)]
        kind: std::borrow::Cow<'a, str>,
    }
    // What is malformed is reported by the decoder, in its own words.
    let Ok(found) = serde_json::from_slice::<TypeMeta<'_>>(text) else { return Ok(()) };
    if found.kind.is_empty() && found.api_version.is_empty() {
        return Ok(());
    }
    let api_version = if found.api_version.is_empty() { expected.api_version().into() } else { found.api_version };
    let kind = if found.kind.is_empty() { expected.kind.as_str().into() } else { found.kind };
    let found_gvk = GroupVersionKind::parse(&api_version, &kind);
    if found_gvk == *expected { Ok(()) } else { Err(wrong_kind(&found_gvk, expected)) }
}

fn wrong_kind(found: &GroupVersionKind, expected: &GroupVersionKind) -> Status {
    if found.kind == expected.kind {
        return Status::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({})",
            found.api_version(),
            expected.api_version()
        ));
    }
    Status::bad_request(format!(
        "{} in version \"{}\" cannot be handled as a {}: expected kind {}, found {}",
        found.kind, found.version, expected.kind, expected.kind, found.kind
    ))
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
                protobuf::decode(envelope.raw, &mut options).map_err(|error| Status::bad_request(error.to_string()))?;
            } else {
                let converted;
                let text: &[u8] = if media_type == YAML {
                    converted = yaml_to_json(&bytes)?;
                    &converted
                } else {
                    &bytes
                };
                pintle_object_model::json::decode_kind(text, &mut options, &DecodeOptions::default())
                    .map_err(|error| Status::bad_request(format!("DeleteOptions cannot be handled: {error}")))?;
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

fn from_query(params: &Params) -> Result<DeleteOptions, Status> {
    let mut options = DeleteOptions { dry_run: params.dry_run.clone(), ..DeleteOptions::default() };
    if let Some(text) = params.other("gracePeriodSeconds") {
        let seconds = text.parse().map_err(|_| {
            Status::bad_request(format!(
                "converting (url.Values) to (v1.DeleteOptions): strconv.ParseInt: parsing {text:?}: invalid syntax"
            ))
        })?;
        options.grace_period_seconds = Some(seconds);
    }
    options.propagation_policy = params.other("propagationPolicy").map(str::to_owned);
    options.orphan_dependents = params.other("orphanDependents").and_then(|text| text.parse().ok());
    Ok(options)
}

/// Is this a dry run? Only `All` is a known stage.
pub(crate) fn dry_run(stages: &[String]) -> Result<bool, Status> {
    match stages.iter().find(|stage| *stage != "All") {
        Some(_) => {
            let mut errors = pintle_object_model::validation::FieldErrors::default();
            let value = serde_json::json!(stages);
            errors.not_supported(&pintle_object_model::validation::Path::new("dryRun"), &value, &["All"]);
            Err(Status::invalid("meta.k8s.io", "CreateOptions", "", &errors))
        }
        None => Ok(!stages.is_empty()),
    }
}
