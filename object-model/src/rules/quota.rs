//! Limits of single objects, and of a namespace as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::check;
use crate::api::core::v1::{LimitRange, LimitRangeItem, ResourceQuota, ScopedResourceSelectorRequirement};
use crate::validation::{FieldErrors, Path, Plain};
use crate::{Quantity, Rules, names};

type Amounts = BTreeMap<String, Quantity>;

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
        for item in &mut self.spec.limits {
            for amounts in [
                &mut item.max,
                &mut item.min,
                &mut item.default,
                &mut item.default_request,
                &mut item.max_limit_request_ratio,
            ] {
                check::round_amounts(amounts);
            }
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec").child("limits");
        for (index, item) in self.spec.limits.iter().enumerate() {
            let at = path.index(index);
            let kind = at.child("type");
            errors.invalid_each(&kind, &item.type_, names::qualified_name(&item.type_));
            let standard = ["Pod", "Container", "PersistentVolumeClaim"].contains(&item.type_.as_str());
            if !standard && !item.type_.contains('/') {
                errors.invalid(&kind, &item.type_, "must be a standard limit type or fully qualified");
            }
            if self.spec.limits[..index].iter().any(|other| other.type_ == item.type_) {
                errors.duplicate(&kind, &item.type_);
            }
            validate_item(&mut errors, item, &at);
        }
        errors
    }
}

fn validate_item(errors: &mut FieldErrors, item: &LimitRangeItem, path: &Path) {
    let check_names = |errors: &mut FieldErrors, name: &str, amounts: &Amounts| {
        for resource in amounts.keys() {
            let at = path.child(name).key(resource);
            match item.type_.as_str() {
                "Pod" | "Container" => check::container_resource_name(errors, &at, resource),
                _ => check::resource_name(errors, &at, resource),
            }
        }
    };
    check_names(errors, "max", &item.max);
    check_names(errors, "min", &item.min);
    for (name, amounts) in [("default", &item.default), ("defaultRequest", &item.default_request)] {
        if item.type_ != "Pod" {
            check_names(errors, name, amounts);
        } else if !amounts.is_empty() {
            errors.forbidden(&path.child(name), "may not be specified when `type` is 'Pod'");
        }
    }
    let bounded = item.min.contains_key("storage") || item.max.contains_key("storage");
    if item.type_ == "PersistentVolumeClaim" && !bounded {
        let why = "either minimum or maximum storage value is required, but neither was provided";
        errors.required(&path.child("limits"), why);
    }
    check_names(errors, "maxLimitRequestRatio", &item.max_limit_request_ratio);
    let resources: BTreeSet<&String> =
        [&item.max, &item.min, &item.default, &item.default_request, &item.max_limit_request_ratio]
            .into_iter()
            .flat_map(BTreeMap::keys)
            .collect();
    for resource in resources {
        validate_order(errors, item, resource, path);
    }
}

/// Least, asked for, given and most must come in this order.
fn validate_order(errors: &mut FieldErrors, item: &LimitRangeItem, resource: &str, path: &Path) {
    let of = |amounts: &Amounts| amounts.get(resource).copied();
    let pod = item.type_ == "Pod";
    let given = of(&item.default).filter(|_| !pod);
    let (least, asked, most) = (of(&item.min), of(&item.default_request).filter(|_| !pod), of(&item.max));
    let ordered = [
        ("min", least, ("min value", least), ("max value", most)),
        ("defaultRequest", asked, ("min value", least), ("default request value", asked)),
        ("defaultRequest", asked, ("default request value", asked), ("max value", most)),
        ("defaultRequest", asked, ("default request value", asked), ("default limit value", given)),
        ("default", least, ("min value", least), ("default value", given)),
        ("default", most, ("default value", given), ("max value", most)),
    ];
    for (field, shown, (low_name, low), (high_name, high)) in ordered {
        if let (Some(low), Some(high), Some(shown)) = (low, high, shown)
            && low > high
        {
            let why = format!("{low_name} {low} is greater than {high_name} {high}");
            errors.invalid(&path.child(field).key(resource), &shown, why);
        }
    }
    if let Some(ratio) = of(&item.max_limit_request_ratio) {
        let at = path.child("maxLimitRequestRatio").key(resource);
        if ratio < Quantity::from_i64(1) {
            errors.invalid(&at, &ratio, format!("ratio {ratio} is less than 1"));
        }
        if let (Some(least), Some(most)) = (least, most)
            && least > Quantity::default()
            && ratio.as_f64() > most.as_f64() / least.as_f64()
        {
            let bound = most.as_f64() / least.as_f64();
            errors.invalid(&at, &ratio, format!("ratio {ratio} is greater than max/min = {bound:.6}"));
        }
    }
    // What cannot be given out twice is asked for in full.
    let shared = !resource.contains('/') && !resource.starts_with("hugepages-") || resource.contains("kubernetes.io/");
    if let (Some(given), Some(asked), false) = (given, asked, shared)
        && given != asked
    {
        let why = format!("default value {given} must equal to defaultRequest value {asked} in {resource}");
        errors.invalid(&path.child("defaultRequest").key(resource), &asked, why);
    }
}

const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];
const CONFLICTS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
/// What pods ask for, besides their number.
const COMPUTE: [&str; 6] = ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];
const NEEDS_EXISTS: &str = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                            ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                            ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

fn standard_for_quota(name: &str) -> bool {
    check::standard_resource(name) && name != "storage"
}

/// Can usage of the resource be told apart by this scope?
fn scope_fits(scope: &str, resource: &str) -> bool {
    match scope {
        "BestEffort" => resource == "pods",
        "NotBestEffort" | "Terminating" | "NotTerminating" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            resource == "pods" || COMPUTE.contains(&resource)
        }
        "VolumeAttributesClass" => {
            matches!(resource, "persistentvolumeclaims" | "requests.storage")
                || resource.ends_with("/persistentvolumeclaims")
        }
        _ => true,
    }
}

fn validate_hard(errors: &mut FieldErrors, amounts: &Amounts, path: &Path) {
    for (name, amount) in amounts {
        let at = path.key(name);
        check::resource_name(errors, &at, name);
        if !name.contains('/') && names::qualified_name(name).is_empty() && !standard_for_quota(name) {
            errors.invalid(&at, name, "must be a standard resource for quota");
        }
        check::resource_amount(errors, &at, name, amount);
    }
}

impl ResourceQuota {
    fn misfits(&self, scope: &str) -> usize {
        let names = self.spec.hard.keys();
        names.filter(|name| standard_for_quota(name) && !scope_fits(scope, name)).count()
    }

    fn validate_scopes(&self, errors: &mut FieldErrors) {
        let path = Path::new("spec").child("scopes");
        let scopes = self.spec.scopes.as_slice();
        for scope in scopes {
            if !SCOPES.contains(&scope.as_str()) {
                errors.invalid(&path, scopes, "unsupported scope");
            }
            for _ in 0..self.misfits(scope) {
                errors.invalid(&path, scopes, "unsupported scope applied to resource");
            }
        }
        for pair in CONFLICTS {
            if pair.iter().all(|name| scopes.iter().any(|scope| scope == name)) {
                errors.invalid(&path, scopes, "conflicting scopes");
            }
        }
    }

    fn validate_selector(&self, errors: &mut FieldErrors) {
        let Some(selector) = &self.spec.scope_selector else { return };
        let path = Path::new("spec").child("scopeSelector").child("matchExpressions");
        for requirement in &selector.match_expressions {
            if !SCOPES.contains(&requirement.scope_name.as_str()) {
                errors.invalid(&path.child("scopeName"), &requirement.scope_name, "unsupported scope");
            }
            for _ in 0..self.misfits(&requirement.scope_name) {
                let shown = super::go::show(selector.as_ref(), None);
                errors.invalid(&path, Plain(&shown), "unsupported scope applied to resource");
            }
            validate_requirement(errors, requirement, &path);
        }
        let has = |name: &&str| selector.match_expressions.iter().any(|requirement| requirement.scope_name == **name);
        for _ in CONFLICTS.iter().filter(|pair| pair.iter().all(&has)) {
            errors.invalid(&path, self.spec.scopes.as_slice(), "conflicting scopes");
        }
    }
}

fn validate_requirement(errors: &mut FieldErrors, of: &ScopedResourceSelectorRequirement, path: &Path) {
    let without_values = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];
    if without_values.contains(&of.scope_name.as_str()) && of.operator != "Exists" {
        errors.invalid(&path.child("operator"), &of.operator, NEEDS_EXISTS);
    }
    let at = path.child("values");
    match of.operator.as_str() {
        "In" | "NotIn" if of.values.is_empty() => {
            errors.required(&at, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
        }
        "Exists" | "DoesNotExist" if !of.values.is_empty() => {
            let why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
            errors.invalid(&at, of.values.as_slice(), why);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
}

impl Rules for ResourceQuota {
    fn set_defaults(&mut self) {
        for amounts in [&mut self.spec.hard, &mut self.status.hard, &mut self.status.used] {
            check::round_amounts(amounts);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_hard(&mut errors, &self.spec.hard, &Path::new("spec").child("hard"));
        self.validate_scopes(&mut errors);
        self.validate_selector(&mut errors);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let set = |quota: &Self| quota.spec.scopes.iter().cloned().collect::<BTreeSet<_>>();
        let scopes = self.spec.scopes.as_slice();
        check::immutable(&mut errors, &Path::new("spec").child("scopes"), set(self), set(old), scopes);
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("status");
        validate_hard(&mut errors, &self.status.hard, &path.child("hard"));
        validate_hard(&mut errors, &self.status.used, &path.child("used"));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_come_in_order() {
        for (item, expected) in [
            (
                r#"{"type":"Pod","default":{"cpu":"1"}}"#,
                "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
            ),
            (
                r#"{"type":"Container","max":{"cpu":"1"},"default":{"cpu":"500m"},"defaultRequest":{"cpu":"700m"}}"#,
                "spec.limits[0].defaultRequest[cpu]: Invalid value: \"700m\": default request value 700m is greater than \
                 default limit value 500m",
            ),
            (
                r#"{"type":"Container","maxLimitRequestRatio":{"cpu":"500m"}}"#,
                "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"500m\": ratio 500m is less than 1",
            ),
        ] {
            let mut range: LimitRange =
                serde_json::from_str(&format!(r#"{{"spec":{{"limits":[{item}]}}}}"#)).expect("the test's JSON");
            range.set_defaults();
            assert_eq!(range.validate().summary(), expected);
        }
    }

    #[test]
    fn scopes_fit_what_is_counted() {
        for (spec, expected) in [
            (
                r#"{"hard":{"cpu":"1"},"scopes":["BestEffort"]}"#,
                "spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource",
            ),
            (r#"{"hard":{"pods":"1.5"}}"#, "spec.hard[pods]: Invalid value: \"1500m\": must be an integer"),
            (r#"{"hard":{"count/configmaps":"1","requests.storage":"1Gi"}}"#, "[]"),
        ] {
            let quota: ResourceQuota = serde_json::from_str(&format!(r#"{{"spec":{spec}}}"#)).expect("the test's JSON");
            assert_eq!(quota.validate().summary(), expected);
        }
    }
}
