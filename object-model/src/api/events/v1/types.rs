//! Types of API group `events`, version `v1`.

use crate::{Reflect, Resource};

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(group = "events.k8s.io", version = "v1", plural = "events", short = "ev", rules)]
pub struct Event {
    /// Standard object metadata.
    #[field(tag = 1, always)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Event time.
    #[field(tag = 2, value, always, required)]
    pub event_time: Option<crate::MicroTime>,
    /// Series.
    #[field(tag = 3)]
    pub series: Option<Box<EventSeries>>,
    /// Reporting controller.
    #[field(tag = 4)]
    pub reporting_controller: String,
    /// Reporting instance.
    #[field(tag = 5)]
    pub reporting_instance: String,
    /// Action.
    #[field(tag = 6)]
    pub action: String,
    /// Reason.
    #[field(tag = 7)]
    pub reason: String,
    /// Regarding.
    #[field(tag = 8)]
    pub regarding: Option<Box<crate::api::core::v1::ObjectReference>>,
    /// Related.
    #[field(tag = 9)]
    pub related: Option<Box<crate::api::core::v1::ObjectReference>>,
    /// Note.
    #[field(tag = 10)]
    pub note: String,
    /// Type.
    #[field(tag = 11)]
    pub type_: String,
    /// Deprecated source.
    #[field(tag = 12, always)]
    pub deprecated_source: crate::api::core::v1::EventSource,
    /// Deprecated first timestamp.
    #[field(tag = 13, value, always)]
    pub deprecated_first_timestamp: Option<crate::Time>,
    /// Deprecated last timestamp.
    #[field(tag = 14, value, always)]
    pub deprecated_last_timestamp: Option<crate::Time>,
    /// Deprecated count.
    #[field(tag = 15)]
    pub deprecated_count: i32,
}

/// An event series.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EventSeries {
    /// Count.
    #[field(tag = 1, always, required)]
    pub count: i32,
    /// Last observed time.
    #[field(tag = 2, value, always, required)]
    pub last_observed_time: Option<crate::MicroTime>,
}
