//! Claims on devices, and their classes.

use std::collections::BTreeSet;

use super::{check, go};
use crate::api::resource::v1::{
    DeviceClaim, DeviceClass, DeviceRequest, DeviceSelector, DeviceToleration, OpaqueDeviceConfiguration,
    ResourceClaim, ResourceClaimSpec, ResourceClaimTemplate,
};
use crate::validation::{FieldErrors, Path, Plain};
use crate::{Rules, names};

const LIST_MAX: usize = 32;
const ALTERNATIVES_MAX: usize = 8;
const RESERVATIONS_MAX: usize = 256;
const EXPRESSION_BYTES_MAX: usize = 10 * 1024;
const ONE_KIND: &str = "exactly one of `exactly` or `firstAvailable` is required";
const EFFECTS: [&str; 2] = ["NoExecute", "NoSchedule"];

fn default_mode(mode: &mut String, count: &mut i64) {
    if mode.is_empty() {
        *mode = "ExactCount".into();
    }
    if mode == "ExactCount" && *count == 0 {
        *count = 1;
    }
}

fn default_tolerations(tolerations: &mut [DeviceToleration]) {
    for toleration in tolerations.iter_mut().filter(|toleration| toleration.operator.is_empty()) {
        toleration.operator = "Equal".into();
    }
}

fn default_spec(spec: &mut ResourceClaimSpec) {
    for request in spec.devices.iter_mut().flat_map(|devices| &mut devices.requests) {
        if let Some(exactly) = &mut request.exactly {
            default_mode(&mut exactly.allocation_mode, &mut exactly.count);
            default_tolerations(&mut exactly.tolerations);
        }
        for choice in &mut request.first_available {
            default_mode(&mut choice.allocation_mode, &mut choice.count);
            default_tolerations(&mut choice.tolerations);
        }
    }
}

/// A list that is not too long.
pub(super) fn bounded<T>(errors: &mut FieldErrors, list: &[T], max: usize, path: &Path) {
    if list.len() > max {
        errors.too_many(path, list.len(), max);
    }
}

fn validate_spec(errors: &mut FieldErrors, spec: &ResourceClaimSpec, path: &Path) {
    let Some(devices) = &spec.devices else { return };
    let path = path.child("devices");
    let names = request_names(devices);
    let at = path.child("requests");
    bounded(errors, &devices.requests, LIST_MAX, &at);
    for (index, request) in devices.requests.iter().enumerate() {
        let at = at.index(index);
        validate_request(errors, request, &at);
        if devices.requests[..index].iter().any(|other| other.name == request.name) {
            errors.duplicate(&at, &request.name);
        }
    }
    let at = path.child("constraints");
    bounded(errors, &devices.constraints, LIST_MAX, &at);
    for (index, constraint) in devices.constraints.iter().enumerate() {
        let at = at.index(index);
        validate_references(errors, &constraint.requests, &names, &at.child("requests"));
        match (constraint.match_attribute.as_str(), constraint.distinct_attribute.as_str()) {
            ("", "") => errors.required(&at.child("matchAttribute"), ""),
            (attribute, "") => validate_attribute(errors, attribute, &at.child("matchAttribute"), true),
            (_, attribute) => validate_attribute(errors, attribute, &at.child("distinctAttribute"), true),
        }
    }
    let at = path.child("config");
    bounded(errors, &devices.config, LIST_MAX, &at);
    for (index, config) in devices.config.iter().enumerate() {
        let at = at.index(index);
        validate_references(errors, &config.requests, &names, &at.child("requests"));
        validate_configuration(errors, config.opaque.as_deref(), &at);
    }
}

/// The names by which requests, and the choices within them, can be referred to.
fn request_names(claim: &DeviceClaim) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for request in &claim.requests {
        names.insert(request.name.clone());
        names.extend(request.first_available.iter().map(|choice| format!("{}/{}", request.name, choice.name)));
    }
    names
}

fn validate_references(errors: &mut FieldErrors, references: &[String], names: &BTreeSet<String>, path: &Path) {
    bounded(errors, references, LIST_MAX, path);
    for (index, name) in references.iter().enumerate() {
        if !names.contains(name) {
            let why = "must be the name of a request in the claim or the name of a request and a subrequest separated \
                       by '/'";
            errors.invalid(&path.index(index), name, why);
        }
        if references[..index].contains(name) {
            errors.duplicate(&path.index(index), name);
        }
    }
}

fn validate_request(errors: &mut FieldErrors, request: &DeviceRequest, path: &Path) {
    check::required_name(errors, &path.child("name"), &request.name, names::dns_label);
    let at = path.child("firstAvailable");
    bounded(errors, &request.first_available, ALTERNATIVES_MAX, &at);
    for (index, choice) in request.first_available.iter().enumerate() {
        let at = at.index(index);
        check::required_name(errors, &at.child("name"), &choice.name, names::dns_label);
        let wanted = Wanted {
            class: &choice.device_class_name,
            selectors: &choice.selectors,
            mode: &choice.allocation_mode,
            count: choice.count,
            tolerations: &choice.tolerations,
        };
        wanted.validate(errors, &at);
        if request.first_available[..index].iter().any(|other| other.name == choice.name) {
            errors.duplicate(&at, &choice.name);
        }
    }
    if let Some(exactly) = &request.exactly {
        let wanted = Wanted {
            class: &exactly.device_class_name,
            selectors: &exactly.selectors,
            mode: &exactly.allocation_mode,
            count: exactly.count,
            tolerations: &exactly.tolerations,
        };
        wanted.validate(errors, &path.child("exactly"));
    }
    match (&request.exactly, request.first_available.is_empty()) {
        (None, true) => errors.required(path, ONE_KIND),
        (Some(_), false) => {
            errors.invalid(path, Plain("null"), format!("{ONE_KIND}, but multiple fields are set"));
        }
        _ => {}
    }
}

/// What both kinds of requests say of the devices they want.
struct Wanted<'a> {
    class: &'a str,
    selectors: &'a [DeviceSelector],
    mode: &'a str,
    count: i64,
    tolerations: &'a [DeviceToleration],
}

impl Wanted<'_> {
    fn validate(&self, errors: &mut FieldErrors, path: &Path) {
        check::required_name(errors, &path.child("deviceClassName"), self.class, names::dns_subdomain);
        validate_selectors(errors, self.selectors, &path.child("selectors"));
        let (mode, count) = (path.child("allocationMode"), path.child("count"));
        match self.mode {
            "All" if self.count != 0 => {
                errors.invalid(&count, self.count, "must not be specified when allocationMode is 'All'");
            }
            "ExactCount" if self.count <= 0 => errors.invalid(&count, self.count, "must be greater than zero"),
            "All" | "ExactCount" => {}
            other => errors.not_supported(&mode, other, &["All", "ExactCount"]),
        }
        for (index, toleration) in self.tolerations.iter().enumerate() {
            validate_toleration(errors, toleration, &path.child("tolerations").index(index));
        }
    }
}

fn validate_toleration(errors: &mut FieldErrors, toleration: &DeviceToleration, path: &Path) {
    if !toleration.key.is_empty() {
        errors.invalid_each(&path.child("key"), &toleration.key, names::qualified_name(&toleration.key));
    }
    match toleration.operator.as_str() {
        "Exists" if !toleration.value.is_empty() => {
            errors.invalid(&path.child("value"), &toleration.value, "must be empty for operator `Exists`");
        }
        "Exists" => {}
        "Equal" => {
            errors.invalid_each(&path.child("value"), &toleration.value, names::label_value(&toleration.value));
            errors.present(&path.child("key"), &toleration.key);
        }
        "" => errors.required(&path.child("operator"), ""),
        other => errors.not_supported(&path.child("operator"), other, &["Equal", "Exists"]),
    }
    if !toleration.effect.is_empty() {
        errors.one_of(&path.child("effect"), &toleration.effect, &EFFECTS);
    }
}

/// Selectors, whose expressions are compiled elsewhere.
fn validate_selectors(errors: &mut FieldErrors, selectors: &[DeviceSelector], path: &Path) {
    bounded(errors, selectors, LIST_MAX, path);
    for (index, selector) in selectors.iter().enumerate() {
        let at = path.index(index).child("cel");
        let Some(cel) = &selector.cel else {
            errors.required(&at, "");
            continue;
        };
        errors.present(&at.child("expression"), &cel.expression);
        if cel.expression.len() > EXPRESSION_BYTES_MAX {
            errors.too_long(&at.child("expression"), EXPRESSION_BYTES_MAX);
        }
    }
}

/// The name of an attribute: a C identifier, with or without the domain it belongs to.
pub(super) fn validate_attribute(errors: &mut FieldErrors, name: &str, path: &Path, full: bool) {
    let identifier = |errors: &mut FieldErrors, part: &str| {
        if part.len() > LIST_MAX {
            errors.too_long(path, LIST_MAX);
        }
        errors.invalid_each(path, part, names::c_identifier(part));
    };
    match name.split('/').collect::<Vec<_>>()[..] {
        [""] => errors.required(path, "name required"),
        [part] => {
            identifier(errors, part);
            if full {
                errors.invalid(path, name, "must include a domain");
            }
        }
        [domain, part] => {
            if domain.is_empty() {
                errors.required(path, "the domain must not be empty");
            } else {
                super::driver::validate_driver_name(errors, domain, path);
            }
            if part.is_empty() {
                errors.required(path, "the name must not be empty");
            } else {
                identifier(errors, part);
            }
        }
        _ => errors.invalid(path, name, "must consist of a domain and a name, separated by one slash"),
    }
}

fn validate_configuration(errors: &mut FieldErrors, opaque: Option<&OpaqueDeviceConfiguration>, path: &Path) {
    let at = path.child("opaque");
    let Some(opaque) = opaque else { return errors.required(&at, "") };
    super::driver::validate_driver_name(errors, &opaque.driver, &at.child("driver"));
    let at = at.child("parameters");
    match opaque.parameters.to_value() {
        serde_json::Value::Null => errors.required(&at, ""),
        serde_json::Value::Object(_) => {}
        _ => errors.invalid(&at, "<value omitted>", "must be a valid JSON object"),
    }
}

impl Rules for ResourceClaim {
    fn set_defaults(&mut self) {
        default_spec(&mut self.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_spec(&mut errors, &self.spec, &Path::new("spec"));
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let shown = go::show(&self.spec, Some(&old.spec));
        check::immutable(&mut errors, &Path::new("spec"), &self.spec, &old.spec, Plain(&shown));
        errors
    }

    fn validate_status_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("status");
        let (now, before) = (&self.status, &old.status);
        let at = path.child("reservedFor");
        bounded(&mut errors, &now.reserved_for, RESERVATIONS_MAX, &at);
        for (index, consumer) in now.reserved_for.iter().enumerate() {
            let at = at.index(index);
            for (name, value) in [("resource", &consumer.resource), ("name", &consumer.name), ("uid", &consumer.uid)] {
                errors.present(&at.child(name), value);
            }
            if now.reserved_for[..index].iter().any(|other| other.uid == consumer.uid) {
                errors.duplicate(&at.child("uid"), &consumer.uid);
            }
        }
        if !now.reserved_for.is_empty() && now.allocation.is_none() {
            errors.forbidden(&at, "may not be specified when `allocated` is not set");
        }
        let added = now.reserved_for.iter().any(|consumer| !before.reserved_for.contains(consumer));
        if added && self.metadata.deletion_timestamp.is_some() {
            let why = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set";
            errors.forbidden(&at, why);
        }
        if let (Some(allocation), Some(given)) = (&now.allocation, &before.allocation) {
            let shown = go::show(allocation.as_ref(), None);
            check::immutable(&mut errors, &path.child("allocation"), allocation, given, Plain(&shown));
        }
        if let (Some(allocation), None) = (&now.allocation, &before.allocation) {
            let names = self.spec.devices.as_deref().map(request_names).unwrap_or_default();
            let at = path.child("allocation").child("devices").child("results");
            let results = allocation.devices.iter().flat_map(|devices| &devices.results);
            for (index, result) in results.enumerate() {
                let at = at.index(index);
                if !names.contains(&result.request) {
                    errors.invalid(&at.child("request"), &result.request, "must be the name of a request in the claim");
                }
                super::driver::validate_driver_name(&mut errors, &result.driver, &at.child("driver"));
                super::slice::validate_pool_name(&mut errors, &result.pool, &at.child("pool"));
                check::required_name(&mut errors, &at.child("device"), &result.device, names::dns_label);
            }
        }
        errors
    }
}

impl Rules for ResourceClaimTemplate {
    fn set_defaults(&mut self) {
        default_spec(&mut self.spec.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let metadata = &self.spec.metadata;
        let at = path.child("metadata");
        crate::validation::validate_labels(&metadata.labels, &at.child("labels"), &mut errors);
        crate::validation::validate_annotations(&metadata.annotations, &at.child("annotations"), &mut errors);
        validate_spec(&mut errors, &self.spec.spec, &path.child("spec"));
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let shown = go::show(&self.spec, Some(&old.spec));
        check::immutable(&mut errors, &Path::new("spec"), &self.spec, &old.spec, Plain(&shown));
        errors
    }
}

impl Rules for DeviceClass {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        validate_selectors(&mut errors, &self.spec.selectors, &path.child("selectors"));
        let at = path.child("config");
        bounded(&mut errors, &self.spec.config, LIST_MAX, &at);
        for (index, config) in self.spec.config.iter().enumerate() {
            validate_configuration(&mut errors, config.opaque.as_deref(), &at.index(index));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(requests: &str) -> ResourceClaim {
        let text = format!(r#"{{"spec":{{"devices":{{"requests":{requests}}}}}}}"#);
        let mut claim: ResourceClaim = serde_json::from_str(&text).expect("the test's JSON");
        claim.set_defaults();
        claim
    }

    #[test]
    fn requests() {
        for (requests, expected) in [
            (r#"[{"name":"r","exactly":{"deviceClassName":"c"}}]"#, "[]".to_owned()),
            (r#"[{"name":"r"}]"#, format!("spec.devices.requests[0]: Required value: {ONE_KIND}")),
            (
                r#"[{"name":"r","exactly":{"deviceClassName":"c","allocationMode":"All","count":2}}]"#,
                "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is \
                 'All'"
                    .into(),
            ),
        ] {
            assert_eq!(claim(requests).validate().summary(), expected);
        }
    }

    #[test]
    fn a_claim_stays_as_it_is() {
        let old = claim(r#"[{"name":"r","exactly":{"deviceClassName":"c"}}]"#);
        assert_eq!(
            claim("[]").validate_update(&old).summary(),
            "spec: Invalid value: {\"Devices\":{\"Requests\":[],\"Constraints\":null,\"Config\":null}}: field is immutable"
        );
    }
}
