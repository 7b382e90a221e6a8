//! `Event` and the types that only it uses.

use crate::{Reflect, Resource};

use super::ObjectReference;

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(version = "v1", plural = "events", short = "ev", rules)]
pub struct Event {
    /// Standard object metadata.
    #[field(tag = 1, always, required)]
    pub metadata: crate::api::meta::v1::ObjectMeta,
    /// Involved object.
    #[field(tag = 2, always, required)]
    pub involved_object: ObjectReference,
    /// Reason.
    #[field(tag = 3)]
    pub reason: String,
    /// Message.
    #[field(tag = 4)]
    pub message: String,
    /// Source.
    #[field(tag = 5, always)]
    pub source: EventSource,
    /// First timestamp.
    #[field(tag = 6, value, always)]
    pub first_timestamp: Option<crate::Time>,
    /// Last timestamp.
    #[field(tag = 7, value, always)]
    pub last_timestamp: Option<crate::Time>,
    /// Count.
    #[field(tag = 8)]
    pub count: i32,
    /// Type.
    #[field(tag = 9)]
    pub type_: String,
    /// Event time.
    #[field(tag = 10, value, always)]
    pub event_time: Option<crate::MicroTime>,
    /// Series.
    #[field(tag = 11)]
    pub series: Option<Box<EventSeries>>,
    /// Action.
    #[field(tag = 12)]
    pub action: String,
    /// Related.
    #[field(tag = 13)]
    pub related: Option<Box<ObjectReference>>,
    /// Reporting component.
    #[field(tag = 14, always)]
    pub reporting_component: String,
    /// Reporting instance.
    #[field(tag = 15, always)]
    pub reporting_instance: String,
}

/// An event series.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EventSeries {
    /// Count.
    #[field(tag = 1)]
    pub count: i32,
    /// Last observed time.
    #[field(tag = 2, value, always)]
    pub last_observed_time: Option<crate::MicroTime>,
}

/// An event source.
#[derive(Clone, Debug, Default, PartialEq, Reflect)]
pub struct EventSource {
    /// Component.
    #[field(tag = 1)]
    pub component: String,
    /// Host.
    #[field(tag = 2)]
    pub host: String,
}
