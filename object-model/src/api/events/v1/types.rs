//! Types of API group `events`, version `v1`.

use crate::{Reflect, Resource};

/// Event as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(
    group = "events.k8s.io",
    version = "v1",
    plural = "events",
    short = "ev"
)]
pub struct Event {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// See the API reference.
    #[field(tag = 2, value, always, required)]
    pub event_time: Option<crate::MicroTime>,
    /// See the API reference.
    #[field(tag = 3)]
    pub series: Option<Box<EventSeries>>,
    /// See the API reference.
    #[field(tag = 4)]
    pub reporting_controller: String,
    /// See the API reference.
    #[field(tag = 5)]
    pub reporting_instance: String,
    /// See the API reference.
    #[field(tag = 6)]
    pub action: String,
    /// See the API reference.
    #[field(tag = 7)]
    pub reason: String,
    /// See the API reference.
    #[field(tag = 8)]
    pub regarding: Option<Box<crate::api::core::v1::ObjectReference>>,
    /// See the API reference.
    #[field(tag = 9)]
    pub related: Option<Box<crate::api::core::v1::ObjectReference>>,
    /// See the API reference.
    #[field(tag = 10)]
    pub note: String,
    /// See the API reference.
    #[field(tag = 11)]
    pub type_: String,
    /// See the API reference.
    #[field(tag = 12)]
    pub deprecated_source: Option<Box<crate::api::core::v1::EventSource>>,
    /// See the API reference.
    #[field(tag = 13, value, always)]
    pub deprecated_first_timestamp: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 14, value, always)]
    pub deprecated_last_timestamp: Option<crate::Time>,
    /// See the API reference.
    #[field(tag = 15)]
    pub deprecated_count: i32,
}

/// EventSeries as of the API group it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EventSeries {
    /// See the API reference.
    #[field(tag = 1, always, required)]
    pub count: i32,
    /// See the API reference.
    #[field(tag = 2, value, always, required)]
    pub last_observed_time: Option<crate::MicroTime>,
}
