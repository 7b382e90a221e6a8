//! Reaching an API server that is already there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pintle_client::{Client, client_from_file, in_cluster_client};
use pintle_object_model::Scheme;

/// Flags of every component that talks to an API server.
#[derive(Clone, Debug, clap::Args)]
pub struct ServerFlags {
    /// Kubeconfig of the API server; without it, the in-cluster environment is used.
    #[arg(long, env = "KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
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
            Some(path) => from_file(path)?,
            None => in_cluster()?,
        };
        Ok(client.with_user_agent(program))
    }

    /// How long to run, if there is a limit.
    pub fn limit(&self) -> Option<std::time::Duration> {
        self.exit_after.map(std::time::Duration::from_secs)
    }
}

fn from_file(path: &Path) -> Result<Client> {
    client_from_file(path, Scheme::builtin()).with_context(|| format!("using {}", path.display()))
}

fn in_cluster() -> Result<Client> {
    let variable = |name: &str| std::env::var(name).context("there is no --kubeconfig, and this is no pod");
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
    in_cluster_client(&host, &port, Scheme::builtin()).context("using the pod's service account")
}
