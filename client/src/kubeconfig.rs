//! Where the API server is and how to prove who we are: kubeconfig files and the in-cluster environment.
//!
//! Source: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files".

use std::path::{Path, PathBuf};

use pintle_object_model::{Scheme, yaml};
use serde::{Deserialize, Serialize};

use crate::tls::TlsOptions;
use crate::{Caller, Client, HttpTransport};

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
    /// File with a bearer token.
    #[serde(rename = "tokenFile", skip_serializing_if = "String::is_empty")]
    pub token_file: String,
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

    /// A client of the current context (or the one named), that knows the kinds of `scheme`. Paths in the file are
    /// relative to `directory`.
    ///
    /// # Errors
    /// If something is missing or unusable.
    pub fn client(&self, context: Option<&str>, directory: &Path, scheme: Scheme) -> Result<Client, ConfigError> {
        let wanted = context.unwrap_or(&self.current_context);
        let context = find(&self.contexts, "context", wanted)?;
        let cluster = find(&self.clusters, "cluster", &context.cluster)?;
        let user = if context.user.is_empty() { &User::default() } else { find(&self.users, "user", &context.user)? };
        let material = |data: &str, file: &str| material(data, file, directory);
        let certificate = material(&user.client_certificate_data, &user.client_certificate)?;
        let key = material(&user.client_key_data, &user.client_key)?;
        let tls = TlsOptions {
            ca: material(&cluster.certificate_authority_data, &cluster.certificate_authority)?,
            client: certificate.zip(key),
            server_name: (!cluster.tls_server_name.is_empty()).then(|| cluster.tls_server_name.clone()),
            insecure: cluster.insecure_skip_tls_verify,
        };
        let token = if user.token_file.is_empty() {
            user.token.clone()
        } else {
            let bytes = material("", &user.token_file)?.unwrap_or_default();
            String::from_utf8_lossy(&bytes).trim().to_owned()
        };
        let caller = if token.is_empty() { Caller::Anonymous } else { Caller::Token(token.into()) };
        let transport = HttpTransport::new(&cluster.server, &tls, caller, scheme.clone())
            .map_err(|status| ConfigError::Connect(status.message))?;
        Ok(Client::new(transport, scheme))
    }
}

fn find<'a, T>(list: &'a [Named<T>], what: &'static str, name: &str) -> Result<&'a T, ConfigError> {
    let found = list.iter().find(|entry| entry.name == name);
    found.map(|entry| &entry.content).ok_or_else(|| ConfigError::Missing { what, name: name.to_owned() })
}

fn material(data: &str, file: &str, directory: &Path) -> Result<Option<Vec<u8>>, ConfigError> {
    use base64::Engine as _;
    if !data.is_empty() {
        let decoded = base64::engine::general_purpose::STANDARD.decode(data.trim());
        return decoded
            .map(Some)
            .map_err(|error| ConfigError::Parse { path: directory.to_owned(), why: error.to_string() });
    }
    if file.is_empty() {
        return Ok(None);
    }
    let path = directory.join(file);
    std::fs::read(&path).map(Some).map_err(|source| ConfigError::Read { path, source })
}

/// A client for the kubeconfig file at `path`.
///
/// # Errors
/// If the file or something in it is missing or unusable.
pub fn client_from_file(path: &Path, scheme: Scheme) -> Result<Client, ConfigError> {
    let config = Kubeconfig::read(path)?;
    config.client(None, path.parent().unwrap_or(Path::new(".")), scheme)
}

/// A client for a program that runs in a pod: the mounted service account and the `KUBERNETES_SERVICE_*` variables,
/// which the caller hands in.
///
/// # Errors
/// If the mounted files cannot be read.
pub fn in_cluster_client(host: &str, port: &str, scheme: Scheme) -> Result<Client, ConfigError> {
    let mount = Path::new("/var/run/secrets/kubernetes.io/serviceaccount");
    let tls = TlsOptions { ca: material("", "ca.crt", mount)?, ..TlsOptions::default() };
    let token = material("", "token", mount)?.unwrap_or_default();
    let caller = Caller::Token(String::from_utf8_lossy(&token).trim().into());
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let transport = HttpTransport::new(&format!("https://{host}:{port}"), &tls, caller, scheme.clone())
        .map_err(|status| ConfigError::Connect(status.message))?;
    Ok(Client::new(transport, scheme))
}
