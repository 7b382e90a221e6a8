//! Snapshots of what controllers have rolled out.

use super::check;
use crate::Rules;
use crate::api::apps::v1::ControllerRevision;
use crate::validation::{FieldErrors, Path, Plain};

impl Rules for ControllerRevision {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.data.text().is_empty() || self.data.text() == b"null" {
            errors.required(&Path::new("data"), "data is mandatory");
        }
        errors.not_negative(&Path::new("revision"), self.revision);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let shown = self.data.to_value().to_string();
        let (new, old) = (self.data.to_value(), old.data.to_value());
        check::immutable(&mut errors, &Path::new("data"), new, old, Plain(&shown));
        errors
    }
}
