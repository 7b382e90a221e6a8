//! What drivers tell of the devices that there are.

use super::device::{bounded, validate_attribute};
use super::{check, go};
use crate::api::resource::v1::{Device, DeviceAttribute, DeviceTaint, ResourceSlice, ResourceSliceSpec};
use crate::validation::{FieldErrors, Path, Plain};
use crate::{Rules, names};

const DEVICES_MAX: usize = 128;
/// Fewer devices fit where each says more of itself.
const DETAILED_MAX: usize = 64;
const ATTRIBUTES_MAX: usize = 32;
const ATTRIBUTE_BYTES_MAX: usize = 64;
const COUNTER_SETS_MAX: usize = 8;
const POOL_NAME_MAX: usize = 253;
const ONE_SELECTION: &str =
    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";

/// Names of pools are paths.
pub(super) fn validate_pool_name(errors: &mut FieldErrors, name: &str, path: &Path) {
    if !errors.present(path, name) {
        return;
    }
    if name.len() > POOL_NAME_MAX {
        errors.too_long(path, POOL_NAME_MAX);
    }
    for part in name.split('/') {
        errors.invalid_each(path, part, names::dns_subdomain(part));
    }
}

impl Rules for ResourceSlice {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        super::driver::validate_driver_name(&mut errors, &spec.driver, &path.child("driver"));
        let at = path.child("pool");
        validate_pool_name(&mut errors, &spec.pool.name, &at.child("name"));
        if spec.pool.resource_slice_count <= 0 {
            let at = at.child("resourceSliceCount");
            errors.invalid(&at, spec.pool.resource_slice_count, "must be greater than zero");
        }
        if spec.pool.generation < 0 {
            errors.invalid(&at.child("generation"), spec.pool.generation, "must be greater than or equal to zero");
        }
        validate_nodes(&mut errors, spec, &path);
        let at = path.child("sharedCounters");
        bounded(&mut errors, &spec.shared_counters, COUNTER_SETS_MAX, &at);
        for (index, set) in spec.shared_counters.iter().enumerate() {
            check::required_name(&mut errors, &at.index(index).child("name"), &set.name, names::dns_label);
            if set.counters.is_empty() {
                errors.required(&at.index(index).child("counters"), "");
            }
            if spec.shared_counters[..index].iter().any(|other| other.name == set.name) {
                errors.duplicate(&at.index(index), &set.name);
            }
        }
        self.validate_devices(&mut errors, &path.child("devices"));
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let path = Path::new("spec");
        let (new, old) = (&self.spec, &old.spec);
        check::immutable(&mut errors, &path.child("driver"), &new.driver, &old.driver, &new.driver);
        let name = &new.pool.name;
        check::immutable(&mut errors, &path.child("pool").child("name"), name, &old.pool.name, name);
        let node = new.node_name.as_ref().map_or_else(|| "null".into(), |node| format!("{node:?}"));
        check::immutable(&mut errors, &path.child("nodeName"), &new.node_name, &old.node_name, Plain(&node));
        errors
    }
}

impl ResourceSlice {
    fn validate_devices(&self, errors: &mut FieldErrors, path: &Path) {
        let devices = &self.spec.devices;
        let detailed = devices.iter().any(|device| !device.taints.is_empty() || !device.consumes_counters.is_empty());
        bounded(errors, devices, if detailed { DETAILED_MAX } else { DEVICES_MAX }, path);
        for (index, device) in devices.iter().enumerate() {
            let at = path.index(index);
            validate_device(errors, device, &at);
            let per_device = self.spec.per_device_node_selection == Some(true);
            let selected = device.node_name.is_some() || device.node_selector.is_some() || device.all_nodes.is_some();
            if selected && !per_device {
                for (name, set) in [
                    ("nodeName", device.node_name.is_some()),
                    ("nodeSelector", device.node_selector.is_some()),
                    ("allNodes", device.all_nodes.is_some()),
                ] {
                    if set {
                        let why = "may not be set unless `perDeviceNodeSelection` is set";
                        errors.invalid(&at.child(name), crate::validation::Omitted, why);
                    }
                }
            }
            if devices[..index].iter().any(|other| other.name == device.name) {
                errors.duplicate(&at, &device.name);
            }
        }
    }
}

/// The nodes from which the devices can be used are told in one way.
fn validate_nodes(errors: &mut FieldErrors, spec: &ResourceSliceSpec, path: &Path) {
    let mut ways = vec![];
    if let Some(node) = spec.node_name.as_deref() {
        let at = path.child("nodeName");
        if node.is_empty() {
            errors.invalid(&at, node, "must be either unset or set to a non-empty string");
        } else {
            ways.push("`nodeName`");
            errors.invalid_each(&at, node, names::dns_subdomain(node));
        }
    }
    if let Some(selector) = &spec.node_selector {
        ways.push("`nodeSelector`");
        let at = path.child("nodeSelector");
        check::node_selector(errors, &at, selector);
        if selector.node_selector_terms.len() > 1 {
            let shown = go::show(selector.as_ref(), None);
            let why = "must have exactly one node selector term";
            errors.invalid(&at.child("nodeSelectorTerms"), Plain(&shown), why);
        }
    }
    for (name, quoted, flag) in [
        ("allNodes", "`allNodes`", spec.all_nodes),
        ("perDeviceNodeSelection", "`perDeviceNodeSelection`", spec.per_device_node_selection),
    ] {
        match flag {
            Some(true) => ways.push(quoted),
            Some(false) => errors.invalid(&path.child(name), false, "must be either unset or set to true"),
            None => {}
        }
    }
    match ways.as_slice() {
        [] => errors.required(path, ONE_SELECTION),
        [_] => {}
        many => {
            let shown = format!("{{{}}}", many.join(", "));
            errors.invalid(path, &shown, ONE_SELECTION);
        }
    }
}

fn validate_device(errors: &mut FieldErrors, device: &Device, path: &Path) {
    check::required_name(errors, &path.child("name"), &device.name, names::dns_label);
    let total = device.attributes.len() + device.capacity.len();
    if total > ATTRIBUTES_MAX {
        let why = format!("the total number of attributes and capacities must not exceed {ATTRIBUTES_MAX}");
        errors.invalid(path, total, why);
    }
    for (name, attribute) in &device.attributes {
        validate_attribute(errors, name, &path.child("attributes"), false);
        validate_value(errors, attribute, &path.child("attributes").key(name));
    }
    for name in device.capacity.keys() {
        validate_attribute(errors, name, &path.child("capacity"), false);
    }
    for (index, taint) in device.taints.iter().enumerate() {
        validate_taint(errors, taint, &path.child("taints").index(index));
    }
}

fn validate_value(errors: &mut FieldErrors, attribute: &DeviceAttribute, path: &Path) {
    let set = [
        attribute.int.is_some(),
        attribute.bool.is_some(),
        attribute.string.is_some(),
        attribute.version.is_some(),
        !attribute.ints.is_empty(),
        !attribute.bools.is_empty(),
        !attribute.strings.is_empty(),
        !attribute.versions.is_empty(),
    ];
    match set.iter().filter(|set| **set).count() {
        0 => errors.invalid(path, "", "exactly one value must be specified"),
        1 => {}
        _ => {
            let shown = go::show(attribute, None);
            errors.invalid(path, Plain(&shown), "exactly one value must be specified");
        }
    }
    for (name, text) in [("string", &attribute.string), ("version", &attribute.version)] {
        let Some(text) = text else { continue };
        if text.len() > ATTRIBUTE_BYTES_MAX {
            errors.too_long(&path.child(name), ATTRIBUTE_BYTES_MAX);
        }
        if name == "version" && !is_semver(text) {
            let why = "must be a string compatible with semver.org spec 2.0.0";
            errors.invalid(&path.child(name), text, why);
        }
    }
}

/// Three numbers, and what may follow `-` and `+`. Source: semver.org, 2.0.0.
fn is_semver(text: &str) -> bool {
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, before) = rest.split_once('-').map_or((rest, None), |(core, before)| (core, Some(before)));
    let number = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    core.split('.').count() == 3
        && core.split('.').all(number)
        && before.is_none_or(|before| before.split('.').all(|part| word(part) && (!digits(part) || number(part))))
        && build.is_none_or(|build| build.split('.').all(word))
}

fn validate_taint(errors: &mut FieldErrors, taint: &DeviceTaint, path: &Path) {
    errors.invalid_each(&path.child("key"), &taint.key, names::qualified_name(&taint.key));
    errors.invalid_each(&path.child("value"), &taint.value, names::label_value(&taint.value));
    errors.required_one_of(&path.child("effect"), &taint.effect, &["NoExecute", "NoSchedule", "None"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(nodes: &str, devices: &str) -> String {
        let text = format!(
            r#"{{"spec":{{"driver":"d","pool":{{"name":"p","resourceSliceCount":1}},{nodes},"devices":{devices}}}}}"#
        );
        let slice: ResourceSlice = serde_json::from_str(&text).expect("the test's JSON");
        slice.validate().summary()
    }

    #[test]
    fn slices() {
        let node = r#""nodeName":"n""#;
        assert_eq!(slice(node, r#"[{"name":"a","attributes":{"x":{"bool":false}}}]"#), "[]");
        assert_eq!(slice(node, r#"[{"name":"a"},{"name":"a"}]"#), "spec.devices[1]: Duplicate value: \"a\"");
        assert_eq!(
            slice(node, r#"[{"name":"a","attributes":{"x":{}}}]"#),
            "spec.devices[0].attributes[x]: Invalid value: \"\": exactly one value must be specified"
        );
        assert_eq!(slice(r#""allNodes":false"#, "[]").matches("spec").count(), 2);
    }

    #[test]
    fn versions() {
        for good in ["1.2.3", "0.0.0-a.1+b"] {
            assert!(is_semver(good), "{good}");
        }
        for bad in ["1.2", "01.2.3", "1.2.3-", "v1.2.3", "1.2.3-01"] {
            assert!(!is_semver(bad), "{bad}");
        }
    }
}
