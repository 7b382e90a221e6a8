//! The `scale` subresource: replicas of a workload, whatever its kind.

use pintle_client::{Body, Patch, PatchKind, Request, Response, Verb};
use pintle_object_model::api::autoscaling::v1::{Scale, ScaleSpec, ScaleStatus};
use pintle_object_model::json::DecodeOptions;
use pintle_object_model::{AnyResource, Object, Resource, Status, patch as patches};

use super::apply::Configuration;
use super::fields::Manager;
use super::options::{self, OptionsOf};
use super::patch::{Patching, no_patch};
use super::update::{ATTEMPTS, check_identity, check_uid, check_version, version_of};
use super::{Call, Registry, method_not_allowed, no_such_resource};
use crate::strategy;

impl Registry {
    pub(super) async fn scale(&self, call: &Call<'_>, request: Request) -> Result<Response, Status> {
        match request.verb {
            Verb::Get => {
                let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                    return Err(Status::not_found(&call.group_resource(), call.name));
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
        let of = match (&request.body, request.verb) {
            (Body::Patch(patch), _) => OptionsOf::Patch(patch.kind),
            (_, Verb::Patch) => return Err(no_patch()),
            _ => OptionsOf::Update,
        };
        let dry = options::check(of, &request.params)?;
        let wish = match request.body {
            Body::Patch(patch) if patch.kind == PatchKind::Apply => {
                Wish::Applied(Configuration::parse(&patch.text, &kind.info().gvk())?)
            }
            Body::Patch(patch) => Wish::Patched(patch),
            body => {
                let decoded = super::decode_object(call.scheme, kind, body, &request.params, call.warnings)?;
                check_identity(call, &*decoded)?;
                Wish::Whole(Box::new(decoded.as_any().downcast_ref::<Scale>().cloned().unwrap_or_default()))
            }
        };
        for _ in 0..ATTEMPTS {
            let Some(current) = call.storage.get(call.namespace, call.name).await? else {
                return Err(Status::not_found(&call.group_resource(), call.name));
            };
            let now = self.parts.clock.utc().to_time();
            let opened = super::open(call, &current.value)?;
            let mut before = scale_object(&*opened)?;
            before.metadata.managed_fields = patches::scale_managers(&current.value.metadata().managed_fields);
            let wanted = match &wish {
                Wish::Applied(configuration) => {
                    let scheme = call.scheme;
                    let merged = configuration.merge(scheme, kind, "scale", Some(&before), &request.params, now)?;
                    configuration.check_twice_named_keys(call, &request.params.field_validation)?;
                    merged.as_any().downcast_ref::<Scale>().cloned().unwrap_or_default()
                }
                Wish::Patched(patch) => {
                    let mut wanted = patched(call, &before, patch, &request.params.field_validation)?;
                    super::fields::on_scale(&mut wanted, &before, &manager, now);
                    wanted
                }
                Wish::Whole(wanted) => {
                    let mut wanted = (**wanted).clone();
                    super::fields::on_scale(&mut wanted, &before, &manager, now);
                    wanted
                }
            };
            check_identity(call, &wanted)?;
            check_uid(call, &wanted.metadata, &current.value.metadata().uid)?;
            check_version(call, version_of(&wanted.metadata)?, current.revision)?;
            if wanted.spec.replicas < 0 {
                let mut errors = pintle_object_model::validation::FieldErrors::default();
                let of_definition = call.entry.custom().and_then(|kind| kind.scale()).map(|paths| &*paths.wanted_text);
                if let Some(path) = of_definition.or(call.entry.info().scale.map(|scale| scale.spec)) {
                    let path = pintle_object_model::validation::Path::new(path);
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
        Err(Status::modified(&call.group_resource(), call.name))
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

/// What a request makes of the scale.
enum Wish {
    Whole(Box<Scale>),
    Patched(Patch),
    Applied(Configuration),
}

fn patched(call: &Call<'_>, before: &Scale, patch: &Patch, validation: &str) -> Result<Scale, Status> {
    let schema = <Scale as pintle_object_model::reflect::StaticSchema>::static_schema();
    let options = DecodeOptions { strict: validation != "Ignore" };
    let patching = Patching { patch, schema, validation, warnings: call.warnings };
    patching.run(&Object::new(before.clone()).to_value(), |text| {
        let mut wanted = Scale::default();
        let issues = pintle_object_model::json::decode_kind(text, &mut wanted, &options);
        issues.map(|issues| (wanted, issues)).map_err(|error| error.to_string())
    })
}
