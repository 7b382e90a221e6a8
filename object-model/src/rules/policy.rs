//! Network policies, priorities, budgets, autoscalers, limits, flow control: defaults and validation.

use crate::api::apiregistration::v1::APIService;
use crate::api::autoscaling::v2::{HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler, MetricSpec};
use crate::api::core::v1::LimitRange;
use crate::api::flowcontrol::v1::{FlowSchema, PriorityLevelConfiguration, QueuingConfiguration};
use crate::api::networking::v1::NetworkPolicy;
use crate::api::policy::v1::PodDisruptionBudget;
use crate::api::scheduling::v1::PriorityClass;
use crate::validation::{FieldErrors, Path};
use crate::{IntOrString, Rules, names};

/// Values above this are the system's. Source: Kubernetes concepts, "Pod Priority and Preemption".
const PRIORITY_MAX: i32 = 1_000_000_000;

impl Rules for NetworkPolicy {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        let ports = spec.ingress.iter_mut().flat_map(|rule| &mut rule.ports);
        for port in ports.chain(spec.egress.iter_mut().flat_map(|rule| &mut rule.ports)) {
            port.protocol.get_or_insert_with(|| "TCP".into());
        }
        if spec.policy_types.is_empty() {
            spec.policy_types.push("Ingress".into());
            if !spec.egress.is_empty() {
                spec.policy_types.push("Egress".into());
            }
        }
    }
}

impl Rules for PriorityClass {
    fn set_defaults(&mut self) {
        self.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".into());
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let system = self.metadata.name.starts_with("system-");
        if system && !["system-cluster-critical", "system-node-critical"].contains(&self.metadata.name.as_str()) {
            errors.forbidden(
                &Path::new("metadata").child("name"),
                "priority class names with 'system-' prefix are reserved for system use only. error: not a known system priority class",
            );
        } else if !system && self.value > PRIORITY_MAX {
            errors.forbidden(
                &Path::new("value"),
                format!("maximum allowed value of a user defined priority is {PRIORITY_MAX}"),
            );
        }
        let policy = self.preemption_policy.as_deref().unwrap_or_default();
        if !["Never", "PreemptLowerPriority"].contains(&policy) {
            errors.not_supported(&Path::new("preemptionPolicy"), policy, &["Never", "PreemptLowerPriority"]);
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.value != old.value {
            errors.forbidden(&Path::new("value"), "may not be changed in an update.");
        }
        if self.preemption_policy != old.preemption_policy {
            let policy = self.preemption_policy.as_deref().unwrap_or_default();
            errors.invalid(&Path::new("preemptionPolicy"), policy, "field is immutable");
        }
        errors
    }
}

impl Rules for PodDisruptionBudget {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        if self.spec.min_available.is_some() && self.spec.max_unavailable.is_some() {
            errors.invalid(&path, &crate::json_value(&self.spec), "minAvailable and maxUnavailable cannot be both set");
        }
        for (name, share) in
            [("minAvailable", &self.spec.min_available), ("maxUnavailable", &self.spec.max_unavailable)]
        {
            if let Some(share) = share {
                super::workload::validate_share(&mut errors, share, &path.child(name));
                if let IntOrString::String(text) = share
                    && text.strip_suffix('%').and_then(|digits| digits.parse::<u32>().ok()).is_some_and(|of| of > 100)
                {
                    errors.invalid(&path.child(name), text, "must not be greater than 100%");
                }
            }
        }
        if let Some(selector) = &self.spec.selector {
            super::workload::validate_selector(&mut errors, selector, &path.child("selector"));
        }
        if let Some(policy) = self.spec.unhealthy_pod_eviction_policy.as_deref()
            && !["AlwaysAllow", "IfHealthyBudget"].contains(&policy)
        {
            errors.not_supported(
                &path.child("unhealthyPodEvictionPolicy"),
                policy,
                &["AlwaysAllow", "IfHealthyBudget"],
            );
        }
        errors
    }
}

fn default_scaling(rules: &mut HPAScalingRules, window: Option<i32>, policies: &[(&str, i32, i32)]) {
    rules.select_policy.get_or_insert_with(|| "Max".into());
    if rules.stabilization_window_seconds.is_none() {
        rules.stabilization_window_seconds = window;
    }
    if rules.policies.is_empty() {
        rules.policies = policies
            .iter()
            .map(|(kind, value, period_seconds)| HPAScalingPolicy {
                type_: (*kind).into(),
                value: *value,
                period_seconds: *period_seconds,
            })
            .collect();
    }
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
        if let Some(least) = spec.min_replicas
            && least < 1
        {
            errors.invalid(&path.child("minReplicas"), least, "must be greater than or equal to 1");
        }
        if spec.max_replicas < 1 {
            errors.invalid(&path.child("maxReplicas"), spec.max_replicas, "must be greater than 0");
        }
        if spec.min_replicas.is_some_and(|least| spec.max_replicas < least) {
            errors.invalid(
                &path.child("maxReplicas"),
                spec.max_replicas,
                "must be greater than or equal to `minReplicas`",
            );
        }
        let target = path.child("scaleTargetRef");
        if spec.scale_target_ref.kind.is_empty() {
            errors.required(&target.child("kind"), "");
        }
        if spec.scale_target_ref.name.is_empty() {
            errors.required(&target.child("name"), "");
        }
        errors
    }
}

impl Rules for LimitRange {
    fn set_defaults(&mut self) {
        for item in self.spec.limits.iter_mut().filter(|item| item.type_ == "Container") {
            // What is the most is also what one gets without asking; what is the least is asked for.
            for (name, most) in &item.max {
                item.default.entry(name.clone()).or_insert(*most);
            }
            for (name, limit) in &item.default {
                item.default_request.entry(name.clone()).or_insert(*limit);
            }
            for (name, least) in &item.min {
                item.default_request.entry(name.clone()).or_insert(*least);
            }
        }
    }
}

impl Rules for FlowSchema {
    fn set_defaults(&mut self) {
        if self.spec.matching_precedence == 0 {
            self.spec.matching_precedence = 1000;
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        if self.spec.matching_precedence > 10_000 || self.spec.matching_precedence < 0 {
            errors.invalid(
                &path.child("matchingPrecedence"),
                self.spec.matching_precedence,
                if self.spec.matching_precedence < 0 {
                    "must be a positive value"
                } else {
                    "must not be greater than 10000"
                },
            );
        }
        if self.spec.priority_level_configuration.name.is_empty() {
            errors.required(&path.child("priorityLevelConfiguration").child("name"), "must reference a priority level");
        }
        errors
    }
}

impl Rules for PriorityLevelConfiguration {
    fn set_defaults(&mut self) {
        if let Some(limited) = &mut self.spec.limited {
            limited.nominal_concurrency_shares.get_or_insert(30);
            limited.lendable_percent.get_or_insert(0);
            if let Some(response) = &mut limited.limit_response
                && let Some(queuing) = &mut response.queuing
            {
                let defaults = QueuingConfiguration { queues: 64, hand_size: 8, queue_length_limit: 50 };
                for (field, value) in [
                    (&mut queuing.queues, defaults.queues),
                    (&mut queuing.hand_size, defaults.hand_size),
                    (&mut queuing.queue_length_limit, defaults.queue_length_limit),
                ] {
                    if *field == 0 {
                        *field = value;
                    }
                }
            }
        }
        if let Some(exempt) = &mut self.spec.exempt {
            exempt.nominal_concurrency_shares.get_or_insert(0);
            exempt.lendable_percent.get_or_insert(0);
        }
    }
}

impl Rules for crate::api::events::v1::Event {}

impl Rules for APIService {
    fn set_defaults(&mut self) {
        if let Some(service) = &mut self.spec.service {
            service.port.get_or_insert(443);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let wanted = format!("{}.{}", self.spec.version, self.spec.group);
        if self.metadata.name != wanted {
            errors.invalid(
                &Path::new("metadata").child("name"),
                &self.metadata.name,
                format!("must be `spec.version+\".\"+spec.group`: {wanted:?}"),
            );
        }
        for problem in names::dns_label(&self.spec.version) {
            errors.invalid(&path.child("version"), &self.spec.version, problem);
        }
        errors
    }
}
