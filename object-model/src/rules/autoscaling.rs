//! Horizontal pod autoscalers: defaults and validation.

use super::check;
use crate::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler, MetricIdentifier,
    MetricSpec, MetricTarget,
};
use crate::validation::{FieldErrors, Path};
use crate::{Quantity, Rules, names};

/// The longest time that is looked back on.
const WINDOW_SECONDS_MAX: i32 = 3600;
const PERIOD_SECONDS_MAX: i32 = 1800;
const NOT_ZERO: &str = "must be greater than zero";
const NOT_NEGATIVE: &str = "must be greater than or equal to zero";

fn default_scaling(rules: &mut HPAScalingRules, window: Option<i32>, policies: &[(&str, i32, i32)]) {
    rules.select_policy.get_or_insert_with(|| "Max".into());
    if rules.stabilization_window_seconds.is_none() {
        rules.stabilization_window_seconds = window;
    }
    rules.policies.get_or_insert_with(|| {
        let policy = |(kind, value, period_seconds): &(&str, i32, i32)| HPAScalingPolicy {
            type_: (*kind).into(),
            value: *value,
            period_seconds: *period_seconds,
        };
        policies.iter().map(policy).collect()
    });
}

impl Rules for HorizontalPodAutoscaler {
    fn set_defaults(&mut self) {
        self.spec.min_replicas.get_or_insert(1);
        if self.spec.metrics.is_empty() {
            let mut metric = MetricSpec { type_: "Resource".into(), ..MetricSpec::default() };
            let source = metric.resource.get_or_insert_default();
            source.name = "cpu".into();
            source.target.type_ = "Utilization".into();
            source.target.average_utilization = Some(80);
            self.spec.metrics.push(metric);
        }
        if let Some(behavior) = &mut self.spec.behavior {
            let up = behavior.scale_up.get_or_insert_default();
            default_scaling(up, Some(0), &[("Pods", 4, 15), ("Percent", 100, 15)]);
            default_scaling(behavior.scale_down.get_or_insert_default(), None, &[("Percent", 100, 15)]);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        if let Some(least) = spec.min_replicas.filter(|least| *least < 1) {
            errors.invalid(&path.child("minReplicas"), least, "must be greater than or equal to 1");
        }
        let most = path.child("maxReplicas");
        if spec.max_replicas < 1 {
            errors.invalid(&most, spec.max_replicas, "must be greater than 0");
        }
        if spec.min_replicas.is_some_and(|least| spec.max_replicas < least) {
            errors.invalid(&most, spec.max_replicas, "must be greater than or equal to `minReplicas`");
        }
        validate_reference(&mut errors, &spec.scale_target_ref, &path.child("scaleTargetRef"), true);
        for (index, metric) in spec.metrics.iter().enumerate() {
            validate_metric(&mut errors, metric, &path.child("metrics").index(index));
        }
        if let Some(behavior) = &spec.behavior {
            let at = path.child("behavior");
            for (name, rules) in [("scaleUp", &behavior.scale_up), ("scaleDown", &behavior.scale_down)] {
                if let Some(rules) = rules {
                    validate_scaling(&mut errors, rules, &at.child(name));
                }
            }
        }
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("status");
        for (name, count) in
            [("currentReplicas", self.status.current_replicas), ("desiredReplicas", self.status.desired_replicas)]
        {
            errors.not_negative(&path.child(name), i64::from(count));
        }
        errors
    }
}

fn validate_reference(errors: &mut FieldErrors, of: &CrossVersionObjectReference, path: &Path, scaled: bool) {
    check::required_name(errors, &path.child("kind"), &of.kind, names::path_segment);
    check::required_name(errors, &path.child("name"), &of.name, names::path_segment);
    // A bare version would name the core group, in which nothing but the old controllers can be scaled.
    if scaled && !of.api_version.contains('/') && of.kind != "ReplicationController" {
        errors.invalid(&path.child("apiVersion"), &of.api_version, "apiVersion must specify API group");
    } else if of.api_version.matches('/').count() > 1 {
        errors.invalid(
            &path.child("apiVersion"),
            &of.api_version,
            format!("unexpected GroupVersion string: {}", of.api_version),
        );
    }
}

fn validate_scaling(errors: &mut FieldErrors, rules: &HPAScalingRules, path: &Path) {
    if let Some(window) = rules.stabilization_window_seconds {
        let at = path.child("stabilizationWindowSeconds");
        if window < 0 {
            errors.invalid(&at, window, NOT_NEGATIVE);
        }
        if window > WINDOW_SECONDS_MAX {
            errors.invalid(&at, window, format!("must be less than or equal to {WINDOW_SECONDS_MAX}"));
        }
    }
    let choices = ["Disabled", "Max", "Min"];
    check::optional_one_of(errors, &path.child("selectPolicy"), rules.select_policy.as_deref(), &choices);
    let policies = rules.policies.as_deref().unwrap_or_default();
    if policies.is_empty() {
        errors.required(&path.child("policies"), "must specify at least one Policy");
    }
    for (index, policy) in policies.iter().enumerate() {
        let at = path.child("policies").index(index);
        errors.one_of(&at.child("type"), &policy.type_, &["Percent", "Pods"]);
        for (name, value) in [("value", policy.value), ("periodSeconds", policy.period_seconds)] {
            if value <= 0 {
                errors.invalid(&at.child(name), value, NOT_ZERO);
            }
        }
        if policy.period_seconds > PERIOD_SECONDS_MAX {
            let why = format!("must be less than or equal to {PERIOD_SECONDS_MAX}");
            errors.invalid(&at.child("periodSeconds"), policy.period_seconds, why);
        }
    }
    if let Some(tolerance) = rules.tolerance.filter(Quantity::is_negative) {
        errors.invalid(&path.child("tolerance"), &tolerance, "must be greater or equal to zero");
    }
}

/// The field of each type of metric.
fn source_field(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "ContainerResource" => "containerResource",
        "External" => "external",
        "Object" => "object",
        "Pods" => "pods",
        "Resource" => "resource",
        _ => return None,
    })
}

/// What is particular to one kind of source.
type Check<'a> = Box<dyn Fn(&mut FieldErrors, &Path) + 'a>;

/// A source of any kind, as far as they are alike.
struct Source<'a> {
    field: &'static str,
    target: &'a MetricTarget,
    check: Check<'a>,
}

fn sources(metric: &MetricSpec) -> Vec<Source<'_>> {
    let mut found = vec![];
    if let Some(object) = &metric.object {
        found.push(Source {
            field: "object",
            target: &object.target,
            check: Box::new(|errors, at| {
                validate_reference(errors, &object.described_object, &at.child("describedObject"), false);
                validate_identifier(errors, &object.metric, &at.child("metric"));
                validate_per_pod(errors, &object.target, &at.child("target"));
            }),
        });
    }
    if let Some(external) = &metric.external {
        found.push(Source {
            field: "external",
            target: &external.target,
            check: Box::new(|errors, at| {
                validate_identifier(errors, &external.metric, &at.child("metric"));
                validate_per_pod(errors, &external.target, &at.child("target"));
                if external.target.value.is_some() && external.target.average_value.is_some() {
                    let why = "may not set both a target value for metric and a per-pod target";
                    errors.forbidden(&at.child("target").child("value"), why);
                }
            }),
        });
    }
    if let Some(pods) = &metric.pods {
        found.push(Source {
            field: "pods",
            target: &pods.target,
            check: Box::new(|errors, at| {
                validate_identifier(errors, &pods.metric, &at.child("metric"));
                if pods.target.average_value.is_none_or(|value| value <= Quantity::default()) {
                    let at = at.child("target").child("averageValue");
                    errors.required(&at, "must specify a positive target averageValue");
                }
            }),
        });
    }
    if let Some(resource) = &metric.resource {
        found.push(Source {
            field: "resource",
            target: &resource.target,
            check: Box::new(|errors, at| validate_resource(errors, &resource.name, &resource.target, at)),
        });
    }
    if let Some(resource) = &metric.container_resource {
        found.push(Source {
            field: "containerResource",
            target: &resource.target,
            check: Box::new(|errors, at| {
                if resource.container.is_empty() {
                    errors.required(&at.child("container"), "must specify a container");
                }
                validate_resource(errors, &resource.name, &resource.target, at);
            }),
        });
    }
    found
}

fn validate_metric(errors: &mut FieldErrors, metric: &MetricSpec, path: &Path) {
    let at = path.child("type");
    if metric.type_.is_empty() {
        errors.required(&at, "must specify a metric source type");
    }
    let expected = source_field(&metric.type_);
    if expected.is_none() {
        let known = ["ContainerResource", "External", "Object", "Pods", "Resource"];
        errors.not_supported(&at, &metric.type_, &known);
    }
    let present = sources(metric);
    if let Some(first) = present.first() {
        let at = path.child(first.field);
        validate_target(errors, first.target, &at.child("target"));
        (first.check)(errors, &at);
    }
    if let Some(expected) = expected
        && present.iter().all(|source| source.field != expected)
    {
        errors.required(&path.child(expected), "must populate information for the given metric source");
    }
    if present.len() != 1 {
        for source in present.iter().filter(|source| Some(source.field) != expected) {
            errors.forbidden(&path.child(source.field), "must populate the given metric source only");
        }
    }
}

fn validate_target(errors: &mut FieldErrors, target: &MetricTarget, path: &Path) {
    let at = path.child("type");
    if target.type_.is_empty() {
        errors.required(&at, "must specify a metric target type");
    }
    if !["Utilization", "Value", "AverageValue"].contains(&target.type_.as_str()) {
        errors.invalid(&at, &target.type_, "must be either Utilization, Value, or AverageValue");
    }
    for (name, amount) in [("value", target.value), ("averageValue", target.average_value)] {
        if let Some(amount) = amount.filter(|amount| *amount <= Quantity::default()) {
            errors.invalid(&path.child(name), &amount, "must be positive");
        }
    }
    if let Some(share) = target.average_utilization.filter(|share| *share < 1) {
        errors.invalid(&path.child("averageUtilization"), share, "must be greater than 0");
    }
}

fn validate_identifier(errors: &mut FieldErrors, metric: &MetricIdentifier, path: &Path) {
    let at = path.child("name");
    if metric.name.is_empty() {
        errors.required(&at, "must specify a metric name");
    } else {
        errors.invalid_each(&at, &metric.name, names::path_segment(&metric.name));
    }
}

fn validate_per_pod(errors: &mut FieldErrors, target: &MetricTarget, path: &Path) {
    if target.value.is_none() && target.average_value.is_none() {
        let why = "must set either a target value for metric or a per-pod target";
        errors.required(&path.child("averageValue"), why);
    }
}

fn validate_resource(errors: &mut FieldErrors, name: &str, target: &MetricTarget, path: &Path) {
    if name.is_empty() {
        errors.required(&path.child("name"), "must specify a resource name");
    }
    let at = path.child("target");
    match (target.average_utilization, &target.average_value) {
        (None, None) => {
            let why = "must set either a target raw value or a target utilization";
            errors.required(&at.child("averageUtilization"), why);
        }
        (Some(_), Some(_)) => {
            let why = "may not set both a target raw value and a target utilization";
            errors.forbidden(&at.child("averageValue"), why);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with an autoscaler whose spec has this besides.
    fn wrong(extra: &str) -> String {
        let text = format!(
            r#"{{"spec":{{"maxReplicas":3,"scaleTargetRef":{{"apiVersion":"apps/v1","kind":"D","name":"d"}},{extra}}}}}"#
        );
        let mut scaler: HorizontalPodAutoscaler = serde_json::from_str(&text).expect("the test's JSON");
        scaler.set_defaults();
        scaler.validate().summary()
    }

    #[test]
    fn metrics_and_behavior() {
        let cases = [
            (
                r#""minReplicas":5"#,
                "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
            ),
            (
                r#""behavior":{"scaleUp":{"policies":[]}}"#,
                "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy",
            ),
            (
                r#""metrics":[{"type":"Pods"}]"#,
                "spec.metrics[0].pods: Required value: must populate information for the given metric source",
            ),
            (
                r#""metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Value","value":"1"}}}]"#,
                "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value \
                 or a target utilization",
            ),
        ];
        for (extra, expected) in cases {
            assert_eq!(wrong(extra), expected, "{extra}");
        }
        assert_eq!(wrong(r#""behavior":{"scaleUp":{}}"#), "[]");
    }
}
