//! Webhooks: programs outside that the server asks about writes.
//!
//! In: webhook configurations in the store, a write. Out: refusals, warnings, changes. Invariants: a webhook that does
//! not answer in its time costs that time and no more; what it answers is checked before it is used.
//! Source: Kubernetes documentation, "Dynamic Admission Control". Elsewhere: matching (`policy`), reaching them
//! (`outbound`). Webhooks that a kubeconfig names (`authn`, `authz`, `audit`) share how they are asked and what is
//! remembered of their answers (`calls`, `answers`).

mod answers;
mod calls;
mod configured;
mod mutating;
mod outbound;
mod review;
mod validating;

pub(crate) use answers::{Answers, Fingerprint, fingerprint};
pub use calls::WebhookCalls;
pub(crate) use calls::{answer, question};
pub(crate) use configured::Hooks;
pub use mutating::MutatingWebhooks;
pub(crate) use outbound::{Outbound, Target};
pub use validating::ValidatingWebhooks;
