//! The match conditions of webhooks.

use pintle_cel::Budget;
use pintle_object_model::api::admissionregistration::v1::MatchCondition;
use pintle_object_model::{AnyResource, Object};

use super::compiled::Common;
use super::environment::{Declared, Inputs, env};
use crate::admission::Attributes;
use crate::authz::Authorizer;

/// Match conditions outside of policies.
pub(crate) struct Conditions;

impl Conditions {
    /// Do all hold for this write?
    ///
    /// # Errors
    /// What could not be evaluated, if nothing else decides.
    pub(crate) fn hold(
        list: &[MatchCondition],
        attributes: &Attributes<'_>,
        object: Option<&dyn AnyResource>,
        namespace: Option<&Object>,
        authorizer: &dyn Authorizer,
    ) -> Result<bool, String> {
        if list.is_empty() {
            return Ok(true);
        }
        let (_, common) = Common::compile(env(false), list, &[])?;
        let inputs = Inputs::new(attributes, object, namespace, authorizer);
        let declared = Declared::default();
        common.conditions_hold(&inputs.activation(&declared, common.lazy()), &mut Budget::default())
    }
}
