//! Reaching an API server that is already there.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::{Context, Result};
use pintle_client::{Client, Kubeconfig, in_cluster_client};
use pintle_object_model::Scheme;
use pintle_object_model::clock::Random;
use pintle_watch::ElectionConfig;

/// Flags of every component that talks to an API server.
#[derive(Clone, Debug, clap::Args)]
pub struct ServerFlags {
    /// Kubeconfig of the API server, or a list of them that complement each other; without it, the in-cluster environment
    /// is used.
    #[arg(long, env = "KUBECONFIG")]
    pub kubeconfig: Option<OsString>,
    /// Ends after this many seconds.
    #[arg(long)]
    pub exit_after: Option<u64>,
}

impl ServerFlags {
    /// A client named for its program.
    ///
    /// # Errors
    /// If the kubeconfig or the in-cluster environment cannot be used.
    pub fn client(&self, program: &str) -> Result<Client> {
        let client = match &self.kubeconfig {
            Some(paths) => from_files(paths)?,
            None => in_cluster()?,
        };
        Ok(client.with_user_agent(program))
    }

    /// The authority of the API server (PEM), as the kubeconfig or the pod's service account has it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn authority(&self) -> Result<Option<String>> {
        use base64::Engine as _;
        let Some(paths) = &self.kubeconfig else {
            let mounted = Path::new("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
            return std::fs::read_to_string(mounted).map(Some).context("reading the pod's authority");
        };
        let config = read(paths)?;
        let context = config.contexts.iter().find(|context| context.name == config.current_context);
        let cluster = context.and_then(|context| config.clusters.iter().find(|c| c.name == context.content.cluster));
        let Some(cluster) = cluster.map(|cluster| &cluster.content) else { return Ok(None) };
        if !cluster.certificate_authority_data.is_empty() {
            let decoded = base64::engine::general_purpose::STANDARD.decode(&cluster.certificate_authority_data);
            return Ok(Some(String::from_utf8(decoded.context("the authority is not base64")?)?));
        }
        if cluster.certificate_authority.is_empty() {
            return Ok(None);
        }
        let file = &cluster.certificate_authority;
        std::fs::read_to_string(file).map(Some).with_context(|| format!("reading {file}"))
    }

    /// How long to run, if there is a limit.
    pub fn limit(&self) -> Option<std::time::Duration> {
        self.exit_after.map(std::time::Duration::from_secs)
    }
}

fn read(paths: &OsStr) -> Result<Kubeconfig> {
    Kubeconfig::read_list(paths).with_context(|| format!("using {}", paths.display()))
}

fn from_files(paths: &OsStr) -> Result<Client> {
    let client = read(paths)?.client(None, Path::new("."), Scheme::builtin());
    client.with_context(|| format!("using {}", paths.display()))
}

fn in_cluster() -> Result<Client> {
    let variable = |name: &str| std::env::var(name).context("there is no --kubeconfig, and this is no pod");
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
    in_cluster_client(&host, &port, Scheme::builtin()).context("using the pod's service account")
}

/// Flags of components of which only one may work at a time.
#[derive(Clone, Debug, clap::Args)]
pub struct ElectionFlags {
    /// Work only while leading, so that several can stand by.
    #[arg(long)]
    pub leader_elect: bool,
}

impl ElectionFlags {
    /// The election to take part in, if that is wanted; the Lease is named for the program.
    pub fn config(&self, program: &str, random: &Random) -> Option<ElectionConfig> {
        let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
        let identity = format!("{}_{}", host.trim(), random.uuid());
        self.leader_elect.then(|| ElectionConfig::new("kube-system", program, &identity))
    }
}
