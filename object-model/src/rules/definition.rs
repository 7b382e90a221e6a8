//! CustomResourceDefinitions: names, versions, conversion, columns and subresources.
//!
//! Invariant: what all versions say alike is judged once, and told at the place where Kubernetes keeps it then.
//! Elsewhere: schemas (`schema`), paths (`paths`).

mod paths;
mod schema;

use crate::api::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceConversion, CustomResourceDefinition, CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceSubresources,
};
use crate::validation::{FieldErrors, Path};
use crate::{Rules, names};

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 9] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password", "binary"];
/// Longest warning of a deprecated version, in bytes.
const WARNING_BYTES_MAX: usize = 256;

impl Rules for CustomResourceDefinition {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        if spec.names.singular.is_empty() {
            spec.names.singular = spec.names.kind.to_lowercase();
        }
        if spec.names.list_kind.is_empty() && !spec.names.kind.is_empty() {
            spec.names.list_kind = format!("{}List", spec.names.kind);
        }
        let conversion = spec
            .conversion
            .get_or_insert_with(|| Box::new(CustomResourceConversion { strategy: "None".into(), webhook: None }));
        if let Some(webhook) = &mut conversion.webhook
            && let Some(config) = &mut webhook.client_config
            && let Some(service) = &mut config.service
        {
            service.port.get_or_insert(443);
        }
    }

    fn validate(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let wanted = format!("{}.{}", self.spec.names.plural, self.spec.group);
        if self.metadata.name != wanted {
            let path = Path::new("metadata").child("name");
            errors.invalid(&path, &self.metadata.name, "must be spec.names.plural+\".\"+spec.group");
        }
        validate_spec(&self.spec, &mut errors);
        errors
    }

    fn validate_update(&self, old: &Self) -> FieldErrors {
        let mut errors = self.validate();
        let path = Path::new("spec");
        let established = old
            .status
            .conditions
            .iter()
            .any(|condition| condition.type_ == "Established" && condition.status == "True");
        let mut fixed = |path: Path, new: &String, old: &String| {
            if new != old {
                errors.invalid(&path, new, "field is immutable");
            }
        };
        if established {
            fixed(path.child("scope"), &self.spec.scope, &old.spec.scope);
            fixed(path.child("names").child("kind"), &self.spec.names.kind, &old.spec.names.kind);
        }
        fixed(path.child("group"), &self.spec.group, &old.spec.group);
        fixed(path.child("names").child("plural"), &self.spec.names.plural, &old.spec.names.plural);
        for (index, stored) in self.status.stored_versions.iter().enumerate() {
            if !self.spec.versions.iter().any(|version| version.name == *stored) {
                let path = Path::new("status").child("storedVersions").index(index);
                errors.invalid(
                    &path,
                    stored,
                    format!(
                        "missing from spec.versions; {stored} was previously a storage version, and must remain in \
                         spec.versions until a storage migration ensures no data remains persisted in {stored} and \
                         removes {stored} from status.storedVersions"
                    ),
                );
            }
        }
        // The name follows from group and plural: a change of these is told once.
        errors.without(|error| error.path.as_str() == "metadata.name" && self.metadata.name == old.metadata.name)
    }
}

fn validate_spec(spec: &CustomResourceDefinitionSpec, errors: &mut FieldErrors) {
    let path = Path::new("spec");
    let group = path.child("group");
    if spec.group.is_empty() {
        errors.required(&group, "");
    } else {
        let problems = names::dns_subdomain(&spec.group);
        if problems.is_empty() && !spec.group.contains('.') {
            errors.invalid(&group, &spec.group, "should be a domain with at least one dot");
        }
        for problem in problems {
            errors.invalid(&group, &spec.group, problem);
        }
    }
    match spec.scope.as_str() {
        "" => errors.required(&path.child("scope"), ""),
        "Cluster" | "Namespaced" => {}
        other => errors.not_supported(&path.child("scope"), other, &["Cluster", "Namespaced"]),
    }
    if spec.preserve_unknown_fields {
        let hint = "must be false in order to use defaults in the schema";
        errors.invalid(&path.child("preserveUnknownFields"), true, hint);
    }
    validate_names(&spec.names, &path.child("names"), errors);
    validate_versions(spec, &path, errors);
    if let Some(conversion) = &spec.conversion {
        validate_conversion(conversion, &path.child("conversion"), errors);
    }
}

fn validate_names(of: &CustomResourceDefinitionNames, path: &Path, errors: &mut FieldErrors) {
    let mut label = |path: Path, text: &str, mixed: bool| {
        if text.is_empty() {
            return errors.required(&path, "");
        }
        let checked = if mixed { text.to_lowercase() } else { text.to_owned() };
        for problem in names::dns_1035_label(&checked) {
            let how = if mixed { "may have mixed case, but should otherwise match: " } else { "" };
            errors.invalid(&path, text, format!("{how}{problem}"));
        }
    };
    label(path.child("plural"), &of.plural, false);
    label(path.child("singular"), &of.singular, false);
    label(path.child("kind"), &of.kind, true);
    label(path.child("listKind"), &of.list_kind, true);
    for (index, name) in of.short_names.iter().enumerate() {
        label(path.child("shortNames").index(index), name, false);
    }
    for (index, name) in of.categories.iter().enumerate() {
        label(path.child("categories").index(index), name, false);
    }
    if !of.kind.is_empty() && of.kind == of.list_kind {
        errors.invalid(&path.child("listKind"), &of.list_kind, "kind and listKind may not be the same");
    }
}

/// Do all versions say the same?
fn alike<'a, T: PartialEq + 'a>(
    versions: &'a [CustomResourceDefinitionVersion],
    of: impl Fn(&'a CustomResourceDefinitionVersion) -> T,
) -> bool {
    let mut all = versions.iter().map(of);
    all.next().is_none_or(|first| all.all(|other| other == first))
}

fn validate_versions(spec: &CustomResourceDefinitionSpec, path: &Path, errors: &mut FieldErrors) {
    let versions = &spec.versions;
    let at = path.child("versions");
    if versions.is_empty() {
        errors.required(&at, "");
        return;
    }
    let shown = crate::json_value(spec);
    let shown = shown.get("versions").cloned().unwrap_or_default();
    let mut seen = std::collections::BTreeSet::new();
    if !versions.iter().all(|version| seen.insert(&version.name)) {
        errors.invalid(&at, &shown, "must contain unique version names");
    }
    if versions.iter().filter(|version| version.storage).count() != 1 {
        errors.invalid(&at, &shown, "must have exactly one version marked as storage version");
    }
    let schema_alike = alike(versions, |version| &version.schema);
    let columns_alike = alike(versions, |version| &version.additional_printer_columns);
    let subresources_alike = alike(versions, |version| &version.subresources);
    let selectable_alike = alike(versions, |version| &version.selectable_fields);
    for (index, version) in versions.iter().enumerate() {
        let own = at.index(index);
        for problem in names::dns_1035_label(&version.name) {
            errors.invalid(&own.child("name"), &version.name, problem);
        }
        validate_deprecation(version, &own, errors);
        // What stands above the versions is told with the first of them.
        let place = |alike: bool, shared: &str, within: &str| match (alike, index) {
            (true, 0) => Some(path.child(shared)),
            (true, _) => None,
            (false, _) => Some(own.child(within)),
        };
        let schema = version.schema.as_deref().and_then(|schema| schema.open_apiv3_schema.as_deref());
        let structural = schema.map(crate::custom::Structural::new);
        match (schema, place(schema_alike, "validation", "schema")) {
            (Some(schema), Some(place)) => schema::validate(schema, &place.child("openAPIV3Schema"), errors),
            (None, _) => errors.required(&own.child("schema").child("openAPIV3Schema"), "schemas are required"),
            _ => {}
        }
        if let Some(place) = place(columns_alike, "additionalPrinterColumns", "additionalPrinterColumns") {
            for (index, column) in version.additional_printer_columns.iter().enumerate() {
                validate_column(column, &place.index(index), errors);
            }
        }
        if let Some(place) = place(subresources_alike, "subresources", "subresources")
            && let Some(subresources) = &version.subresources
        {
            validate_subresources(subresources, &place, errors);
        }
        if let Some(place) = place(selectable_alike, "selectableFields", "selectableFields") {
            paths::validate_selectable(&version.selectable_fields, structural.as_ref(), &place, errors);
        }
    }
}

fn validate_deprecation(version: &CustomResourceDefinitionVersion, path: &Path, errors: &mut FieldErrors) {
    let Some(warning) = &version.deprecation_warning else { return };
    let path = path.child("deprecationWarning");
    if !version.deprecated {
        return errors.invalid(&path, warning, "can only be set for deprecated versions");
    }
    if warning.is_empty() {
        errors.invalid(&path, warning, "must not be empty");
    }
    if warning.len() > WARNING_BYTES_MAX {
        errors.invalid(&path, warning, format!("must be <= {WARNING_BYTES_MAX} characters"));
    }
    if let Some((at, letter)) = warning.char_indices().find(|(_, letter)| letter.is_control()) {
        errors.invalid(
            &path,
            warning,
            format!("must only contain printable characters, found {letter:?} at position {at}"),
        );
    }
}

fn validate_column(column: &CustomResourceColumnDefinition, path: &Path, errors: &mut FieldErrors) {
    if column.name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    match column.type_.as_str() {
        "" => errors.required(&path.child("type"), format!("must be one of {}", COLUMN_TYPES.join(","))),
        known if COLUMN_TYPES.contains(&known) => {}
        other => errors.invalid(&path.child("type"), other, format!("must be one of {}", COLUMN_TYPES.join(","))),
    }
    if !column.format.is_empty() && !COLUMN_FORMATS.contains(&column.format.as_str()) {
        let mut known = COLUMN_FORMATS;
        known.sort_unstable();
        errors.invalid(&path.child("format"), &column.format, format!("must be one of {}", known.join(",")));
    }
    let at = path.child("JSONPath");
    if column.json_path.is_empty() {
        errors.required(&at, "");
    } else if !column.json_path.starts_with('.') || crate::custom::FieldPath::parse(&column.json_path).is_err() {
        errors.invalid(&at, &column.json_path, "must be a simple json path starting with .");
    }
}

fn validate_subresources(subresources: &CustomResourceSubresources, path: &Path, errors: &mut FieldErrors) {
    let Some(scale) = &subresources.scale else { return };
    let path = path.child("scale");
    let simple = |text: &str| {
        crate::custom::FieldPath::parse(text).is_ok_and(|path| path.names().is_some()) && text.starts_with('.')
    };
    let mut check = |field: &str, text: &str, roots: &[&str], required: bool| {
        let path = path.child(field);
        let named = roots.iter().map(|root| format!(".{root}")).collect::<Vec<_>>();
        let under = match named.as_slice() {
            [one] => format!("should be a json path under {one}"),
            many => format!("should be a json path under either {}", many.join(" or ")),
        };
        if text.is_empty() {
            if required {
                errors.required(&path, "");
            }
        } else if !simple(text) {
            errors.invalid(&path, text, "must be a simple json path without any array notation starting with .");
        } else if !named.iter().any(|root| text.starts_with(&format!("{root}."))) {
            errors.invalid(&path, text, under);
        }
    };
    check("specReplicasPath", &scale.spec_replicas_path, &["spec"], true);
    check("statusReplicasPath", &scale.status_replicas_path, &["status"], true);
    let selector = scale.label_selector_path.as_deref().unwrap_or_default();
    check("labelSelectorPath", selector, &["spec", "status"], false);
}

fn validate_conversion(conversion: &CustomResourceConversion, path: &Path, errors: &mut FieldErrors) {
    let webhook = conversion.webhook.as_deref();
    match conversion.strategy.as_str() {
        "" => errors.required(&path.child("strategy"), ""),
        "None" => {
            if webhook.is_some() {
                let hint = "should not be set when strategy is not set to Webhook";
                errors.forbidden(&path.child("webhookClientConfig"), hint);
                errors.forbidden(&path.child("conversionReviewVersions"), hint);
            }
        }
        "Webhook" => {
            let config = path.child("webhookClientConfig");
            match webhook.and_then(|webhook| webhook.client_config.as_deref()) {
                None => errors.required(&config, "required when strategy is set to Webhook"),
                Some(client) => {
                    if client.url.is_some() == client.service.is_some() {
                        errors.required(&config, "exactly one of url or service is required");
                    }
                    if let Some(service) = &client.service {
                        let at = config.child("service");
                        for (field, text) in [("name", &service.name), ("namespace", &service.namespace)] {
                            if text.is_empty() {
                                errors.required(&at.child(field), format!("service {field} is required"));
                            }
                        }
                    }
                    if let Some(url) = &client.url
                        && !url.starts_with("https://")
                    {
                        let hint = "'https' is the only allowed URL scheme";
                        errors.invalid(&config.child("url"), url, hint);
                    }
                }
            }
            let versions = webhook.map(|webhook| webhook.conversion_review_versions.as_slice()).unwrap_or_default();
            let at = path.child("conversionReviewVersions");
            if versions.is_empty() {
                errors.required(&at, "");
            } else if !versions.iter().any(|version| matches!(version.as_str(), "v1" | "v1beta1")) {
                let shown = serde_json::json!(versions);
                errors.invalid(&at, &shown, "must include at least one of v1, v1beta1");
            }
        }
        other => errors.not_supported(&path.child("strategy"), other, &["None", "Webhook"]),
    }
}
