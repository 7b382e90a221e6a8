//! The verbs for any resource, on [`Object`]s.

use futures::Stream;
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::{GroupVersionResource, Object, Status};

use crate::api::{Followed, follow, pages};
use crate::{Body, Client, Content, ObjectList, Params, Patch, Request, Response, Target, Verb, WatchStream};

/// The verbs of one resource in one namespace (or all, or none).
#[derive(Clone, Debug)]
pub struct DynamicApi {
    client: Client,
    resource: GroupVersionResource,
    namespace: String,
}

impl DynamicApi {
    /// See [`Client::dynamic`].
    pub(crate) fn new(client: Client, resource: GroupVersionResource, namespace: &str) -> Self {
        Self { client, resource, namespace: namespace.to_owned() }
    }

    /// The client behind this handle.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The namespace; empty for all, and for what has none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The resource.
    pub fn resource(&self) -> &GroupVersionResource {
        &self.resource
    }

    /// Sends any verb to an object, or to the collection if `name` is empty.
    ///
    /// # Errors
    /// Whatever the server refuses with.
    pub async fn send(
        &self,
        verb: Verb,
        name: &str,
        subresource: &str,
        params: Params,
        body: Body,
    ) -> Result<Response, Status> {
        let target = Target::resource(self.resource.clone(), &self.namespace, name, subresource);
        self.client.send(Request::new(verb, target).with_params(params).with_body(body)).await
    }

    /// Reads one object.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, or a failure of the transport.
    pub async fn get(&self, name: &str) -> Result<Object, Status> {
        self.send(Verb::Get, name, "", Params::default(), Body::Empty).await?.into_object()
    }

    /// Reads many objects.
    ///
    /// # Errors
    /// `Forbidden`, `Expired` for an old continue token, or a failure of the transport.
    pub async fn list(&self, params: Params) -> Result<ObjectList, Status> {
        self.send(Verb::List, "", "", params, Body::Empty).await?.into_list()
    }

    /// Follows changes.
    ///
    /// # Errors
    /// `Expired` if the resource version is no longer known, `Forbidden`, or a failure of the transport.
    pub async fn watch(&self, params: Params) -> Result<WatchStream, Status> {
        self.send(Verb::Watch, "", "", params, Body::Empty).await?.into_watch()
    }

    /// All items of a list, read page by page (`limit` of the parameters, 500 if it is 0). A failure is the last item.
    pub fn list_all(&self, params: Params) -> impl Stream<Item = Result<Object, Status>> + Send + use<> {
        pages(self.clone(), params)
    }

    /// Lists, then follows changes for ever: a watch that ends or breaks is taken up where it ended; if that place is no
    /// longer known (410), it begins anew with a list ([`Followed::Restarted`]). Ends only with a failure that waiting does
    /// not mend, such as `Forbidden`, as its last item.
    pub fn follow(&self, params: Params) -> impl Stream<Item = Result<Followed, Status>> + Send + use<> {
        follow(self.clone(), params)
    }

    /// Makes an object.
    ///
    /// # Errors
    /// `AlreadyExists`, `Invalid`, `Forbidden`, or a failure of the transport.
    pub async fn create(&self, object: Object, params: Params) -> Result<Object, Status> {
        self.send(Verb::Create, "", "", params, Body::Object(object)).await?.into_object()
    }

    /// Makes a subresource of an object, such as `binding` or `eviction`.
    ///
    /// # Errors
    /// Whatever the server refuses with.
    pub async fn create_subresource(&self, name: &str, subresource: &str, object: Object) -> Result<Response, Status> {
        self.send(Verb::Create, name, subresource, Params::default(), Body::Object(object)).await
    }

    /// Replaces an object (`subresource` empty) or a subresource of it.
    ///
    /// # Errors
    /// `Conflict` if it has changed since, `Invalid`, `NotFound`, or a failure of the transport.
    pub async fn replace(&self, subresource: &str, object: Object, params: Params) -> Result<Object, Status> {
        let name = object.metadata().name.clone();
        self.send(Verb::Update, &name, subresource, params, Body::Object(object)).await?.into_object()
    }

    /// Patches an object (`subresource` empty) or a subresource of it.
    ///
    /// # Errors
    /// `Conflict`, `Invalid`, `NotFound`, or a failure of the transport.
    pub async fn patch(&self, name: &str, subresource: &str, patch: Patch, params: Params) -> Result<Object, Status> {
        self.send(Verb::Patch, name, subresource, params, Body::Patch(patch)).await?.into_object()
    }

    /// Deletes an object. Answers with it if the deletion goes on, `None` if it is gone.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` if a precondition fails, or a failure of the transport.
    pub async fn delete(&self, name: &str, options: DeleteOptions) -> Result<Option<Object>, Status> {
        let response = self.send(Verb::Delete, name, "", Params::default(), Body::Delete(Box::new(options))).await?;
        match response.content {
            Content::Object { object, .. } => Ok(Some(object)),
            _ => Ok(None),
        }
    }

    /// Deletes all objects that the parameters select.
    ///
    /// # Errors
    /// `Forbidden`, or a failure of the transport.
    pub async fn delete_collection(&self, options: DeleteOptions, params: Params) -> Result<(), Status> {
        self.send(Verb::DeleteCollection, "", "", params, Body::Delete(Box::new(options))).await.map(drop)
    }
}
