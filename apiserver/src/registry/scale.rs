//! The `scale` subresource: replicas of a workload, whatever its kind.

use pintle_client::{Body, Params, PatchKind, Request, Response, Verb};
use pintle_object_model::api::autoscaling::v1::{Scale, ScaleSpec, ScaleStatus};
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::{AnyResource, Object, Resource, Status, patch as patches};

use super::apply::Configuration;
use super::body::dry_run;
use super::fields::Manager;
use super::update::ATTEMPTS;
use super::{Call, Registry, method_not_allowed, no_such_resource};
use crate::strategy;

impl Registry {
    pub(super) async fn scale(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        match request.verb {
            Verb::Get => {
                let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                    return Err(Status::not_found(&call.storage.group_resource(), call.name));
                };
                let opened = super::open(call, &current.value)?;
                if let Some(path) = strategy::missing_replicas(&*opened) {
                    return Err(Status::internal(format!("the spec replicas field {path:?} does not exist")));
                }
                Ok(Response::object(Object::new(scale_object(&*opened)?)))
            }
            Verb::Update | Verb::Patch => self.write_scale(call, request).await,
            _ => Err(method_not_allowed()),
        }
    }

    async fn write_scale(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        let manager = super::fields::manager(&request.params, &request.user_agent);
        let kind = call.scheme.kind(&Scale::INFO.gvk()).ok_or_else(no_such_resource)?;
        let configuration = match &request.body {
            Body::Patch(patch) => {
                super::apply::check_options(patch.kind, &request.params)?;
                (patch.kind == PatchKind::Apply)
                    .then(|| Configuration::parse(&patch.text, &kind.info().gvk()))
                    .transpose()?
            }
            _ => None,
        };
        let dry = dry_run(&request.params.dry_run)?;
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                return Err(Status::not_found(&call.storage.group_resource(), call.name));
            };
            let now = self.parts.clock.utc().to_time();
            let opened = super::open(call, &current.value)?;
            let mut before = scale_object(&*opened)?;
            before.metadata.managed_fields = patches::scale_managers(&current.value.metadata().managed_fields);
            let wanted = match &configuration {
                Some(configuration) => {
                    let scheme = call.scheme;
                    let merged = configuration.merge(scheme, kind, "scale", Some(&before), &request.params, now)?;
                    configuration.check_twice_named_keys(call, &request.params.field_validation)?;
                    merged.as_any().downcast_ref::<Scale>().cloned().unwrap_or_default()
                }
                None => {
                    let mut wanted = wanted_scale(&before, &request.body, &request.params)?;
                    super::fields::on_scale(&mut wanted, &before, &manager, now);
                    wanted
                }
            };
            let given = &wanted.metadata.resource_version;
            if !given.is_empty() && *given != current.revision.to_string() {
                return Err(Status::modified(&call.storage.group_resource(), call.name));
            }
            if wanted.spec.replicas < 0 {
                let mut errors = pintle_object_model::validation::FieldErrors::default();
                if let Some(paths) = call.entry.custom().and_then(|kind| kind.scale()) {
                    let path = pintle_object_model::validation::Path::new(&paths.wanted_text);
                    errors.invalid(&path, wanted.spec.replicas, "should be a non-negative integer");
                    return Err(super::create::invalid(call, call.name, &errors));
                }
                let path = pintle_object_model::validation::Path::new("spec").child("replicas");
                errors.invalid(&path, wanted.spec.replicas, "must be greater than or equal to 0");
                return Err(Status::invalid("autoscaling", "Scale", call.name, &errors));
            }
            let mut object = opened.clone_box();
            strategy::set_scale(&mut *object, wanted.spec.replicas);
            let metadata = object.metadata_mut();
            metadata.managed_fields = patches::managers_after_scale(
                &metadata.managed_fields,
                &wanted.metadata.managed_fields,
                &call.entry.info().api_version(),
            );
            // The workload is written as an update of its own, with its own validation and generation.
            let workload = Call { subresource: "", ..*call };
            if let Some(written) =
                self.write_update(&workload, object, &current, &Manager::settled(&manager.name), dry).await?
            {
                return Ok(Response::object(Object::new(scale_object(&*super::open(call, &written)?)?)));
            }
        }
        Err(Status::modified(&call.storage.group_resource(), call.name))
    }
}

fn scale_object(workload: &dyn AnyResource) -> Result<Scale, Status> {
    let scale = strategy::scale_of(workload).ok_or_else(no_such_resource)?;
    let of = workload.metadata();
    let mut object = Scale::default();
    object.metadata.name.clone_from(&of.name);
    object.metadata.namespace.clone_from(&of.namespace);
    object.metadata.uid.clone_from(&of.uid);
    object.metadata.resource_version.clone_from(&of.resource_version);
    object.metadata.creation_timestamp = of.creation_timestamp;
    object.spec = ScaleSpec { replicas: scale.wanted };
    object.status = ScaleStatus { replicas: scale.there, selector: scale.selector };
    Ok(object)
}

/// The scale that the request asks for.
fn wanted_scale(current: &Scale, body: &Body, params: &Params) -> Result<Scale, Status> {
    let malformed =
        |error: String| Status::bad_request(format!("Scale in version \"v1\" cannot be handled as a Scale: {error}"));
    let mut wanted = Scale::default();
    match body {
        Body::Object(object) => {
            return object.downcast::<Scale>().cloned().ok_or_else(|| malformed(format!("found {}", object.gvk())));
        }
        Body::Encoded { media_type, bytes } if media_type == "application/vnd.kubernetes.protobuf" => {
            let envelope =
                pintle_object_model::protobuf::decode_envelope(bytes).map_err(|error| malformed(error.to_string()))?;
            pintle_object_model::protobuf::decode(envelope.raw, &mut wanted)
                .map_err(|error| malformed(error.to_string()))?;
        }
        Body::Encoded { bytes, .. } => {
            let options = DecodeOptions { strict: params.field_validation == "Strict" };
            pintle_object_model::json::decode_kind(bytes, &mut wanted, &options)
                .map_err(|error| malformed(error.to_string()))?;
        }
        Body::Patch(patch) => {
            let mut tree = Object::new(current.clone()).to_value();
            let schema = <Scale as pintle_object_model::reflect::StaticSchema>::static_schema();
            patches::apply_any(&mut tree, patch.kind, &patch.text, schema)
                .map_err(|error| super::patch::refused(&error, "Scale"))?;
            // Patches without a version of their own do not compare versions.
            let text = serde_json::to_vec(&tree).map_err(Status::internal)?;
            pintle_object_model::json::decode_kind(&text, &mut wanted, &DecodeOptions::default())
                .map_err(|error| malformed(error.to_string()))?;
        }
        Body::Empty | Body::Delete(_) => return Err(Status::bad_request("the body is not a Scale")),
    }
    Ok(wanted)
}
