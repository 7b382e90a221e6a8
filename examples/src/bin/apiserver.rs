//! The API server alone, over any store.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use pintle::{Cluster, StoreChoice, Toggle};
use pintle_apiserver::StaticTokens;
use pintle_controllers::ControllerSet;
use pintle_examples::{AuditFlags, StoreArguments};
use pintle_object_model::Scheme;
use pintle_object_model::clock::SystemClock;

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
    /// Addresses of Services.
    #[arg(long, default_value = "10.96.0.0/16")]
    service_cidr: ipnet::Ipv4Net,
    #[command(flatten)]
    audit: AuditFlags,
    /// Ends after this many seconds.
    #[arg(long)]
    exit_after: Option<u64>,
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
        .nodes(0)
        .scheduler(Toggle::Off)
        .controllers(ControllerSet::none());
    for address in &arguments.listen {
        builder = builder.listen(*address);
    }
    if let Some(path) = &arguments.token_file {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let tokens = StaticTokens::parse(&text).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))?;
        builder = builder.authenticator(Arc::new(tokens));
    }
    let server = arguments.audit.apply(builder)?.start().await?;
    println!("serving, kubeconfig in {}", kubeconfig.display());
    pintle_examples::wait_for_stop(arguments.exit_after.map(Duration::from_secs)).await?;
    server.stop().await;
    Ok(())
}
