//! Options of writes: dry run, field manager, field validation.
//!
//! In: parameters of a request. Out: whether it is a dry run, or the 422 that says what is wrong with them all.

use pintle_client::{Params, PatchKind};
use pintle_object_model::Status;
use pintle_object_model::validation::{FieldErrors, Path};

/// Longest name of a manager, in bytes.
pub(super) const MANAGER_MAX: usize = 128;

/// Which write the options belong to.
#[derive(Clone, Copy, Debug)]
pub(super) enum OptionsOf {
    Create,
    Update,
    Patch(PatchKind),
}

impl OptionsOf {
    fn kind(self) -> &'static str {
        match self {
            Self::Create => "CreateOptions",
            Self::Update => "UpdateOptions",
            Self::Patch(_) => "PatchOptions",
        }
    }
}

/// Checks the options of a write. Answers whether it is a dry run.
pub(super) fn check(of: OptionsOf, params: &Params) -> Result<bool, Status> {
    let mut errors = FieldErrors::default();
    match of {
        OptionsOf::Patch(PatchKind::Apply) if params.field_manager.is_empty() => {
            errors.required(&Path::new("fieldManager"), "is required for apply patch");
        }
        OptionsOf::Patch(kind) if kind != PatchKind::Apply && params.force.is_some() => {
            errors.forbidden(&Path::new("force"), "may not be specified for non-apply patch");
        }
        _ => {}
    }
    check_manager(&params.field_manager, &mut errors);
    let dry = check_dry_run(&params.dry_run, &mut errors);
    let validation = params.field_validation.as_str();
    if !matches!(validation, "" | "Ignore" | "Warn" | "Strict") {
        errors.not_supported(&Path::new("fieldValidation"), validation, &["", "Ignore", "Strict", "Warn"]);
    }
    if errors.is_empty() { Ok(dry) } else { Err(Status::invalid("meta.k8s.io", of.kind(), "", &errors)) }
}

fn check_manager(name: &str, errors: &mut FieldErrors) {
    let path = Path::new("fieldManager");
    if name.len() > MANAGER_MAX {
        errors.too_long(&path, MANAGER_MAX);
    }
    for (at, letter) in name.char_indices().filter(|(_, letter)| !is_printable(*letter)) {
        let why = format!("invalid character U+{:04X} (at position {at})", u32::from(letter));
        errors.invalid(&path, name, why);
    }
}

/// Letters, marks, digits, signs and the plain space.
fn is_printable(letter: char) -> bool {
    letter == ' ' || (!letter.is_whitespace() && !letter.is_control() && !matches!(letter, '\u{200b}'..='\u{200f}'))
}

/// Is this a dry run? Only `All` is a known stage.
pub(super) fn check_dry_run(stages: &[String], errors: &mut FieldErrors) -> bool {
    if stages.iter().any(|stage| stage != "All") {
        errors.not_supported(&Path::new("dryRun"), &serde_json::json!(stages), &["All"]);
    }
    !stages.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let params = Params {
            field_manager: "bad\u{1}".into(),
            dry_run: vec!["Some".into()],
            field_validation: "bogus".into(),
            ..Params::default()
        };
        let status = check(OptionsOf::Update, &params).unwrap_err();
        assert_eq!(
            status.message,
            "UpdateOptions.meta.k8s.io \"\" is invalid: [fieldManager: Invalid value: \"bad\\x01\": invalid character \
             U+0001 (at position 3), dryRun: Unsupported value: [\"Some\"]: supported values: \"All\", fieldValidation: \
             Unsupported value: \"bogus\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"]"
        );
        let apply = check(OptionsOf::Patch(PatchKind::Apply), &Params::default()).unwrap_err();
        assert!(apply.message.ends_with("fieldManager: Required value: is required for apply patch"), "{apply}");
    }
}
