//! API group `policy`, version `v1`.

mod types;

pub use types::{Eviction, PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus};
