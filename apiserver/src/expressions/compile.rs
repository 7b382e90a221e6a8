//! From the rules of a schema to programs.

use std::collections::BTreeMap;

use pintle_cel::{Env, Program, RULE_ESTIMATE_MAX, SCHEMA_ESTIMATE_MAX, Type, excess};
use pintle_object_model::api::apiextensions::v1::{CustomResourceDefinition, ValidationRule};
use pintle_object_model::custom::{Additional, Structural};
use pintle_object_model::schema::ListType;
use pintle_object_model::validation::{FieldErrors, Path, Shown};
use serde_json::json;

use super::types;

/// Most rules that are named where all together are too dear.
const NAMED_RULES_MAX: usize = 4;

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
        Self::at(schema, &Path::default(), true, Place::ROOT, &mut Run::default())
    }

    /// Is there no rule at all?
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.properties.is_empty() && self.additional.is_none() && self.items.is_none()
    }

    fn at(schema: &Structural, path: &Path, is_resource: bool, place: Place, run: &mut Run) -> Self {
        let declared = types::of(schema, is_resource || schema.embedded);
        let mut compiled = Self::default();
        if let Some(declared) = &declared {
            for (index, rule) in schema.rules.iter().enumerate() {
                let at = path.child("x-kubernetes-validations").index(index);
                compiled.rules.extend(compile(rule, &declared.ty, &at, place, run, schema));
            }
        }
        for (name, below) in &schema.properties {
            let below = Self::at(below, &path.child("properties").key(name), below.embedded, place, run);
            if !below.is_empty() {
                compiled.properties.insert(name.clone(), below);
            }
        }
        if let Additional::Schema(below) = &schema.additional {
            let place = place.within(below, schema.checks.max_properties, place.correlatable);
            let below = Self::at(below, &path.child("additionalProperties"), below.embedded, place, run);
            compiled.additional = (!below.is_empty()).then(|| Box::new(below));
        }
        if let Some(below) = &schema.items {
            let keyed = schema.list == Some(ListType::Map);
            let place = place.within(below, schema.checks.max_items, place.correlatable && keyed);
            let below = Self::at(below, &path.child("items"), below.embedded, place, run);
            compiled.items = (!below.is_empty()).then(|| Box::new(below));
        }
        compiled.ty = declared.map(|declared| declared.ty);
        compiled
    }
}

/// Where in an object a schema stands.
#[derive(Clone, Copy)]
struct Place {
    /// An old value can be told for each new one.
    correlatable: bool,
    /// How many values there may be in one object.
    times: u64,
}

impl Place {
    const ROOT: Self = Self { correlatable: true, times: 1 };

    /// That of the elements of a list or map with at most `limit` of them.
    fn within(self, element: &Structural, limit: Option<i64>, correlatable: bool) -> Self {
        let limit = limit.map(|limit| u64::try_from(limit).unwrap_or(0));
        let unlimited = || types::of(element, element.embedded).map_or(1, |declared| declared.cardinality_max());
        Self { correlatable, times: self.times.saturating_mul(limit.unwrap_or_else(unlimited)) }
    }
}

/// What is found on the way through a schema.
#[derive(Default)]
struct Run {
    errors: FieldErrors,
    /// The estimated cost of all rules, and of each one that may matter.
    total: u64,
    costs: Vec<(u64, Path)>,
}

impl Run {
    /// Reckons with a rule or message that is evaluated as often as its place says.
    fn charge(&mut self, what: &str, estimate: u64, place: Place, path: &Path) {
        let cost = estimate.saturating_mul(place.times);
        self.total = self.total.saturating_add(cost);
        self.costs.push((cost, path.clone()));
        if let Some(why) = excess(what, cost, RULE_ESTIMATE_MAX) {
            self.errors.forbidden(path, why);
        }
    }

    /// Refuses a schema whose rules are too dear together, and names the dearest.
    fn conclude(mut self, path: &Path) -> FieldErrors {
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        if let Some(why) = excess(what, self.total, SCHEMA_ESTIMATE_MAX) {
            self.costs.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
            for (_, rule) in self.costs.iter().take(NAMED_RULES_MAX) {
                let why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
                self.errors.forbidden(rule, why);
            }
            self.errors.forbidden(path, why);
        }
        self.errors
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
    place: Place,
    run: &mut Run,
    schema: &Structural,
) -> Option<CompiledRule> {
    if rule.rule.trim().is_empty() {
        return None;
    }
    let old = if rule.optional_old_self == Some(true) { Type::optional(ty.clone()) } else { ty.clone() };
    let env = Env::new().with_variable("self", ty.clone()).with_variable("oldSelf", old);
    let at = path.child("rule");
    let errors = &mut run.errors;
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
    if program.uses("oldSelf") && !place.correlatable {
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
    run.charge("estimated rule cost", program.estimate().max, place, &at);
    if let Some(message) = &message {
        run.charge("estimated message expression cost", message.estimate().max, place, &message_at);
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
        let path = path.child("openAPIV3Schema");
        let mut run = Run::default();
        CompiledRules::at(&structural, &path, true, Place::ROOT, &mut run);
        errors.extend(run.conclude(&path));
    }
    errors
}
