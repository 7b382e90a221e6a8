//! Events, as the core group and as `events.k8s.io` have them.
//!
//! Invariant: both are stored as the core kind; which rules hold depends on the version that a client speaks.

use super::{check, go};
use crate::api::core::v1::{Event as CoreEvent, ObjectReference};
use crate::api::events::v1::Event;
use crate::reflect::{Ref, Struct};
use crate::validation::{FieldErrors, Path, Plain};
use crate::{MicroTime, Rules, names};

const SHORT_MAX: usize = 128;
const NOTE_MAX: usize = 1024;
const ELSEWHERE: &str = "does not match event.namespace";

/// What both versions say of an event that carries its time.
struct Report<'a> {
    namespace: &'a str,
    of: &'a str,
    time: Option<MicroTime>,
    controller: (&'static str, &'a str),
    instance: &'a str,
    action: &'a str,
    reason: &'a str,
    message: &'a str,
}

impl Report<'_> {
    fn validate(&self, errors: &mut FieldErrors) {
        let at = Path::new("involvedObject").child("namespace");
        if self.time.is_none() {
            let expected = if self.of.is_empty() { "default" } else { self.of };
            if self.namespace != expected {
                errors.invalid(&at, self.of, ELSEWHERE);
            }
            return;
        }
        if self.of.is_empty() && !["default", "kube-system"].contains(&self.namespace) {
            errors.invalid(&at, self.of, ELSEWHERE);
        }
        let (name, controller) = self.controller;
        errors.present(&Path::new(name), controller);
        errors.invalid_each(&Path::new(name), controller, names::qualified_name(controller));
        for (name, text) in [("reportingInstance", self.instance), ("action", self.action), ("reason", self.reason)] {
            errors.present(&Path::new(name), text);
            limit(errors, name, text, SHORT_MAX);
        }
        limit(errors, "message", self.message, NOTE_MAX);
    }
}

fn limit(errors: &mut FieldErrors, name: &str, text: &str, max: usize) {
    if text.len() > max {
        errors.invalid(&Path::new(name), "", format!("can have at most {max} characters"));
    }
}

impl Rules for CoreEvent {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let report = Report {
            namespace: &self.metadata.namespace,
            of: &self.involved_object.namespace,
            time: self.event_time,
            controller: ("reportingComponent", &self.reporting_component),
            instance: &self.reporting_instance,
            action: &self.action,
            reason: &self.reason,
            message: &self.message,
        };
        report.validate(&mut errors);
        errors
    }
}

impl Event {
    fn validate_report(&self, errors: &mut FieldErrors) {
        let report = Report {
            namespace: &self.metadata.namespace,
            of: self.regarding.as_deref().map(|of| of.namespace.as_str()).unwrap_or_default(),
            time: self.event_time,
            controller: ("reportingController", &self.reporting_controller),
            instance: &self.reporting_instance,
            action: &self.action,
            reason: &self.reason,
            message: &self.note,
        };
        report.validate(errors);
    }

    fn validate_series(&self, errors: &mut FieldErrors) {
        let Some(series) = &self.series else { return };
        let path = Path::new("series");
        if series.count < 2 {
            errors.invalid(&path.child("count"), "", "should be at least 2");
        }
        if series.last_observed_time.is_none() {
            errors.required(&path.child("lastObservedTime"), "");
        }
    }
}

impl Rules for Event {
    fn stands_alone(&self) -> bool {
        true
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        self.validate_report(&mut errors);
        let name = &self.metadata.name;
        errors.invalid_each(&Path::new("metadata").child("name"), name, names::dns_subdomain(name));
        self.validate_series(&mut errors);
        if self.event_time.is_none() {
            errors.required(&Path::new("eventTime"), "");
        }
        if !["Normal", "Warning"].contains(&self.type_.as_str()) {
            errors.invalid(&Path::new("type"), "", format!("has invalid value: {}", self.type_));
        }
        let old_fields = [
            ("firstTimestamp", self.deprecated_first_timestamp.is_some()),
            ("lastTimestamp", self.deprecated_last_timestamp.is_some()),
            ("count", self.deprecated_count != 0),
            ("source", self.deprecated_source != Default::default()),
        ];
        for (name, _) in old_fields.iter().filter(|(_, set)| *set) {
            errors.invalid(&Path::new(name), "", "needs to be unset");
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        self.validate_report(&mut errors);
        if self.series != old.series {
            self.validate_series(&mut errors);
        }
        let subject = |event: &Self| event.regarding.as_deref().cloned().unwrap_or_default();
        let (new_subject, old_subject): (ObjectReference, _) = (subject(self), subject(old));
        let text = go::show(&new_subject, None);
        check::immutable(&mut errors, &Path::new("involvedObject"), &new_subject, &old_subject, Plain(&text));
        // Everything but the series stays; the names are those of the stored version.
        for (field, name) in [
            // The server checks the reason in two places.
            ("reason", "reason"),
            ("reason", "reason"),
            ("note", "message"),
            ("deprecatedSource", "source"),
            ("deprecatedFirstTimestamp", "firstTimestamp"),
            ("deprecatedLastTimestamp", "lastTimestamp"),
            ("deprecatedCount", "count"),
            ("type", "type"),
            ("eventTime", "eventTime"),
            ("action", "action"),
            ("related", "related"),
            ("reportingController", "reportingController"),
            ("reportingInstance", "reportingInstance"),
        ] {
            let Some((index, _)) = self.schema().find(field) else { continue };
            if !self.field(index).same(old.field(index)) {
                let text = shown(self.field(index).get());
                errors.invalid(&Path::new(name), Plain(&text), check::IMMUTABLE);
            }
        }
        errors
    }
}

fn shown(value: Ref<'_>) -> String {
    match value {
        Ref::Struct(value) => go::show(value, None),
        other => {
            let mut text = vec![];
            crate::json::write_value(&other, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(extra: &str) -> Event {
        let text = format!(
            r#"{{"metadata":{{"name":"x","namespace":"n"}},"eventTime":"2020-01-02T03:04:05.000006Z","reportingController":"a/c",
            "reportingInstance":"i","action":"A","reason":"R","type":"Normal","regarding":{{"namespace":"n","name":"p"}}{extra}}}"#
        );
        serde_json::from_str(&text).expect("the test's JSON")
    }

    #[test]
    fn new_events_are_complete_and_have_no_old_fields() {
        for (extra, expected) in [
            ("", "[]"),
            (r#","deprecatedCount":3"#, "count: Invalid value: \"\": needs to be unset"),
            (
                r#","series":{"count":1,"lastObservedTime":"2020-01-02T03:04:05.000006Z"}"#,
                "series.count: Invalid value: \"\": should be at least 2",
            ),
        ] {
            assert_eq!(event(extra).validate().summary(), expected, "{extra}");
        }
    }

    #[test]
    fn only_the_series_changes() {
        let old = event("");
        let mut new = event(r#","series":{"count":2,"lastObservedTime":"2020-01-02T03:04:05.000006Z"}"#);
        assert!(new.validate_update(&old).is_empty());
        new.reason = "Other".into();
        assert_eq!(new.validate_update(&old).len(), 2);
        assert_eq!(new.validate_update(&old).summary(), "reason: Invalid value: \"Other\": field is immutable");
    }
}
