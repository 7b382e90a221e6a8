//! Families of a Service's addresses, in a cluster that has IPv4 only.
//!
//! Source: Kubernetes concepts, "IPv4/IPv6 dual-stack".

use pintle_object_model::Status;
use pintle_object_model::api::core::v1::Service;
use pintle_object_model::validation::{FieldErrors, Path};

const SINGLE: &str = "SingleStack";
const REQUIRED: &str = "RequireDualStack";

/// Fills in policy and families, and refuses what the cluster cannot do.
pub(super) fn fill_in(service: &mut Service, old: Option<&Service>) -> Result<(), Status> {
    if service.spec.type_ == "ExternalName" {
        return Ok(());
    }
    let name = service.metadata.name.clone();
    // Old clients know only one address.
    if !service.spec.cluster_ip.is_empty() && service.spec.cluster_ips.is_empty() {
        service.spec.cluster_ips.push(service.spec.cluster_ip.clone());
    }
    let done = |errors: FieldErrors| {
        if errors.is_empty() { Ok(()) } else { Err(Status::invalid("", "Service", &name, &errors)) }
    };
    done(service.spec.validate_addresses())?;
    let spec = &mut service.spec;
    // A headless Service without selector has whatever endpoints its author gives it.
    let open = spec.is_headless() && spec.selector.is_empty();
    let policy = spec.ip_family_policy.get_or_insert_with(|| {
        let before = old.and_then(|old| old.spec.ip_family_policy.clone());
        before.unwrap_or_else(|| if open { REQUIRED } else { SINGLE }.into())
    });
    let policy = policy.clone();
    let path = Path::new("spec");
    let mut errors = FieldErrors::default();
    let at = path.child("ipFamilyPolicy");
    for (count, what) in [(spec.cluster_ips.len(), "cluster IPs"), (spec.ip_families.len(), "IP families")] {
        if policy == SINGLE && count == 2 {
            let why = format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified");
            errors.invalid(&at, &policy, why);
        }
    }
    if !spec.is_headless() {
        for (index, address) in spec.cluster_ips.iter().enumerate().skip(spec.ip_families.len()) {
            if address.contains(':') {
                let at = path.child("clusterIPs").index(index);
                errors.invalid(&at, spec.cluster_ips.as_slice(), "IPv6 is not configured on this cluster");
            } else {
                spec.ip_families.push("IPv4".into());
            }
        }
    }
    done(errors)?;
    if !open {
        let mut errors = FieldErrors::default();
        if policy == REQUIRED {
            errors.invalid(&at, &policy, "this cluster is not configured for dual-stack services");
        }
        for (index, family) in spec.ip_families.iter().enumerate().filter(|(_, family)| *family != "IPv4") {
            errors.invalid(&path.child("ipFamilies").index(index), family, "not configured on this cluster");
        }
        done(errors)?;
    }
    if spec.ip_families.is_empty() {
        spec.ip_families.push("IPv4".into());
    }
    if open && policy != SINGLE && spec.ip_families.len() == 1 {
        let other = if spec.ip_families[0] == "IPv4" { "IPv6" } else { "IPv4" };
        spec.ip_families.push(other.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(spec: &str) -> Result<(String, Vec<String>), String> {
        let mut service: Service = serde_json::from_str(&format!(r#"{{"spec":{spec}}}"#)).expect("the test's JSON");
        fill_in(&mut service, None).map_err(|status| status.message)?;
        Ok((service.spec.ip_family_policy.unwrap_or_default(), service.spec.ip_families))
    }

    #[test]
    fn families() {
        for (spec, policy, families) in [
            ("{}", SINGLE, 1),
            (r#"{"ipFamilyPolicy":"PreferDualStack"}"#, "PreferDualStack", 1),
            (r#"{"clusterIP":"None"}"#, REQUIRED, 2),
            (r#"{"clusterIP":"None","selector":{"a":"b"}}"#, SINGLE, 1),
        ] {
            let (found, list) = filled(spec).expect(spec);
            assert_eq!((found.as_str(), list.len()), (policy, families), "{spec}");
        }
        for (spec, why) in [
            (r#"{"ipFamilyPolicy":"RequireDualStack"}"#, "this cluster is not configured for dual-stack services"),
            (r#"{"ipFamilies":["IPv6"]}"#, "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured"),
            (r#"{"ipFamilies":["IPv4","IPv6"]}"#, "when multiple IP families are specified"),
            (r#"{"clusterIP":"fd00::1"}"#, "spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not configured"),
        ] {
            assert!(filled(spec).expect_err(spec).contains(why), "{spec}");
        }
    }
}
