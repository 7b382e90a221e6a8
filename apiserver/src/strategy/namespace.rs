//! Namespaces: rules of the writes that end them.

use pintle_object_model::AnyResource;
use pintle_object_model::api::core::v1::Namespace;
use pintle_object_model::names;
use pintle_object_model::validation::{FieldErrors, Path};

/// The phase follows from the deletion.
pub(super) fn validate_status(object: &dyn AnyResource) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let Some(namespace) = object.as_any().downcast_ref::<Namespace>() else { return errors };
    let path = Path::new("status").child("Phase");
    let phase = &namespace.status.phase;
    if namespace.metadata.deletion_timestamp.is_none() {
        if phase != "Active" {
            errors.invalid(&path, phase, "may only be 'Active' if `deletionTimestamp` is empty");
        }
    } else if phase != "Terminating" {
        errors.invalid(&path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
    }
    errors
}

/// Finalizers of the spec are named like others.
pub(super) fn validate_finalizers(object: &dyn AnyResource) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let Some(namespace) = object.as_any().downcast_ref::<Namespace>() else { return errors };
    let path = Path::new("spec").child("finalizers");
    for (index, name) in namespace.spec.finalizers.iter().enumerate() {
        let at = path.index(index);
        for problem in names::qualified_name(name) {
            errors.invalid(&at, name, problem);
        }
        if !name.contains('/') && name != "kubernetes" && names::qualified_name(name).is_empty() {
            errors.invalid(&at, name, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_that_is_not_being_deleted_is_active() {
        let mut namespace = Namespace::default();
        namespace.status.phase = "Terminating".into();
        assert_eq!(validate_status(&namespace).len(), 1);
        namespace.status.phase = "Active".into();
        assert!(validate_status(&namespace).is_empty());
        namespace.spec.finalizers = vec!["kubernetes".into(), "a.example/b".into(), "nodomain".into()];
        assert_eq!(validate_finalizers(&namespace).len(), 1);
    }
}
