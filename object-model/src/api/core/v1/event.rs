//! `Event` and the types that only it uses.

use crate::{Reflect, Resource};

use super::ObjectReference;

/// Event as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "events", short = "ev", rules)]
pub struct Event {
    /// Standard object metadata.
    #[field(tag = 1, always, required)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, always, required)]
    pub involved_object: ObjectReference,
    /// See the API reference.
    #[field(tag = 3)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 4)]
    pub message: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub source: Option<Box<EventSource>>,
    /// See the API reference.
    #[field(tag = 6, value, always)]
    pub first_timestamp: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 7, value, always)]
    pub last_timestamp: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 8)]
    pub count: i32,
    /// See the API reference.
    #[field(tag = 9)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 10, value, always)]
    pub event_time: Option<crate::MicroTime>,
    /// See the API reference.
    #[field(tag = 11)]
    pub series: Option<Box<EventSeries>>,
    /// See the API reference.
    #[field(tag = 12)]
    pub action: String,
    /// See the API reference.
    #[field(tag = 13)]
    pub related: Option<Box<ObjectReference>>,
    /// See the API reference.
    #[field(tag = 14)]
    pub reporting_component: String,
    /// See the API reference.
    #[field(tag = 15)]
    pub reporting_instance: String,
}

/// EventSeries as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EventSeries {
    /// See the API reference.
    #[field(tag = 1)]
    pub count: i32,
    /// See the API reference.
    #[field(tag = 2, value, always)]
    pub last_observed_time: Option<crate::MicroTime>,
}

/// EventSource as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EventSource {
    /// See the API reference.
    #[field(tag = 1)]
    pub component: String,
    /// See the API reference.
    #[field(tag = 2)]
    pub host: String,
}
