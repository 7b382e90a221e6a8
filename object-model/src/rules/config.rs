//! ConfigMaps and Secrets: defaults, sizes, what may change.

use crate::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use crate::validation::{FieldErrors, Path};
use crate::{ByteString, Rules, names};

/// Most bytes of all values together.
const DATA_BYTES_MAX: usize = 1024 * 1024;
const SEALED: &str = "field is immutable when `immutable` is set";
const REDACTED: &str = "<secret contents redacted>";
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// Which fields of a sealed object are no longer what they were.
fn sealed(errors: &mut FieldErrors, new: Option<bool>, changed: &[(&str, bool)]) {
    if new != Some(true) {
        errors.forbidden(&Path::new("immutable"), SEALED);
    }
    for (name, _) in changed.iter().filter(|(_, changed)| *changed) {
        errors.forbidden(&Path::new(name), SEALED);
    }
}

impl Rules for ConfigMap {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for key in self.data.keys() {
            let path = Path::new("data").key(key);
            errors.invalid_each(&path, key, names::config_key(key));
            if self.binary_data.contains_key(key) {
                errors.invalid(&path, key, "duplicate of key present in binaryData");
            }
        }
        for key in self.binary_data.keys() {
            errors.invalid_each(&Path::new("binaryData").key(key), key, names::config_key(key));
        }
        let text: usize = self.data.values().map(String::len).sum();
        let bytes: usize = self.binary_data.values().map(|value| value.0.len()).sum();
        if text + bytes > DATA_BYTES_MAX {
            // This is how a path without a name is shown.
            errors.too_long(&Path::new("[]"), DATA_BYTES_MAX);
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if old.immutable == Some(true) {
            let changed = [("data", self.data != old.data), ("binaryData", self.binary_data != old.binary_data)];
            sealed(&mut errors, self.immutable, &changed);
        }
        errors.extend(self.validate());
        errors
    }
}

impl Rules for Secret {
    fn set_defaults(&mut self) {
        if self.type_.is_empty() {
            self.type_ = "Opaque".into();
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let data = Path::new("data");
        for key in self.data.keys() {
            errors.invalid_each(&data.key(key), key, names::config_key(key));
        }
        if self.data.values().map(|value| value.0.len()).sum::<usize>() > DATA_BYTES_MAX {
            errors.too_long(&data, DATA_BYTES_MAX);
        }
        self.validate_type(&mut errors, &data);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        super::check::immutable(&mut errors, &Path::new("type"), &self.type_, &old.type_, &self.type_);
        if old.immutable == Some(true) {
            sealed(&mut errors, self.immutable, &[("data", self.data != old.data)]);
        }
        errors.extend(self.validate());
        errors
    }
}

impl Secret {
    fn validate_type(&self, errors: &mut FieldErrors, data: &Path) {
        match self.type_.as_str() {
            "kubernetes.io/service-account-token"
                if self.metadata.annotations.get(ACCOUNT).is_none_or(String::is_empty) =>
            {
                errors.required(&Path::new("metadata").child("annotations").key(ACCOUNT), "");
            }
            "kubernetes.io/dockercfg" => self.validate_json(errors, ".dockercfg", data),
            "kubernetes.io/dockerconfigjson" => self.validate_json(errors, ".dockerconfigjson", data),
            "kubernetes.io/basic-auth" if !["username", "password"].iter().any(|key| self.data.contains_key(*key)) => {
                errors.required(&data.key("username"), "");
                errors.required(&data.key("password"), "");
            }
            "kubernetes.io/ssh-auth" if self.data.get("ssh-privatekey").is_none_or(|key| key.0.is_empty()) => {
                errors.required(&data.key("ssh-privatekey"), "");
            }
            "kubernetes.io/tls" => {
                for key in ["tls.crt", "tls.key"].iter().filter(|key| !self.data.contains_key(**key)) {
                    errors.required(&data.key(key), "");
                }
            }
            _ => {}
        }
    }

    fn validate_json(&self, errors: &mut FieldErrors, key: &str, data: &Path) {
        match self.data.get(key) {
            None => errors.required(&data.key(key), ""),
            Some(text) => errors.invalid_each(&data.key(key), REDACTED, not_an_object(text).into_iter().collect()),
        }
    }
}

/// Why the bytes are no JSON object, in Go's words.
fn not_an_object(bytes: &ByteString) -> Option<String> {
    let wrong_type =
        |what: &str| Some(format!("json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"));
    match serde_json::from_slice::<serde_json::Value>(&bytes.0) {
        Ok(serde_json::Value::Object(_) | serde_json::Value::Null) => None,
        Ok(serde_json::Value::Array(_)) => wrong_type("array"),
        Ok(serde_json::Value::String(_)) => wrong_type("string"),
        Ok(serde_json::Value::Number(_)) => wrong_type("number"),
        Ok(serde_json::Value::Bool(_)) => wrong_type("bool"),
        Err(error) if error.is_eof() => Some("unexpected end of JSON input".into()),
        Err(error) => {
            let text = String::from_utf8_lossy(&bytes.0);
            let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
            let letter = line.chars().nth(error.column().saturating_sub(1)).unwrap_or('\n');
            let context = match error.to_string() {
                why if why.contains("key must be a string") => "looking for beginning of object key string",
                why if why.contains("expected `:`") => "after object key",
                why if why.contains("expected `,` or `}`") => "after object key:value pair",
                why if why.contains("expected `,` or `]`") => "after array element",
                why if why.contains("trailing characters") => "after top-level value",
                _ => "looking for beginning of value",
            };
            Some(format!("invalid character {letter:?} {context}"))
        }
    }
}

impl Rules for ServiceAccount {}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(kind: &str, data: &[(&str, &str)]) -> Secret {
        let data = data.iter().map(|(key, text)| ((*key).to_owned(), ByteString::from(*text))).collect();
        Secret { type_: kind.into(), data, ..Secret::default() }
    }

    #[test]
    fn what_each_type_of_secret_needs() {
        let docker = "kubernetes.io/dockerconfigjson";
        let cases = [
            (docker, vec![], "data[.dockerconfigjson]: Required value"),
            (
                docker,
                vec![(".dockerconfigjson", "x")],
                "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid character 'x' looking \
                 for beginning of value",
            ),
            ("kubernetes.io/ssh-auth", vec![("ssh-privatekey", "")], "data[ssh-privatekey]: Required value"),
            ("kubernetes.io/basic-auth", vec![("username", "")], "[]"),
            ("Opaque", vec![("a/b", "")], "data[a/b]: Invalid value: \"a/b\": a valid config key"),
        ];
        for (kind, data, expected) in cases {
            let found = secret(kind, &data).validate().summary();
            assert!(found.starts_with(expected), "{found}");
        }
    }

    #[test]
    fn sealed_objects_stay_sealed_and_unchanged() {
        let old = Secret { immutable: Some(true), ..secret("a", &[("k", "v")]) };
        assert_eq!(
            secret("a", &[]).validate_update(&old).summary(),
            format!("[immutable: Forbidden: {SEALED}, data: Forbidden: {SEALED}]")
        );
    }
}
