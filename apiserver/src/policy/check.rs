//! What is wrong with the expressions of policies and webhooks, when they are written.

use pintle_cel::{Env, Type, is_identifier, json_patch_result, object_result};
use pintle_object_model::AnyResource;
use pintle_object_model::api::admissionregistration::v1::{
    MatchCondition, MutatingAdmissionPolicy, MutatingWebhookConfiguration, ValidatingAdmissionPolicy,
    ValidatingWebhookConfiguration, Variable,
};
use pintle_object_model::validation::{FieldErrors, Path};

use super::environment::env;

/// Everything that is wrong with the expressions of an object of these kinds.
pub(crate) fn check(object: &dyn AnyResource) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let any = object.as_any();
    let spec = Path::new("spec");
    if let Some(policy) = any.downcast_ref::<ValidatingAdmissionPolicy>() {
        let of = &policy.spec;
        let declared = env(of.param_kind.is_some());
        conditions(&declared, &of.match_conditions, &spec.child("matchConditions"), &mut errors);
        let declared = variables(declared, &of.variables, &spec.child("variables"), &mut errors);
        for (index, validation) in of.validations.iter().enumerate() {
            let at = spec.child("validations").index(index);
            expression(&declared, &validation.expression, &Type::Bool, &at.child("expression"), &mut errors);
            let message = &validation.message_expression;
            if !message.trim().is_empty() {
                expression(&declared, message, &Type::String, &at.child("messageExpression"), &mut errors);
            }
        }
        for (index, annotation) in of.audit_annotations.iter().enumerate() {
            let at = spec.child("auditAnnotations").index(index).child("valueExpression");
            let optional = Type::optional(Type::String);
            annotation_value(&declared, &annotation.value_expression, &optional, &at, &mut errors);
        }
    } else if let Some(policy) = any.downcast_ref::<MutatingAdmissionPolicy>() {
        let of = &policy.spec;
        let declared = env(of.param_kind.is_some()).with_mutation_types();
        conditions(&declared, &of.match_conditions, &spec.child("matchConditions"), &mut errors);
        let declared = variables(declared, &of.variables, &spec.child("variables"), &mut errors);
        for (index, mutation) in of.mutations.iter().enumerate() {
            let at = spec.child("mutations").index(index);
            if let Some(apply) = &mutation.apply_configuration {
                let at = at.child("applyConfiguration").child("expression");
                expression(&declared, &apply.expression, &object_result(), &at, &mut errors);
            }
            if let Some(patch) = &mutation.json_patch {
                let at = at.child("jsonPatch").child("expression");
                expression(&declared, &patch.expression, &json_patch_result(), &at, &mut errors);
            }
        }
    } else if let Some(webhooks) = any.downcast_ref::<ValidatingWebhookConfiguration>() {
        for (index, webhook) in webhooks.webhooks.iter().enumerate() {
            let at = Path::new("webhooks").index(index).child("matchConditions");
            conditions(&env(false), &webhook.match_conditions, &at, &mut errors);
        }
    } else if let Some(webhooks) = any.downcast_ref::<MutatingWebhookConfiguration>() {
        for (index, webhook) in webhooks.webhooks.iter().enumerate() {
            let at = Path::new("webhooks").index(index).child("matchConditions");
            conditions(&env(false), &webhook.match_conditions, &at, &mut errors);
        }
    }
    errors
}

fn conditions(declared: &Env, list: &[MatchCondition], path: &Path, errors: &mut FieldErrors) {
    for (index, condition) in list.iter().enumerate() {
        if !condition.expression.trim().is_empty() {
            expression(declared, &condition.expression, &Type::Bool, &path.index(index).child("expression"), errors);
        }
    }
}

/// Each variable is there for those that follow.
fn variables(mut declared: Env, list: &[Variable], path: &Path, errors: &mut FieldErrors) -> Env {
    let mut fields: Vec<(String, Type)> = vec![];
    for (index, variable) in list.iter().enumerate() {
        let at = path.index(index);
        // The kind's own rules say so.
        if !is_identifier(&variable.name) || variable.expression.trim().is_empty() {
            continue;
        }
        // What is not declared yet is no field of the variables, rather than no variable at all.
        let within =
            declared.clone().with_variable("variables", Type::object("kubernetes.variables", fields.iter().cloned()));
        match within.compile(&variable.expression) {
            Ok(program) => {
                fields.retain(|(name, _)| *name != variable.name);
                fields.push((variable.name.clone(), program.result_type().clone()));
            }
            Err(problems) => {
                let why = format!("compilation failed: {problems}");
                errors.invalid(&at.child("expression"), &variable.expression, why);
            }
        }
    }
    if !list.is_empty() {
        declared = declared.with_variable("variables", Type::object("kubernetes.variables", fields));
    }
    declared
}

fn expression(declared: &Env, text: &str, wanted: &Type, path: &Path, errors: &mut FieldErrors) {
    if text.trim().is_empty() {
        return;
    }
    match declared.compile(text) {
        Err(problems) => errors.invalid(path, text, format!("compilation failed: {problems}")),
        Ok(program) => {
            let found = program.result_type();
            if !is_a(found, wanted) {
                errors.invalid(
                    path,
                    text,
                    format!("must evaluate to {} but got {}", wanted.declared_name(), found.declared_name()),
                );
            }
        }
    }
}

fn annotation_value(declared: &Env, text: &str, wanted: &Type, path: &Path, errors: &mut FieldErrors) {
    match declared.compile(text) {
        Err(problems) => errors.invalid(path, text, format!("compilation failed: {problems}")),
        Ok(program) => {
            let found = program.result_type();
            if !is_a(found, wanted) && !is_a(found, &Type::String) && !is_a(found, &Type::Null) {
                errors.invalid(
                    path,
                    text,
                    format!("must evaluate to one of [string null_type] but got {}", found.declared_name()),
                );
            }
        }
    }
}

fn is_a(found: &Type, wanted: &Type) -> bool {
    matches!(found.plain(), Type::Dyn) || found.declared_name() == wanted.declared_name()
}
