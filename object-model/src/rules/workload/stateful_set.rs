//! StatefulSets.

use super::{
    Selected, require_selector, validate_at_most_all, validate_counts, validate_lasting, validate_match,
    validate_parts, validate_share,
};
use crate::api::apps::v1::{RollingUpdateStatefulSetStrategy, StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy};
use crate::rules::pod;
use crate::rules::pod::internal::GoValue;
use crate::validation::{FieldErrors, Path};
use crate::{Rules, json_value, names};

const CHANGEABLE: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

fn validate_strategy(errors: &mut FieldErrors, strategy: &StatefulSetUpdateStrategy, path: &Path) {
    let at = path.child("rollingUpdate");
    match (strategy.type_.as_str(), strategy.rolling_update.as_deref()) {
        ("", _) => errors.required(path, ""),
        ("OnDelete", Some(rolling)) => {
            errors.invalid(&at, &GoValue::of(rolling), "only allowed for updateStrategy 'RollingUpdate'");
        }
        ("RollingUpdate", Some(rolling)) => {
            errors.not_negative(&at.child("partition"), i64::from(rolling.partition.unwrap_or_default()));
            if let Some(unavailable) = &rolling.max_unavailable {
                let at = at.child("maxUnavailable");
                validate_share(errors, unavailable, &at);
                if super::is_zero_share(unavailable) {
                    errors.invalid(&at, unavailable, "cannot be 0");
                }
                validate_at_most_all(errors, unavailable, &at);
            }
        }
        ("OnDelete" | "RollingUpdate", None) => {}
        _ => errors.invalid(path, &GoValue::of(strategy), "must be 'RollingUpdate' or 'OnDelete'"),
    }
}

fn validate_spec(errors: &mut FieldErrors, spec: &StatefulSetSpec, path: &Path) {
    match spec.pod_management_policy.as_str() {
        "" => errors.required(&path.child("podManagementPolicy"), ""),
        "OrderedReady" | "Parallel" => {}
        other => errors.invalid(&path.child("podManagementPolicy"), other, "must be 'OrderedReady' or 'Parallel'"),
    }
    validate_strategy(errors, &spec.update_strategy, &path.child("updateStrategy"));
    if let Some(policy) = spec.persistent_volume_claim_retention_policy.as_deref() {
        let at = path.child("persistentVolumeClaimRetentionPolicy");
        errors.one_of(&at.child("whenDeleted"), &policy.when_deleted, &["Retain", "Delete"]);
        errors.one_of(&at.child("whenScaled"), &policy.when_scaled, &["Retain", "Delete"]);
    }
    let counts = [
        ("replicas", spec.replicas.unwrap_or(1).into()),
        ("minReadySeconds", spec.min_ready_seconds.into()),
        ("revisionHistoryLimit", spec.revision_history_limit.unwrap_or_default().into()),
    ];
    validate_counts(errors, &counts, path);
    if let Some(ordinals) = spec.ordinals.as_deref() {
        errors.not_negative(&path.child("ordinals").child("start"), i64::from(ordinals.start));
    }
    if !spec.service_name.is_empty() {
        errors.invalid_each(&path.child("serviceName"), &spec.service_name, names::dns_label(&spec.service_name));
    }
    for (index, claim) in spec.volume_claim_templates.iter().enumerate() {
        let at = path.child("volumeClaimTemplates").index(index);
        errors.extend_at(&at.child("spec"), "spec", claim.validate());
    }
    let selector = path.child("selector");
    require_selector(errors, spec.selector.as_deref(), "statefulset", &selector);
    let selected = Selected::of(spec.selector.as_deref());
    match spec.selector.as_deref() {
        Some(broken) if matches!(selected, Selected::Broken) => {
            errors.invalid(&selector, &json_value(broken), "");
        }
        _ => {
            let template = path.child("template");
            validate_match(errors, &selected, &spec.template, &template);
            // Told twice by kube-apiserver: in the causes these stand two times.
            pod::validate_template_metadata(errors, &spec.template, &template);
            validate_lasting(errors, &spec.template, "StatefulSet", &template);
        }
    }
}

impl Rules for StatefulSet {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        spec.replicas.get_or_insert(1);
        spec.revision_history_limit.get_or_insert(10);
        if spec.pod_management_policy.is_empty() {
            spec.pod_management_policy = "OrderedReady".into();
        }
        if spec.update_strategy.type_.is_empty() {
            spec.update_strategy.type_ = "RollingUpdate".into();
        }
        if spec.update_strategy.type_ == "RollingUpdate" {
            let rolling = spec
                .update_strategy
                .rolling_update
                .get_or_insert_with(|| Box::new(RollingUpdateStatefulSetStrategy::default()));
            rolling.partition.get_or_insert(0);
        }
        if let Some(rolling) = &mut spec.update_strategy.rolling_update {
            // Behind a feature gate that is off; a value is dropped without a word.
            rolling.max_unavailable = None;
        }
        let kept = spec.persistent_volume_claim_retention_policy.get_or_insert_default();
        for policy in [&mut kept.when_deleted, &mut kept.when_scaled] {
            if policy.is_empty() {
                *policy = "Retain".into();
            }
        }
        for claim in &mut spec.volume_claim_templates {
            claim.set_defaults();
        }
        pod::default_spec(&mut spec.template.spec);
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        validate_spec(&mut errors, &self.spec, &Path::new("spec"));
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let (new, old) = (&self.spec, &old.spec);
        let same = new.selector == old.selector
            && new.service_name == old.service_name
            && new.pod_management_policy == old.pod_management_policy
            && new.volume_claim_templates.len() == old.volume_claim_templates.len()
            && new
                .volume_claim_templates
                .iter()
                .zip(&old.volume_claim_templates)
                .all(|(new, old)| (&new.metadata, &new.spec) == (&old.metadata, &old.spec));
        if !same {
            errors.forbidden(&Path::new("spec"), CHANGEABLE);
        }
        errors
    }

    fn validate_status_update(&self, old: &Self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let path = Path::new("status");
        let status = &self.status;
        let parts = [
            ("readyReplicas", status.ready_replicas),
            ("currentReplicas", status.current_replicas),
            ("updatedReplicas", status.updated_replicas),
            ("availableReplicas", status.available_replicas),
        ];
        validate_counts(&mut errors, &[("replicas", status.replicas.into())], &path);
        validate_counts(&mut errors, &parts.map(|(name, count)| (name, i64::from(count))), &path);
        let others = [
            ("observedGeneration", status.observed_generation),
            ("collisionCount", status.collision_count.unwrap_or_default().into()),
        ];
        validate_counts(&mut errors, &others, &path);
        validate_parts(&mut errors, &parts, status.replicas, "cannot be greater than status.replicas", &path);
        let available = [("availableReplicas", status.available_replicas)];
        let problem = "cannot be greater than status.readyReplicas";
        validate_parts(&mut errors, &available, status.ready_replicas, problem, &path);
        if old.status.collision_count > status.collision_count {
            let value = status.collision_count.unwrap_or_default();
            errors.invalid(&path.child("collisionCount"), value, "cannot be decremented");
        }
        errors
    }

    fn warnings(&self) -> Vec<String> {
        super::warnings_of(&self.metadata, &self.spec.template, &Path::new("spec").child("template"))
    }
}
