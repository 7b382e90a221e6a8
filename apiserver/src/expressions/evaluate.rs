//! Rules held against an object.
//!
//! Invariant: what did not change is not refused for a rule that it did not break before its last change; that is told
//! as a warning.

use std::sync::Arc;

use pintle_cel::{Activation, Budget, EvalError, Type, Value as Cel};
use pintle_object_model::custom::{FieldPath, Structural};
use pintle_object_model::validation::{FieldError, FieldErrorKind, FieldErrors, Path};
use serde_json::Value;

use super::compile::{CompiledRule, CompiledRules};

/// Longest message that an expression may make.
const MESSAGE_BYTES_MAX: usize = 5 * 1024;

/// What the rules say.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Rules that are broken.
    pub(crate) errors: FieldErrors,
    /// Rules that are broken by what did not change.
    pub(crate) warnings: FieldErrors,
}

/// Holds the rules against an object, and against what it was before.
pub(crate) fn evaluate(rules: &CompiledRules, schema: &Structural, object: &Value, old: Option<&Value>) -> Verdict {
    let mut run = Run { verdict: Verdict::default(), budget: Budget::default(), updating: old.is_some() };
    run.node(rules, schema, object, old, &Path::default());
    run.verdict
}

struct Run {
    verdict: Verdict,
    budget: Budget,
    updating: bool,
}

impl Run {
    /// Answers whether to go on.
    fn node(
        &mut self,
        rules: &CompiledRules,
        schema: &Structural,
        value: &Value,
        old: Option<&Value>,
        path: &Path,
    ) -> bool {
        if value.is_null() {
            return true;
        }
        if let Some(ty) = &rules.ty {
            for rule in &rules.rules {
                if !self.rule(rule, ty, value, old, path) {
                    return false;
                }
            }
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let (below, schema) = match (rules.properties.get(name), schema.member(name)) {
                        (Some(below), Some(schema)) => (below, schema),
                        (None, Some(schema)) => match rules.additional.as_deref() {
                            Some(below) => (below, schema),
                            None => continue,
                        },
                        _ => continue,
                    };
                    let old = old.and_then(|old| old.get(name));
                    if !self.node(below, schema, member, old, &path.child(name)) {
                        return false;
                    }
                }
            }
            Value::Array(elements) => {
                let (Some(below), Some(items)) = (rules.items.as_deref(), schema.items.as_deref()) else { return true };
                for (index, element) in elements.iter().enumerate() {
                    let old = old.and_then(|old| schema.counterpart(element, old));
                    if !self.node(below, items, element, old, &path.index(index)) {
                        return false;
                    }
                }
            }
            _ => {}
        }
        true
    }

    fn rule(&mut self, rule: &CompiledRule, ty: &Type, value: &Value, old: Option<&Value>, path: &Path) -> bool {
        let optional = rule.source.optional_old_self == Some(true);
        let looks_back = rule.program.uses("oldSelf");
        if looks_back && !optional && old.is_none() {
            return true;
        }
        let mut activation = Activation::new().with("self", Cel::json(value, ty));
        let before = old.map(|old| Cel::json(old, ty));
        if optional {
            activation.bind("oldSelf", Cel::Optional(before.map(Arc::new)));
        } else if let Some(before) = before {
            activation.bind("oldSelf", before);
        }
        match rule.program.eval(&activation, &mut self.budget) {
            Ok(result) if result.as_bool() == Some(true) => true,
            Ok(_) => {
                let unchanged = self.updating && old == Some(value);
                let error = self.broken(rule, &activation, value, path);
                if unchanged && !looks_back {
                    self.verdict.warnings.push(error);
                } else {
                    self.verdict.errors.push(error);
                }
                true
            }
            Err(error) => {
                self.failed(rule, &error, value, path);
                !error.is_final()
            }
        }
    }

    fn broken(&mut self, rule: &CompiledRule, activation: &Activation<'_>, value: &Value, path: &Path) -> FieldError {
        let made = rule.message.as_ref().and_then(|message| {
            let made = message.eval(activation, &mut self.budget).ok()?;
            let text = made.as_str()?.trim().to_owned();
            (!text.is_empty() && !text.contains('\n') && text.len() <= MESSAGE_BYTES_MAX).then_some(text)
        });
        let source = &rule.source;
        let detail = made.unwrap_or_else(|| {
            if source.message.is_empty() {
                format!("failed rule: {}", source.rule.trim())
            } else {
                source.message.clone()
            }
        });
        let kind = match source.reason.as_deref() {
            Some("FieldValueForbidden") => FieldErrorKind::Forbidden,
            Some("FieldValueRequired") => FieldErrorKind::Required,
            Some("FieldValueDuplicate") => FieldErrorKind::Duplicate,
            _ => FieldErrorKind::Invalid,
        };
        let names = FieldPath::parse(&source.field_path).ok();
        let names = names.as_ref().and_then(FieldPath::names).unwrap_or_default();
        let path = names.into_iter().fold(path.clone(), |path, name| path.child(name));
        // A value that is no scalar is not shown, nor is that of another field.
        let shows = !value.is_object() && !value.is_array() && source.field_path.is_empty();
        let value = if shows { value.to_string() } else { String::new() };
        let detail = if kind == FieldErrorKind::Duplicate { String::new() } else { detail };
        FieldError { kind, path: placed(path), value, detail }
    }

    fn failed(&mut self, rule: &CompiledRule, error: &EvalError, value: &Value, path: &Path) {
        let source = &rule.source;
        let named = if source.message.is_empty() { source.rule.trim() } else { &source.message };
        let detail = if error.is_final() { error.to_string() } else { format!("{error} evaluating rule: {named}") };
        let shown = match value {
            Value::Object(_) => "\"object\"".to_owned(),
            Value::Array(_) => "\"array\"".to_owned(),
            Value::String(_) => "\"string\"".to_owned(),
            Value::Bool(_) => "\"boolean\"".to_owned(),
            Value::Number(number) if number.is_f64() => "\"number\"".to_owned(),
            Value::Number(_) => "\"integer\"".to_owned(),
            Value::Null => "\"null\"".to_owned(),
        };
        self.verdict.errors.push(FieldError {
            kind: FieldErrorKind::Invalid,
            path: placed(path.clone()),
            value: shown,
            detail,
        });
    }
}

/// The object as a whole has no place of its own.
fn placed(path: Path) -> Path {
    if path.as_str().is_empty() { Path::new("<nil>") } else { path }
}
