//! Where the API server is and how to prove who we are: kubeconfig files and the in-cluster environment.
//!
//! Source: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files".

mod connect;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pintle_object_model::yaml;
use serde::{Deserialize, Serialize};

use crate::credentials::ExecConfig;

pub use connect::{client_from_file, client_from_files, endpoint_from_file, in_cluster_client};

/// A kubeconfig that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("reading {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The text is no kubeconfig.
    #[error("parsing {}: {why}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Something that the file refers to is not in it.
    #[error("the kubeconfig has no {what} named {name:?}")]
    Missing {
        /// `context`, `cluster` or `user`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something that is asked for cannot be had.
    #[error("{what} of {name:?} is not supported: {why}")]
    Unsupported {
        /// The field.
        what: &'static str,
        /// The entry that has it.
        name: String,
        /// What to do instead.
        why: String,
    },
    /// The connection cannot be set up.
    #[error("setting up the connection: {0}")]
    Connect(String),
}

/// A kubeconfig file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Kubeconfig {
    /// Always `v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// Always `Config`.
    pub kind: String,
    /// Servers.
    pub clusters: Vec<Named<Cluster>>,
    /// Pairs of server and user.
    pub contexts: Vec<Named<ContextOf>>,
    /// The context to use.
    pub current_context: String,
    /// Credentials.
    pub users: Vec<Named<User>>,
}

/// An entry with its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Named<T> {
    /// Its name.
    pub name: String,
    /// Its content.
    #[serde(rename = "cluster", alias = "context", alias = "user")]
    pub content: T,
}

/// A server.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Cluster {
    /// URL.
    pub server: String,
    /// PEM, base64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub certificate_authority_data: String,
    /// PEM file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub certificate_authority: String,
    /// Do not verify the server.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub insecure_skip_tls_verify: bool,
    /// Name to verify instead of the one in the URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tls_server_name: String,
    /// A proxy on the way to the server; refused.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub proxy_url: String,
    /// Do not ask for compressed answers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disable_compression: bool,
}

/// A pair of server and user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ContextOf {
    /// Name of the server's entry.
    pub cluster: String,
    /// Name of the user's entry.
    pub user: String,
    /// Default namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// Credentials.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct User {
    /// PEM, base64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_certificate_data: String,
    /// PEM file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_certificate: String,
    /// PEM, base64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_key_data: String,
    /// PEM file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_key: String,
    /// Bearer token.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// File with a bearer token, read again as it changes; goes before `token`.
    #[serde(rename = "tokenFile", skip_serializing_if = "String::is_empty")]
    pub token_file: String,
    /// Act as this user.
    #[serde(rename = "as", skip_serializing_if = "String::is_empty")]
    pub impersonate: String,
    /// With this UID.
    #[serde(rename = "as-uid", skip_serializing_if = "String::is_empty")]
    pub impersonate_uid: String,
    /// In these groups.
    #[serde(rename = "as-groups", skip_serializing_if = "Vec::is_empty")]
    pub impersonate_groups: Vec<String>,
    /// With these attributes.
    #[serde(rename = "as-user-extra", skip_serializing_if = "BTreeMap::is_empty")]
    pub impersonate_extra: BTreeMap<String, Vec<String>>,
    /// A program that hands out credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<ExecConfig>,
    /// A user name for basic authentication, which API servers no longer take; refused.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// A plugin of the old kind; refused.
    #[serde(skip_serializing)]
    pub auth_provider: Option<serde_json::Value>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("User(..)")
    }
}

impl Kubeconfig {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read or is no kubeconfig.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|why| ConfigError::Parse { path: path.to_owned(), why })
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let documents = yaml::to_json(text).map_err(|error| error.to_string())?;
        let document = documents.into_iter().next().unwrap_or_default();
        serde_json::from_value(document).map_err(|error| error.to_string())
    }

    /// The file's text, for one server and one user.
    pub fn single(name: &str, cluster: &Cluster, user: &User) -> String {
        let value = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
            "users": [{"name": name, "user": user}],
        });
        String::from_utf8_lossy(&yaml::from_json(value.to_string().as_bytes())).into_owned()
    }

    /// Reads files that complement each other, as `KUBECONFIG` lists them: an entry of an earlier file hides one of that
    /// name in a later file, and the first current context counts. Files that do not exist are passed over, unless all are
    /// missing. Relative paths are resolved, each against the folder of its file.
    ///
    /// # Errors
    /// If one cannot be read or is no kubeconfig.
    pub fn read_all<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Self, ConfigError> {
        let mut merged: Option<Self> = None;
        let mut missing = None;
        for path in paths {
            let mut config = match Self::read(path) {
                Err(ConfigError::Read { path, source }) if source.kind() == std::io::ErrorKind::NotFound => {
                    missing.get_or_insert(ConfigError::Read { path, source });
                    continue;
                }
                other => other?,
            };
            config.resolve(path.parent().unwrap_or(Path::new(".")));
            match &mut merged {
                None => merged = Some(config),
                Some(merged) => merged.complement(config),
            }
        }
        match (merged, missing) {
            (Some(merged), _) => Ok(merged),
            (None, Some(missing)) => Err(missing),
            (None, None) => Ok(Self::default()),
        }
    }

    /// The same from the value of `KUBECONFIG`, which the caller hands in.
    ///
    /// # Errors
    /// As [`read_all`](Self::read_all).
    pub fn read_list(value: &OsStr) -> Result<Self, ConfigError> {
        let paths: Vec<PathBuf> = std::env::split_paths(value).filter(|path| !path.as_os_str().is_empty()).collect();
        Self::read_all(paths.iter().map(PathBuf::as_path))
    }

    fn complement(&mut self, later: Self) {
        add_new(&mut self.clusters, later.clusters);
        add_new(&mut self.contexts, later.contexts);
        add_new(&mut self.users, later.users);
        if self.current_context.is_empty() {
            self.current_context = later.current_context;
        }
    }

    /// Makes the paths in it independent of where it was read.
    fn resolve(&mut self, directory: &Path) {
        let clusters = self.clusters.iter_mut().map(|cluster| &mut cluster.content.certificate_authority);
        let users = self.users.iter_mut().flat_map(|user| {
            let User { client_certificate, client_key, token_file, exec, .. } = &mut user.content;
            // A command without a slash is looked for where programs are.
            let program = exec.as_mut().map(|exec| &mut exec.command).filter(|command| command.contains('/'));
            [Some(client_certificate), Some(client_key), Some(token_file), program].into_iter().flatten()
        });
        for path in clusters.chain(users).filter(|path| !path.is_empty()) {
            *path = directory.join(&*path).to_string_lossy().into_owned();
        }
    }
}

fn add_new<T>(known: &mut Vec<Named<T>>, later: Vec<Named<T>>) {
    for entry in later {
        if !known.iter().any(|other| other.name == entry.name) {
            known.push(entry);
        }
    }
}

#[cfg(test)]
mod tests;
