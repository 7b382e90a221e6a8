//! Nothing is made that goes beyond the quotas of its namespace.
//!
//! In: writes in namespaces with ResourceQuotas. Out: refusals, and `status.used` raised by what was let in.
//! Invariant: the sums of all quotas that a write touches are raised in one transaction that compares what was read,
//! so that two writers never spend the same rest twice. Elsewhere: counting anew when something goes (the quota
//! controller). Source: Kubernetes concepts, "Resource Quotas".

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::ResourceQuota;
use pintle_object_model::{AnyResource, Object, Quantity, Status};
use pintle_store::Revision;

use super::pod_resources::Amounts;
use super::{AdmissionPlugin, Attributes, Operation, refuse};
use crate::storage::Storage;

mod scope;
mod usage;

use usage::Charged;

/// See the module documentation.
#[derive(Debug)]
pub struct ResourceQuotaAdmission {
    quotas: Arc<Storage>,
}

/// How often the sums are read again because somebody else raised them.
const ATTEMPTS: usize = 64;

impl ResourceQuotaAdmission {
    pub(crate) fn new(quotas: Arc<Storage>) -> Self {
        Self { quotas }
    }

    /// The quotas of a namespace, as they are now.
    async fn current(&self, namespace: &str) -> Result<Vec<(Revision, Arc<ResourceQuota>)>, Status> {
        let names: Vec<String> = {
            let snapshot = self.quotas.cache.snapshot();
            snapshot.iter(namespace, None).map(|(_, object)| object.metadata().name.clone()).collect()
        };
        let mut found = vec![];
        for name in names {
            if let Some(versioned) = self.quotas.get(namespace, &name).await?
                && let Some(quota) = versioned.value.downcast_arc::<ResourceQuota>()
            {
                found.push((versioned.revision, quota));
            }
        }
        Ok(found)
    }
}

/// `a=1,b=2`.
fn shown<'a>(amounts: impl IntoIterator<Item = (&'a String, &'a Quantity)>) -> String {
    amounts.into_iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(",")
}

fn only<'a>(amounts: &'a Amounts, names: &'a [&String]) -> impl Iterator<Item = (&'a String, &'a Quantity)> {
    amounts.iter().filter(|(name, _)| names.contains(name))
}

/// What the write adds to a quota: all that the object uses, or what it uses more than before.
fn increase(quota: &ResourceQuota, new: &Charged<'_>, old: Option<&Charged<'_>>) -> Amounts {
    let mut usage = new.usage();
    if let Some(old) = old.filter(|old| scope::covers(quota, old)) {
        let before = old.usage();
        for (name, amount) in &mut usage {
            let was = before.get(name).copied().unwrap_or_default();
            *amount = if *amount > was { *amount - was } else { Quantity::default() };
        }
    }
    usage.retain(|name, amount| *amount > Quantity::default() && quota.status.hard.contains_key(name));
    usage
}

/// The quota as it is when the write is let in; `None` if the write does not touch it.
fn charge(
    attributes: &Attributes<'_>,
    quota: &ResourceQuota,
    new: &Charged<'_>,
    old: Option<&Charged<'_>>,
) -> Result<Option<ResourceQuota>, Status> {
    if !scope::covers(quota, new) {
        return Ok(None);
    }
    let (name, status) = (&quota.metadata.name, &quota.status);
    let limited: Vec<&String> = status.hard.keys().filter(|resource| new.counts(resource)).collect();
    if limited.is_empty() {
        return Ok(None);
    }
    if let Some(missing) = new.unspecified(&limited) {
        return Err(refuse(attributes, format!("failed quota: {name}: must specify {missing}")));
    }
    if limited.iter().any(|resource| !status.used.contains_key(*resource)) {
        let list = limited.iter().map(|resource| resource.as_str()).collect::<Vec<_>>().join(",");
        return Err(refuse(attributes, format!("status unknown for quota: {name}, resources: {list}")));
    }
    let added = increase(quota, new, old);
    if added.is_empty() {
        return Ok(None);
    }
    let mut after = quota.clone();
    for (resource, amount) in &added {
        *after.status.used.entry(resource.clone()).or_default() += *amount;
    }
    let exceeded: Vec<&String> =
        added.keys().filter(|resource| after.status.used[*resource] > status.hard[*resource]).collect();
    if !exceeded.is_empty() {
        return Err(refuse(
            attributes,
            format!(
                "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
                shown(only(&added, &exceeded)),
                shown(only(&status.used, &exceeded)),
                shown(only(&status.hard, &exceeded))
            ),
        ));
    }
    Ok(Some(after))
}

#[async_trait]
impl AdmissionPlugin for ResourceQuotaAdmission {
    fn name(&self) -> &'static str {
        "ResourceQuota"
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    async fn validate(&self, attributes: &Attributes<'_>, object: Option<&dyn AnyResource>) -> Result<(), Status> {
        let Some(object) = object.filter(|_| !attributes.namespace.is_empty()) else { return Ok(()) };
        let new = Charged::new(object);
        if !new.is_charged(attributes.operation, attributes.subresource) {
            return Ok(());
        }
        let old = attributes.old.and_then(|old| old.typed()).map(Charged::new);
        for _ in 0..ATTEMPTS {
            let mut changed = vec![];
            for (revision, quota) in self.current(attributes.namespace).await? {
                if let Some(after) = charge(attributes, &quota, &new, old.as_ref())? {
                    changed.push((revision, Object::new(after)));
                }
            }
            if changed.is_empty() || attributes.dry_run || self.quotas.replace_all(changed).await? {
                return Ok(());
            }
        }
        Err(Status::modified(&self.quotas.group_resource(), ""))
    }
}

/// Resources and who leaves them open, for messages: `limits.memory for: a,b; requests.cpu for: a`.
fn open_list(open: &BTreeMap<&str, Vec<&str>>) -> String {
    open.iter().map(|(resource, names)| format!("{resource} for: {}", names.join(","))).collect::<Vec<_>>().join("; ")
}
