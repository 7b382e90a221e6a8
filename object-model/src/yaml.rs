//! YAML, by way of JSON.
//!
//! In: manifests. Out: JSON trees, so that all rules about types and fields are those of `json`. Invariant:
//! YAML 1.1 as kubectl reads it (`yes` is true, `0644` is octal); bombs are refused by the library's limits.

use bytes::Bytes;

/// The JSON trees of the documents of a YAML text; empty documents are left out.
///
/// # Errors
/// Bad syntax, or a text that grows beyond the limits.
pub fn to_json(text: &[u8]) -> Result<Vec<serde_json::Value>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "yaml: the text is not UTF-8".to_owned())?;
    let mut options = serde_saphyr::Options::default();
    options.legacy_octal_numbers = true;
    let documents: Vec<serde_json::Value> =
        serde_saphyr::from_multiple_with_options(text, options).map_err(|error| format!("yaml: {error}"))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// YAML of a JSON text, keys in order.
pub fn from_json(json: &[u8]) -> Bytes {
    let tree: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    serde_saphyr::to_string(&tree).map(Bytes::from).unwrap_or_else(|_| Bytes::copy_from_slice(json))
}
