//! Further versions that are served today of kinds stored as another.
//!
//! In: `events.k8s.io/v1` Events and `autoscaling/v1` autoscalers. Out: their stored versions. Invariant: what the served
//! version cannot express is kept in an annotation, as kube-apiserver keeps it.

use super::{Converts, Scheme};
use crate::api::autoscaling::v1 as old;
use crate::api::autoscaling::v2 as new;
use crate::api::core::v1 as core;
use crate::api::events::v1 as events;

/// Where `autoscaling/v1` keeps the metrics and the behaviour that it has no fields for.
const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

pub(super) fn register(scheme: &mut Scheme) {
    scheme.register_version::<events::Event>().register_version::<old::HorizontalPodAutoscaler>();
}

impl Converts for events::Event {
    type Hub = core::Event;

    fn into_hub(self) -> Result<core::Event, String> {
        Ok(core::Event {
            metadata: self.metadata,
            involved_object: self.regarding.map(|of| *of).unwrap_or_default(),
            reason: self.reason,
            message: self.note,
            source: self.deprecated_source,
            first_timestamp: self.deprecated_first_timestamp,
            last_timestamp: self.deprecated_last_timestamp,
            count: self.deprecated_count,
            type_: self.type_,
            event_time: self.event_time,
            series: self.series.map(|series| {
                Box::new(core::EventSeries { count: series.count, last_observed_time: series.last_observed_time })
            }),
            action: self.action,
            related: self.related,
            reporting_component: self.reporting_controller,
            reporting_instance: self.reporting_instance,
        })
    }

    fn from_hub(hub: core::Event) -> Result<Self, String> {
        Ok(Self {
            metadata: hub.metadata,
            event_time: hub.event_time,
            series: hub.series.map(|series| {
                Box::new(events::EventSeries { count: series.count, last_observed_time: series.last_observed_time })
            }),
            reporting_controller: hub.reporting_component,
            reporting_instance: hub.reporting_instance,
            action: hub.action,
            reason: hub.reason,
            regarding: Some(Box::new(hub.involved_object)),
            related: hub.related,
            note: hub.message,
            type_: hub.type_,
            deprecated_source: hub.source,
            deprecated_first_timestamp: hub.first_timestamp,
            deprecated_last_timestamp: hub.last_timestamp,
            deprecated_count: hub.count,
        })
    }
}

fn reference(of: old::CrossVersionObjectReference) -> new::CrossVersionObjectReference {
    new::CrossVersionObjectReference { kind: of.kind, name: of.name, api_version: of.api_version }
}

fn cpu(percent: i32) -> new::MetricSpec {
    let mut metric = new::MetricSpec { type_: "Resource".into(), ..new::MetricSpec::default() };
    let source = metric.resource.get_or_insert_default();
    source.name = "cpu".into();
    source.target.type_ = "Utilization".into();
    source.target.average_utilization = Some(percent);
    metric
}

impl Converts for old::HorizontalPodAutoscaler {
    type Hub = new::HorizontalPodAutoscaler;

    fn into_hub(mut self) -> Result<new::HorizontalPodAutoscaler, String> {
        let mut metrics = vec![];
        if self.spec.target_cpu_utilization_percentage != 0 {
            metrics.push(cpu(self.spec.target_cpu_utilization_percentage));
        }
        if let Some(text) = self.metadata.annotations.remove(METRICS) {
            let more: Vec<new::MetricSpec> =
                serde_json::from_str(&text).map_err(|error| format!("annotation {METRICS}: {error}"))?;
            metrics.extend(more);
        }
        let behavior = match self.metadata.annotations.remove(BEHAVIOR) {
            Some(text) => serde_json::from_str(&text).map_err(|error| format!("annotation {BEHAVIOR}: {error}"))?,
            None => None,
        };
        let mut hub = new::HorizontalPodAutoscaler { metadata: self.metadata, ..Default::default() };
        hub.spec.scale_target_ref = reference(self.spec.scale_target_ref);
        hub.spec.min_replicas = self.spec.min_replicas;
        hub.spec.max_replicas = self.spec.max_replicas;
        hub.spec.metrics = metrics;
        hub.spec.behavior = behavior;
        hub.status.observed_generation = self.status.observed_generation;
        hub.status.last_scale_time = self.status.last_scale_time;
        hub.status.current_replicas = self.status.current_replicas;
        hub.status.desired_replicas = self.status.desired_replicas;
        Ok(hub)
    }

    fn from_hub(hub: new::HorizontalPodAutoscaler) -> Result<Self, String> {
        let is_cpu = |metric: &new::MetricSpec| {
            metric.type_ == "Resource"
                && metric
                    .resource
                    .as_ref()
                    .is_some_and(|source| source.name == "cpu" && source.target.average_utilization.is_some())
        };
        let mut object = Self { metadata: hub.metadata, ..Self::default() };
        let mut rest = vec![];
        for metric in hub.spec.metrics {
            let percent = metric.resource.as_ref().and_then(|source| source.target.average_utilization);
            match percent {
                Some(percent) if is_cpu(&metric) && object.spec.target_cpu_utilization_percentage == 0 => {
                    object.spec.target_cpu_utilization_percentage = percent;
                }
                _ => rest.push(metric),
            }
        }
        if !rest.is_empty() {
            let text = serde_json::to_string(&rest).map_err(|error| error.to_string())?;
            object.metadata.annotations.insert(METRICS.into(), text);
        }
        if let Some(behavior) = hub.spec.behavior {
            let text = serde_json::to_string(&behavior).map_err(|error| error.to_string())?;
            object.metadata.annotations.insert(BEHAVIOR.into(), text);
        }
        let of = hub.spec.scale_target_ref;
        object.spec.scale_target_ref =
            old::CrossVersionObjectReference { kind: of.kind, name: of.name, api_version: of.api_version };
        object.spec.min_replicas = hub.spec.min_replicas;
        object.spec.max_replicas = hub.spec.max_replicas;
        object.status.observed_generation = hub.status.observed_generation;
        object.status.last_scale_time = hub.status.last_scale_time;
        object.status.current_replicas = hub.status.current_replicas;
        object.status.desired_replicas = hub.status.desired_replicas;
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_autoscaler_survives_the_older_version() {
        let mut hub = new::HorizontalPodAutoscaler::default();
        let mut memory = cpu(50);
        if let Some(source) = &mut memory.resource {
            source.name = "memory".into();
        }
        hub.spec.metrics = vec![cpu(80), memory];
        hub.spec.behavior = Some(Box::default());
        let old = old::HorizontalPodAutoscaler::from_hub(hub.clone()).unwrap();
        assert_eq!(old.spec.target_cpu_utilization_percentage, 80);
        assert_eq!(old.into_hub().unwrap(), hub);
    }
}
