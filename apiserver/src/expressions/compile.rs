//! From the rules of a schema to programs.

use std::collections::BTreeMap;

use pintle_cel::{Env, Program, Type};
use pintle_object_model::api::apiextensions::v1::{CustomResourceDefinition, ValidationRule};
use pintle_object_model::custom::{Additional, Structural};
use pintle_object_model::schema::ListType;
use pintle_object_model::validation::{FieldErrors, Path, Shown};
use serde_json::json;

use super::types;

/// The rules of a schema, at the places where they hold.
#[derive(Debug, Default)]
pub(crate) struct CompiledRules {
    pub(super) rules: Vec<CompiledRule>,
    pub(super) ty: Option<Type>,
    pub(super) properties: BTreeMap<String, CompiledRules>,
    pub(super) additional: Option<Box<CompiledRules>>,
    pub(super) items: Option<Box<CompiledRules>>,
}

/// One rule.
#[derive(Debug)]
pub(super) struct CompiledRule {
    pub(super) source: ValidationRule,
    pub(super) program: Program,
    pub(super) message: Option<Program>,
}

impl CompiledRules {
    /// Compiles what can be compiled; the definition has been checked when it was written.
    pub(crate) fn of(schema: &Structural) -> Self {
        Self::at(schema, &Path::default(), true, &mut FieldErrors::default(), true)
    }

    /// Is there no rule at all?
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.properties.is_empty() && self.additional.is_none() && self.items.is_none()
    }

    /// `correlatable`: an old value can be told for each new one.
    fn at(schema: &Structural, path: &Path, is_resource: bool, errors: &mut FieldErrors, correlatable: bool) -> Self {
        let ty = types::of(schema, is_resource || schema.embedded);
        let mut compiled = Self::default();
        if let Some(ty) = &ty {
            for (index, rule) in schema.rules.iter().enumerate() {
                let at = path.child("x-kubernetes-validations").index(index);
                compiled.rules.extend(compile(rule, ty, &at, errors, correlatable, schema));
            }
        }
        for (name, below) in &schema.properties {
            let below = Self::at(below, &path.child("properties").key(name), below.embedded, errors, correlatable);
            if !below.is_empty() {
                compiled.properties.insert(name.clone(), below);
            }
        }
        if let Additional::Schema(below) = &schema.additional {
            let below = Self::at(below, &path.child("additionalProperties"), below.embedded, errors, correlatable);
            compiled.additional = (!below.is_empty()).then(|| Box::new(below));
        }
        if let Some(below) = &schema.items {
            let keyed = schema.list == Some(ListType::Map);
            let below = Self::at(below, &path.child("items"), below.embedded, errors, correlatable && keyed);
            compiled.items = (!below.is_empty()).then(|| Box::new(below));
        }
        compiled.ty = ty;
        compiled
    }
}

/// A rule as it is shown where it is refused.
struct Refused<'a>(&'a ValidationRule);

impl Shown for Refused<'_> {
    fn shown(&self) -> String {
        let rule = self.0;
        format!(
            "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\"OptionalOldSelf\":{}}}",
            json!(rule.rule),
            json!(rule.message),
            json!(rule.message_expression),
            json!(rule.reason),
            json!(rule.field_path),
            json!(rule.optional_old_self),
        )
    }
}

fn compile(
    rule: &ValidationRule,
    ty: &Type,
    path: &Path,
    errors: &mut FieldErrors,
    correlatable: bool,
    schema: &Structural,
) -> Option<CompiledRule> {
    if rule.rule.trim().is_empty() {
        return None;
    }
    let old = if rule.optional_old_self == Some(true) { Type::optional(ty.clone()) } else { ty.clone() };
    let env = Env::new().with_variable("self", ty.clone()).with_variable("oldSelf", old);
    let at = path.child("rule");
    let program = match env.compile(&rule.rule) {
        Ok(program) => program,
        Err(problems) => {
            errors.invalid(&at, Refused(rule), format!("compilation failed: {problems}"));
            return None;
        }
    };
    if !matches!(program.result_type().plain(), Type::Bool | Type::Dyn) {
        errors.invalid(&at, Refused(rule), "cel expression must evaluate to a bool");
        return None;
    }
    if program.uses("oldSelf") && !correlatable {
        errors.invalid(&at, Refused(rule), "oldSelf cannot be used on the uncorrelatable portion of the schema");
        return None;
    }
    let message_at = path.child("messageExpression");
    let message = if rule.message_expression.trim().is_empty() {
        None
    } else {
        match env.compile(&rule.message_expression) {
            Ok(message) if matches!(message.result_type().plain(), Type::String | Type::Dyn) => Some(message),
            Ok(_) => {
                errors.invalid(&message_at, Refused(rule), "messageExpression must evaluate to a string");
                None
            }
            Err(problems) => {
                let why = format!("messageExpression compilation failed: {problems}");
                errors.invalid(&message_at, Refused(rule), why);
                None
            }
        }
    };
    if !rule.field_path.is_empty() && !leads_somewhere(&rule.field_path, schema) {
        let why = "fieldPath must be a valid path: does not refer to a valid field";
        errors.invalid(&path.child("fieldPath"), &rule.field_path, why);
    }
    Some(CompiledRule { source: rule.clone(), program, message })
}

fn leads_somewhere(text: &str, schema: &Structural) -> bool {
    let Ok(parsed) = pintle_object_model::custom::FieldPath::parse(text) else { return false };
    let Some(names) = parsed.names() else { return false };
    let found = names.into_iter().try_fold(schema, |at, name| at.member(name));
    found.is_some_and(|found| text.starts_with(['.', '[']) && (found.ty.is_some() || found.int_or_string))
}

/// What is wrong with the rules of a definition.
pub(crate) fn check_definition(definition: &CustomResourceDefinition) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let versions = &definition.spec.versions;
    let alike = versions.windows(2).all(|pair| pair[0].schema == pair[1].schema);
    let spec = Path::new("spec");
    for (index, version) in versions.iter().enumerate() {
        if alike && index > 0 {
            break;
        }
        let Some(schema) = version.schema.as_deref().and_then(|schema| schema.open_apiv3_schema.as_deref()) else {
            continue;
        };
        let path = if alike { spec.child("validation") } else { spec.child("versions").index(index).child("schema") };
        let structural = Structural::new(schema);
        CompiledRules::at(&structural, &path.child("openAPIV3Schema"), true, &mut errors, true);
    }
    errors
}
