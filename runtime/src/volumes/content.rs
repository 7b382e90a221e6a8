//! Volumes whose content comes from the API: `configMap`, `secret`, `downwardAPI`, `projected`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pintle_client::Client;
use pintle_object_model::Quantity;
use pintle_object_model::api::authentication::v1::{BoundObjectReference, TokenRequest};
use pintle_object_model::api::core::v1::{
    ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret, ServiceAccount, ServiceAccountTokenProjection, Volume,
};
use pintle_object_model::clock::{Clock, Random};

use super::atomic::{self, File, Files};
use super::{blocking, fs_group, remove};
use crate::agent::fields::{FieldContext, container_of, field, resource};
use crate::{MountedVolume, RuntimeError, VolumeContext, VolumeDriver};

/// Mode of files when the volume names none.
const MODE: i32 = 0o644;

/// Provides `configMap`, `secret`, `downwardAPI` and `projected`.
pub struct ContentVolumes {
    clock: Arc<dyn Clock>,
    random: Random,
    fields: FieldContext,
    tokens: Mutex<HashMap<TokenKey, Token>>,
}

/// Pod UID, volume, path.
type TokenKey = (String, String, String);

#[derive(Clone)]
struct Token {
    text: String,
    /// When a new one is asked for: at 80 % of its life.
    renew_at: Duration,
}

impl std::fmt::Debug for ContentVolumes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentVolumes").finish_non_exhaustive()
    }
}

fn invalid(text: impl Into<String>) -> RuntimeError {
    RuntimeError::Invalid(text.into())
}

impl ContentVolumes {
    /// A driver; `allocatable` is what resource fields say of containers without a limit.
    pub fn new(clock: Arc<dyn Clock>, random: Random, allocatable: BTreeMap<String, Quantity>) -> Self {
        let fields = FieldContext { allocatable, ..FieldContext::default() };
        Self { clock, random, fields, tokens: Mutex::default() }
    }

    async fn files(&self, volume: &Volume, context: VolumeContext<'_>) -> Result<Files, RuntimeError> {
        let mut files = Files::new();
        let (pod, client) = (context.pod, context.client);
        let namespace = &pod.metadata.namespace;
        if let Some(source) = &volume.config_map {
            let mode = source.default_mode.unwrap_or(MODE);
            let content = config_map(client, namespace, &source.name, source.optional).await?;
            take(&mut files, content, &source.items, mode, source.optional, "configmap", &source.name)?;
        } else if let Some(source) = &volume.secret {
            let mode = source.default_mode.unwrap_or(MODE);
            let content = secret(client, namespace, &source.secret_name, source.optional).await?;
            take(&mut files, content, &source.items, mode, source.optional, "secret", &source.secret_name)?;
        } else if let Some(source) = &volume.downward_api {
            self.downward(&mut files, pod, &source.items, source.default_mode.unwrap_or(MODE))?;
        } else if let Some(source) = &volume.projected {
            let mode = source.default_mode.unwrap_or(MODE);
            for part in &source.sources {
                if let Some(from) = &part.config_map {
                    let content = config_map(client, namespace, &from.name, from.optional).await?;
                    take(&mut files, content, &from.items, mode, from.optional, "configmap", &from.name)?;
                } else if let Some(from) = &part.secret {
                    let content = secret(client, namespace, &from.name, from.optional).await?;
                    take(&mut files, content, &from.items, mode, from.optional, "secret", &from.name)?;
                } else if let Some(from) = &part.downward_api {
                    self.downward(&mut files, pod, &from.items, mode)?;
                } else if let Some(from) = &part.service_account_token {
                    let token = self.token(client, pod, &volume.name, from).await?;
                    put(&mut files, &from.path, token_file(pod, token, mode))?;
                } else {
                    return Err(RuntimeError::Unsupported {
                        backend: "projected",
                        what: "provide clusterTrustBundle or podCertificate sources".into(),
                    });
                }
            }
        }
        Ok(files)
    }

    fn downward(
        &self,
        files: &mut Files,
        pod: &Pod,
        items: &[DownwardAPIVolumeFile],
        mode: i32,
    ) -> Result<(), RuntimeError> {
        for item in items {
            let text = if let Some(selector) = &item.field_ref {
                field(pod, &selector.field_path, &self.fields)
            } else if let Some(selector) = &item.resource_field_ref {
                container_of(pod, &selector.container_name)
                    .and_then(|container| resource(selector, container, &self.fields))
            } else {
                Err(format!("the file {:?} has no source", item.path))
            };
            let content = text.map_err(invalid)?.into_bytes();
            put(files, &item.path, file(content, item.mode.unwrap_or(mode)))?;
        }
        Ok(())
    }

    async fn token(
        &self,
        client: &Client,
        pod: &Pod,
        volume: &str,
        from: &ServiceAccountTokenProjection,
    ) -> Result<String, RuntimeError> {
        let key = (pod.metadata.uid.clone(), volume.to_owned(), from.path.clone());
        let now = self.clock.now();
        let known = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(token) = known.filter(|token| now < token.renew_at) {
            return Ok(token.text);
        }
        let mut request = TokenRequest::default();
        if !from.audience.is_empty() {
            request.spec.audiences = vec![from.audience.clone()];
        }
        request.spec.expiration_seconds = Some(from.expiration_seconds.unwrap_or(3600));
        request.spec.bound_object_ref = Some(Box::new(BoundObjectReference {
            kind: "Pod".into(),
            api_version: "v1".into(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
        }));
        let account = match pod.spec.service_account_name.as_str() {
            "" => "default",
            name => name,
        };
        let api = client.namespaced::<ServiceAccount>(&pod.metadata.namespace);
        let answer = api
            .create_subresource(account, "token", &request)
            .await
            .map_err(|status| invalid(format!("failed to fetch token: {status}")))?
            .ok_or_else(|| invalid("failed to fetch token: the server answered without one"))?;
        let end = answer.status.expiration_timestamp.unwrap_or_default();
        let life = end.since(self.clock.utc().to_time());
        let token = Token { text: answer.status.token.clone(), renew_at: now + life.mul_f64(0.8) };
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(key, token.clone());
        Ok(token.text)
    }
}

#[async_trait]
impl VolumeDriver for ContentVolumes {
    fn provides(&self, volume: &Volume) -> bool {
        super::changes(volume)
    }

    async fn set_up(&self, volume: &Volume, context: VolumeContext<'_>) -> Result<MountedVolume, RuntimeError> {
        let files = self.files(volume, context).await?;
        let (path, group) = (context.directory.to_owned(), fs_group(context.pod));
        let unique = format!("{}.{}", self.clock.utc().unix_micros(), self.random.name_suffix(5));
        blocking(format!("writing volume {:?}", volume.name), move || atomic::write(&path, &files, group, &unique))
            .await?;
        Ok(MountedVolume { path: context.directory.to_owned(), read_only: true })
    }

    async fn tear_down(&self, volume: &Volume, context: VolumeContext<'_>) -> Result<(), RuntimeError> {
        let uid = &context.pod.metadata.uid;
        let forget = |(of, name, _): &TokenKey, _: &mut Token| of != uid || *name != volume.name;
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).retain(forget);
        let path = context.directory.to_owned();
        blocking(format!("removing volume {:?}", volume.name), move || remove(&path)).await
    }
}

fn file(content: Vec<u8>, mode: i32) -> File {
    File { content, mode: u32::try_from(mode).unwrap_or(0o644), user: None }
}

/// A token is for the pod's user alone, where there is one user only.
fn token_file(pod: &Pod, token: String, mode: i32) -> File {
    let of_pod = pod.spec.security_context.as_deref().and_then(|context| context.run_as_user);
    let users = pod
        .spec
        .init_containers
        .iter()
        .chain(&pod.spec.containers)
        .map(|container| container.security_context.as_deref().and_then(|context| context.run_as_user).or(of_pod));
    let mut users: Vec<Option<i64>> = users.collect();
    users.dedup();
    let user = match users.as_slice() {
        [Some(user)] => u32::try_from(*user).ok(),
        _ => None,
    };
    let private = user.is_some() || fs_group(pod).is_some();
    File {
        user: user.filter(|_| fs_group(pod).is_none()),
        ..file(token.into_bytes(), if private { 0o600 } else { mode })
    }
}

fn put(files: &mut Files, path: &str, file: File) -> Result<(), RuntimeError> {
    atomic::check_path(path).map_err(invalid)?;
    files.insert(path.to_owned(), file);
    Ok(())
}

type Content = Option<BTreeMap<String, Vec<u8>>>;

/// `None` if it is missing and may be.
async fn config_map(
    client: &Client,
    namespace: &str,
    name: &str,
    optional: Option<bool>,
) -> Result<Content, RuntimeError> {
    let found = client.namespaced::<ConfigMap>(namespace).get_opt(name).await;
    match found.map_err(|status| invalid(status.to_string()))? {
        Some(map) => {
            let texts = map.data.iter().map(|(key, text)| (key.clone(), text.clone().into_bytes()));
            Ok(Some(texts.chain(map.binary_data.iter().map(|(key, data)| (key.clone(), data.0.clone()))).collect()))
        }
        None if optional == Some(true) => Ok(None),
        None => Err(invalid(format!("configmap {name:?} not found"))),
    }
}

async fn secret(client: &Client, namespace: &str, name: &str, optional: Option<bool>) -> Result<Content, RuntimeError> {
    let found = client.namespaced::<Secret>(namespace).get_opt(name).await;
    match found.map_err(|status| invalid(status.to_string()))? {
        Some(secret) => Ok(Some(secret.data.iter().map(|(key, data)| (key.clone(), data.0.clone())).collect())),
        None if optional == Some(true) => Ok(None),
        None => Err(invalid(format!("secret {name:?} not found"))),
    }
}

/// All keys under their names, or those that are listed under the paths that are given.
fn take(
    files: &mut Files,
    content: Content,
    items: &[KeyToPath],
    mode: i32,
    optional: Option<bool>,
    kind: &str,
    name: &str,
) -> Result<(), RuntimeError> {
    let Some(mut content) = content else { return Ok(()) };
    if items.is_empty() {
        for (key, data) in content {
            put(files, &key, file(data, mode))?;
        }
        return Ok(());
    }
    for item in items {
        match content.remove(&item.key) {
            Some(data) => put(files, &item.path, file(data.clone(), item.mode.unwrap_or(mode)))?,
            None if optional == Some(true) => {}
            None => {
                return Err(invalid(format!("references non-existent {kind} key: {} (in {kind} {name:?})", item.key)));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_keys_get_their_paths_and_modes() {
        let content = || Some(BTreeMap::from([("a".to_owned(), b"1".to_vec()), ("b".to_owned(), b"2".to_vec())]));
        let item = |key: &str| KeyToPath { key: key.into(), path: "x/y".into(), mode: Some(0o400) };
        let mut files = Files::new();
        take(&mut files, content(), &[item("b")], MODE, None, "configmap", "m").unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["x/y"]);
        assert_eq!((files["x/y"].mode, files["x/y"].content.as_slice()), (0o400, b"2".as_slice()));
        let error = take(&mut files, content(), &[item("c")], MODE, None, "configmap", "m").unwrap_err();
        assert!(error.to_string().contains("non-existent configmap key: c"));
        take(&mut files, content(), &[item("c")], MODE, Some(true), "configmap", "m").unwrap();
    }

    #[test]
    fn a_token_is_private_where_there_is_one_user() {
        let mut pod = Pod::default();
        pod.spec.containers = vec![Default::default(), Default::default()];
        assert_eq!(token_file(&pod, String::new(), 0o644).mode, 0o644);
        pod.spec.security_context = Some(Box::default());
        pod.spec.security_context.as_mut().unwrap().run_as_user = Some(7);
        let private = token_file(&pod, String::new(), 0o644);
        assert_eq!((private.mode, private.user), (0o600, Some(7)));
    }
}
