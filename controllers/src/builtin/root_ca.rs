//! Every namespace has the certificate of the cluster's authority, so that its pods can verify the API server.

use async_trait::async_trait;
use pintle_object_model::ObjectRef;
use pintle_object_model::api::core::v1::{ConfigMap, Namespace};

use crate::{Action, Context, Controller, ControllerError, Reconciler};

const NAME: &str = "kube-root-ca.crt";
const KEY: &str = "ca.crt";
const DESCRIPTION: &str = "kubernetes.io/description";
const WORDS: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

pub(super) fn controller(certificate: String) -> Controller {
    Controller::builder("root-ca-certificate-publisher")
        .for_each::<Namespace>()
        .watches::<ConfigMap>(|delta, _| {
            let metadata = &delta.object().metadata;
            (metadata.name == NAME).then(|| ObjectRef::new("", metadata.namespace.as_str())).into_iter().collect()
        })
        .build(Publisher { certificate })
}

struct Publisher {
    certificate: String,
}

#[async_trait]
impl Reconciler for Publisher {
    async fn reconcile(&self, key: &ObjectRef, context: &Context) -> Result<Action, ControllerError> {
        let namespace = context.informer::<Namespace>().get("", &key.name);
        if namespace.is_none_or(|namespace| namespace.metadata.deletion_timestamp.is_some()) {
            return Ok(Action::done());
        }
        let existing = context.informer::<ConfigMap>().get(&key.name, NAME);
        let mut wanted = existing.as_deref().cloned().unwrap_or_default();
        wanted.metadata.name = NAME.into();
        wanted.metadata.namespace.clone_from(&key.name);
        wanted.metadata.annotations.insert(DESCRIPTION.into(), WORDS.into());
        wanted.data.insert(KEY.into(), self.certificate.clone());
        let api = context.client().namespaced::<ConfigMap>(&key.name);
        let written = match &existing {
            Some(existing) if **existing == wanted => return Ok(Action::done()),
            Some(_) => api.replace(&wanted).await,
            None => api.create(&wanted).await,
        };
        match written {
            Err(status) if status.is_already_exists() || status.is_not_found() || status.code == 403 => {
                Ok(Action::done())
            }
            Err(status) => Err(ControllerError::api(format!("publishing the certificate in {}", key.name))(status)),
            Ok(_) => Ok(Action::done()),
        }
    }
}
