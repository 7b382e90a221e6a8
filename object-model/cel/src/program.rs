//! A compiled expression.

use std::collections::BTreeSet;

use crate::activation::Activation;
use crate::ast::Expr;
use crate::budget::Budget;
use crate::errors::EvalError;
use crate::estimate::Estimate;
use crate::eval::Machine;
use crate::ty::Type;
use crate::value::Value;

/// A compiled expression: evaluate it as often as you like, from any thread.
#[derive(Debug)]
pub struct Program {
    expr: Expr,
    estimate: Estimate,
    result: Type,
    references: BTreeSet<String>,
}

impl Program {
    pub(crate) fn new(expr: Expr, result: Type, estimate: Estimate, references: BTreeSet<String>) -> Program {
        Program { expr, estimate, result, references }
    }

    /// The type of the result.
    pub fn result_type(&self) -> &Type {
        &self.result
    }

    /// What one evaluation costs, by the sizes that the declared types of variables allow.
    pub fn estimate(&self) -> Estimate {
        self.estimate
    }

    /// The variables that it mentions.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.references.iter().map(String::as_str)
    }

    /// Does it mention this variable?
    pub fn uses(&self, variable: &str) -> bool {
        self.references.contains(variable)
    }

    /// Evaluates with the variables of `activation`, at the cost of `budget`.
    ///
    /// # Errors
    /// What the expression itself failed with, or that it cost too much.
    pub fn eval<'a>(&self, activation: &Activation<'a>, budget: &mut Budget) -> Result<Value<'a>, EvalError> {
        budget.begin();
        let outcome = Machine::new(activation, budget).eval(&self.expr);
        budget.end();
        outcome
    }
}
