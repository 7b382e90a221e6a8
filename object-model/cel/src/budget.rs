//! Counts what evaluation costs, and stops it where it costs too much.
//!
//! In: steps of `eval`. Out: [`EvalError::CallCost`] and [`EvalError::BudgetSpent`]. Elsewhere: what a call will cost at
//! most, before it is made (`estimate`).

use crate::errors::EvalError;

/// The most that one evaluation may cost.
pub const CALL_COST_MAX: u64 = 1_000_000;
/// The most that all rules of one custom resource, or all expressions of one policy, may cost together.
pub const TOTAL_COST_MAX: u64 = 10_000_000;

/// What may still be spent, by one evaluation and by all that share this budget.
#[derive(Debug)]
pub struct Budget {
    left: u64,
    call_max: u64,
    call_used: u64,
    depth: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Budget::new(TOTAL_COST_MAX)
    }
}

impl Budget {
    /// `total` for all evaluations, each limited to [`CALL_COST_MAX`].
    pub fn new(total: u64) -> Budget {
        Budget { left: total, call_max: CALL_COST_MAX, call_used: 0, depth: 0 }
    }

    /// What is left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// What the last evaluation has cost.
    pub fn last_call(&self) -> u64 {
        self.call_used
    }

    /// Evaluations may nest (lazy variables): the outermost one's limit holds for all.
    pub(crate) fn begin(&mut self) {
        if self.depth == 0 {
            self.call_used = 0;
        }
        self.depth += 1;
    }

    pub(crate) fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(crate) fn spend(&mut self, cost: u64) -> Result<(), EvalError> {
        self.call_used = self.call_used.saturating_add(cost);
        if self.call_used > self.call_max {
            return Err(EvalError::CallCost);
        }
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(EvalError::BudgetSpent)
            }
        }
    }
}
