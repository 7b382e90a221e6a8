//! Encryption at rest: a layer between values and the bytes that a backend keeps.
//!
//! In: a configuration in Kubernetes' own form, and plain bytes. Out: bytes as kube-apiserver would write them, so that
//! either reads what the other wrote. Invariants: the first provider of a resource writes, all of them read; a value is
//! bound to its key where the cipher can do that; nothing that is encrypted is ever taken for plain. Elsewhere: files
//! and YAML (who assembles a server), keys held by another service (kms, which is refused).
//!
//! Source: Kubernetes documentation, "Encrypting Confidential Data at Rest".

mod cipher;
mod config;
mod layout;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use pintle_object_model::{GroupResource, Scheme};
use serde_json::Value as Tree;

use self::cipher::Provider;
use self::config::Rule;
use self::layout::Layout;
use crate::{At, Codec, CommitError, Key, Range, Store, StoreError, Txn, Value};

/// All keys of API objects.
const ROOT: &str = "/registry/";
/// How many values are read at once to be written anew.
const PAGE_KEYS: usize = 500;

/// Which resources are encrypted, and how.
pub struct Encryption {
    rules: Vec<Rule>,
    layout: Layout,
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryption").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// Bytes as they were before they were encrypted.
struct Opened {
    plain: Bytes,
    /// Would they be written otherwise today?
    stale: bool,
}

impl Encryption {
    /// From the tree of an `EncryptionConfiguration` (`apiserver.config.k8s.io/v1`); `scheme` tells the groups of
    /// resources whose keys do not name them. Providers are `aesgcm`, `aescbc` and `identity`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with the path of what is wrong; `secretbox` and `kms` are refused.
    pub fn from_configuration(configuration: &Tree, scheme: &Scheme) -> Result<Self, StoreError> {
        let rules = config::rules(configuration).map_err(|why| StoreError::Invalid { why })?;
        Ok(Self { rules, layout: Layout::new(scheme) })
    }

    /// The providers of a key, the one that writes first; none for what is kept plain.
    fn providers(&self, key: &Key) -> &[Provider] {
        let Some(resource) = self.layout.resource(key) else { return &[] };
        let rule = self.rules.iter().find(|rule| rule.covers(&resource));
        rule.map_or(&[], |rule| &rule.providers)
    }

    /// The bytes to keep for plain ones.
    fn seal(&self, key: &Key, plain: Bytes) -> Result<Bytes, String> {
        match self.providers(key).first() {
            Some(provider) => provider.seal(key, plain),
            None => Ok(plain),
        }
    }

    /// Plain bytes again, by whichever provider had written them.
    fn open(&self, key: &Key, kept: &Bytes) -> Result<Opened, String> {
        let providers = self.providers(key);
        if !kept.starts_with(cipher::PREFIX) {
            // Not encrypted: right where plain values are, or have yet to be written anew.
            let place = providers.iter().position(|provider| matches!(provider, Provider::Identity));
            return match place {
                Some(place) => Ok(Opened { plain: kept.clone(), stale: place > 0 }),
                None if providers.is_empty() => Ok(Opened { plain: kept.clone(), stale: false }),
                None => Err("the value is not encrypted, and no provider `identity` allows for that".into()),
            };
        }
        let mut refusal = None;
        for (place, provider) in providers.iter().enumerate() {
            match provider.open(key, kept) {
                None => {}
                Some(Ok((plain, with))) => return Ok(Opened { plain, stale: place > 0 || with > 0 }),
                Some(Err(why)) => refusal = Some(why),
            }
        }
        Err(refusal.unwrap_or_else(|| "the value is encrypted with a key that is not configured".into()))
    }

    /// Writes everything anew that the first provider of its resource has not written: after this, older keys can be
    /// taken out of the configuration. Returns how many values that were. `store` holds the bytes as they are kept.
    ///
    /// Events are left alone: they go by themselves, and would lose their time to live.
    ///
    /// # Errors
    /// Those of the store; [`StoreError::Corrupt`] for what no provider can read. What was rewritten until then stays so.
    pub async fn rewrite(&self, store: &dyn Store<Bytes>) -> Result<u64, StoreError> {
        let mut rewritten = 0;
        let mut range = Range::prefix(ROOT);
        loop {
            let page = store.list(&range, At::Now, Some(PAGE_KEYS)).await?;
            for item in &page.items {
                rewritten +=
                    u64::from(self.rewrite_one(store, &item.key, Some((item.value.clone(), item.revision))).await?);
            }
            match page.items.last() {
                Some(last) if page.remaining > 0 => range = Range::prefix(ROOT).after(last.key.clone()),
                _ => return Ok(rewritten),
            }
        }
    }

    async fn rewrite_one(
        &self,
        store: &dyn Store<Bytes>,
        key: &Key,
        mut found: Option<(Bytes, crate::Revision)>,
    ) -> Result<bool, StoreError> {
        let is_event = |resource: GroupResource| resource.resource == "events";
        if self.providers(key).is_empty() || self.layout.resource(key).is_some_and(is_event) {
            return Ok(false);
        }
        // Somebody else may have been faster, but cannot be so forever: each time it is their progress.
        while let Some((kept, revision)) = found {
            let corrupt = |why| StoreError::Corrupt { key: key.clone(), why };
            let opened = self.open(key, &kept).map_err(corrupt)?;
            if !opened.stale {
                return Ok(false);
            }
            let sealed = self.seal(key, opened.plain).map_err(corrupt)?;
            match store.commit(Txn::update(key.clone(), revision, sealed)).await {
                Ok(_) => return Ok(true),
                Err(CommitError::Conflict { found: now, .. }) => found = now.map(|now| (now.value, now.revision)),
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
        Ok(false)
    }
}

/// A codec whose bytes are encrypted.
pub struct EncryptedCodec<V> {
    inner: Arc<dyn Codec<V>>,
    encryption: Arc<Encryption>,
}

impl<V> EncryptedCodec<V> {
    /// Encrypts what another codec makes.
    pub fn new(inner: Arc<dyn Codec<V>>, encryption: Arc<Encryption>) -> Self {
        Self { inner, encryption }
    }
}

impl<V> fmt::Debug for EncryptedCodec<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedCodec").field("encryption", &self.encryption).finish_non_exhaustive()
    }
}

impl<V: Value> Codec<V> for EncryptedCodec<V> {
    fn encode(&self, key: &Key, value: &V) -> Result<Bytes, String> {
        self.encryption.seal(key, self.inner.encode(key, value)?)
    }
    fn decode(&self, key: &Key, bytes: &Bytes) -> Result<V, String> {
        self.inner.decode(key, &self.encryption.open(key, bytes)?.plain)
    }
}

#[cfg(test)]
mod tests;
