//! The API server alone, over any store.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use pintle::{Cluster, StoreChoice, Toggle};
use pintle_apiserver::{ClaimMapping, JwtAuthenticator, JwtIssuer, StaticKeys, StaticTokens};
use pintle_controllers::ControllerSet;
use pintle_examples::{AccessFlags, AuditFlags, StoreArguments, TlsFlags};
use pintle_object_model::Scheme;
use pintle_object_model::clock::{Clock, SystemClock};

/// Serves the Kubernetes API over HTTPS.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    store: StoreArguments,
    /// Address to listen on; may be given several times, the last one is where pods reach the server.
    #[arg(long, default_value = "127.0.0.1:6443")]
    listen: Vec<SocketAddr>,
    /// Where keys are kept.
    #[arg(long, default_value = ".pintle/apiserver")]
    data_dir: PathBuf,
    /// Where the administrator's kubeconfig is written; in the data directory if not given.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Static tokens: lines of `token,user,uid,"group1,group2"`.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Admission plugins to switch on, separated by commas.
    #[arg(long, value_delimiter = ',')]
    enable_admission: Vec<String>,
    /// Admission plugins to switch off, separated by commas.
    #[arg(long, value_delimiter = ',')]
    disable_admission: Vec<String>,
    /// Another issuer whose tokens are believed: what `iss` says in them.
    #[arg(long, requires = "oidc_keys_file", requires = "oidc_client_id")]
    oidc_issuer_url: Option<String>,
    /// What `aud` must say in tokens of that issuer.
    #[arg(long)]
    oidc_client_id: Option<String>,
    /// The issuer's keys: a JSON Web Key Set.
    #[arg(long)]
    oidc_keys_file: Option<PathBuf>,
    /// The claim that names the user.
    #[arg(long, default_value = "sub")]
    oidc_username_claim: String,
    /// Put before the name of the user.
    #[arg(long, default_value = "")]
    oidc_username_prefix: String,
    /// The claim that lists the user's groups.
    #[arg(long)]
    oidc_groups_claim: Option<String>,
    /// Put before the name of each group.
    #[arg(long, default_value = "")]
    oidc_groups_prefix: String,
    /// Addresses of Services.
    #[arg(long, default_value = "10.96.0.0/16")]
    service_cidr: ipnet::Ipv4Net,
    #[command(flatten)]
    tls: TlsFlags,
    #[command(flatten)]
    access: AccessFlags,
    #[command(flatten)]
    audit: AuditFlags,
    /// Ends after this many seconds.
    #[arg(long)]
    exit_after: Option<u64>,
}

/// The authenticator that the flags ask for, if they do.
fn other_issuer(arguments: &Arguments, clock: Arc<dyn Clock>) -> Result<Option<JwtAuthenticator>> {
    let (Some(url), Some(audience), Some(path)) =
        (&arguments.oidc_issuer_url, &arguments.oidc_client_id, &arguments.oidc_keys_file)
    else {
        return Ok(None);
    };
    let keys = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let groups = arguments.oidc_groups_claim.as_deref();
    let issuer = JwtIssuer {
        url: url.clone(),
        audiences: vec![audience.clone()],
        username: ClaimMapping::new(&arguments.oidc_username_claim, &arguments.oidc_username_prefix),
        groups: groups.map(|claim| ClaimMapping::new(claim, &arguments.oidc_groups_prefix)),
        ..JwtIssuer::default()
    };
    let made = JwtAuthenticator::new(issuer, Arc::new(StaticKeys(keys)), clock);
    made.map(Some).map_err(|why| anyhow::anyhow!(why))
}

#[tokio::main]
async fn main() -> Result<()> {
    pintle_examples::start_logs();
    let arguments = Arguments::parse();
    let clock = SystemClock::shared();
    let store = arguments.store.open(&Scheme::builtin(), &clock).await?;
    let kubeconfig = arguments.kubeconfig.clone().unwrap_or_else(|| arguments.data_dir.join("kubeconfig"));
    let mut builder = Cluster::builder()
        .clock(clock)
        .store(StoreChoice::Given(store))
        .data_dir(&arguments.data_dir)
        .kubeconfig(&kubeconfig)
        .service_cidr(arguments.service_cidr)
        .tls_files(arguments.tls.files())
        .enable_admission(arguments.enable_admission.clone())
        .disable_admission(arguments.disable_admission.clone())
        .nodes(0)
        .scheduler(Toggle::Off)
        .controllers(ControllerSet::none());
    if let Some(issuer) = other_issuer(&arguments, SystemClock::shared())? {
        builder = builder.authenticator(Arc::new(issuer));
    }
    for address in &arguments.listen {
        builder = builder.listen(*address);
    }
    if let Some(path) = &arguments.token_file {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let tokens = StaticTokens::parse(&text).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))?;
        builder = builder.authenticator(Arc::new(tokens));
    }
    builder = arguments.access.apply(builder, &SystemClock::shared())?;
    let server = arguments.audit.apply(builder, &SystemClock::shared())?.start().await?;
    println!("serving, kubeconfig in {}", kubeconfig.display());
    pintle_examples::wait_for_stop(arguments.exit_after.map(Duration::from_secs)).await?;
    server.stop().await;
    Ok(())
}
