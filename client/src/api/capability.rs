//! What may be done with a kind, as traits: a function that only reads asks for [`Read`], and cannot be given more by
//! mistake.
//!
//! `Api<K>` can do all of it. Whoever hands out less wraps it in [`ReadOnly`], or implements the traits.

use std::sync::Arc;

use async_trait::async_trait;
use pintle_object_model::api::meta::v1::DeleteOptions;
use pintle_object_model::{Resource, Status};

use crate::{Api, ListOf, Params, Patch, TypedWatch};

/// Reading objects of a kind. The errors are those of the methods of [`Api`].
#[async_trait]
pub trait Read<K: Resource>: Send + Sync {
    /// See [`Api::get`].
    async fn get(&self, name: &str) -> Result<Arc<K>, Status>;
    /// See [`Api::list`].
    async fn list(&self, params: Params) -> Result<ListOf<K>, Status>;
    /// See [`Api::watch`].
    async fn watch(&self, params: Params) -> Result<TypedWatch<K>, Status>;
}

/// Making and changing objects of a kind.
#[async_trait]
pub trait Write<K: Resource>: Send + Sync {
    /// See [`Api::create`].
    async fn create(&self, object: &K) -> Result<Arc<K>, Status>;
    /// See [`Api::replace`].
    async fn replace(&self, object: &K) -> Result<Arc<K>, Status>;
    /// See [`Api::patch`].
    async fn patch(&self, name: &str, patch: Patch, params: Params) -> Result<Arc<K>, Status>;
}

/// Reporting on objects of a kind, and nothing else.
#[async_trait]
pub trait WriteStatus<K: Resource>: Send + Sync {
    /// See [`Api::replace_status`].
    async fn replace_status(&self, object: &K) -> Result<Arc<K>, Status>;
    /// See [`Api::patch_status`].
    async fn patch_status(&self, name: &str, patch: Patch, params: Params) -> Result<Arc<K>, Status>;
}

/// Deleting objects of a kind.
#[async_trait]
pub trait Delete<K: Resource>: Send + Sync {
    /// See [`Api::delete`].
    async fn delete(&self, name: &str, options: DeleteOptions) -> Result<Option<Arc<K>>, Status>;
    /// See [`Api::delete_collection`].
    async fn delete_collection(&self, options: DeleteOptions, params: Params) -> Result<(), Status>;
}

#[async_trait]
impl<K: Resource> Read<K> for Api<K> {
    async fn get(&self, name: &str) -> Result<Arc<K>, Status> {
        Api::get(self, name).await
    }
    async fn list(&self, params: Params) -> Result<ListOf<K>, Status> {
        Api::list(self, params).await
    }
    async fn watch(&self, params: Params) -> Result<TypedWatch<K>, Status> {
        Api::watch(self, params).await
    }
}

#[async_trait]
impl<K: Resource> Write<K> for Api<K> {
    async fn create(&self, object: &K) -> Result<Arc<K>, Status> {
        Api::create(self, object).await
    }
    async fn replace(&self, object: &K) -> Result<Arc<K>, Status> {
        Api::replace(self, object).await
    }
    async fn patch(&self, name: &str, patch: Patch, params: Params) -> Result<Arc<K>, Status> {
        Api::patch(self, name, patch, params).await
    }
}

#[async_trait]
impl<K: Resource> WriteStatus<K> for Api<K> {
    async fn replace_status(&self, object: &K) -> Result<Arc<K>, Status> {
        Api::replace_status(self, object).await
    }
    async fn patch_status(&self, name: &str, patch: Patch, params: Params) -> Result<Arc<K>, Status> {
        Api::patch_status(self, name, patch, params).await
    }
}

#[async_trait]
impl<K: Resource> Delete<K> for Api<K> {
    async fn delete(&self, name: &str, options: DeleteOptions) -> Result<Option<Arc<K>>, Status> {
        Api::delete(self, name, options).await
    }
    async fn delete_collection(&self, options: DeleteOptions, params: Params) -> Result<(), Status> {
        Api::delete_collection(self, options, params).await
    }
}

/// An [`Api`] that can only read: there is no way back to the rest.
#[derive(Debug)]
pub struct ReadOnly<K>(pub(super) Api<K>);

impl<K> Clone for ReadOnly<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[async_trait]
impl<K: Resource> Read<K> for ReadOnly<K> {
    async fn get(&self, name: &str) -> Result<Arc<K>, Status> {
        self.0.get(name).await
    }
    async fn list(&self, params: Params) -> Result<ListOf<K>, Status> {
        self.0.list(params).await
    }
    async fn watch(&self, params: Params) -> Result<TypedWatch<K>, Status> {
        self.0.watch(params).await
    }
}
