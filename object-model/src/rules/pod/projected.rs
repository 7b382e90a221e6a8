//! Volumes that put several sources into one folder.

use std::collections::BTreeSet;

use super::volumes::{file_mode, file_path, validate_downward, validate_items};
use crate::api::core::v1::{
    ClusterTrustBundleProjection, KeyToPath, PodCertificateProjection, ProjectedVolumeSource,
    ServiceAccountTokenProjection,
};
use crate::names;
use crate::rules::selectors::validate_selector;
use crate::validation::{FieldErrors, Path};

const KEY_TYPES: [&str; 6] = ["ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"];

pub(super) fn validate_projected(errors: &mut FieldErrors, source: &ProjectedVolumeSource, path: &Path) {
    file_mode(errors, source.default_mode, &path.child("defaultMode"));
    let mut files = Files { path, seen: BTreeSet::new() };
    for (index, part) in source.sources.iter().enumerate() {
        let at = path.child("sources").index(index);
        let mut given = 0;
        // The second source of one part is refused, and still looked at.
        let mut count = |errors: &mut FieldErrors, at: &Path| {
            given += 1;
            if given > 1 {
                errors.forbidden(at, "may not specify more than 1 volume type");
            }
        };
        if let Some(secret) = &part.secret {
            let at = at.child("secret");
            count(errors, &at);
            named_items(errors, &secret.name, &secret.items, &mut files, &at);
        }
        if let Some(map) = &part.config_map {
            let at = at.child("configMap");
            count(errors, &at);
            named_items(errors, &map.name, &map.items, &mut files, &at);
        }
        if let Some(downward) = &part.downward_api {
            let at = at.child("downwardAPI");
            count(errors, &at);
            for file in &downward.items {
                validate_downward(errors, file, &at);
                files.add(errors, &file.path, &file.path);
            }
        }
        if let Some(token) = &part.service_account_token {
            let at = at.child("serviceAccountToken");
            count(errors, &at);
            validate_token(errors, token, path, &at);
        }
        if let Some(bundle) = &part.cluster_trust_bundle {
            let at = at.child("clusterTrustBundle");
            count(errors, &at);
            validate_bundle(errors, bundle, &at);
            files.add(errors, &bundle.path, &bundle.path);
        }
        if let Some(certificate) = &part.pod_certificate {
            let at = at.child("podCertificate");
            count(errors, &at);
            validate_certificate(errors, certificate, &at);
            for file in
                [&certificate.credential_bundle_path, &certificate.key_path, &certificate.certificate_chain_path]
            {
                files.add(errors, file, file);
            }
        }
    }
}

/// The files of a volume so far: no two sources may write the same.
struct Files<'a> {
    path: &'a Path,
    seen: BTreeSet<&'a str>,
}

impl<'a> Files<'a> {
    fn add(&mut self, errors: &mut FieldErrors, file: &'a str, shown: &str) {
        if !file.is_empty() && !self.seen.insert(file) {
            errors.invalid(self.path, shown, "conflicting duplicate paths");
        }
    }
}

fn named_items<'a>(
    errors: &mut FieldErrors,
    name: &'a str,
    items: &'a [KeyToPath],
    files: &mut Files<'a>,
    path: &Path,
) {
    errors.present(&path.child("name"), name);
    validate_items(errors, items, &path.child("items"));
    for item in items {
        files.add(errors, &item.path, name);
    }
}

/// `volume` is the path of the whole volume, of which a missing path is told.
fn validate_token(errors: &mut FieldErrors, token: &ServiceAccountTokenProjection, volume: &Path, path: &Path) {
    let seconds = token.expiration_seconds.unwrap_or(3600);
    let problem = match seconds {
        ..600 => "may not specify a duration less than 10 minutes",
        600..=0x1_0000_0000 => "",
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    if !problem.is_empty() {
        errors.invalid(&path.child("expirationSeconds"), seconds, problem);
    }
    if errors.present(&volume.child("path"), &token.path) {
        file_path(errors, &token.path, &volume.child("path"));
    }
}

fn validate_bundle(errors: &mut FieldErrors, bundle: &ClusterTrustBundleProjection, path: &Path) {
    let (name, signer) = (bundle.name.as_deref(), bundle.signer_name.as_deref());
    match (name, signer) {
        (Some(name), None) => {
            if errors.present(&path.child("name"), name) {
                let problems = names::dns_subdomain(name.rsplit(':').next().unwrap_or(name));
                errors.invalid_each(&path.child("name"), name, problems);
            }
            if let Some(selector) = &bundle.label_selector {
                let value = crate::json_value(&**selector);
                let problem = "labelSelector must be unset if name is specified";
                errors.invalid(&path.child("labelSelector"), &value, problem);
            }
        }
        (None, Some(signer)) => {
            errors.present(&path.child("signerName"), signer);
            if let Some(selector) = &bundle.label_selector {
                validate_selector(errors, selector, &path.child("labelSelector"));
            }
        }
        (None, None) => errors.required(path, "either name or signerName must be specified"),
        (Some(_), Some(_)) => {
            let value = super::internal::GoValue::of(bundle);
            errors.invalid(path, &value, "only one of name and signerName may be used");
        }
    }
    if errors.present(&path.child("path"), &bundle.path) {
        file_path(errors, &bundle.path, &path.child("path"));
    }
}

fn validate_certificate(errors: &mut FieldErrors, certificate: &PodCertificateProjection, path: &Path) {
    errors.present(&path.child("signerName"), &certificate.signer_name);
    errors.one_of(&path.child("keyType"), &certificate.key_type, &KEY_TYPES);
    if let Some(seconds) = certificate.max_expiration_seconds {
        let problem = match seconds {
            ..3600 => "if provided, maxExpirationSeconds must be >= 3600",
            3600..=7_862_400 => "",
            _ => "if provided, maxExpirationSeconds must be <= 7862400",
        };
        if !problem.is_empty() {
            errors.invalid(&path.child("maxExpirationSeconds"), seconds, problem);
        }
    }
    let files = [
        ("credentialBundlePath", &certificate.credential_bundle_path),
        ("keyPath", &certificate.key_path),
        ("certificateChainPath", &certificate.certificate_chain_path),
    ];
    if files.iter().all(|(_, file)| file.is_empty()) {
        errors.required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
    }
    for (name, file) in files {
        file_path(errors, file, &path.child(name));
    }
}
