//! Which FlowSchema a request belongs to, and to which flow within it.
//!
//! In: the stored FlowSchemas, and what a request is. Out: the schema that comes first among those that match. Pure.
//! Source: Kubernetes docs, "API Priority and Fairness".

use pintle_client::{Identity, Request, Target};
use pintle_object_model::api::flowcontrol::v1::{FlowSchema, PolicyRulesWithSubjects, Subject};

/// What decides where a request belongs.
pub(super) struct Digest<'a> {
    pub(super) identity: &'a Identity,
    pub(super) request: &'a Request,
}

/// The verb of a request for a path.
pub(super) fn path_verb(request: &Request) -> &'static str {
    use pintle_client::Verb;
    match request.verb {
        Verb::Create => "post",
        Verb::Update => "put",
        Verb::Patch => "patch",
        Verb::Delete | Verb::DeleteCollection => "delete",
        Verb::Get | Verb::List | Verb::Watch => "get",
        Verb::Head | Verb::Options | Verb::Unknown => request.verb.as_str(),
    }
}

/// Schemas in the order in which they are tried.
pub(super) fn in_order(schemas: &mut [FlowSchema]) {
    schemas.sort_by(|a, b| {
        let key = |schema: &FlowSchema| (schema.spec.matching_precedence, schema.metadata.name.clone());
        key(a).cmp(&key(b))
    });
}

/// Does the schema match?
pub(super) fn matches(schema: &FlowSchema, digest: &Digest<'_>) -> bool {
    schema.spec.rules.iter().any(|rule| {
        rule.subjects.iter().any(|subject| matches_subject(subject, digest.identity))
            && matches_action(rule, digest.request)
    })
}

fn matches_subject(subject: &Subject, identity: &Identity) -> bool {
    let is = |wanted: &str, found: &str| wanted == "*" || wanted == found;
    match subject.kind.as_str() {
        "User" => subject.user.as_ref().is_some_and(|user| is(&user.name, &identity.user)),
        "Group" => subject
            .group
            .as_ref()
            .is_some_and(|group| identity.groups.iter().any(|member| is(&group.name, member)) || group.name == "*"),
        "ServiceAccount" => subject.service_account.as_ref().is_some_and(|account| {
            let rest = identity.user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
            rest.is_some_and(|(namespace, name)| account.namespace == namespace && is(&account.name, name))
        }),
        _ => false,
    }
}

fn matches_action(rule: &PolicyRulesWithSubjects, request: &Request) -> bool {
    let any = |list: &[String], value: &str| list.iter().any(|entry| entry == "*" || entry == value);
    match &request.target {
        Target::Resource { resource, namespace, subresource, .. } => {
            let shown = if subresource.is_empty() {
                resource.resource.clone()
            } else {
                format!("{}/{subresource}", resource.resource)
            };
            rule.resource_rules.iter().any(|rule| {
                any(&rule.verbs, request.verb.as_str())
                    && any(&rule.api_groups, &resource.group)
                    && any(&rule.resources, &shown)
                    && if namespace.is_empty() { rule.cluster_scope } else { any(&rule.namespaces, namespace) }
            })
        }
        Target::Path(path) => rule.non_resource_rules.iter().any(|rule| {
            any(&rule.verbs, path_verb(request))
                && rule.non_resource_urls.iter().any(|pattern| match pattern.strip_suffix('*') {
                    Some(prefix) => path.starts_with(prefix),
                    None => pattern == path,
                })
        }),
    }
}

/// What keeps flows of a schema apart; requests of one value queue behind each other.
pub(super) fn distinguisher<'a>(schema: &FlowSchema, digest: &Digest<'a>) -> &'a str {
    match schema.spec.distinguisher_method.as_ref().map(|method| method.type_.as_str()) {
        Some("ByUser") => &digest.identity.user,
        Some("ByNamespace") => match &digest.request.target {
            Target::Resource { namespace, .. } => namespace,
            Target::Path(_) => "",
        },
        _ => "",
    }
}
