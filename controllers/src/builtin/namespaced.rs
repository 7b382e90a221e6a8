//! What every namespace has: the default ServiceAccount, and the cluster's root certificate.
//!
//! Source: Kubernetes reference, "Managing Service Accounts"; concepts, "ConfigMap `kube-root-ca.crt`".

use std::collections::BTreeMap;

use async_trait::async_trait;
use pintle_object_model::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use pintle_object_model::{ObjectRef, Status};

use super::replicas::is_terminating_namespace;
use crate::error::Doing;
use crate::{Action, Context, Controller, ControllerError, ControllerOptions, Reconciler};

const DEFAULT: &str = "default";
const ROOT_CA: &str = "kube-root-ca.crt";
const ROOT_CA_NOTE: &str = "kubernetes.io/description";

/// The `serviceaccount` controller.
pub(crate) fn service_account_controller() -> Controller {
    Controller::new("serviceaccount")
        .component("serviceaccount-controller")
        .for_::<Namespace>()
        .watches::<ServiceAccount>(|account, _| {
            let is_default = account.metadata.name == DEFAULT;
            is_default.then(|| ObjectRef::new("", account.metadata.namespace.as_str())).into_iter().collect()
        })
        .build(DefaultAccount)
}

/// The `root-ca-certificate-publisher` controller.
pub(crate) fn root_ca_controller(options: &ControllerOptions) -> Controller {
    Controller::new("root-ca-certificate-publisher")
        .component("root-ca-cert-publisher")
        .for_::<Namespace>()
        .watches::<ConfigMap>(|map, _| {
            let is_root = map.metadata.name == ROOT_CA;
            is_root.then(|| ObjectRef::new("", map.metadata.namespace.as_str())).into_iter().collect()
        })
        .build(RootCa { pem: options.cluster_ca.clone() })
}

/// Does the namespace exist, and is it to stay?
fn is_alive(ctx: &Context, name: &str) -> bool {
    ctx.cached::<Namespace>().get("", name).is_some_and(|namespace| {
        namespace.metadata.deletion_timestamp.is_none() && namespace.status.phase != "Terminating"
    })
}

/// Somebody was faster, or the namespace goes: both fine.
fn made<T>(result: Result<T, Status>) -> Result<(), Status> {
    match result {
        Err(status) if !status.is_already_exists() && !is_terminating_namespace(&status) && !status.is_not_found() => {
            Err(status)
        }
        _ => Ok(()),
    }
}

struct DefaultAccount;

#[async_trait]
impl Reconciler for DefaultAccount {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let there = ctx.cached::<ServiceAccount>().get(&key.name, DEFAULT).is_some();
        if is_alive(ctx, &key.name) && !there {
            let mut account = ServiceAccount::default();
            account.metadata.name = DEFAULT.into();
            account.metadata.namespace.clone_from(&key.name);
            let created = ctx.api::<ServiceAccount>(&key.name).create(&account).await;
            made(created).doing(|| format!("making the default service account of {key}"))?;
        }
        Ok(Action::done())
    }
}

struct RootCa {
    pem: Option<String>,
}

#[async_trait]
impl Reconciler for RootCa {
    async fn reconcile(&self, key: &ObjectRef, ctx: &Context) -> Result<Action, ControllerError> {
        let Some(pem) = self.pem.as_ref().filter(|_| is_alive(ctx, &key.name)) else { return Ok(Action::done()) };
        let current = ctx.cached::<ConfigMap>().get(&key.name, ROOT_CA);
        let wanted = BTreeMap::from([("ca.crt".to_owned(), pem.clone())]);
        if current.as_ref().is_some_and(|map| map.data == wanted && map.binary_data.is_empty()) {
            return Ok(Action::done());
        }
        let mut map = current.as_deref().cloned().unwrap_or_default();
        map.metadata.name = ROOT_CA.into();
        map.metadata.namespace.clone_from(&key.name);
        let note =
            "Holds the certificate authority that vouches for the API server inside the cluster, and only for that.";
        map.metadata.annotations.insert(ROOT_CA_NOTE.into(), note.into());
        map.data = wanted;
        map.binary_data.clear();
        let api = ctx.api::<ConfigMap>(&key.name);
        let written = if current.is_some() { api.replace(&map).await } else { api.create(&map).await };
        made(written).doing(|| format!("publishing the root certificate to {key}"))?;
        Ok(Action::done())
    }
}
