//! OpenAPI documents of a scheme.
use crate::Scheme;

/// The OpenAPI v2 document of all kinds.
pub fn openapi_v2(_scheme: &Scheme) -> serde_json::Value {
    unimplemented!()
}
/// The OpenAPI v3 document of one group and version.
pub fn openapi_v3(_scheme: &Scheme, _gv: &crate::GroupVersion) -> serde_json::Value {
    unimplemented!()
}
