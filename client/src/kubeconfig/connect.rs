//! From a configuration to a connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pintle_object_model::Scheme;
use pintle_object_model::clock::{Clock, SystemClock};

use super::{Cluster, ConfigError, Kubeconfig, Named, User};
use crate::credentials::{Credentials, ExecCredentials, TokenFile};
use crate::http::HttpOptions;
use crate::tls::TlsOptions;
use crate::{Caller, Client, HttpTransport, Identity, JsonEndpoint};

/// Where kubelets mount the service account of a pod.
const MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

impl Kubeconfig {
    /// A client of the current context (or the one named), that knows the kinds of `scheme`. Paths in the file are
    /// relative to `directory`. Credentials expire by the machine's clock.
    ///
    /// # Errors
    /// If something is missing or unusable.
    pub fn client(&self, context: Option<&str>, directory: &Path, scheme: Scheme) -> Result<Client, ConfigError> {
        self.client_with(context, directory, scheme, HttpOptions::default(), SystemClock::shared())
    }

    /// The same with options for HTTP and another clock.
    ///
    /// # Errors
    /// If something is missing or unusable.
    pub fn client_with(
        &self,
        context: Option<&str>,
        directory: &Path,
        scheme: Scheme,
        mut options: HttpOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Client, ConfigError> {
        let Found { cluster, user, tls, credentials } = self.find(context, directory, clock)?;
        options.gzip &= !cluster.disable_compression;
        let transport = HttpTransport::with_options(&cluster.server, &tls, credentials, scheme.clone(), options)
            .map_err(|status| ConfigError::Connect(status.message))?;
        let client = Client::new(transport, scheme);
        Ok(match impersonated(&user) {
            Some(identity) => client.impersonating(identity),
            None => client,
        })
    }

    /// The server of the current context as a webhook, as files for `--authorization-webhook-config-file` and its like name
    /// it: its URL is the one to post to, path included.
    ///
    /// # Errors
    /// If something is missing or unusable. Webhooks do not know of acting as somebody else, so that is refused.
    pub fn endpoint(&self, directory: &Path, clock: Arc<dyn Clock>) -> Result<JsonEndpoint, ConfigError> {
        let Found { cluster, user, tls, credentials } = self.find(None, directory, clock)?;
        if impersonated(&user).is_some() {
            let why = "a webhook is asked by whom the credentials name".to_owned();
            return Err(ConfigError::Unsupported { what: "as", name: cluster.server.clone(), why });
        }
        JsonEndpoint::new(&cluster.server, &tls, credentials).map_err(|status| ConfigError::Connect(status.message))
    }

    /// What a context (the current one if none is named) leads to.
    fn find(&self, context: Option<&str>, directory: &Path, clock: Arc<dyn Clock>) -> Result<Found<'_>, ConfigError> {
        let wanted = context.unwrap_or(&self.current_context);
        let context = find(&self.contexts, "context", wanted)?;
        let cluster = find(&self.clusters, "cluster", &context.cluster)?;
        let user = match context.user.as_str() {
            "" => User::default(),
            name => find(&self.users, "user", name)?.clone(),
        };
        refuse_unsupported(cluster, &context.cluster, &user, &context.user)?;
        let certificate = material(&user.client_certificate_data, &user.client_certificate, directory)?;
        let key = material(&user.client_key_data, &user.client_key, directory)?;
        let ca = material(&cluster.certificate_authority_data, &cluster.certificate_authority, directory)?;
        let tls = TlsOptions {
            ca,
            client: certificate.zip(key),
            server_name: (!cluster.tls_server_name.is_empty()).then(|| cluster.tls_server_name.clone()),
            insecure: cluster.insecure_skip_tls_verify,
        };
        let credentials = credentials(&user, cluster, directory, clock)?;
        Ok(Found { cluster, user, tls, credentials })
    }
}

/// A server, and how to reach it as a user.
struct Found<'a> {
    cluster: &'a Cluster,
    user: User,
    tls: TlsOptions,
    credentials: Arc<dyn Credentials>,
}

/// What would change who asks or how the server is reached, and is not there, must not be passed over in silence.
fn refuse_unsupported(cluster: &Cluster, cluster_name: &str, user: &User, user_name: &str) -> Result<(), ConfigError> {
    let refuse = |what, name: &str, why: &str| {
        Err(ConfigError::Unsupported { what, name: name.to_owned(), why: why.to_owned() })
    };
    if !cluster.proxy_url.is_empty() {
        return refuse("proxy-url", cluster_name, "connect to the server directly");
    }
    if !user.username.is_empty() {
        return refuse("username", user_name, "API servers no longer take basic authentication");
    }
    if user.auth_provider.is_some() {
        return refuse("auth-provider", user_name, "use an exec plugin");
    }
    Ok(())
}

fn credentials(
    user: &User,
    cluster: &Cluster,
    directory: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Credentials>, ConfigError> {
    if !user.token_file.is_empty() {
        return Ok(Arc::new(TokenFile::new(directory.join(&user.token_file), clock)));
    }
    if !user.token.is_empty() {
        return Ok(Arc::new(Caller::Token(user.token.as_str().into())));
    }
    let Some(exec) = &user.exec else { return Ok(Arc::new(Caller::Anonymous)) };
    let told = serde_json::json!({
        "server": cluster.server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": cluster.certificate_authority_data,
    });
    let plugin = ExecCredentials::new(exec.clone(), told, directory.to_owned(), clock).map_err(ConfigError::Connect)?;
    Ok(Arc::new(plugin))
}

fn impersonated(user: &User) -> Option<Identity> {
    let identity = Identity {
        user: user.impersonate.clone(),
        uid: user.impersonate_uid.clone(),
        groups: user.impersonate_groups.clone(),
        extra: user.impersonate_extra.clone(),
    };
    (identity != Identity::default()).then_some(identity)
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

/// A client for kubeconfig files that complement each other; see [`Kubeconfig::read_all`].
///
/// # Errors
/// If a file or something in it is missing or unusable.
pub fn client_from_files(paths: &[PathBuf], context: Option<&str>, scheme: Scheme) -> Result<Client, ConfigError> {
    let config = Kubeconfig::read_all(paths.iter().map(PathBuf::as_path))?;
    config.client(context, Path::new("."), scheme)
}

/// A client for a program that runs in a pod: the mounted service account, whose token is read again as it is renewed, and
/// the `KUBERNETES_SERVICE_*` variables, which the caller hands in.
///
/// # Errors
/// If the mounted files cannot be read.
pub fn in_cluster_client(host: &str, port: &str, scheme: Scheme) -> Result<Client, ConfigError> {
    let mount = Path::new(MOUNT);
    let tls = TlsOptions { ca: material("", "ca.crt", mount)?, ..TlsOptions::default() };
    // Read once now, so that a program that is in no pod hears of it at once.
    material("", "token", mount)?;
    let credentials = Arc::new(TokenFile::new(mount.join("token"), SystemClock::shared()));
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let base = format!("https://{host}:{port}");
    let transport = HttpTransport::with_options(&base, &tls, credentials, scheme.clone(), HttpOptions::default())
        .map_err(|status| ConfigError::Connect(status.message))?;
    Ok(Client::new(transport, scheme))
}

/// A webhook as the kubeconfig file at `path` names it; see [`Kubeconfig::endpoint`].
///
/// # Errors
/// If the file or something in it is missing or unusable.
pub fn endpoint_from_file(path: &Path, clock: Arc<dyn Clock>) -> Result<JsonEndpoint, ConfigError> {
    Kubeconfig::read(path)?.endpoint(path.parent().unwrap_or(Path::new(".")), clock)
}
