//! Policies that refuse, warn, or have the audit say something.

use std::collections::BTreeMap;

use async_trait::async_trait;
use pintle_cel::{Activation, Budget, Env};
use pintle_object_model::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use pintle_object_model::api::meta::v1::StatusCause;
use pintle_object_model::{AnyResource, Status};
use serde::Serialize;

use super::bindings::Sources;
use super::compiled::{Cache, Common, Expression, resulted_in};
use super::environment::{Declared, Inputs, env};
use super::matching::Subject;
use crate::admission::{AdmissionPlugin, Attributes, Operation, Warnings, refuse};

/// Longest message that an expression may make.
const MESSAGE_BYTES_MAX: usize = 5 * 1024;
/// Longest value of an annotation; what is longer is cut.
const ANNOTATION_BYTES_MAX: usize = 10 * 1024;

/// The plugin `ValidatingAdmissionPolicy`: see the module documentation.
pub struct ValidatingPolicies {
    sources: Sources,
    compiled: Cache<Compiled>,
    declared: Declared,
}

impl std::fmt::Debug for ValidatingPolicies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ValidatingPolicies")
    }
}

#[derive(Debug)]
struct Compiled {
    common: Common,
    validations: Vec<Validation>,
    /// Keys and values of annotations.
    annotations: Vec<(String, Expression)>,
}

#[derive(Debug)]
struct Validation {
    expression: Expression,
    message: String,
    message_expression: Option<Expression>,
    reason: Option<String>,
}

impl Compiled {
    fn of(policy: &ValidatingAdmissionPolicy) -> Result<Self, String> {
        let spec = &policy.spec;
        let declared: Env = env(spec.param_kind.is_some());
        let (declared, common) = Common::compile(declared, &spec.match_conditions, &spec.variables)?;
        let validations = spec
            .validations
            .iter()
            .map(|one| {
                let made = one.message_expression.trim();
                Ok(Validation {
                    expression: Expression::compile(&declared, &one.expression)?,
                    message: one.message.clone(),
                    message_expression: (!made.is_empty()).then(|| Expression::compile(&declared, made)).transpose()?,
                    reason: one.reason.clone(),
                })
            })
            .collect::<Result<_, String>>()?;
        let annotations = spec
            .audit_annotations
            .iter()
            .map(|one| Ok((one.key.clone(), Expression::compile(&declared, &one.value_expression)?)))
            .collect::<Result<_, String>>()?;
        Ok(Self { common, validations, annotations })
    }
}

/// A validation that did not hold.
struct Denial {
    message: String,
    reason: Option<String>,
    /// The binding did not come into it.
    of_policy: bool,
    /// Which of the validations.
    index: usize,
    /// Whatever the binding says is to be done.
    refuses: bool,
}

impl Denial {
    fn of(message: String) -> Self {
        Self { message, reason: None, of_policy: false, index: 0, refuses: false }
    }
}

/// What the audit is told of a validation that did not hold.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    message: String,
    policy: String,
    binding: String,
    expression_index: usize,
    validation_actions: Vec<String>,
}

/// What the audit is told.
#[derive(Default)]
struct Told {
    failures: Vec<Failure>,
    /// Values by key, each once, in the order of their coming.
    annotations: BTreeMap<String, Vec<String>>,
}

impl Told {
    fn annotate(&mut self, key: String, value: &str) {
        let kept = value.floor_char_boundary(ANNOTATION_BYTES_MAX);
        let values = self.annotations.entry(key).or_default();
        let value = &value[..kept];
        if !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    }

    fn publish(self, warnings: &Warnings) {
        for (key, values) in self.annotations {
            warnings.annotate(key, values.join(", "));
        }
        if self.failures.is_empty() {
            return;
        }
        if let Ok(text) = serde_json::to_string(&self.failures) {
            warnings.annotate("validation.policy.admission.k8s.io/validation_failure", text);
        }
    }
}

impl ValidatingPolicies {
    pub(crate) fn new(sources: Sources) -> Self {
        Self { sources, compiled: Cache::default(), declared: Declared::default() }
    }

    fn judge(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let bindings = Sources::all::<ValidatingAdmissionPolicyBinding>(&self.sources.bindings);
        if bindings.is_empty() {
            return Ok(());
        }
        let scheme = self.sources.kinds.current();
        let namespace = self.sources.namespace(attributes.namespace);
        let subject = Subject { attributes, object, namespace: namespace.as_ref(), scheme: &scheme };
        if subject.is_exempt() {
            return Ok(());
        }
        let policies = Sources::all::<ValidatingAdmissionPolicy>(&self.sources.policies);
        self.compiled.keep(&policies.iter().map(|policy| policy.metadata.name.as_str()).collect::<Vec<_>>());
        let mut inputs = None;
        let mut told = Told::default();
        let mut refused = None;
        for policy in policies.iter().filter(|policy| subject.matches(policy.spec.match_constraints.as_deref())) {
            let bound = bindings.iter().filter(|binding| {
                binding.spec.policy_name == policy.metadata.name
                    && subject.matches(binding.spec.match_resources.as_deref())
            });
            for binding in bound {
                let inputs = inputs.get_or_insert_with(|| {
                    Inputs::new(attributes, object, namespace.as_ref(), &*self.sources.authorizer)
                });
                let denials = self.hold(policy, binding, inputs, &scheme, attributes.namespace, &mut told);
                for denial in &denials {
                    let concluded = conclude(attributes, policy, binding, denial, &mut told);
                    // The audit hears of everything, the client of the first.
                    refused = refused.or(concluded.err());
                }
            }
        }
        told.publish(attributes.warnings);
        refused.map_or(Ok(()), Err)
    }

    /// Everything that a policy has against the write, as it is bound.
    fn hold(
        &self,
        policy: &ValidatingAdmissionPolicy,
        binding: &ValidatingAdmissionPolicyBinding,
        inputs: &mut Inputs<'_>,
        scheme: &pintle_object_model::Scheme,
        namespace: &str,
        told: &mut Told,
    ) -> Vec<Denial> {
        let spec = &policy.spec;
        let fails = spec.failure_policy.as_deref() != Some("Ignore");
        let refusal = |denial: Denial| if fails { vec![denial] } else { vec![] };
        let compiled = match self.compiled.get(&policy.metadata, || Compiled::of(policy)) {
            Ok(compiled) => compiled,
            Err(why) => return refusal(Denial::of(why)),
        };
        let reference = binding.spec.param_ref.as_deref();
        let parameters = match self.sources.parameters(scheme, spec.param_kind.as_deref(), reference, namespace) {
            Ok(parameters) => parameters,
            Err(missing) => {
                let (message, of_policy) = missing.told();
                return refusal(Denial { of_policy, ..Denial::of(message) });
            }
        };
        let mut denials = vec![];
        for parameter in parameters {
            inputs.params = parameter.map_or(serde_json::Value::Null, |object| object.to_value());
            let activation = inputs.activation(&self.declared, compiled.common.lazy());
            let mut budget = Budget::default();
            match compiled.common.conditions_hold(&activation, &mut budget) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(why) => {
                    denials.extend(refusal(Denial::of(why)));
                    continue;
                }
            }
            for (index, validation) in compiled.validations.iter().enumerate() {
                match validation.expression.program.eval(&activation, &mut budget) {
                    Ok(value) if value.as_bool() == Some(true) => {}
                    Ok(_) => denials.push(validation.denial(index, &activation, &mut budget)),
                    Err(error) => {
                        let last = error.is_final();
                        let message = resulted_in(&validation.expression.text, &error);
                        denials.extend(refusal(Denial { index, ..Denial::of(message) }));
                        if last {
                            break;
                        }
                    }
                }
            }
            for (key, expression) in &compiled.annotations {
                match expression.program.eval(&activation, &mut budget) {
                    // Null stands for no annotation.
                    Ok(value) => {
                        if let Some(text) = value.as_str().map(str::trim).filter(|text| !text.is_empty()) {
                            told.annotate(format!("{}/{key}", policy.metadata.name), text);
                        }
                    }
                    Err(error) => {
                        let message = resulted_in(&expression.text, &error);
                        denials.extend(refusal(Denial { refuses: true, ..Denial::of(message) }));
                    }
                }
            }
        }
        denials
    }
}

impl Validation {
    fn denial(&self, index: usize, activation: &Activation<'_>, budget: &mut Budget) -> Denial {
        let made = self.message_expression.as_ref().and_then(|expression| {
            let made = expression.program.eval(activation, budget).ok()?;
            let text = made.as_str()?.trim().to_owned();
            (!text.is_empty() && !text.contains('\n') && text.len() <= MESSAGE_BYTES_MAX).then_some(text)
        });
        let message = made.unwrap_or_else(|| match self.message.trim() {
            "" => format!("failed expression: {}", self.expression.text.trim()),
            message => message.to_owned(),
        });
        Denial { reason: self.reason.clone(), index, ..Denial::of(message) }
    }
}

/// Does what the binding says is to be done about a denial.
fn conclude(
    attributes: &Attributes<'_>,
    policy: &ValidatingAdmissionPolicy,
    binding: &ValidatingAdmissionPolicyBinding,
    denial: &Denial,
    told: &mut Told,
) -> Result<(), Status> {
    let (name, bound, message) = (&policy.metadata.name, &binding.metadata.name, &denial.message);
    let actions = &binding.spec.validation_actions;
    if actions.iter().any(|action| action == "Warn") {
        attributes
            .warnings
            .add(format!("Validation failed for ValidatingAdmissionPolicy '{name}' with binding '{bound}': {message}"));
    }
    if actions.iter().any(|action| action == "Audit") {
        told.failures.push(Failure {
            message: message.clone(),
            policy: name.clone(),
            binding: bound.clone(),
            expression_index: denial.index,
            validation_actions: actions.clone(),
        });
    }
    if !denial.refuses && !actions.iter().any(|action| action == "Deny") {
        return Ok(());
    }
    let told = if denial.of_policy {
        format!("ValidatingAdmissionPolicy '{name}' denied request: {message}")
    } else {
        format!("ValidatingAdmissionPolicy '{name}' with binding '{bound}' denied request: {message}")
    };
    let mut status = refuse(attributes, &told);
    let reason = denial.reason.as_deref().unwrap_or("Invalid");
    status.reason = reason.into();
    status.code = match reason {
        "Unauthorized" => 401,
        "Forbidden" => 403,
        "RequestEntityTooLarge" => 413,
        _ => 422,
    };
    let details = status.details.get_or_insert_default();
    details.causes.push(StatusCause { message: told, ..StatusCause::default() });
    Err(status)
}

#[async_trait]
impl AdmissionPlugin for ValidatingPolicies {
    fn name(&self) -> &'static str {
        "ValidatingAdmissionPolicy"
    }

    fn handles(&self, _operation: Operation) -> bool {
        true
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        self.judge(attributes, object)
    }
}
