//! `ControllerRevision`s: the templates that a workload had, so that it can go back to them.
//!
//! In: a workload's template. Out: one numbered revision per different template, the newest number for the current one.
//! Invariant: a revision's data never changes. Needs the owner index on `ControllerRevision`.

use std::collections::BTreeMap;
use std::sync::Arc;

use pintle_object_model::api::apps::v1::ControllerRevision;
use pintle_object_model::api::core::v1::{PodTemplate, PodTemplateSpec};
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::selector::Selector;
use pintle_object_model::{Object, RawExtension, Resource};
use serde_json::Value;

use crate::builtin::deployment::template_hash;
use crate::error::{Doing, gone_is_fine};
use crate::owner::{claim, controller_of, controller_ref};
use crate::{Context, ControllerError};

/// Label of pods: the revision that they were made from.
pub(crate) const HASH: &str = "controller-revision-hash";
/// Other names to try when another template has taken one.
const COLLISIONS_MAX: i32 = 16;

/// The revisions of a workload.
pub(crate) struct Revisions {
    /// All, oldest first.
    pub(crate) all: Vec<Arc<ControllerRevision>>,
    /// That of the current template.
    pub(crate) current: Arc<ControllerRevision>,
}

/// Makes sure that the current template has a revision, and the highest number.
pub(crate) async fn sync<O: Resource>(
    ctx: &Context,
    owner: &O,
    selector: &Selector,
    labels: &BTreeMap<String, String>,
    template: &PodTemplateSpec,
) -> Result<Revisions, ControllerError> {
    let meta = owner.metadata();
    let mut all: Vec<Arc<ControllerRevision>> = claim(ctx, owner, selector).await?;
    all.sort_by_key(|revision| revision.revision);
    let data = data_of(template);
    let newest = all.last().map_or(0, |revision| revision.revision);
    let api = ctx.api::<ControllerRevision>(&meta.namespace);
    if let Some(index) = all.iter().rposition(|revision| revision.data.to_value() == data) {
        let mut current = Arc::clone(&all[index]);
        if current.revision != newest {
            let mut renumbered = (*current).clone();
            renumbered.revision = newest + 1;
            current = api.replace(&renumbered).await.doing(|| format!("numbering {}", renumbered.metadata.name))?;
            all.remove(index);
            all.push(Arc::clone(&current));
        }
        return Ok(Revisions { all, current });
    }
    for collision in 0..COLLISIONS_MAX {
        let hash = template_hash(template, collision);
        let mut revision = ControllerRevision::default();
        revision.metadata.name = format!("{}-{hash}", meta.name);
        revision.metadata.namespace.clone_from(&meta.namespace);
        revision.metadata.labels.clone_from(labels);
        revision.metadata.labels.insert(HASH.into(), hash);
        revision.metadata.owner_references.push(controller_ref(owner));
        revision.data = RawExtension::from_value(&data);
        revision.revision = newest + 1;
        let made = match api.create(&revision).await {
            Err(status) if status.is_already_exists() => {
                let found =
                    api.get(&revision.metadata.name).await.doing(|| format!("reading {}", revision.metadata.name))?;
                let ours = controller_of(&found.metadata).is_some_and(|of| of.uid == meta.uid);
                if !ours || found.data.to_value() != data {
                    continue;
                }
                found
            }
            other => other.doing(|| format!("making {}", revision.metadata.name))?,
        };
        all.push(Arc::clone(&made));
        return Ok(Revisions { all, current: made });
    }
    Err(ControllerError::Waiting(format!("a name for a revision of {} is free", meta.name)))
}

/// Deletes the oldest revisions that no pod has and that are beyond the limit.
pub(crate) async fn clean_up(
    ctx: &Context,
    revisions: &Revisions,
    in_use: impl Fn(&ControllerRevision) -> bool,
    limit: Option<i32>,
) -> Result<(), ControllerError> {
    let limit = usize::try_from(limit.unwrap_or(10)).unwrap_or_default();
    let current = &revisions.current.metadata.uid;
    let unused: Vec<_> = revisions.all.iter().filter(|one| one.metadata.uid != *current && !in_use(one)).collect();
    for revision in unused.iter().take(unused.len().saturating_sub(limit)) {
        let api = ctx.api::<ControllerRevision>(&revision.metadata.namespace);
        let name = &revision.metadata.name;
        gone_is_fine(api.delete(name, DeleteOptions::default()).await).doing(|| format!("deleting {name}"))?;
    }
    Ok(())
}

/// The hash in a revision's labels.
pub(crate) fn hash_of(revision: &ControllerRevision) -> &str {
    revision.metadata.labels.get(HASH).map_or("", String::as_str)
}

/// A template as the patch that brings it back.
fn data_of(template: &PodTemplateSpec) -> Value {
    let holder = PodTemplate { template: template.clone(), ..PodTemplate::default() };
    let mut template = Object::new(holder).to_value()["template"].take();
    template["$patch"] = "replace".into();
    serde_json::json!({"spec": {"template": template}})
}

/// The template that a revision holds; `None` if its data is not ours.
pub(crate) fn template_of(revision: &ControllerRevision) -> Option<PodTemplateSpec> {
    let mut data = revision.data.to_value();
    let mut template = data.pointer_mut("/spec/template")?.take();
    template.as_object_mut()?.remove("$patch");
    let holder: PodTemplate = serde_json::from_value(serde_json::json!({"template": template})).ok()?;
    Some(holder.template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_comes_back_from_its_revision() {
        let mut template = PodTemplateSpec::default();
        template.metadata.labels.insert("app".into(), "web".into());
        template.spec.node_name = "n".into();
        let revision = ControllerRevision { data: RawExtension::from_value(&data_of(&template)), ..Default::default() };
        assert_eq!(template_of(&revision), Some(template));
    }
}
