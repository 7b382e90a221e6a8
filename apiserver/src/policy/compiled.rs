//! Policies with their expressions compiled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pintle_cel::{Budget, Env, Program, Type};
use pintle_object_model::api::admissionregistration::v1::{MatchCondition, Variable};
use pintle_object_model::api::meta::v1::ObjectMeta;

/// What every policy has.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) conditions: Vec<Expression>,
    pub(super) variables: Vec<(String, Program)>,
}

/// An expression and its text.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) program: Program,
}

impl Expression {
    /// What is wrong with a stored expression is told to whoever meets it.
    pub(super) fn compile(env: &Env, text: &str) -> Result<Self, String> {
        let program = env.compile(text).map_err(|problems| format!("compilation failed: {problems}"))?;
        Ok(Self { text: text.to_owned(), program })
    }
}

/// The environment with what the variables add to it, one after the other.
pub(super) fn with_variables(env: Env, variables: &[Variable]) -> Result<(Env, Vec<(String, Program)>), String> {
    let mut env = env;
    let mut fields: Vec<(String, Type)> = vec![];
    let mut programs = vec![];
    for variable in variables {
        let program = Expression::compile(&env, &variable.expression)?.program;
        fields.retain(|(name, _)| *name != variable.name);
        fields.push((variable.name.clone(), program.result_type().clone()));
        programs.push((variable.name.clone(), program));
        env = env.with_variable("variables", Type::object("kubernetes.variables", fields.iter().cloned()));
    }
    Ok((env, programs))
}

impl Common {
    pub(super) fn compile(
        env: Env,
        conditions: &[MatchCondition],
        variables: &[Variable],
    ) -> Result<(Env, Self), String> {
        let conditions =
            conditions.iter().map(|one| Expression::compile(&env, &one.expression)).collect::<Result<_, _>>()?;
        let (env, variables) = with_variables(env, variables)?;
        Ok((env, Self { conditions, variables }))
    }

    pub(super) fn lazy(&self) -> impl Iterator<Item = (String, &Program)> {
        self.variables.iter().map(|(name, program)| (name.clone(), program))
    }

    /// Do all conditions hold?
    pub(super) fn conditions_hold(
        &self,
        activation: &pintle_cel::Activation<'_>,
        budget: &mut Budget,
    ) -> Result<bool, String> {
        let mut failed = vec![];
        for condition in &self.conditions {
            match condition.program.eval(activation, budget) {
                Ok(value) if value.as_bool() == Some(true) => {}
                Ok(_) => return Ok(false),
                Err(error) => failed.push(resulted_in(&condition.text, &error)),
            }
        }
        match failed.as_slice() {
            [] => Ok(true),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }
}

/// How a failed evaluation is told.
pub(super) fn resulted_in(text: &str, error: &pintle_cel::EvalError) -> String {
    format!("expression '{text}' resulted in error: {error}")
}

/// What has been compiled, by the name of the policy; a policy that changes is compiled anew.
#[derive(Debug)]
pub(super) struct Cache<T> {
    known: Mutex<HashMap<String, Known<T>>>,
}

#[derive(Debug)]
struct Known<T> {
    state: (String, i64),
    compiled: Result<Arc<T>, String>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { known: Mutex::default() }
    }
}

impl<T> Cache<T> {
    pub(super) fn get(
        &self,
        metadata: &ObjectMeta,
        compile: impl FnOnce() -> Result<T, String>,
    ) -> Result<Arc<T>, String> {
        let state = (metadata.uid.clone(), metadata.generation);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = known.get(&metadata.name).filter(|one| one.state == state) {
            return one.compiled.clone();
        }
        let compiled = compile().map(Arc::new);
        known.insert(metadata.name.clone(), Known { state, compiled: compiled.clone() });
        compiled
    }

    /// Forgets the policies that are gone.
    pub(super) fn keep(&self, names: &[&str]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > names.len() {
            known.retain(|name, _| names.contains(&name.as_str()));
        }
    }
}
