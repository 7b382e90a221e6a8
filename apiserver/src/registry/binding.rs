//! Binding: a pod is put on a node, once and for all.

use pintle_client::{Content, Request, Response, Verb};
use pintle_object_model::api::core::v1::{Binding, Pod, PodCondition};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{GroupResource, Resource, Status};

use super::options::{self, OptionsOf};
use super::update::check_uid;
use super::{Call, Registry, method_not_allowed, no_such_resource};

impl Registry {
    pub(super) async fn bind(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        if request.verb != Verb::Create {
            return Err(method_not_allowed());
        }
        let dry = options::check(OptionsOf::Create, &request.params)?;
        let mut binding: Binding = self.decode_other(call, request)?;
        if binding.metadata.name != call.name {
            return Err(Status::bad_request("name in URL does not match name in Binding object"));
        }
        self.admit_part(call, &mut binding, dry).await?;
        self.assign(call, &binding, dry).await
    }

    /// The older way to bind: the body says which pod.
    pub(super) async fn bind_by_body(
        &self,
        identity: &pintle_client::Identity,
        resource: &pintle_object_model::GroupVersionResource,
        namespace: &str,
        request: Request,
    ) -> Result<Response, Status> {
        let scheme = self.parts.kinds.current();
        let entry = scheme.kind(&Pod::INFO.gvk()).ok_or_else(no_such_resource)?;
        let storage = &self.parts.storages.get(entry.hub()).ok_or_else(no_such_resource)?;
        let warnings = crate::admission::Warnings::of(&request.notes);
        let call = Call {
            identity,
            scheme: &scheme,
            entry,
            storage,
            resource,
            namespace,
            name: "",
            subresource: "binding",
            tail: "",
            warnings: &warnings,
        };
        let dry = options::check(OptionsOf::Create, &request.params)?;
        let mut binding: Binding = self.decode_other(&call, request)?;
        let name = binding.metadata.name.clone();
        let call = Call { name: &name, ..call };
        self.admit_part(&call, &mut binding, dry).await?;
        self.assign(&call, &binding, dry).await
    }

    async fn assign(&self, call: &Call<'_>, binding: &Binding, dry: bool) -> Result<Response, Status> {
        check_target(call, binding)?;
        let now = self.parts.clock.utc().to_time();
        let pods = GroupResource::new("", "pods/binding");
        self.change::<Pod>(call, dry, |pod| {
            let conflict = |why: String| Err(Status::conflict(&pods, call.name, why));
            // The same words as for other writes, about the binding.
            if let Err(mut refused) = check_uid(call, &binding.metadata, &pod.metadata.uid) {
                refused.message = refused.message.replacen("on pods ", "on pods/binding ", 1);
                return Err(refused.about(&pods, call.name));
            }
            if pod.metadata.deletion_timestamp.is_some() {
                return conflict(format!("pod {} is being deleted, cannot be assigned to a host", call.name));
            }
            if !pod.spec.node_name.is_empty() {
                return conflict(format!("pod {} is already assigned to node {:?}", call.name, pod.spec.node_name));
            }
            if !pod.spec.scheduling_gates.is_empty() {
                return conflict(format!("pod {} has non-empty .spec.schedulingGates", call.name));
            }
            pod.spec.node_name.clone_from(&binding.target.name);
            for (key, value) in &binding.metadata.annotations {
                pod.metadata.annotations.insert(key.clone(), value.clone());
            }
            for (key, value) in &binding.metadata.labels {
                pod.metadata.labels.insert(key.clone(), value.clone());
            }
            for (key, value) in &binding.metadata.labels {
                pod.metadata.labels.insert(key.clone(), value.clone());
            }
            pod.status.conditions.retain(|condition| condition.type_ != "PodScheduled");
            pod.status.conditions.push(PodCondition {
                type_: "PodScheduled".into(),
                status: "True".into(),
                last_transition_time: Some(now),
                ..PodCondition::default()
            });
            Ok(())
        })
        .await?;
        Ok(Response::new(Content::Status(Box::new(Status { code: 201, ..Status::success() }))))
    }
}

fn check_target(call: &Call<'_>, binding: &Binding) -> Result<(), Status> {
    let mut errors = FieldErrors::default();
    let target = Path::new("target");
    if !matches!(binding.target.kind.as_str(), "" | "Node") {
        errors.not_supported(&target.child("kind"), &binding.target.kind, &["Node", "<empty>"]);
    }
    if binding.target.name.is_empty() {
        errors.required(&target.child("name"), "");
    }
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid("", "Binding", call.name, &errors)) }
}
