//! APIServices and CertificateSigningRequests.
//!
//! Elsewhere: who may approve or sign (`strategy` in `apiserver`).

use crate::api::apiregistration::v1::APIService;
use crate::api::certificates::v1::CertificateSigningRequest;
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

impl Rules for APIService {
    fn set_defaults(&mut self) {
        if let Some(service) = &mut self.spec.service {
            service.port.get_or_insert(443);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        let wanted = format!("{}.{}", spec.version, spec.group);
        if self.metadata.name != wanted && names::path_segment(&self.metadata.name).is_empty() {
            let why = format!("must be `spec.version+\".\"+spec.group`: {wanted:?}");
            errors.invalid(&Path::new("metadata").child("name"), &self.metadata.name, why);
        }
        if !spec.group.is_empty() {
            errors.invalid_each(&path.child("group"), &spec.group, names::dns_subdomain(&spec.group));
        } else if spec.version != "v1" {
            let why = "only v1 may have an empty group and it better be legacy kube";
            errors.required(&path.child("group"), why);
        }
        errors.invalid_each(&path.child("version"), &spec.version, names::dns_1035_label(&spec.version));
        for (name, value, max) in [
            ("groupPriorityMinimum", spec.group_priority_minimum, 20_000),
            ("versionPriority", spec.version_priority, 1_000),
        ] {
            if !(1..=max).contains(&value) {
                errors.invalid(&path.child(name), value, format!("must be positive and less than {max}"));
            }
        }
        let (trust, skip) = (path.child("caBundle"), path.child("insecureSkipTLSVerify"));
        let Some(service) = &spec.service else {
            if !spec.ca_bundle.0.is_empty() {
                let size = format!("{} bytes", spec.ca_bundle.0.len());
                errors.invalid(&trust, &size, "local APIServices may not have a caBundle");
            }
            if spec.insecure_skip_tls_verify {
                errors.invalid(&skip, true, "local APIServices may not have insecureSkipTLSVerify");
            }
            return errors;
        };
        let at = path.child("service");
        errors.present(&at.child("namespace"), &service.namespace);
        errors.present(&at.child("name"), &service.name);
        if let Some(port) = service.port {
            let problems = names::port_number(port).into_iter().map(|problem| format!("port is not valid: {problem}"));
            errors.invalid_each(&at.child("port"), port, problems.collect());
        }
        if spec.insecure_skip_tls_verify && !spec.ca_bundle.0.is_empty() {
            errors.invalid(&skip, true, "may not be true if caBundle is present");
        }
        errors
    }

    fn validate_status_update(&self, _old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (index, condition) in self.status.conditions.iter().enumerate() {
            let at = Path::new("status").child("conditions").index(index);
            errors.one_of(&at.child("status"), &condition.status, &["False", "True", "Unknown"]);
        }
        errors
    }
}

/// What a certificate may be asked for.
pub(crate) const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];
/// The signer of old clients, which nobody can ask for any more.
const LEGACY_SIGNER: &str = "kubernetes.io/legacy-unknown";

impl Rules for CertificateSigningRequest {
    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("spec");
        let spec = &self.spec;
        if !holds_pem(&spec.request.0, "CERTIFICATE REQUEST") {
            use base64::Engine as _;
            let shown = base64::engine::general_purpose::STANDARD.encode(&spec.request.0);
            errors.invalid(&path.child("request"), &shown, "PEM block type must be CERTIFICATE REQUEST");
        }
        if spec.usages.is_empty() {
            errors.required(&path.child("usages"), "");
        }
        for (index, usage) in spec.usages.iter().enumerate() {
            let at = path.child("usages").index(index);
            errors.one_of(&at, usage, &USAGES);
            if spec.usages[..index].contains(usage) {
                errors.duplicate(&at, usage);
            }
        }
        let at = path.child("signerName");
        if spec.signer_name == LEGACY_SIGNER {
            let why = "the legacy signerName is not allowed via this API version";
            errors.invalid(&at, &spec.signer_name, why);
        } else if errors.present(&at, &spec.signer_name) {
            for (part, problem) in names::signer(&spec.signer_name) {
                errors.invalid(&at, &part, problem);
            }
        }
        if let Some(seconds) = spec.expiration_seconds.filter(|seconds| *seconds < 600) {
            let why = "may not specify a duration less than 600 seconds (10 minutes)";
            errors.invalid(&path.child("expirationSeconds"), seconds, why);
        }
        errors
    }

    fn validate_update(&self, _old: &Self) -> FieldErrors {
        // The spec is what was first asked for, and the main resource does not write the status.
        FieldErrors::default()
    }
}

fn holds_pem(bytes: &[u8], label: &str) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains(&format!("-----BEGIN {label}-----")) && text.contains(&format!("-----END {label}-----"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_for_certificates() {
        let mut request = CertificateSigningRequest::default();
        request.spec.request = "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----".into();
        request.spec.signer_name = "nodomain".into();
        request.spec.usages = vec!["client auth".into(), "client auth".into()];
        assert_eq!(
            request.validate().summary(),
            "[spec.usages[1]: Duplicate value: \"client auth\", spec.signerName: Invalid value: \"nodomain\": must be a \
             fully qualified domain and path of the form 'example.com/signer-name']"
        );
    }
}
