//! TLS material that somebody else keeps in files, and renews there.
//!
//! In: paths. Out: what the server shows and believes. Invariant: files that cannot be read or used are told of in the
//! log, and the former material stays.

use std::path::PathBuf;
use std::time::Duration;

use pintle_apiserver::{Issued, NamedIdentity, TlsMaterial, TlsServer, TlsVersion};
use pintle_watch::Shutdown;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use crate::ClusterError;
use crate::credentials::{Credentials, read};

/// How often the files are looked at. Renewed certificates overlap with old ones by hours at least.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// A certificate and its key in two files.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

impl KeyFiles {
    async fn read(&self) -> Result<Issued, ClusterError> {
        Ok(Issued { certificate: read(&self.certificate).await?, key: read(&self.key).await? })
    }
}

/// What the API server shows and believes beyond the cluster's own certificates. The files are looked at every minute, and
/// what changed counts from the next connection on.
#[derive(Clone, Debug, Default)]
pub struct TlsFiles {
    /// Shown instead of the certificate that the cluster's own authority issued. The kubeconfigs that the cluster writes
    /// trust its own authority alone.
    pub identity: Option<KeyFiles>,
    /// Shown to those who ask for certain names; those of the certificate if the list is empty.
    pub named: Vec<(Vec<String>, KeyFiles)>,
    /// Authorities of clients beside the cluster's own, PEM.
    pub client_ca: Option<PathBuf>,
    /// The oldest version that is spoken.
    pub oldest: TlsVersion,
}

impl TlsFiles {
    pub(crate) async fn read(&self, keys: &Credentials) -> Result<TlsMaterial, ClusterError> {
        let identity = match &self.identity {
            Some(files) => files.read().await?,
            None => keys.server().clone(),
        };
        let mut named = vec![];
        for (names, files) in &self.named {
            named.push(NamedIdentity { names: names.clone(), identity: files.read().await? });
        }
        let mut client_ca = keys.authority().certificate();
        if let Some(path) = &self.client_ca {
            client_ca.push('\n');
            client_ca += &read(path).await?;
        }
        Ok(TlsMaterial { identity, named, client_ca, oldest: self.oldest })
    }

    /// Is there anything that could change?
    pub(crate) fn any(&self) -> bool {
        self.identity.is_some() || !self.named.is_empty() || self.client_ca.is_some()
    }

    /// Shows what the files hold instead of the `last` that they held, whenever that changes, until `shutdown`.
    pub(crate) async fn follow(self, server: TlsServer, mut last: TlsMaterial, keys: Credentials, shutdown: Shutdown) {
        let mut ticks = tokio::time::interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.unless(ticks.tick()).await.is_some() {
            let loaded = match self.read(&keys).await {
                Ok(material) if material == last => continue,
                Ok(material) => {
                    last = material;
                    server.reload(&last).map_err(ClusterError::from)
                }
                Err(error) => Err(error),
            };
            match loaded {
                Ok(()) => info!("TLS material was loaded again"),
                Err(error) => warn!(%error, "TLS material cannot be used; the former stays"),
            }
        }
    }
}
