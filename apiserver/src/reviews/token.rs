//! Tokens on request: the `token` subresource of service accounts.
//!
//! In: a TokenRequest, and the object it is to be bound to. Out: the request with a token, or what is wrong with it.
//! Source: Kubernetes API reference, `authentication.k8s.io/v1` TokenRequest; KEP-1205, KEP-4193.

use pintle_object_model::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestStatus};
use pintle_object_model::api::core::v1::{Node, Pod, Secret, ServiceAccount};
use pintle_object_model::validation::{FieldErrors, Path};
use pintle_object_model::{GroupResource, GroupVersionKind, Object, Resource, Status, Time};

use super::Reviews;
use crate::registry::no_such_resource;
use crate::storage::Storages;
use crate::tokens::{Bound, Reference, reference_to};

/// Shortest and longest life of a requested token, in seconds.
const TOKEN_SECONDS: std::ops::RangeInclusive<i64> = 600..=1 << 32;
const GROUP: &str = "authentication.k8s.io";

/// Names must be those of the account, where they are given at all.
pub(crate) fn check_names(request: &TokenRequest, namespace: &str, name: &str) -> Result<(), Status> {
    let metadata = Path::new("metadata");
    let mut errors = FieldErrors::default();
    let given = &request.metadata;
    if !given.name.is_empty() && given.name != name {
        errors.invalid(&metadata.child("name"), &given.name, "must match the service account name if specified");
    } else if !given.namespace.is_empty() && given.namespace != namespace {
        let why = "must match the service account namespace if specified";
        errors.invalid(&metadata.child("namespace"), &given.namespace, why);
    }
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(GROUP, "TokenRequest", name, &errors)) }
}

/// Fills in what the request leaves open and checks the rest, before admission sees it.
pub(crate) fn complete(request: &mut TokenRequest, account: &ServiceAccount, now: Time) -> Result<(), Status> {
    if request.spec.audiences.is_empty() {
        request.spec.audiences = vec![crate::tokens::ISSUER.into()];
    }
    request.metadata.name.clone_from(&account.metadata.name);
    request.metadata.namespace.clone_from(&account.metadata.namespace);
    request.metadata.uid.clone_from(&account.metadata.uid);
    request.metadata.creation_timestamp = Some(now);
    request.status = TokenRequestStatus::default();
    let seconds = *request.spec.expiration_seconds.get_or_insert(3600);
    let mut errors = FieldErrors::default();
    let path = Path::new("spec").child("expirationSeconds");
    if seconds < *TOKEN_SECONDS.start() {
        errors.invalid(&path, seconds, "may not specify a duration less than 10 minutes");
    } else if seconds > *TOKEN_SECONDS.end() {
        errors.invalid(&path, seconds, "may not specify a duration larger than 2^32 seconds");
    }
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(GROUP, "TokenRequest", "", &errors)) }
}

impl Reviews {
    /// Issues what a completed and admitted request asks for.
    pub(crate) async fn issue_token(
        &self,
        account: &ServiceAccount,
        request: &mut TokenRequest,
        storages: &Storages,
    ) -> Result<(), Status> {
        let Some(tokens) = &self.tokens else {
            return Err(Status::failure(501, "NotImplemented", "this server issues no service account tokens"));
        };
        let bound = match request.spec.bound_object_ref.as_deref() {
            None => Bound::default(),
            Some(reference) => bind(account, reference, storages).await?,
        };
        let seconds = request.spec.expiration_seconds.unwrap_or(3600);
        let (token, end) = tokens.issue(account, &request.spec.audiences, seconds, bound)?;
        request.status.token = token;
        request.status.expiration_timestamp = Some(Time::from_unix(end));
        Ok(())
    }
}

async fn read<K: Resource>(storages: &Storages, namespace: &str, name: &str) -> Result<Object, Status> {
    let storage = storages.get(&K::INFO.gvk()).ok_or_else(no_such_resource)?;
    let found = storage.get(namespace, name).await?;
    Ok(found.ok_or_else(|| Status::not_found(&storage.group_resource(), name))?.value)
}

/// Looks up what a token is to be bound to.
async fn bind(
    account: &ServiceAccount,
    reference: &BoundObjectReference,
    storages: &Storages,
) -> Result<Bound, Status> {
    let (namespace, name) = (account.metadata.namespace.as_str(), reference.name.as_str());
    let kind = GroupVersionKind::parse(&reference.api_version, &reference.kind);
    let mut bound = Bound::default();
    let found = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => {
            let object = read::<Pod>(storages, namespace, name).await?;
            let pod = object.downcast::<Pod>().ok_or_else(no_such_resource)?;
            if pod.spec.service_account_name != account.metadata.name {
                return Err(Status::bad_request(format!(
                    "cannot bind token for serviceaccount {:?} to pod running with different serviceaccount name.",
                    account.metadata.name
                )));
            }
            bound.pod = Some(reference_to(pod));
            let node = &pod.spec.node_name;
            if !node.is_empty() {
                // The node may be gone, or not there yet; then only its name is known.
                bound.node = Some(match read::<Node>(storages, "", node).await {
                    Ok(found) => Reference { name: node.clone(), uid: found.metadata().uid.clone() },
                    Err(status) if status.is_not_found() => Reference { name: node.clone(), uid: String::new() },
                    Err(status) => return Err(status),
                });
            }
            object
        }
        ("", "Secret") => read::<Secret>(storages, namespace, name).await?,
        ("", "Node") => read::<Node>(storages, "", name).await?,
        // As Go prints a kind: an empty group leaves its slash behind.
        _ => {
            let shown = format!("{}/{}, Kind={}", kind.group, kind.version, kind.kind);
            return Err(Status::bad_request(format!("cannot bind token to object of type {shown}")));
        }
    };
    let uid = &found.metadata().uid;
    if !reference.uid.is_empty() && reference.uid != *uid {
        let why = format!(
            "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
            reference.uid
        );
        // Here the kind is named, not the resource.
        return Err(Status::conflict(&GroupResource::new(kind.group.as_str(), kind.kind.as_str()), name, why));
    }
    let found = Reference { name: name.to_owned(), uid: uid.clone() };
    match kind.kind.as_str() {
        "Secret" => bound.secret = Some(found),
        "Node" => bound.node = Some(found),
        _ => {}
    }
    Ok(bound)
}
