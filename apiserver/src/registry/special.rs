//! Subresources with a meaning of their own, and how they are found.
//!
//! Elsewhere: `scale`, `binding`, `eviction`, connections to nodes and pods (`connect`), and what subresources that
//! change a part of the object may change (`strategy`).

use std::sync::Arc;

use pintle_client::{Content, Request, Response, Verb};
use pintle_object_model::api::authentication::v1::TokenRequest;
use pintle_object_model::api::core::v1::{Pod, ServiceAccount};
use pintle_object_model::{AnyResource, Object, Resource, Status};

use super::options::{self, OptionsOf};
use super::update::ATTEMPTS;
use super::{Call, Registry, method_not_allowed, no_such_resource};

impl Registry {
    pub(super) async fn special(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let info = call.entry.info();
        let verb = request.verb;
        match (info.group, info.kind, call.subresource) {
            (_, _, "scale") if info.has("scale") => self.scale(call, request).await,
            ("", "Pod", "binding") => self.bind(call, request).await,
            ("", "Pod", "eviction") => self.evict(call, request).await,
            ("", "Pod", "log") if verb == Verb::Get => self.log(call, request).await,
            ("", "Pod", "exec" | "attach" | "portforward") if matches!(verb, Verb::Get | Verb::Create) => {
                self.connect_pod(call, request).await
            }
            ("", "Pod", "ephemeralcontainers" | "resize")
            | ("certificates.k8s.io", "CertificateSigningRequest", "approval") => self.part(call, request).await,
            ("", "Namespace", "finalize") if verb == Verb::Update => self.update(call, request).await,
            ("", "ServiceAccount", "token") => self.token(call, request).await,
            ("", "Pod" | "Node" | "Service", "proxy") if verb != Verb::Watch && verb != Verb::List => {
                self.proxy(call, request).await
            }
            ("", "Pod", "log" | "exec" | "attach" | "portforward")
            | ("", "Namespace", "finalize")
            | ("", "Pod" | "Node" | "Service", "proxy") => Err(method_not_allowed()),
            _ => Err(no_such_resource()),
        }
    }

    /// A subresource that is the whole object, of which only a part can be changed.
    async fn part(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        match request.verb {
            Verb::Get => self.get(call, &request.params).await,
            Verb::Update => self.update(call, request).await,
            Verb::Patch => self.patch(call, request).await,
            _ => Err(method_not_allowed()),
        }
    }

    async fn token(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        if request.verb != Verb::Create {
            return Err(method_not_allowed());
        }
        let dry = options::check(OptionsOf::Create, &request.params)?;
        let mut wanted: TokenRequest = self.decode_other(call, request)?;
        crate::reviews::check_token_names(&wanted, call.namespace, call.name)?;
        let Some(current) = call.storage.get(call.namespace, call.name).await? else {
            return Err(Status::not_found(&call.group_resource(), call.name));
        };
        let account = current.value.downcast::<ServiceAccount>().ok_or_else(no_such_resource)?;
        crate::reviews::complete_token(&mut wanted, account, self.parts.clock.utc().to_time())?;
        self.admit_part(call, &mut wanted, dry).await?;
        self.parts.reviews.issue_token(account, &mut wanted, &self.parts.storages).await?;
        Ok(Response::new(Content::Object { code: 201, object: Object::new(wanted) }))
    }

    /// A pod that runs is given other resources by its node, so the node must be known.
    pub(super) async fn check_resize(
        &self,
        call: &Call<'_>,
        new: &dyn AnyResource,
        old: &dyn AnyResource,
    ) -> Result<(), Status> {
        let (Some(new), Some(old)) = (new.as_any().downcast_ref::<Pod>(), old.as_any().downcast_ref::<Pod>()) else {
            return Ok(());
        };
        if call.subresource != "resize" || new.spec == old.spec || old.spec.node_name.is_empty() {
            return Ok(());
        }
        match self.node_named(&old.spec.node_name).await? {
            Some(_) => Ok(()),
            None => {
                let why = format!("node {:?} not found", old.spec.node_name);
                Err(Status::forbidden(&call.group_resource(), call.name, why))
            }
        }
    }

    /// The pod that the call names.
    pub(super) async fn pod(&self, call: &Call<'_>) -> Result<(Object, Arc<Pod>), Status> {
        let Some(current) = call.storage.get(call.namespace, call.name).await? else {
            return Err(Status::not_found(&call.group_resource(), call.name));
        };
        let pod = current.value.downcast_arc::<Pod>().ok_or_else(no_such_resource)?;
        Ok((current.value, pod))
    }

    /// Decodes the body of a subresource whose kind is not that of the resource.
    pub(super) fn decode_other<K: Resource>(&self, call: &Call<'_>, request: Request) -> Result<K, Status> {
        let Request { body, params, .. } = request;
        let entry = call.scheme.kind(&K::INFO.gvk()).ok_or_else(no_such_resource)?;
        let object = super::decode_object(call.scheme, entry, body, &params, call.warnings)?;
        object
            .as_any()
            .downcast_ref::<K>()
            .cloned()
            .ok_or_else(|| Status::bad_request(format!("the body is not a {}", K::INFO.kind)))
    }

    /// Reads, changes and writes an object as the system itself does, until nobody else is faster.
    pub(super) async fn change<K: Resource>(
        &self,
        call: &Call<'_>,
        dry: bool,
        edit: impl Fn(&mut K) -> Result<(), Status> + Send,
    ) -> Result<Object, Status> {
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                return Err(Status::not_found(&call.group_resource(), call.name));
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
        Err(Status::modified(&call.group_resource(), call.name))
    }
}
