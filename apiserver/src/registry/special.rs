//! Subresources with a meaning of their own: `scale`, `binding`, `eviction`, `finalize`, `log`, `exec` and the like.

use pintle_client::{Content, Request, Response, Verb};
use pintle_object_model::api::authentication::v1::TokenRequest;
use pintle_object_model::api::core::v1::{Binding, Namespace, Node, Pod, PodCondition, ServiceAccount};
use pintle_object_model::api::policy::v1::Eviction;
use pintle_object_model::{Object, Resource, Status};

use super::body::dry_run;
use super::update::ATTEMPTS;
use super::{Call, Registry, method_not_allowed, no_such_resource};
use crate::admission::{Attributes, Operation};

impl Registry {
    pub(super) async fn special(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let info = call.entry.info();
        match (info.group, info.kind, call.subresource) {
            (_, _, "scale") if info.has("scale") => self.scale(call, request).await,
            ("", "Pod", "binding") => self.bind(call, request).await,
            ("", "Pod", "eviction") => self.evict(call, request).await,
            ("", "Pod", "log" | "exec" | "attach" | "portforward") => self.connect_pod(call, request).await,
            ("", "Pod", "ephemeralcontainers" | "resize") => self.update_part(call, request).await,
            ("", "Namespace", "finalize") => self.finalize(call, request).await,
            ("", "ServiceAccount", "token") => self.token(call, request).await,
            ("", "Node", "proxy") => self.connect_node(call, request).await,
            ("", "Pod" | "Service", "proxy") => Err(Status::failure(
                501,
                "NotImplemented",
                format!("the proxy subresource of {} is not served by this server", info.plural),
            )),
            _ => Err(no_such_resource()),
        }
    }

    /// Puts a pod on a node.
    async fn bind(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        if request.verb != Verb::Create {
            return Err(method_not_allowed());
        }
        let dry = dry_run(&request.params.dry_run)?;
        let mut binding: Binding = self.decode_other(call, request)?;
        if !binding.target.kind.is_empty() && binding.target.kind != "Node" || binding.target.name.is_empty() {
            let mut errors = pintle_object_model::validation::FieldErrors::default();
            let target = pintle_object_model::validation::Path::new("target");
            if binding.target.name.is_empty() {
                errors.required(&target.child("name"), "");
            } else {
                errors.not_supported(&target.child("kind"), &binding.target.kind, &["Node", "<empty>"]);
            }
            return Err(Status::invalid("", "Binding", call.name, &errors));
        }
        self.admit_part(call, &mut binding, dry).await?;
        let now = self.parts.clock.utc().to_time();
        let pods = pintle_object_model::GroupResource::new("", "pods/binding");
        self.change::<Pod>(call, dry, |pod| {
            let conflict = |why: String| Err(Status::conflict(&pods, call.name, why));
            if pod.metadata.deletion_timestamp.is_some() {
                return conflict(format!("pod {} is being deleted, cannot be assigned to a host", call.name));
            }
            if !pod.spec.node_name.is_empty() {
                return conflict(format!("pod {} is already assigned to node {:?}", call.name, pod.spec.node_name));
            }
            if !pod.spec.scheduling_gates.is_empty() {
                return conflict(format!("pod {} has non-empty .spec.schedulingGates", call.name));
            }
            if !binding.metadata.uid.is_empty() && binding.metadata.uid != pod.metadata.uid {
                return conflict(format!(
                    "Precondition failed: UID in precondition: {}, UID in object meta: {}",
                    binding.metadata.uid, pod.metadata.uid
                ));
            }
            pod.spec.node_name.clone_from(&binding.target.name);
            for (key, value) in &binding.metadata.annotations {
                pod.metadata.annotations.insert(key.clone(), value.clone());
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

    /// The older way to bind: the body says which pod.
    pub(super) async fn bind_by_body(
        &self,
        identity: &pintle_client::Identity,
        resource: &pintle_object_model::GroupVersionResource,
        namespace: &str,
        request: Request,
    ) -> Result<Response, Status> {
        let entry = self.parts.scheme.kind(&Pod::INFO.gvk()).ok_or_else(no_such_resource)?;
        let storage = self.parts.storages.get(entry.hub()).ok_or_else(no_such_resource)?;
        let warnings = crate::admission::Warnings::default();
        let call = Call {
            identity,
            entry,
            storage,
            resource,
            namespace,
            name: "",
            subresource: "binding",
            tail: "",
            warnings: &warnings,
        };
        let dry = request.params.dry_run.clone();
        let binding: Binding = self.decode_other(&call, request)?;
        let name = binding.metadata.name.clone();
        let mut inner =
            Request::new(Verb::Create, pintle_client::Target::resource(Pod::INFO.gvr(), namespace, &name, "binding"));
        inner.params.dry_run = dry;
        inner.body = pintle_client::Body::Object(Object::new(binding));
        self.bind(&Call { name: &name, ..call }, inner).await
    }

    /// Deletes a pod if its disruption budgets allow it.
    async fn evict(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        if request.verb != Verb::Create {
            return Err(method_not_allowed());
        }
        let dry_params = request.params.dry_run.clone();
        let caller = request.caller.clone();
        let mut eviction: Eviction = self.decode_other(call, request)?;
        self.admit_part(call, &mut eviction, false).await?;
        let Some(current) = call.storage.get(call.namespace, call.name).await? else {
            return Err(Status::not_found(&call.storage.group_resource(), call.name));
        };
        let pod = current.value.downcast::<Pod>().ok_or_else(no_such_resource)?;
        let counts = !matches!(pod.status.phase.as_str(), "Succeeded" | "Failed" | "Pending")
            && pod.metadata.deletion_timestamp.is_none();
        if counts {
            self.spend_disruption(call, pod).await?;
        }
        let mut options = eviction.delete_options.map(|options| *options).unwrap_or_default();
        if options.dry_run.is_empty() {
            options.dry_run = dry_params;
        }
        let mut deletion = Request::new(
            Verb::Delete,
            pintle_client::Target::resource(call.resource.clone(), call.namespace, call.name, ""),
        );
        deletion.caller = caller;
        deletion.body = pintle_client::Body::Delete(Box::new(options));
        let plain = Call { subresource: "", ..*call };
        self.delete(&plain, deletion).await?;
        Ok(Response::new(Content::Status(Box::new(Status { code: 201, ..Status::success() }))))
    }

    /// Takes one allowed disruption from the budget that covers the pod.
    async fn spend_disruption(&self, call: &Call<'_>, pod: &Pod) -> Result<(), Status> {
        use pintle_object_model::api::policy::v1::PodDisruptionBudget;
        let hub = PodDisruptionBudget::INFO.gvk();
        let Some(storage) = self.parts.storages.get(&hub) else { return Ok(()) };
        let snapshot = storage.cache.snapshot();
        let covering: Vec<_> = snapshot
            .iter(call.namespace, None)
            .filter_map(|(_, object)| object.downcast_arc::<PodDisruptionBudget>())
            .filter(|budget| {
                let selector =
                    budget.spec.selector.as_deref().map(pintle_object_model::selector::Selector::from_object);
                matches!(selector, Some(Ok(selector)) if selector.matches(&pod.metadata.labels))
            })
            .collect();
        match covering.as_slice() {
            [] => Ok(()),
            [budget] if budget.status.disruptions_allowed > 0 => {
                let now = self.parts.clock.utc().to_time();
                let one = Call { storage, name: &budget.metadata.name, ..*call };
                let exhausted = || too_many(budget);
                self.change::<PodDisruptionBudget>(&one, false, |budget| {
                    if budget.status.disruptions_allowed <= 0 {
                        return Err(exhausted());
                    }
                    budget.status.disruptions_allowed -= 1;
                    budget.status.disrupted_pods.insert(pod.metadata.name.clone(), now);
                    Ok(())
                })
                .await
                .map(drop)
            }
            [budget] => Err(too_many(budget)),
            _ => Err(Status::internal(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            )),
        }
    }

    /// Removes namespace finalizers, and the namespace with the last of them.
    async fn finalize(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        if request.verb != Verb::Update {
            return Err(method_not_allowed());
        }
        let given: Namespace = self.decode_other(call, request)?;
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get("", call.name).await? else {
                return Err(Status::not_found(&call.storage.group_resource(), call.name));
            };
            let version = &given.metadata.resource_version;
            if !version.is_empty() && *version != current.revision.to_string() {
                return Err(Status::modified(&call.storage.group_resource(), call.name));
            }
            let mut namespace = current.value.downcast::<Namespace>().ok_or_else(no_such_resource)?.clone();
            namespace.spec.finalizers.clone_from(&given.spec.finalizers);
            let done = namespace.metadata.deletion_timestamp.is_some()
                && namespace.spec.finalizers.is_empty()
                && namespace.metadata.finalizers.is_empty();
            let written = if done {
                call.storage.remove("", call.name, current.revision).await?.map(|_| Object::new(namespace))
            } else {
                call.storage.replace(current.revision, Object::new(namespace), None).await?
            };
            if let Some(object) = written {
                return Ok(Response::object(object));
            }
        }
        Err(Status::modified(&call.storage.group_resource(), call.name))
    }

    async fn token(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        if request.verb != Verb::Create {
            return Err(method_not_allowed());
        }
        let dry = dry_run(&request.params.dry_run)?;
        let mut wanted: TokenRequest = self.decode_other(call, request)?;
        crate::reviews::check_token_names(&wanted, call.namespace, call.name)?;
        let Some(current) = call.storage.get(call.namespace, call.name).await? else {
            return Err(Status::not_found(&call.storage.group_resource(), call.name));
        };
        let account = current.value.downcast::<ServiceAccount>().ok_or_else(no_such_resource)?;
        crate::reviews::complete_token(&mut wanted, account, self.parts.clock.utc().to_time())?;
        self.admit_part(call, &mut wanted, dry).await?;
        self.parts.reviews.issue_token(account, &mut wanted, &self.parts.storages).await?;
        Ok(Response::new(Content::Object { code: 201, object: Object::new(wanted) }))
    }

    /// Ephemeral containers and resources of a running pod: an update that may change just that part.
    async fn update_part(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let plain = Call { subresource: "", ..*call };
        match request.verb {
            Verb::Get => self.get(&plain, &request.params).await,
            _ => Err(Status::failure(
                501,
                "NotImplemented",
                format!("changing pods through {} is not served by this server", call.subresource),
            )),
        }
    }

    /// Hands logs, exec, attach and port-forward on to the node that runs the pod.
    async fn connect_pod(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let Some(current) = call.storage.get(call.namespace, call.name).await? else {
            return Err(Status::not_found(&call.storage.group_resource(), call.name));
        };
        let pod = current.value.downcast_arc::<Pod>().ok_or_else(no_such_resource)?;
        if call.subresource != "log" {
            self.admit_connection(call, &current.value).await?;
        }
        if pod.spec.node_name.is_empty() {
            return Err(Status::bad_request(format!("pod {} does not have a host assigned", call.name)));
        }
        let node = self.node(&pod.spec.node_name).await?;
        self.parts.nodes.connect_pod(&node, &pod, call.subresource, request).await
    }

    async fn connect_node(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let Some(current) = call.storage.get("", call.name).await? else {
            return Err(Status::not_found(&call.storage.group_resource(), call.name));
        };
        self.admit_connection(call, &current.value).await?;
        let node = self.node(call.name).await?;
        self.parts.nodes.connect_node(&node, call.tail, request).await
    }

    async fn node(&self, name: &str) -> Result<std::sync::Arc<Node>, Status> {
        let storage = self.parts.storages.get(&Node::INFO.gvk()).ok_or_else(no_such_resource)?;
        let found = storage.get("", name).await?.and_then(|found| found.value.downcast_arc::<Node>());
        found.ok_or_else(|| Status::not_found(&storage.group_resource(), name))
    }

    async fn admit_connection(&self, call: &Call<'_>, object: &Object) -> Result<(), Status> {
        let attributes = Attributes {
            operation: Operation::Connect,
            resource: call.resource,
            kind: call.storage.info.gvk(),
            subresource: call.subresource,
            namespace: call.namespace,
            name: call.name,
            identity: call.identity,
            old: Some(object),
            dry_run: false,
            warnings: call.warnings,
        };
        self.parts.admission.validate(&attributes, None).await
    }

    /// Decodes the body of a subresource whose kind is not that of the resource.
    fn decode_other<K: Resource>(&self, call: &Call<'_>, request: Request) -> Result<K, Status> {
        let Request { body, params, .. } = request;
        let entry = self.parts.scheme.kind(&K::INFO.gvk()).ok_or_else(no_such_resource)?;
        let object = super::decode_object(&self.parts.scheme, entry, body, &params, call.warnings)?;
        object
            .as_any()
            .downcast_ref::<K>()
            .cloned()
            .ok_or_else(|| Status::bad_request(format!("the body is not a {}", K::INFO.kind)))
    }

    /// Reads, changes and writes an object as the system itself does, until nobody else is faster.
    async fn change<K: Resource>(
        &self,
        call: &Call<'_>,
        dry: bool,
        edit: impl Fn(&mut K) -> Result<(), Status> + Send,
    ) -> Result<Object, Status> {
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                return Err(Status::not_found(&call.storage.group_resource(), call.name));
            };
            let mut object = current.value.downcast::<K>().ok_or_else(no_such_resource)?.clone();
            edit(&mut object)?;
            if dry {
                return Ok(Object::new(object));
            }
            if let Some(written) = call.storage.replace(current.revision, Object::new(object), None).await? {
                return Ok(written);
            }
        }
        Err(Status::modified(&call.storage.group_resource(), call.name))
    }
}

fn too_many(budget: &pintle_object_model::api::policy::v1::PodDisruptionBudget) -> Status {
    let mut status = Status::too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", 0);
    status.details.get_or_insert_default().causes.push(pintle_object_model::api::meta::v1::StatusCause {
        reason: "DisruptionBudget".into(),
        message: format!(
            "The disruption budget {} needs {} healthy pods and has {} currently",
            budget.metadata.name, budget.status.desired_healthy, budget.status.current_healthy
        ),
        field: String::new(),
    });
    status
}
