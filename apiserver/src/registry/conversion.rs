//! Versions of custom resources that only a webhook can convert.
//!
//! In: a request at a version that is not stored. Out: the same request at the stored version, and its answer at the
//! version asked for. Invariant: what a webhook gives back is the same object: only its labels, annotations and fields
//! may differ. Source: Kubernetes documentation, "Versions in CustomResourceDefinitions", "Webhook conversion".

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use pintle_client::{Body, Content, ObjectList, PatchKind, Request, Response, Verb, WatchEvent};
use pintle_object_model::custom::{CustomKind, CustomObject};
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::{GroupVersionKind, Object, Scheme, Status};
use serde_json::{Value, json};

use super::update::ATTEMPTS;
use super::{Call, Registry, decode_object};
use crate::webhook::{Outbound, Target};

/// How long a webhook may take to convert.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Registry {
    /// Does the call need a webhook for what it reads and writes?
    pub(super) fn needs_conversion(call: &Call<'_>) -> bool {
        !call.entry.is_hub() && call.entry.custom().is_some_and(|kind| kind.conversion().is_some())
    }

    /// Answers a call at the stored version, and converts on the way in and out.
    pub(super) async fn converted(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let stored = call.scheme.kind(call.entry.hub()).ok_or_else(super::no_such_resource)?;
        let hub = Call { entry: stored, ..*call };
        let plain = matches!(call.subresource, "" | "status");
        let response = match (request.verb, &request.body) {
            (Verb::Patch, Body::Patch(patch)) if plain && patch.kind == PatchKind::Apply => {
                return Err(Status::failure(
                    501,
                    "NotImplemented",
                    format!(
                        "apply at version {} of {}: a webhook converts this one",
                        stored.info().version,
                        call.resource
                    ),
                ));
            }
            (Verb::Patch, Body::Patch(_)) if plain => self.patch_converted(call, &hub, request).await?,
            (Verb::Create | Verb::Update, _) if plain => {
                let Request { body, params, .. } = request.clone();
                let object = decode_object(call.scheme, call.entry, body, &params, call.warnings)?;
                let body = self.one(call, Object::from_box(object), call.entry.hub()).await?;
                self.dispatch(&hub, Request { body: Body::Object(body), ..request }).await?
            }
            _ => self.dispatch(&hub, request).await?,
        };
        self.answered(call, response).await
    }

    /// A patch is applied to what the caller sees; the outcome replaces what was patched.
    async fn patch_converted(&self, call: &Call<'_>, hub: &Call<'_>, request: Request) -> Result<Response, Status> {
        let Body::Patch(patch) = request.body.clone() else { return Err(super::patch::no_patch()) };
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                return Err(Status::not_found(&call.storage.group_resource(), call.name));
            };
            let before = self.one(call, current.value, &call.entry.info().gvk()).await?;
            let patched = self.patched(call, &before, &patch, &request.params.field_validation)?;
            let insists = patched.metadata().resource_version != before.metadata().resource_version;
            let body = self.one(call, Object::from_box(patched), call.entry.hub()).await?;
            let update = Request { verb: Verb::Update, body: Body::Object(body), ..request.clone() };
            match self.dispatch(hub, update).await {
                // Somebody else was faster, which a patch does not mind unless it names a version.
                Err(status) if status.is_conflict() && !insists => {}
                answered => return answered,
            }
        }
        Err(Status::modified(&call.storage.group_resource(), call.name))
    }

    async fn answered(&self, call: &Call<'_>, response: Response) -> Result<Response, Status> {
        let to = call.entry.info().gvk();
        let of_kind = |gvk: &GroupVersionKind| gvk.group == to.group && gvk.kind == to.kind;
        let content = match response.content {
            Content::Object { code, object } if of_kind(&object.gvk()) => {
                Content::Object { code, object: self.one(call, object, &to).await? }
            }
            Content::List(list) => {
                let items = self.convert(call, list.items, &to).await?;
                Content::List(ObjectList { gvk: to, items, ..list })
            }
            Content::Watch { events, .. } => {
                let Some(converter) = self.converter(call) else { return Err(super::no_such_resource()) };
                let gvk = to.clone();
                let events = events.then(move |event| {
                    let (converter, to) = (converter.clone(), to.clone());
                    async move { converter.event(event, &to).await }
                });
                Content::Watch { gvk, events: Box::pin(events) }
            }
            other => other,
        };
        Ok(Response { content, ..response })
    }

    fn converter(&self, call: &Call<'_>) -> Option<Converter> {
        Some(Converter {
            kind: Arc::clone(call.entry.custom()?),
            scheme: call.scheme.clone(),
            outbound: self.parts.outbound.clone(),
            random: self.parts.random.clone(),
        })
    }

    async fn one(&self, call: &Call<'_>, object: Object, to: &GroupVersionKind) -> Result<Object, Status> {
        let mut converted = self.convert(call, vec![object], to).await?;
        converted.pop().ok_or_else(|| Status::internal("the conversion of an object gave none"))
    }

    async fn convert(
        &self,
        call: &Call<'_>,
        objects: Vec<Object>,
        to: &GroupVersionKind,
    ) -> Result<Vec<Object>, Status> {
        let converter = self.converter(call).ok_or_else(super::no_such_resource)?;
        converter.convert(objects, to).await
    }
}

/// Asks the webhook of one definition.
#[derive(Clone)]
struct Converter {
    kind: Arc<CustomKind>,
    scheme: Scheme,
    outbound: Outbound,
    random: pintle_object_model::clock::Random,
}

impl Converter {
    async fn event(&self, event: WatchEvent, to: &GroupVersionKind) -> WatchEvent {
        let (make, object): (fn(Object) -> WatchEvent, Object) = match event {
            WatchEvent::Added(object) => (WatchEvent::Added, object),
            WatchEvent::Modified(object) => (WatchEvent::Modified, object),
            WatchEvent::Deleted(object) => (WatchEvent::Deleted, object),
            other => return other,
        };
        match self.convert(vec![object], to).await {
            Ok(mut converted) => match converted.pop() {
                Some(object) => make(object),
                None => WatchEvent::Error(Box::new(Status::internal("the conversion of an object gave none"))),
            },
            Err(status) => WatchEvent::Error(Box::new(status)),
        }
    }

    async fn convert(&self, objects: Vec<Object>, to: &GroupVersionKind) -> Result<Vec<Object>, Status> {
        let asked: Vec<&Object> = objects.iter().filter(|object| object.gvk() != *to).collect();
        let Some(first) = asked.first() else { return Ok(objects) };
        let from = first.gvk();
        let named = format!("{}, Kind={}", from.api_version(), from.kind);
        let failed = |why: String| Status::failure(500, "", format!("conversion webhook for {named} failed: {why}"));
        let trees: Vec<Value> = asked.iter().map(|object| object.to_value()).collect();
        let mut answers = self.ask(trees, to).await.map_err(failed)?.into_iter();
        objects
            .into_iter()
            .map(|object| {
                if object.gvk() == *to {
                    return Ok(object);
                }
                let tree = answers.next().ok_or_else(|| failed("it gave back fewer objects than it got".into()))?;
                self.accept(&object, tree, to).map_err(failed)
            })
            .collect()
    }

    async fn ask(&self, objects: Vec<Value>, to: &GroupVersionKind) -> Result<Vec<Value>, String> {
        let webhook = self.kind.conversion().ok_or("the definition names no webhook")?;
        let config = webhook.client_config.as_deref().ok_or("the definition does not say where it is")?;
        let versions = &webhook.conversion_review_versions;
        let version = versions.iter().find(|version| matches!(version.as_str(), "v1" | "v1beta1"));
        let version = version.ok_or("it understands no version of the review that this server speaks")?;
        let (count, uid) = (objects.len(), self.random.uuid());
        let review = json!({
            "kind": "ConversionReview", "apiVersion": format!("apiextensions.k8s.io/{version}"),
            "request": {"uid": uid, "desiredAPIVersion": to.api_version(), "objects": objects},
        });
        let service = config.service.as_deref().map(|service| {
            let path = service.path.as_deref().unwrap_or_default();
            (service.namespace.as_str(), service.name.as_str(), service.port.unwrap_or(443), path)
        });
        let target = Target { url: config.url.as_deref(), service, ca: &config.ca_bundle.0 };
        let body = self.outbound.post(&target, review.to_string().into_bytes(), TIMEOUT).await?;
        let answer: Value = serde_json::from_slice(&body).map_err(|error| format!("invalid answer: {error}"))?;
        let response = answer.get("response").ok_or("no response in the answer")?;
        if response["uid"] != uid.as_str() {
            return Err(format!("expected response.uid={uid:?}, got {}", response["uid"]));
        }
        if response["result"]["status"] != "Success" {
            return Err(response["result"]["message"].as_str().unwrap_or("without explanation").to_owned());
        }
        let converted = response["convertedObjects"].as_array().cloned().unwrap_or_default();
        if converted.len() != count {
            return Err(format!("expected {count} converted objects, got {}", converted.len()));
        }
        Ok(converted)
    }

    /// What came back, as the same object at the other version.
    fn accept(&self, before: &Object, tree: Value, to: &GroupVersionKind) -> Result<Object, String> {
        let member = |name: &str| tree.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let found = GroupVersionKind::parse(&member("apiVersion"), &member("kind"));
        if found != *to {
            return Err(format!(
                "expected {}, Kind={}, got {}, Kind={}",
                to.api_version(),
                to.kind,
                found.api_version(),
                found.kind
            ));
        }
        let kind = self.scheme.kind(to).and_then(|entry| entry.custom()).ok_or("the version is not served")?;
        let text = serde_json::to_vec(&tree).map_err(|error| error.to_string())?;
        let decoded =
            CustomObject::decode(kind, &text, &DecodeOptions::default()).map_err(|error| error.to_string())?;
        let mut object = decoded.0.into_object();
        let (given, kept) = (object.metadata().clone(), before.metadata().clone());
        if (&given.name, &given.namespace, &given.uid) != (&kept.name, &kept.namespace, &kept.uid) {
            return Err("metadata.name, metadata.namespace and metadata.uid must not change".into());
        }
        object.edit_metadata(|metadata| {
            *metadata = kept;
            metadata.labels = given.labels;
            metadata.annotations = given.annotations;
        });
        Ok(object)
    }
}
