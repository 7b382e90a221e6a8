//! The verbs for one Rust type.

mod capability;
mod follow;

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::{Stream, StreamExt};
use pintle_object_model::api::authentication::v1::TokenRequest;
use pintle_object_model::api::autoscaling::v1::Scale;
use pintle_object_model::api::core::v1::Binding;
use pintle_object_model::api::meta::v1::{DeleteOptions, ListMeta};
use pintle_object_model::api::policy::v1::Eviction;
use pintle_object_model::{Object, Resource, Status};

use crate::{Body, Client, Content, DynamicApi, Params, Patch, Verb, WatchEvent, WatchStream};

pub use capability::{Delete, Read, ReadOnly, Write, WriteStatus};
pub use follow::Followed;
pub(crate) use follow::{follow, pages};

/// The verbs of kind `K` in one namespace, in all, or cluster-scoped.
#[derive(Debug)]
pub struct Api<K> {
    inner: DynamicApi,
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for Api<K> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), kind: PhantomData }
    }
}

/// Objects of one kind at one revision.
#[derive(Clone, Debug)]
pub struct ListOf<K> {
    /// Resource version, continue token, count of what remains.
    pub metadata: ListMeta,
    /// The objects; in process they are the very ones that the server's cache holds.
    pub items: Vec<Arc<K>>,
}

/// One event of a typed watch.
#[derive(Clone, Debug)]
pub enum TypedEvent<K> {
    /// The object came to be, or came to match.
    Added(Arc<K>),
    /// The object changed.
    Modified(Arc<K>),
    /// The object is gone, or no longer matches; this is its last state.
    Deleted(Arc<K>),
    /// Nothing older than this will follow.
    Bookmark {
        /// Resource version up to which everything has been sent.
        resource_version: u64,
        /// This bookmark ends the initial events.
        initial_events_end: bool,
    },
}

impl<K: Resource> Api<K> {
    pub(crate) fn new(client: Client, namespace: &str) -> Self {
        Self { inner: DynamicApi::new(client, K::INFO.gvr(), namespace), kind: PhantomData }
    }

    /// The handle without the type.
    pub fn as_dynamic(&self) -> &DynamicApi {
        &self.inner
    }

    /// The handle that can only read.
    pub fn read_only(self) -> ReadOnly<K> {
        ReadOnly(self)
    }

    /// Reads one object.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a failure of the transport.
    pub async fn get(&self, name: &str) -> Result<Arc<K>, Status> {
        typed(&self.inner.get(name).await?)
    }

    /// Reads one object that may be missing.
    ///
    /// # Errors
    /// As [`get`](Self::get), except `NotFound`.
    pub async fn get_opt(&self, name: &str) -> Result<Option<Arc<K>>, Status> {
        match self.get(name).await {
            Err(status) if status.is_not_found() => Ok(None),
            other => other.map(Some),
        }
    }

    /// Reads many objects; see [`Params`] for selectors and pages.
    ///
    /// # Errors
    /// `Forbidden`, `Expired` for an old continue token, or a failure of the transport.
    pub async fn list(&self, params: Params) -> Result<ListOf<K>, Status> {
        let list = self.inner.list(params).await?;
        let items = list.items.iter().map(typed).collect::<Result<_, _>>()?;
        Ok(ListOf { metadata: list.metadata, items })
    }

    /// Follows changes. The stream ends when the server ends it; an error is its last item.
    ///
    /// # Errors
    /// `Expired` if the resource version is no longer known, `Forbidden`, or a failure of the transport.
    pub async fn watch(&self, params: Params) -> Result<TypedWatch<K>, Status> {
        Ok(TypedWatch { events: self.inner.watch(params).await?, kind: PhantomData })
    }

    /// All items of a list, read page by page (`limit` of the parameters, 500 if it is 0). A failure is the last item.
    pub fn list_all(&self, params: Params) -> impl Stream<Item = Result<Arc<K>, Status>> + Send + use<K> {
        pages(self.inner.clone(), params).map(|item| item.and_then(|object| typed(&object)))
    }

    /// Lists, then follows changes for ever; see [`DynamicApi::follow`].
    pub fn follow(&self, params: Params) -> impl Stream<Item = Result<Followed<Arc<K>>, Status>> + Send + use<K> {
        follow(self.inner.clone(), params).map(|event| event.and_then(|event| event.try_map(typed)))
    }

    /// Makes an object.
    ///
    /// # Errors
    /// `AlreadyExists`, `Invalid`, `Forbidden`, or a failure of the transport.
    pub async fn create(&self, object: &K) -> Result<Arc<K>, Status> {
        typed(&self.inner.create(Object::new(object.clone()), Params::default()).await?)
    }

    /// Replaces an object; `metadata.resource_version` must be current, or empty to overwrite.
    ///
    /// # Errors
    /// `Conflict` if it has changed since, `Invalid`, `NotFound`, or a failure of the transport.
    pub async fn replace(&self, object: &K) -> Result<Arc<K>, Status> {
        typed(&self.inner.replace("", Object::new(object.clone()), Params::default()).await?)
    }

    /// Replaces an object's status.
    ///
    /// # Errors
    /// As [`replace`](Self::replace).
    pub async fn replace_status(&self, object: &K) -> Result<Arc<K>, Status> {
        typed(&self.inner.replace("status", Object::new(object.clone()), Params::default()).await?)
    }

    /// Patches an object.
    ///
    /// # Errors
    /// `Conflict`, `Invalid`, `NotFound`, or a failure of the transport.
    pub async fn patch(&self, name: &str, patch: Patch, params: Params) -> Result<Arc<K>, Status> {
        typed(&self.inner.patch(name, "", patch, params).await?)
    }

    /// Applies an object as `manager` wants it (server-side apply): makes it or changes it. Fields that others own are a
    /// `Conflict`, unless `force` takes them over.
    ///
    /// # Errors
    /// `Conflict`, `Invalid`, or a failure of the transport.
    pub async fn apply(&self, object: &K, manager: &str, force: bool) -> Result<Arc<K>, Status> {
        let mut manifest = Object::new(object.clone());
        // What the server keeps itself is no part of what is wanted.
        manifest.edit_metadata(|metadata| metadata.managed_fields.clear());
        let params = Params { field_manager: manager.into(), force: force.then_some(true), ..Params::default() };
        self.patch(&object.metadata().name, Patch::apply(&manifest.to_value()), params).await
    }

    /// Patches an object's status.
    ///
    /// # Errors
    /// As [`patch`](Self::patch).
    pub async fn patch_status(&self, name: &str, patch: Patch, params: Params) -> Result<Arc<K>, Status> {
        typed(&self.inner.patch(name, "status", patch, params).await?)
    }

    /// Deletes an object. Answers with it if the deletion goes on, `None` if it is gone.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` if a precondition fails, or a failure of the transport.
    pub async fn delete(&self, name: &str, options: DeleteOptions) -> Result<Option<Arc<K>>, Status> {
        self.inner.delete(name, options).await?.map(|object| typed(&object)).transpose()
    }

    /// Deletes all objects that the parameters select.
    ///
    /// # Errors
    /// `Forbidden`, or a failure of the transport.
    pub async fn delete_collection(&self, options: DeleteOptions, params: Params) -> Result<(), Status> {
        self.inner.delete_collection(options, params).await
    }

    /// Reads the scale of an object.
    ///
    /// # Errors
    /// `NotFound` if the object or the subresource is missing, or a failure of the transport.
    pub async fn scale(&self, name: &str) -> Result<Arc<Scale>, Status> {
        let response = self.inner.send(Verb::Get, name, "scale", Params::default(), Body::Empty).await?;
        typed(&response.into_object()?)
    }

    /// Sets the number of replicas of an object.
    ///
    /// # Errors
    /// `Conflict`, `NotFound`, `Invalid`, or a failure of the transport.
    pub async fn set_scale(&self, name: &str, replicas: i32) -> Result<Arc<Scale>, Status> {
        let patch = Patch::merge(&serde_json::json!({"spec": {"replicas": replicas}}));
        let response = self.inner.send(Verb::Patch, name, "scale", Params::default(), Body::Patch(patch)).await?;
        typed(&response.into_object()?)
    }

    /// Asks for a pod to go, with respect for disruption budgets.
    ///
    /// # Errors
    /// `TooManyRequests` if a budget forbids it now, `NotFound`, or a failure of the transport.
    pub async fn evict(&self, name: &str, options: Option<DeleteOptions>) -> Result<(), Status> {
        let mut eviction = Eviction { delete_options: options.map(Box::new), ..Eviction::default() };
        eviction.metadata.name = name.into();
        eviction.metadata.namespace = self.inner.namespace().into();
        self.inner.create_subresource(name, "eviction", Object::new(eviction)).await.map(drop)
    }

    /// Assigns a pod to a node.
    ///
    /// # Errors
    /// `Conflict` if it is assigned already, `NotFound`, or a failure of the transport.
    pub async fn bind(&self, name: &str, node: &str) -> Result<(), Status> {
        let mut binding = Binding::default();
        binding.metadata.name = name.into();
        binding.metadata.namespace = self.inner.namespace().into();
        binding.target.kind = "Node".into();
        binding.target.name = node.into();
        self.inner.create_subresource(name, "binding", Object::new(binding)).await.map(drop)
    }

    /// Asks for a token of a service account.
    ///
    /// # Errors
    /// `Invalid`, `NotFound`, `Forbidden`, or a failure of the transport.
    pub async fn token(&self, name: &str, request: &TokenRequest) -> Result<Arc<TokenRequest>, Status> {
        let made = self.create_subresource(name, "token", request).await?;
        made.ok_or_else(|| Status::internal("the server answered without a token"))
    }

    /// Reads the object, lets `edit` change it, and writes it back; starts over when somebody else was faster,
    /// at most 16 times. `edit` answers whether it changed anything.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`replace`](Self::replace).
    pub async fn edit(&self, name: &str, mut edit: impl FnMut(&mut K) -> bool + Send) -> Result<Arc<K>, Status> {
        let mut attempts = 0;
        loop {
            let current = self.get(name).await?;
            let mut changed = (*current).clone();
            if !edit(&mut changed) {
                return Ok(current);
            }
            match self.replace(&changed).await {
                Err(status) if status.is_conflict() && attempts < 16 => attempts += 1,
                other => return other,
            }
        }
    }

    /// Makes a subresource of an object (`binding`, `eviction`, `token`) and hands out what came back, if anything.
    ///
    /// # Errors
    /// Whatever the server refuses with.
    pub async fn create_subresource<S: Resource>(
        &self,
        name: &str,
        subresource: &str,
        object: &S,
    ) -> Result<Option<Arc<S>>, Status> {
        let response = self.inner.create_subresource(name, subresource, Object::new(object.clone())).await?;
        match response.content {
            Content::Object { object, .. } => typed(&object).map(Some),
            _ => Ok(None),
        }
    }
}

fn typed<K: Resource>(object: &Object) -> Result<Arc<K>, Status> {
    object
        .downcast_arc()
        .ok_or_else(|| Status::internal(format!("expected a {}, found {}", K::INFO.gvk(), object.gvk())))
}

/// Events of a typed watch. Dropping it ends the watch.
#[derive(Debug)]
pub struct TypedWatch<K> {
    events: WatchStream,
    kind: PhantomData<fn() -> K>,
}

impl<K: Resource> Stream for TypedWatch<K> {
    type Item = Result<TypedEvent<K>, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.as_mut().poll_next(context).map(|next| {
            next.map(|event| match event {
                WatchEvent::Added(object) => typed(&object).map(TypedEvent::Added),
                WatchEvent::Modified(object) => typed(&object).map(TypedEvent::Modified),
                WatchEvent::Deleted(object) => typed(&object).map(TypedEvent::Deleted),
                WatchEvent::Bookmark { resource_version, initial_events_end } => {
                    Ok(TypedEvent::Bookmark { resource_version, initial_events_end })
                }
                WatchEvent::Error(status) => Err(*status),
            })
        })
    }
}
