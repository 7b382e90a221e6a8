//! Policies that change what is written.

use async_trait::async_trait;
use pintle_cel::Budget;
use pintle_object_model::api::admissionregistration::v1::{MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding};
use pintle_object_model::api::meta::v1::StatusCause;
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::patch::{self, PatchKind, Whole};
use pintle_object_model::{AnyResource, KindEntry, Scheme, Status};
use serde_json::Value;

use super::bindings::Sources;
use super::compiled::{Cache, Common, Expression, resulted_in};
use super::environment::{Declared, Inputs, env, tree_of};
use super::matching::Subject;
use crate::admission::{AdmissionPlugin, Attributes, Operation};

/// The plugin `MutatingAdmissionPolicy`: see the module documentation.
pub struct MutatingPolicies {
    sources: Sources,
    compiled: Cache<Compiled>,
    declared: Declared,
}

impl std::fmt::Debug for MutatingPolicies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MutatingPolicies")
    }
}

#[derive(Debug)]
struct Compiled {
    common: Common,
    mutations: Vec<Mutation>,
}

#[derive(Debug)]
enum Mutation {
    Apply(Expression),
    Patch(Expression),
}

impl Compiled {
    fn of(policy: &MutatingAdmissionPolicy) -> Result<Self, String> {
        let spec = &policy.spec;
        let declared = env(spec.param_kind.is_some()).with_mutation_types();
        let (declared, common) = Common::compile(declared, &spec.match_conditions, &spec.variables)?;
        let mutations = spec
            .mutations
            .iter()
            .map(|one| match (&one.apply_configuration, &one.json_patch) {
                (Some(apply), _) => Expression::compile(&declared, &apply.expression).map(Mutation::Apply),
                (None, Some(patch)) => Expression::compile(&declared, &patch.expression).map(Mutation::Patch),
                (None, None) => Err("a mutation without an expression".into()),
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { common, mutations })
    }
}

impl MutatingPolicies {
    pub(crate) fn new(sources: Sources) -> Self {
        Self { sources, compiled: Cache::default(), declared: Declared::default() }
    }

    fn change(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        let bindings = Sources::all::<MutatingAdmissionPolicyBinding>(&self.sources.bindings);
        if bindings.is_empty() {
            return Ok(());
        }
        let scheme = self.sources.kinds.current();
        let namespace = self.sources.namespace(attributes.namespace);
        let policies = Sources::all::<MutatingAdmissionPolicy>(&self.sources.policies);
        self.compiled.keep(&policies.iter().map(|policy| policy.metadata.name.as_str()).collect::<Vec<_>>());
        for policy in &policies {
            for binding in bindings.iter().filter(|binding| binding.spec.policy_name == policy.metadata.name) {
                let before = object.clone_box();
                let subject =
                    Subject { attributes, object: Some(&*before), namespace: namespace.as_ref(), scheme: &scheme };
                if subject.is_exempt()
                    || !subject.matches(policy.spec.match_constraints.as_deref())
                    || !subject.matches(binding.spec.match_resources.as_deref())
                {
                    continue;
                }
                let mut inputs = Inputs::new(attributes, Some(&*before), namespace.as_ref(), &*self.sources.authorizer);
                match self.mutated(policy, binding, &mut inputs, &scheme, attributes, &*before) {
                    Ok(Some(changed)) => object.as_struct_mut().assign(changed.as_struct()),
                    Ok(None) => {}
                    Err(_) if policy.spec.failure_policy.as_deref() == Some("Ignore") => {}
                    Err(why) => return Err(denied(attributes, policy, binding, &why)),
                }
            }
        }
        Ok(())
    }

    fn mutated(
        &self,
        policy: &MutatingAdmissionPolicy,
        binding: &MutatingAdmissionPolicyBinding,
        inputs: &mut Inputs<'_>,
        scheme: &Scheme,
        attributes: &Attributes<'_>,
        before: &dyn AnyResource,
    ) -> Result<Option<Box<dyn AnyResource>>, String> {
        let compiled = self.compiled.get(&policy.metadata, || Compiled::of(policy))?;
        let spec = &policy.spec;
        let reference = binding.spec.param_ref.as_deref();
        let parameters = self
            .sources
            .parameters(scheme, spec.param_kind.as_deref(), reference, attributes.namespace)
            .map_err(|missing| missing.told().0)?;
        let entry = scheme.kind(&before.info().gvk()).ok_or("the kind is not served")?;
        let mut object: Option<Box<dyn AnyResource>> = None;
        for parameter in parameters {
            inputs.params = parameter.map_or(Value::Null, |object| object.to_value());
            let mut budget = Budget::default();
            if !compiled
                .common
                .conditions_hold(&inputs.activation(&self.declared, compiled.common.lazy()), &mut budget)?
            {
                continue;
            }
            for mutation in &compiled.mutations {
                let made = mutation.made(&*inputs, &self.declared, &compiled.common, &mut budget)?;
                let current = object.as_deref().unwrap_or(before);
                let next = mutation.applied(&made, current, entry, scheme)?;
                inputs.object = tree_of(&*next);
                object = Some(next);
            }
        }
        Ok(object)
    }
}

impl Mutation {
    fn made(
        &self,
        inputs: &Inputs<'_>,
        declared: &Declared,
        common: &Common,
        budget: &mut Budget,
    ) -> Result<Value, String> {
        let (Self::Apply(expression) | Self::Patch(expression)) = self;
        let activation = inputs.activation(declared, common.lazy());
        let made = expression.program.eval(&activation, budget);
        let made = made.and_then(|value| value.to_json());
        made.map_err(|error| resulted_in(&expression.text, &error))
    }

    fn applied(
        &self,
        made: &Value,
        current: &dyn AnyResource,
        entry: &KindEntry,
        scheme: &Scheme,
    ) -> Result<Box<dyn AnyResource>, String> {
        let mut tree = match self {
            Self::Apply(_) => {
                for fixed in ["/metadata/name", "/metadata/namespace", "/metadata/uid", "/apiVersion", "/kind"] {
                    if made.pointer(fixed).is_some() {
                        return Err(format!(
                            "{} must not be set by a mutation",
                            fixed.trim_start_matches('/').replace('/', ".")
                        ));
                    }
                }
                patch::merge_configuration(&Whole::of(current).to_tree(), made, entry.schema())
                    .map_err(|error| error.to_string())?
            }
            Self::Patch(_) => {
                let mut tree = tree_of(current);
                operate(&mut tree, made, entry)?;
                tree
            }
        };
        if let Some(managed) = tree_of(current).pointer("/metadata/managedFields")
            && let Some(metadata) = tree.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.entry("managedFields").or_insert_with(|| managed.clone());
        }
        let text = serde_json::to_vec(&tree).map_err(|error| error.to_string())?;
        let decoded = scheme.decode_json(&entry.info().gvk(), &text, &DecodeOptions::default());
        let mut object = decoded.map_err(|error| error.to_string())?.object;
        object.set_defaults();
        Ok(object)
    }
}

/// Applies the operations one by one, so that the one that fails can be told.
fn operate(tree: &mut Value, operations: &Value, entry: &KindEntry) -> Result<(), String> {
    for operation in operations.as_array().into_iter().flatten() {
        let text = serde_json::to_vec(&[operation]).map_err(|error| error.to_string())?;
        patch::apply_any(tree, PatchKind::Json, &text, entry.schema()).map_err(|error| {
            let member = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
            let path = member("path");
            let key = path.rsplit('/').next().unwrap_or_default();
            let told = match member("op") {
                "remove" => {
                    format!(
                        "error in remove for path: '{path}': Unable to remove nonexistent key: {key}: missing value"
                    )
                }
                "replace" => format!("replace operation does not apply: doc is missing key: {path}: missing value"),
                "test" => format!("testing value {path} failed: test failed"),
                "add" => format!("add operation does not apply: doc is missing path: \"{path}\": missing value"),
                _ => error.to_string(),
            };
            format!("JSON Patch: {told}")
        })?;
    }
    Ok(())
}

fn denied(
    attributes: &Attributes<'_>,
    policy: &MutatingAdmissionPolicy,
    binding: &MutatingAdmissionPolicyBinding,
    why: &str,
) -> Status {
    let told =
        format!("policy '{}' with binding '{}' denied request: {why}", policy.metadata.name, binding.metadata.name);
    let mut status = crate::admission::refuse(attributes, "");
    status.message.clone_from(&told);
    status.reason = "Invalid".into();
    let details = status.details.get_or_insert_default();
    details.causes.push(StatusCause { message: told, ..StatusCause::default() });
    status
}

#[async_trait]
impl AdmissionPlugin for MutatingPolicies {
    fn name(&self) -> &'static str {
        "MutatingAdmissionPolicy"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    fn reinvokes(&self) -> bool {
        !self.sources.bindings.cache.snapshot().is_empty()
    }

    async fn mutate(&self, attributes: &Attributes<'_>, object: &mut dyn AnyResource) -> Result<(), Status> {
        self.change(attributes, object)
    }
}
