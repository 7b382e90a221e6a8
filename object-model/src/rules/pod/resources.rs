//! What containers and pods ask for: requests, limits, claims, resize policies.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::core::v1::{ContainerResizePolicy, PodResourceClaim, PodSpec, ResourceClaim, ResourceRequirements};
use crate::validation::{FieldErrors, Path};
use crate::{Quantity, names};

const OF_CONTAINERS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
const COUNTED: [&str; 10] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
    "storage",
];

fn is_hugepages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Is the resource one of Kubernetes' own?
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// A resource that a device plugin or an administrator brings.
fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && names::qualified_name(&format!("requests.{name}")).is_empty()
}

fn is_standard(name: &str) -> bool {
    let base = name.strip_prefix("requests.").or_else(|| name.strip_prefix("limits.")).unwrap_or(name);
    OF_CONTAINERS.contains(&base) || name == "requests.storage" || COUNTED.contains(&name) || is_hugepages(base)
}

/// May more be promised than there is?
fn overcommits(name: &str) -> bool {
    is_native(name) && !is_hugepages(name)
}

fn validate_name(errors: &mut FieldErrors, name: &str, path: &Path) {
    let problems = names::qualified_name(name);
    let fine = problems.is_empty();
    errors.invalid_each(path, name, problems);
    if !name.contains('/') {
        if fine && !is_standard(name) {
            errors.invalid(path, name, "must be a standard resource type or fully qualified");
        }
        if !OF_CONTAINERS.contains(&name) && !is_hugepages(name) {
            errors.invalid(path, name, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.invalid(path, name, "doesn't follow extended resource name standard");
    }
}

fn validate_amount(errors: &mut FieldErrors, name: &str, amount: &Quantity, path: &Path) {
    if amount.is_negative() {
        errors.invalid(path, amount, "must be greater than or equal to 0");
    }
    if (is_extended(name) || COUNTED.contains(&name) && name != "storage") && amount.millis() % 1000 != 0 {
        errors.invalid(path, amount, "must be an integer");
    }
    let page = name.strip_prefix("hugepages-").and_then(|size| size.parse::<Quantity>().ok()).map(|size| size.value());
    if let Some(page) = page.filter(|page| *page > 0)
        && amount.value() % page != 0
    {
        errors.invalid(path, amount, format!("{amount} is not positive integer multiple of {name}"));
    }
}

/// Requests, limits and claims of one container, or of a whole pod.
pub(super) fn validate_resources(
    errors: &mut FieldErrors,
    resources: &ResourceRequirements,
    claims: &BTreeSet<&str>,
    path: &Path,
) {
    let (limits, requests) = (path.child("limits"), path.child("requests"));
    for (name, limit) in &resources.limits {
        validate_name(errors, name, &limits.key(name));
        validate_amount(errors, name, limit, &limits.key(name));
    }
    for (name, request) in &resources.requests {
        validate_name(errors, name, &requests.key(name));
        validate_amount(errors, name, request, &requests.key(name));
        validate_pair(errors, name, request, resources.limits.get(name), [&requests, &limits]);
    }
    let mut all = resources.limits.keys().chain(resources.requests.keys());
    let plain = all.clone().any(|name| name == "cpu" || name == "memory");
    if !plain && all.any(|name| is_hugepages(name)) {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
    validate_claims(errors, &resources.claims, claims, &path.child("claims"));
}

/// A request against its limit.
fn validate_pair(
    errors: &mut FieldErrors,
    name: &str,
    request: &Quantity,
    limit: Option<&Quantity>,
    [requests, limits]: [&Path; 2],
) {
    match limit {
        Some(limit) if !overcommits(name) && request != limit => {
            errors.invalid(requests, request, format!("must be equal to {name} limit of {limit}"));
        }
        Some(limit) if request > limit => {
            errors.invalid(requests, request, format!("must be less than or equal to {name} limit of {limit}"));
        }
        None if !overcommits(name) => errors.required(limits, "Limit must be set for non overcommitable resources"),
        _ => {}
    }
}

fn validate_claims(errors: &mut FieldErrors, claims: &[ResourceClaim], known: &BTreeSet<&str>, path: &Path) {
    let mut seen = BTreeSet::new();
    for (index, claim) in claims.iter().enumerate() {
        let at = path.index(index);
        if claim.name.is_empty() {
            errors.required(&at, "");
            continue;
        }
        let (name, request) = (claim.name.as_str(), claim.request.as_str());
        // A whole claim and one request of it exclude each other.
        let repeated = seen.contains(&(name, request))
            || seen.contains(&(name, ""))
            || request.is_empty() && seen.iter().any(|(other, _)| *other == name);
        if repeated {
            let shown = if request.is_empty() { name.to_owned() } else { format!("{name}/{request}") };
            errors.duplicate(&at, &shown);
        }
        seen.insert((name, request));
        if !known.contains(name) {
            let names = known.iter().copied().collect::<Vec<_>>().join(", ");
            let why = "must be one of the names in pod.spec.resourceClaims";
            let why = if known.is_empty() { format!("{why} which is empty") } else { format!("{why}: {names}") };
            errors.not_found_because(&at, name, why);
        }
    }
}

/// The claims of a pod; their names are what containers refer to.
pub(super) fn validate_pod_claims<'a>(
    errors: &mut FieldErrors,
    claims: &'a [PodResourceClaim],
    pod: Option<&str>,
    path: &Path,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    for (index, claim) in claims.iter().enumerate() {
        let at = path.index(index);
        let name = at.child("name");
        if errors.present(&name, &claim.name) {
            if !seen.insert(claim.name.as_str()) {
                errors.duplicate(&name, &claim.name);
            } else {
                let problems = names::dns_label(&claim.name);
                if let Some(pod) = pod.filter(|_| problems.is_empty() && !claim.resource_claim_template_name.is_empty())
                {
                    let made = format!("{pod}-{}", claim.name);
                    errors.invalid_each(&name, &made, names::dns_subdomain(&made));
                }
                errors.invalid_each(&name, &claim.name, problems);
            }
        }
        let named = [
            ("resourceClaimName", &claim.resource_claim_name),
            ("resourceClaimTemplateName", &claim.resource_claim_template_name),
        ];
        let problem = match named.iter().filter(|(_, name)| !name.is_empty()).count() {
            0 => "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            1 => "",
            _ => "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
        };
        if !problem.is_empty() {
            errors.invalid(&at, &super::internal::GoValue::of(claim), problem);
        }
        for (field, name) in named.into_iter().filter(|(_, name)| !name.is_empty()) {
            errors.invalid_each(&at.child(field), name, names::dns_subdomain(name));
        }
    }
    claims.iter().map(|claim| claim.name.as_str()).collect()
}

/// What a whole pod asks for, against what its containers do.
pub(super) fn validate_pod_resources(
    errors: &mut FieldErrors,
    spec: &PodSpec,
    resources: &ResourceRequirements,
    path: &Path,
) {
    const ALLOWED: [&str; 3] = ["cpu", "hugepages-", "memory"];
    if !resources.claims.is_empty() {
        errors.forbidden(&path.child("claims"), "claims may not be set for Resources at pod-level");
    }
    for (list, amounts) in [("limits", &resources.limits), ("requests", &resources.requests)] {
        for (name, amount) in amounts {
            let at = path.child(list).key(name);
            if !is_hugepages(name) {
                errors.one_of(&at, name, &ALLOWED);
            }
            validate_amount(errors, name, amount, &at);
        }
    }
    for (name, request) in &resources.requests {
        let limit = resources.limits.get(name);
        let paths = [&path.child("requests"), &path.child("limits")];
        validate_pair(errors, name, request, limit, paths);
        let needed = super::requests_of(spec, name);
        if *request < needed {
            errors.invalid(
                &path.child("requests").key(name),
                request,
                format!("must be greater than or equal to aggregate container requests of {needed}"),
            );
        }
    }
    for (name, limit) in &resources.limits {
        for own in spec.containers.iter().filter_map(|container| container.resources.limits.get(name)) {
            if own > limit {
                let problem = format!("must be less than or equal to pod limits of {limit}");
                errors.invalid(&path.child("limits").key(name), own, problem);
            }
        }
    }
}

pub(super) fn validate_resize_policies(
    errors: &mut FieldErrors,
    policies: &[ContainerResizePolicy],
    pod_restart: &str,
    path: &Path,
) {
    let mut seen = BTreeSet::new();
    for policy in policies {
        let name = policy.resource_name.as_str();
        if !seen.insert(name) {
            errors.duplicate(path, name);
        }
        errors.required_one_of(path, name, &["cpu", "memory"]);
        errors.required_one_of(path, &policy.restart_policy, &["NotRequired", "RestartContainer"]);
        if pod_restart == "Never" && policy.restart_policy != "NotRequired" {
            errors.invalid(path, &policy.restart_policy, "must be 'NotRequired' when `restartPolicy` is 'Never'");
        }
    }
}

/// The resources that running a pod costs beyond its containers.
pub(super) fn validate_overhead(errors: &mut FieldErrors, overhead: &BTreeMap<String, Quantity>, path: &Path) {
    let resources = ResourceRequirements { limits: overhead.clone(), ..ResourceRequirements::default() };
    validate_resources(errors, &resources, &BTreeSet::new(), path);
}
