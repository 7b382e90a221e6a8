//! Label and field selectors.
use std::collections::BTreeMap;

use crate::api::meta::v1::LabelSelector;

/// A parsed label selector: all requirements must hold. The default selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}
/// One requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Label key.
    pub key: String,
    /// Comparison.
    pub operator: Operator,
    /// Right-hand side.
    pub values: Vec<String>,
}
/// How a requirement compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The label has one of the values.
    In,
    /// The label is missing or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is missing.
    DoesNotExist,
    /// The label is a number greater than the value.
    GreaterThan,
    /// The label is a number less than the value.
    LessThan,
}
impl Selector {
    /// Parses `a=b,c!=d,e in (f,g),!h,i>1`.
    ///
    /// # Errors
    /// What is wrong, as the API server words it.
    pub fn parse(_text: &str) -> Result<Self, String> {
        unimplemented!()
    }
    /// Every label equal to the given ones.
    pub fn equals(_labels: &BTreeMap<String, String>) -> Self {
        unimplemented!()
    }
    /// From the object form; an empty one selects everything.
    ///
    /// # Errors
    /// What is wrong.
    pub fn from_object(_selector: &LabelSelector) -> Result<Self, String> {
        unimplemented!()
    }
    /// From explicit requirements.
    pub fn new(requirements: Vec<Requirement>) -> Self {
        Self { requirements }
    }
    /// Do these labels meet all requirements?
    pub fn matches(&self, _labels: &BTreeMap<String, String>) -> bool {
        unimplemented!()
    }
    /// Selects everything?
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }
    /// The requirements.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}
/// A parsed field selector: `metadata.name=a,spec.nodeName!=b`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// Terms, all of which must hold.
    pub terms: Vec<FieldTerm>,
}
/// One comparison of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// JSON path with dots.
    pub path: String,
    /// Compared with this.
    pub value: String,
    /// Must be equal (else: must differ).
    pub equal: bool,
}
impl FieldSelector {
    /// Parses the text form.
    ///
    /// # Errors
    /// What is wrong, as the API server words it.
    pub fn parse(_text: &str) -> Result<Self, String> {
        unimplemented!()
    }
    /// One equality.
    pub fn equal(path: &str, value: &str) -> Self {
        Self {
            terms: vec![FieldTerm {
                path: path.into(),
                value: value.into(),
                equal: true,
            }],
        }
    }
    /// Do the fields of `object` meet all terms? Fields that are absent count as empty text.
    pub fn matches(&self, _object: &crate::Object) -> bool {
        unimplemented!()
    }
}
