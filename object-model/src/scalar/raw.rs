//! JSON that is kept as it came.

use bytes::Bytes;

use crate::reflect::Scalar;

/// Valid JSON as it is kept: nothing for `null`; what is not UTF-8 in its strings is replaced, as everywhere.
fn kept(text: &[u8]) -> Bytes {
    match std::str::from_utf8(text) {
        _ if text == b"null" => Bytes::new(),
        Ok(_) => Bytes::copy_from_slice(text),
        Err(_) => String::from_utf8_lossy(text).into_owned().into(),
    }
}

macro_rules! raw_json {
    ($(#[$doc:meta])* $name:ident, $tag:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name(Bytes);

        impl $name {
            /// From JSON text, which the caller knows to be valid.
            pub fn from_text(text: impl Into<Bytes>) -> Self {
                Self(text.into())
            }
            /// From a JSON tree.
            pub fn from_value(value: &serde_json::Value) -> Self {
                Self(serde_json::to_vec(value).expect("a JSON tree always serializes").into())
            }
            /// The JSON text; empty when absent.
            pub fn text(&self) -> &[u8] {
                &self.0
            }
            /// The JSON tree; `Null` when absent or invalid.
            pub fn to_value(&self) -> serde_json::Value {
                serde_json::from_slice(&self.0).unwrap_or_default()
            }
        }

        impl Scalar for $name {
            fn is_zero(&self) -> bool {
                self.0.is_empty()
            }
            fn write_json(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(if self.0.is_empty() { b"null" } else { &self.0 });
            }
            fn read_json(&mut self, text: &[u8]) -> Result<(), String> {
                self.0 = kept(text);
                Ok(())
            }
            fn write_protobuf(&self, out: &mut Vec<u8>) {
                if !self.0.is_empty() {
                    crate::protobuf::write_bytes_field(out, $tag, &self.0);
                }
            }
            fn read_protobuf(&mut self, body: &[u8]) -> Result<(), String> {
                let text = crate::protobuf::last_bytes_field(body, $tag)?.unwrap_or_default().trim_ascii();
                // It becomes part of JSON texts as it is.
                if !text.is_empty() {
                    crate::json::check_syntax(text).map_err(|error| error.message)?;
                }
                self.0 = kept(text);
                Ok(())
            }
        }
    };
}

raw_json!(
    /// The fields a manager owns, as the JSON of a `fieldsV1` set.
    FieldsV1, 1
);
raw_json!(
    /// A JSON object of a kind that the reader may not know.
    RawExtension, 1
);
raw_json!(
    /// Any JSON value.
    Json, 1
);

#[cfg(test)]
mod tests {
    use super::Json;
    use crate::reflect::Scalar;

    #[test]
    fn what_is_not_utf8_in_a_string_is_replaced() {
        let mut json = Json::default();
        json.read_json(b"{\"a\":\"\xff\"}").expect("the syntax is valid");
        assert_eq!(json.text(), "{\"a\":\"\u{fffd}\"}".as_bytes());
    }

    #[test]
    fn protobuf_brings_in_no_text_that_would_break_our_json() {
        let mut json = Json::default();
        assert!(json.read_protobuf(b"\x0a\x02{R").is_err());
        assert!(json.read_protobuf(b"\x0a\x06 null ").is_ok());
        assert!(json.is_zero());
        assert!(json.read_protobuf(b"\x0a\x03[1]").is_ok());
        assert_eq!(json.text(), b"[1]");
    }
}
