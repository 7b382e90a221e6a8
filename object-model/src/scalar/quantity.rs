//! Quantities: exact decimals with suffixes.
use crate::reflect::Scalar;

/// An amount of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity(String);
/// Why a text is no quantity.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)]
pub struct ParseQuantityError;
impl Quantity {
    /// A whole number.
    pub fn from_i64(value: i64) -> Self {
        Self(value.to_string())
    }
    /// Thousandths, as CPU is counted.
    pub fn from_millis(_value: i64) -> Self {
        unimplemented!()
    }
    /// Rounded up to a whole number; saturates.
    pub fn value(&self) -> i64 {
        unimplemented!()
    }
    /// In thousandths, rounded up; saturates.
    pub fn millis(&self) -> i64 {
        unimplemented!()
    }
}
impl std::str::FromStr for Quantity {
    type Err = ParseQuantityError;
    fn from_str(_text: &str) -> Result<Self, ParseQuantityError> {
        unimplemented!()
    }
}
impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl Scalar for Quantity {
    fn is_zero(&self) -> bool {
        unimplemented!()
    }
    fn write_json(&self, _out: &mut Vec<u8>) {
        unimplemented!()
    }
    fn read_json(&mut self, _text: &[u8]) -> Result<(), String> {
        unimplemented!()
    }
    fn write_protobuf(&self, _out: &mut Vec<u8>) {
        unimplemented!()
    }
    fn read_protobuf(&mut self, _body: &[u8]) -> Result<(), String> {
        unimplemented!()
    }
}
