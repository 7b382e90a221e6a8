//! Every namespace has a service account named `default`.

use async_trait::async_trait;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::{Namespace, ServiceAccount};

use crate::{Action, Context, Controller, ControllerError, Reconciler};

const NAME: &str = "default";

pub(super) fn controller() -> Controller {
    Controller::builder("serviceaccount")
        .for_each::<Namespace>()
        .watches::<ServiceAccount>(|delta, _| {
            let metadata = &delta.object().metadata;
            let gone = matches!(delta, pintle_watch::Delta::Deleted { .. }) && metadata.name == NAME;
            gone.then(|| ObjectRef::new("", metadata.namespace.as_str())).into_iter().collect()
        })
        .build(DefaultAccounts)
}

struct DefaultAccounts;

#[async_trait]
impl Reconciler for DefaultAccounts {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let namespace = context.informer::<Namespace>().get("", &key.name);
        let active = namespace.is_some_and(|namespace| namespace.metadata.deletion_timestamp.is_none());
        if !active || context.informer::<ServiceAccount>().get(&key.name, NAME).is_some() {
            return Ok(Action::done());
        }
        let mut account = ServiceAccount::default();
        account.metadata.name = NAME.into();
        match context.client().namespaced::<ServiceAccount>(&key.name).create(&account).await {
            Err(status) if status.is_already_exists() || status.is_not_found() || status.code == 403 => {
                Ok(Action::done())
            }
            Err(status) => Err(ControllerError::api(format!("creating the default account of {}", key.name))(status)),
            Ok(_) => Ok(Action::done()),
        }
    }
}
