//! Priorities, disruption budgets, runtime classes.

use super::{check, go};
use crate::api::node::v1::RuntimeClass;
use crate::api::policy::v1::PodDisruptionBudget;
use crate::api::scheduling::v1::PriorityClass;
use crate::validation::{FieldErrors, Path, Plain, validate_labels};
use crate::{IntOrString, Rules, names};

/// Values above this are the system's. Source: Kubernetes concepts, "Pod Priority and Preemption".
const PRIORITY_MAX: i32 = 1_000_000_000;
const SYSTEM: [(&str, i32); 2] = [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

/// Why a class with the system's prefix is none of the system's.
fn not_the_systems(class: &PriorityClass) -> Option<String> {
    let name = &class.metadata.name;
    match SYSTEM.iter().find(|(known, _)| known == name) {
        None => Some(format!("{name} is not a known system priority class")),
        Some((_, value)) if class.value != *value => Some(format!("value of {name} PriorityClass must be {value}")),
        Some(_) if class.global_default => Some(format!("globalDefault of {name} PriorityClass must be false")),
        Some(_) => None,
    }
}

impl Rules for PriorityClass {
    fn set_defaults(&mut self) {
        self.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".into());
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.metadata.name.starts_with("system-") {
            if let Some(why) = not_the_systems(self) {
                let prefix = "priority class names with 'system-' prefix are reserved for system use only. error: ";
                errors.forbidden(&Path::new("metadata").child("name"), format!("{prefix}{why}"));
            }
        } else if self.value > PRIORITY_MAX {
            let why = format!("maximum allowed value of a user defined priority is {PRIORITY_MAX}");
            errors.forbidden(&Path::new("value"), why);
        }
        let policy = self.preemption_policy.as_deref();
        let policies = ["PreemptLowerPriority", "Never"];
        check::optional_one_of(&mut errors, &Path::new("preemptionPolicy"), policy, &policies);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.value != old.value {
            errors.forbidden(&Path::new("value"), "may not be changed in an update.");
        }
        let policy = self.preemption_policy.as_deref().unwrap_or_default();
        let before = old.preemption_policy.as_deref().unwrap_or_default();
        check::immutable(&mut errors, &Path::new("preemptionPolicy"), policy, before, policy);
        errors
    }
}

impl Rules for PodDisruptionBudget {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        if spec.min_available.is_some() && spec.max_unavailable.is_some() {
            let why = "minAvailable and maxUnavailable cannot be both set";
            errors.invalid(&path, Plain(&go::show(spec, None)), why);
        }
        for (name, share) in [("minAvailable", &spec.min_available), ("maxUnavailable", &spec.max_unavailable)] {
            let Some(share) = share else { continue };
            super::workload::validate_share(&mut errors, share, &path.child(name));
            let percent = match share {
                IntOrString::String(text) => text.strip_suffix('%').and_then(|digits| digits.parse::<u32>().ok()),
                IntOrString::Int(_) => None,
            };
            if percent.is_some_and(|percent| percent > 100) {
                errors.invalid(&path.child(name), share, "must not be greater than 100%");
            }
        }
        if let Some(selector) = &spec.selector {
            check::selector(&mut errors, selector, &path.child("selector"));
        }
        let policy = spec.unhealthy_pod_eviction_policy.as_deref();
        let policies = ["AlwaysAllow", "IfHealthyBudget"];
        check::optional_one_of(&mut errors, &path.child("unhealthyPodEvictionPolicy"), policy, &policies);
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("status");
        let status = &self.status;
        for (name, count) in [
            ("disruptionsAllowed", status.disruptions_allowed),
            ("currentHealthy", status.current_healthy),
            ("desiredHealthy", status.desired_healthy),
            ("expectedPods", status.expected_pods),
        ] {
            errors.not_negative(&path.child(name), i64::from(count));
        }
        errors
    }
}

impl Rules for RuntimeClass {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        check::required_name(&mut errors, &Path::new("handler"), &self.handler, names::dns_label);
        if let Some(overhead) = &self.overhead {
            // An overhead is checked like the limits of a container, and named so.
            check::container_amounts(&mut errors, &Path::new("overhead").child("limits"), &overhead.pod_fixed);
        }
        if let Some(scheduling) = &self.scheduling {
            let path = Path::new("scheduling");
            validate_labels(&scheduling.node_selector, &path.child("nodeSelector"), &mut errors);
            let at = path.child("tolerations");
            check::tolerations(&mut errors, &at, &scheduling.tolerations);
            for (index, toleration) in scheduling.tolerations.iter().enumerate() {
                let alike = scheduling.tolerations[..index].iter().any(|other| {
                    (&other.key, &other.effect, &other.operator, &other.value)
                        == (&toleration.key, &toleration.effect, &toleration.operator, &toleration.value)
                });
                if alike {
                    errors.duplicate(&at.index(index), Plain(&go::show(toleration, None)));
                }
            }
        }
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        check::immutable(&mut errors, &Path::new("handler"), &self.handler, &old.handler, &self.handler);
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_the_system() {
        let mut class = PriorityClass { value: 1, ..PriorityClass::default() };
        class.set_defaults();
        class.metadata.name = "system-x".into();
        assert!(class.validate().summary().ends_with("error: system-x is not a known system priority class"));
        class.metadata.name = SYSTEM[0].0.into();
        assert!(
            class.validate().summary().ends_with("value of system-cluster-critical PriorityClass must be 2000000000")
        );
        class.value = SYSTEM[0].1;
        assert!(class.validate().is_empty());
    }

    #[test]
    fn overheads_are_amounts_of_container_resources() {
        let text = r#"{"handler":"h","overhead":{"podFixed":{"cpu":"-1"}}}"#;
        let class: RuntimeClass = serde_json::from_str(text).expect("the test's JSON");
        assert_eq!(
            class.validate().summary(),
            "overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"
        );
    }
}
