//! Is a body an object at all? Finds what stands in the way of knowing its kind.
//!
//! In: bytes and their media type. Out: JSON text, or an opened envelope. Invariant: a body whose kind cannot be told is
//! refused in one form, which shows its beginning. Elsewhere: which kind it must be, and decoding (`body`).

use pintle_object_model::json::{self, DecodeOptions};
use pintle_object_model::protobuf::{self, Envelope};
use pintle_object_model::yaml::{self, Duplicate};
use pintle_object_model::{GroupVersionKind, Reflect, Status};

/// Most bytes of a body that a refusal shows.
const SHOWN_BYTES_MAX: usize = 30;
/// What other servers call the part of an object that tells its kind.
const TYPE_META_GO: &str =
    "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

/// What tells the kind of an object.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
struct TypeMeta {
    /// Group and version.
    #[field(tag = 1)]
    api_version: String,
    /// Kind.
    #[field(tag = 2)]
    kind: String,
}

fn unrecognized(expected: &GroupVersionKind, why: &str, bytes: &[u8]) -> Status {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    let shown = match bytes.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => String::from_utf8_lossy(shown).into_owned(),
        Some(_) => shown.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let more = if bytes.len() > SHOWN_BYTES_MAX { " ..." } else { "" };
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): {why} ({shown}{more})",
        expected.kind
    ))
}

/// Checks that the text is an object, or nothing, whose kind can be told; `sent` is what the client sent.
pub(super) fn json(text: &[u8], sent: &[u8], expected: &GroupVersionKind) -> Result<(), Status> {
    let refuse =
        |why: &str| unrecognized(expected, &format!("couldn't get version/kind; json parse error: {why}"), sent);
    match json::decode(text, &mut TypeMeta::default(), &DecodeOptions::default()) {
        Ok(_) => Ok(()),
        Err(error) => {
            let why = error.to_string();
            let found = json::describe(text);
            Err(refuse(&if why.starts_with("json: cannot unmarshal") && !matches!(found, "object" | "null") {
                format!("json: cannot unmarshal {found} into Go value of type {TYPE_META_GO}")
            } else {
                // The struct has no name there.
                why.replace("Go struct field TypeMeta.", "Go struct field .")
            }))
        }
    }
}

/// Checks that the object says what it is, as custom resources must.
pub(super) fn named(text: &[u8], sent: &[u8], expected: &GroupVersionKind) -> Result<(), Status> {
    let (api_version, kind) = json::type_meta(text).unwrap_or_default();
    let missing = match (kind.as_str(), api_version.as_str()) {
        ("", _) => "Kind",
        (_, "") => "apiVersion",
        _ => return Ok(()),
    };
    let body = String::from_utf8_lossy(text);
    Err(unrecognized(expected, &format!("Object '{missing}' is missing in '{body}'"), sent))
}

/// The first document as JSON text, and the first key that it names twice.
pub(super) fn yaml(bytes: &[u8], expected: &GroupVersionKind) -> Result<(Vec<u8>, Option<Duplicate>), Status> {
    let (tree, twice) = yaml::document_to_json(bytes).map_err(|why| unrecognized(expected, &why, bytes))?;
    let text = serde_json::to_vec(&tree).map_err(Status::internal)?;
    json(&text, bytes, expected)?;
    Ok((text, twice))
}

/// The opened envelope.
pub(super) fn protobuf<'a>(bytes: &'a [u8], expected: &GroupVersionKind) -> Result<Envelope<'a>, Status> {
    let refuse = |why: &str| unrecognized(expected, why, bytes);
    if bytes.is_empty() {
        return Err(refuse("empty data"));
    }
    let envelope = protobuf::decode_envelope(bytes).map_err(|error| refuse(&error.to_string()))?;
    // Four bytes say what it is, and then there is nothing.
    if bytes.len() == 4 { Err(refuse("empty body")) } else { Ok(envelope) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_map() -> GroupVersionKind {
        GroupVersionKind::new("", "v1", "ConfigMap")
    }

    #[test]
    fn refusals_show_the_beginning_of_the_body() {
        let refused = |text: &str| json(text.as_bytes(), text.as_bytes(), &config_map()).unwrap_err().message;
        let start = "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ";
        assert_eq!(
            refused("apiVersion: v1\nkind: ConfigMap\nmetadata:\n"),
            format!(
                "{start}invalid character 'a' looking for beginning of value \
                 (61706956657273696f6e3a2076310a6b696e643a20436f6e6669674d6170 ...)"
            )
        );
        assert_eq!(
            refused("{\"apiVersion\": 1}"),
            format!(
                "{start}json: cannot unmarshal number into Go struct field .apiVersion of type string ({{\"apiVersion\": 1}})"
            )
        );
        assert_eq!(
            refused("[]"),
            format!("{start}json: cannot unmarshal array into Go value of type {TYPE_META_GO} (5b5d)")
        );
        assert!(json(b"{\"kind\": \"X\", \"data\": [[1]]}", b"", &config_map()).is_ok());
    }

    #[test]
    fn envelopes_and_documents_are_opened() {
        let refused = |bytes: &[u8]| protobuf(bytes, &config_map()).unwrap_err().message;
        assert!(refused(b"").ends_with("empty data (<empty>)"));
        assert!(refused(b"k8s\0").ends_with("empty body (6b387300)"));
        assert_eq!(yaml(b"", &config_map()).unwrap().0, b"null");
        let (text, twice) = yaml(b"kind: A\n---\nkind: B\n", &config_map()).unwrap();
        assert_eq!((text.as_slice(), twice), (&b"{\"kind\":\"A\"}"[..], None));
        let refused = |text: &str| yaml(text.as_bytes(), &config_map()).unwrap_err().message;
        assert!(
            refused("kind: ConfigMap\n  bad: indent\n")
                .contains("yaml: line 2: mapping values are not allowed in this context (")
        );
        assert!(refused("a: [").contains("yaml: line 1: did not find expected node content (613a205b)"));
        assert!(refused("a: {k: *nope}").contains("yaml: unknown anchor 'nope' referenced ("));
    }
}
