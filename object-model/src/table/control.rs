//! Columns and cells of the kinds with which a cluster controls itself: flow control, addresses, APIs.

use serde_json::Value;

use super::Column;
use super::columns::{AGE, or_none, text};
use crate::api::apiregistration::v1::APIService;
use crate::api::core::v1::ComponentStatus;
use crate::api::flowcontrol::v1::{FlowSchema, PriorityLevelConfiguration};
use crate::api::networking::v1::{IPAddress, ServiceCIDR};
use crate::{AnyResource, Object};

/// Columns behind the name.
pub(super) fn of(group: &str, kind: &str) -> Option<Vec<Column>> {
    let columns: &[Column] = match (group, kind) {
        ("", "ComponentStatus") => &[
            text("Status", "Whether it is healthy."),
            text("Message", "What it says."),
            text("Error", "What is wrong with it."),
        ],
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") => &[
            text("PriorityLevel", "Where its requests go."),
            text("MatchingPrecedence", "In which order it is tried."),
            text("DistinguisherMethod", "What keeps its flows apart."),
            AGE,
            text("MissingPL", "Whether its level is missing."),
        ],
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration") => &[
            text("Type", "Whether it is limited."),
            text("NominalConcurrencyShares", "Its share of the seats."),
            text("Queues", "How many queues it has."),
            text("HandSize", "How many of them a flow may use."),
            text("QueueLengthLimit", "How many may wait in each."),
            AGE,
        ],
        ("networking.k8s.io", "IPAddress") => &[text("ParentRef", "What uses the address.")],
        ("networking.k8s.io", "ServiceCIDR") => &[text("CIDRs", "The ranges."), AGE],
        ("apiregistration.k8s.io", "APIService") => {
            &[text("Service", "Who serves it."), text("Available", "Whether it can be had."), AGE]
        }
        _ => return None,
    };
    Some(columns.to_vec())
}

/// The cells behind the name.
pub(super) fn cells(object: &Object, age: Value) -> Option<Vec<Value>> {
    let any = object.typed().map(AnyResource::as_any)?;
    let none = || Value::from("<none>");
    if let Some(component) = any.downcast_ref::<ComponentStatus>() {
        let healthy = component.conditions.iter().find(|condition| condition.type_ == "Healthy");
        let status = match healthy.map(|condition| condition.status.as_str()) {
            Some("True") => "Healthy",
            Some("False") => "Unhealthy",
            _ => "Unknown",
        };
        let said = |of: fn(&crate::api::core::v1::ComponentCondition) -> &String| -> Value {
            healthy.map(|condition| of(condition).clone()).unwrap_or_default().into()
        };
        return Some(vec![status.into(), said(|condition| &condition.message), said(|condition| &condition.error)]);
    }
    if let Some(schema) = any.downcast_ref::<FlowSchema>() {
        let missing = schema.status.conditions.iter().find(|condition| condition.type_ == "Dangling");
        return Some(vec![
            schema.spec.priority_level_configuration.name.clone().into(),
            schema.spec.matching_precedence.into(),
            schema.spec.distinguisher_method.as_ref().map_or_else(none, |method| method.type_.clone().into()),
            age,
            missing.map_or("?", |condition| &condition.status).into(),
        ]);
    }
    if let Some(level) = any.downcast_ref::<PriorityLevelConfiguration>() {
        let limited = level.spec.limited.as_deref();
        let shares = match (limited, level.spec.exempt.as_deref()) {
            (Some(limited), _) => limited.nominal_concurrency_shares,
            (None, exempt) => exempt.and_then(|exempt| exempt.nominal_concurrency_shares),
        };
        let queuing = limited.and_then(|limited| limited.limit_response.as_ref()).and_then(|it| it.queuing.as_deref());
        let number = |value: Option<i32>| value.map_or_else(none, Value::from);
        return Some(vec![
            level.spec.type_.clone().into(),
            number(shares),
            number(queuing.map(|queuing| queuing.queues)),
            number(queuing.map(|queuing| queuing.hand_size)),
            number(queuing.map(|queuing| queuing.queue_length_limit)),
            age,
        ]);
    }
    if let Some(address) = any.downcast_ref::<IPAddress>() {
        let parent = &address.spec.parent_ref;
        let resource = [parent.resource.as_str(), &parent.group];
        let resource = resource.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
        let parts = [resource.as_str(), &parent.namespace, &parent.name];
        return Some(vec![or_none(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"))]);
    }
    if let Some(ranges) = any.downcast_ref::<ServiceCIDR>() {
        return Some(vec![ranges.spec.cidrs.join(",").into(), age]);
    }
    let api = any.downcast_ref::<APIService>()?;
    let service = api.spec.service.as_ref();
    let service = service.map_or_else(|| "Local".to_owned(), |of| format!("{}/{}", of.namespace, of.name));
    let available = api.status.conditions.iter().find(|condition| condition.type_ == "Available");
    let available = match available {
        None => "Unknown".to_owned(),
        Some(condition) if condition.status == "True" => condition.status.clone(),
        Some(condition) => format!("{} ({})", condition.status, condition.reason),
    };
    Some(vec![service.into(), available.into(), age])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_cell_for_each_column() {
        let scheme = crate::Scheme::builtin();
        for entry in scheme.kinds() {
            let gvk = entry.info().gvk();
            let object = Object::from_box(entry.create());
            let cells = super::super::columns::cells(&object, crate::Time::default());
            assert_eq!(cells.len(), super::super::columns(&gvk).len(), "{gvk:?}");
        }
    }

    #[test]
    fn a_level_shows_how_it_queues() {
        let mut level = PriorityLevelConfiguration::default();
        level.spec.type_ = "Exempt".into();
        let cells = cells(&Object::new(level), "1s".into()).unwrap();
        assert_eq!(cells, ["Exempt", "<none>", "<none>", "<none>", "<none>", "1s"]);
    }
}
