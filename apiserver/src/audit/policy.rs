//! The audit policy: how much is told of which request, and at which of its stages.
//!
//! In: a policy file. Out: the level of a request. Pure. Source: `audit.k8s.io/v1` Policy; Kubernetes docs, "Auditing".

use pintle_client::{Identity, Request, Target};
use pintle_object_model::yaml;
use serde::{Deserialize, Serialize};

/// A policy that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the audit policy is unusable: {0}")]
pub struct AuditPolicyError(String);

/// How much is told of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum AuditLevel {
    /// Nothing.
    #[default]
    None,
    /// Who asked what, and what came of it.
    Metadata,
    /// Also what was sent.
    Request,
    /// Also what was answered.
    RequestResponse,
}

/// Where a request is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    RequestReceived,
    ResponseStarted,
    ResponseComplete,
    Panic,
}

/// Which requests are told of, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditPolicy {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default, rename = "metadata")]
    _metadata: serde_json::Value,
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default)]
    omit_stages: Vec<Stage>,
    #[serde(default)]
    omit_managed_fields: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    level: AuditLevel,
    #[serde(default)]
    users: Vec<String>,
    #[serde(default)]
    user_groups: Vec<String>,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    resources: Vec<Resources>,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default, rename = "nonResourceURLs")]
    non_resource_urls: Vec<String>,
    #[serde(default)]
    omit_stages: Vec<Stage>,
    #[serde(default)]
    omit_managed_fields: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Resources {
    #[serde(default)]
    group: String,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    resource_names: Vec<String>,
}

/// What is to be told of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) level: AuditLevel,
    pub(super) omit_stages: Vec<Stage>,
    pub(super) omit_managed_fields: bool,
}

impl AuditPolicy {
    /// Reads a policy, YAML or JSON.
    ///
    /// # Errors
    /// If it is no policy, or has no rules.
    pub fn parse(text: &[u8]) -> Result<Self, AuditPolicyError> {
        let (tree, twice) = yaml::document_to_json(text).map_err(AuditPolicyError)?;
        if let Some(twice) = twice {
            return Err(AuditPolicyError(format!("line {}: key {:?} stands twice", twice.line, twice.key)));
        }
        let policy: Self = serde_json::from_value(tree).map_err(|error| AuditPolicyError(error.to_string()))?;
        if (policy.api_version.as_str(), policy.kind.as_str()) != ("audit.k8s.io/v1", "Policy") {
            let found = format!("{:?} of {:?}", policy.kind, policy.api_version);
            return Err(AuditPolicyError(format!("expected a Policy of audit.k8s.io/v1, found {found}")));
        }
        if policy.rules.is_empty() {
            return Err(AuditPolicyError("a policy without rules tells nothing".into()));
        }
        let mixed = |rule: &Rule| {
            !rule.non_resource_urls.is_empty() && (!rule.resources.is_empty() || !rule.namespaces.is_empty())
        };
        if policy.rules.iter().any(mixed) {
            return Err(AuditPolicyError("a rule is about resources or about other URLs, not both".into()));
        }
        Ok(policy)
    }

    /// What the first rule that matches says; nothing is told of a request that none matches.
    pub(super) fn of(&self, identity: &Identity, request: &Request) -> Told {
        let Some(rule) = self.rules.iter().find(|rule| rule.matches(identity, request)) else {
            return Told::default();
        };
        Told {
            level: rule.level,
            omit_stages: self.omit_stages.iter().chain(&rule.omit_stages).copied().collect(),
            omit_managed_fields: rule.omit_managed_fields.unwrap_or(self.omit_managed_fields),
        }
    }
}

impl Rule {
    fn matches(&self, identity: &Identity, request: &Request) -> bool {
        let any = |list: &[String], value: &str| list.is_empty() || list.iter().any(|entry| entry == value);
        any(&self.users, &identity.user)
            && (self.user_groups.is_empty() || self.user_groups.iter().any(|group| identity.groups.contains(group)))
            && any(&self.verbs, super::verb(request))
            && match &request.target {
                Target::Resource { namespace, .. } => {
                    self.non_resource_urls.is_empty()
                        && any(&self.namespaces, namespace)
                        && (self.resources.is_empty()
                            || self.resources.iter().any(|resources| resources.matches(&request.target)))
                }
                Target::Path(path) => {
                    self.resources.is_empty()
                        && self.namespaces.is_empty()
                        && (self.non_resource_urls.is_empty()
                            || self.non_resource_urls.iter().any(|pattern| is_path(pattern, path)))
                }
            }
    }
}

fn is_path(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => pattern == path,
    }
}

impl Resources {
    fn matches(&self, target: &Target) -> bool {
        let Target::Resource { resource, name, subresource, .. } = target else { return false };
        let named = |wanted: &String| match wanted.split_once('/') {
            _ if wanted == "*" => true,
            None => subresource.is_empty() && *wanted == resource.resource,
            Some(("*", sub)) => sub == subresource,
            Some((plural, "*")) => plural == resource.resource && !subresource.is_empty(),
            Some((plural, sub)) => plural == resource.resource && sub == subresource,
        };
        self.group == resource.group
            && (self.resources.is_empty() || self.resources.iter().any(named))
            && (self.resource_names.is_empty() || self.resource_names.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_client::Verb;
    use pintle_object_model::GroupVersionResource;

    const POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:kube-proxy"]
  verbs: [watch]
- level: None
  nonResourceURLs: ["/healthz*", /version]
- level: Metadata
  resources: [{group: "", resources: [secrets, "pods/*"]}]
- level: RequestResponse
  namespaces: [a]
  omitManagedFields: true
- level: Request
"#;

    fn told(user: &str, verb: Verb, target: Target) -> Told {
        let policy = AuditPolicy::parse(POLICY.as_bytes()).unwrap();
        policy.of(&Identity::new(user, []), &Request::new(verb, target))
    }

    fn core(plural: &str, namespace: &str, subresource: &str) -> Target {
        Target::resource(GroupVersionResource::new("", "v1", plural), namespace, "x", subresource)
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let level = |user: &str, verb, target| told(user, verb, target).level;
        assert_eq!(level("system:kube-proxy", Verb::Watch, core("services", "", "")), AuditLevel::None);
        assert_eq!(level("u", Verb::Get, Target::Path("/healthz/ping".into())), AuditLevel::None);
        assert_eq!(level("u", Verb::Get, Target::Path("/metrics".into())), AuditLevel::Request);
        assert_eq!(level("u", Verb::Get, core("secrets", "a", "")), AuditLevel::Metadata);
        assert_eq!(level("u", Verb::Get, core("pods", "a", "log")), AuditLevel::Metadata);
        let pods = told("u", Verb::Create, core("pods", "a", ""));
        assert_eq!((pods.level, pods.omit_managed_fields), (AuditLevel::RequestResponse, true));
        assert_eq!(pods.omit_stages, [Stage::RequestReceived]);
        assert_eq!(level("u", Verb::Get, core("pods", "b", "")), AuditLevel::Request);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in
            ["{}", "kind: Policy\napiVersion: audit.k8s.io/v1\n", "kind: Policy\nrules: [{level: Lots}]", "a: ["]
        {
            assert!(AuditPolicy::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
