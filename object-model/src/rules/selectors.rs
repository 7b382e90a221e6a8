//! Label selectors, the same for all kinds that have them.

use crate::api::meta::v1::LabelSelector;
use crate::names;
use crate::validation::{FieldErrors, Path, validate_labels};

const UNKNOWN: &str = "not a valid selector operator";

/// Do the values fit the operator? `In` and `NotIn` need some, `Exists` and `DoesNotExist` none.
/// False if the operator is none of these.
pub(super) fn validate_values(errors: &mut FieldErrors, operator: &str, values: &[String], path: &Path) -> bool {
    match operator {
        "In" | "NotIn" => {
            if values.is_empty() {
                errors.required(&path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                let problem = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.forbidden(&path.child("values"), problem);
            }
        }
        _ => return false,
    }
    true
}

/// The operator is none that is known.
pub(super) fn unknown_operator(errors: &mut FieldErrors, operator: &str, path: &Path) {
    errors.invalid(&path.child("operator"), operator, UNKNOWN);
}

/// Values that labels can have.
pub(super) fn validate_label_values(errors: &mut FieldErrors, values: &[String], path: &Path) {
    for (index, value) in values.iter().enumerate() {
        errors.invalid_each(&path.child("values").index(index), value, names::label_value(value));
    }
}

/// Everything that is wrong with a label selector.
pub(super) fn validate_selector(errors: &mut FieldErrors, selector: &LabelSelector, path: &Path) {
    validate_labels(&selector.match_labels, &path.child("matchLabels"), errors);
    for (index, expression) in selector.match_expressions.iter().enumerate() {
        let at = path.child("matchExpressions").index(index);
        if !validate_values(errors, &expression.operator, &expression.values, &at) {
            unknown_operator(errors, &expression.operator, &at);
        }
        errors.invalid_each(&at.child("key"), &expression.key, names::qualified_name(&expression.key));
        validate_label_values(errors, &expression.values, &at);
    }
}
