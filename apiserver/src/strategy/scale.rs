//! The scale of workloads, whatever their kind.
//!
//! In and out: the replicas wanted and there, and the selector as text. Elsewhere: the `scale` subresource (`registry`).

use std::collections::BTreeMap;

use pintle_object_model::AnyResource;
use pintle_object_model::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use pintle_object_model::api::core::v1::ReplicationController;
use pintle_object_model::custom::CustomObject;

use super::custom;

/// The scale of a workload: replicas wanted, replicas there, selector as text.
pub(crate) struct ScaleOf {
    pub(crate) wanted: i32,
    pub(crate) there: i32,
    pub(crate) selector: String,
}

macro_rules! scalable {
    ($($kind:ty),*) => {
        /// Reads the scale of a workload.
        pub(crate) fn scale_of(object: &dyn AnyResource) -> Option<ScaleOf> {
            if let Some(custom) = object.as_any().downcast_ref::<CustomObject>() {
                return custom::scale_of(custom);
            }
            $(if let Some(workload) = object.as_any().downcast_ref::<$kind>() {
                return Some(ScaleOf {
                    wanted: workload.spec.replicas.unwrap_or(1),
                    there: workload.status.replicas,
                    selector: selector_text(&workload.spec.selector),
                });
            })*
            custom::scale_of_host(object)
        }
        /// Sets the number of replicas wanted of a workload.
        pub(crate) fn set_scale(object: &mut dyn AnyResource, replicas: i32) -> bool {
            if let Some(custom) = object.as_any_mut().downcast_mut::<CustomObject>() {
                return custom::set_scale(custom, replicas);
            }
            $(if let Some(workload) = object.as_any_mut().downcast_mut::<$kind>() {
                workload.spec.replicas = Some(replicas);
                return true;
            })*
            custom::set_scale_of_host(object, replicas)
        }
    };
}
scalable!(Deployment, ReplicaSet, StatefulSet, ReplicationController);

trait SelectorText {
    fn text(&self) -> String;
}
impl SelectorText for pintle_object_model::api::meta::v1::LabelSelector {
    fn text(&self) -> String {
        pintle_object_model::selector::Selector::from_object(self).map(|s| s.to_string()).unwrap_or_default()
    }
}
impl<T: SelectorText> SelectorText for Option<Box<T>> {
    fn text(&self) -> String {
        self.as_ref().map(|selector| selector.text()).unwrap_or_default()
    }
}
impl SelectorText for BTreeMap<String, String> {
    fn text(&self) -> String {
        self.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
    }
}
fn selector_text(selector: &impl SelectorText) -> String {
    selector.text()
}
