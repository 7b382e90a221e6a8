//! A whole cluster in one process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use pintle::{Builder, Cluster, Toggle};
use pintle_apiserver::StaticTokens;

/// Starts a Kubernetes cluster in this process and runs it until it is told to stop.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where objects are kept: `memory`, `file:DIR` or `etcd:URL[,URL]`.
    #[arg(long, default_value = "memory")]
    store: String,
    /// Address of the API server (HTTPS).
    #[arg(long, default_value = "127.0.0.1:6443")]
    listen: SocketAddr,
    /// Where the cluster keeps its files.
    #[arg(long, default_value = ".pintle/cluster")]
    data_dir: PathBuf,
    /// Where the administrator's kubeconfig is written; in the data directory if not given.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Static tokens: lines of `token,user,uid,"group1,group2"`.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// How many nodes there are.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// What runs the pods: `native`, `process`, `simulated`, `cri:SOCKET` or `docker`.
    #[arg(long, default_value = "simulated")]
    runtime: String,
    /// Addresses of Services.
    #[arg(long, default_value = "10.96.0.0/16")]
    service_cidr: ipnet::Ipv4Net,
    /// Addresses of pods.
    #[arg(long, default_value = "10.244.0.0/16")]
    pod_cidr: ipnet::Ipv4Net,
    /// Controllers to run: `all`, `none` or names; a leading `-` switches one off.
    #[arg(long, default_value = "all", allow_hyphen_values = true)]
    controllers: String,
    /// Whether the scheduler runs: `on` or `off`.
    #[arg(long, default_value = "on")]
    scheduler: String,
    /// How Services are carried out: `userspace`, `nftables` or `off`.
    #[arg(long, default_value = "off")]
    proxy: String,
    /// Where the Ingress controller listens, or `off`.
    #[arg(long, default_value = "off")]
    ingress: String,
    /// Admission plugins to switch on, separated by commas.
    #[arg(long, value_delimiter = ',')]
    enable_admission: Vec<String>,
    /// Admission plugins to switch off, separated by commas.
    #[arg(long, value_delimiter = ',')]
    disable_admission: Vec<String>,
    /// Ends after this many seconds.
    #[arg(long)]
    exit_after: Option<u64>,
}

#[tokio::main]
async fn main() -> Result<()> {
    pintle_examples::start_logs();
    let arguments = Arguments::parse();
    let kubeconfig = arguments.kubeconfig.clone().unwrap_or_else(|| arguments.data_dir.join("kubeconfig"));
    let cluster = builder(&arguments)?.listen(arguments.listen).kubeconfig(&kubeconfig).start().await?;
    if let Some(address) = cluster.address() {
        println!("The API server listens on https://{address}.");
        println!("Try: kubectl --kubeconfig {} get namespaces", kubeconfig.display());
    }
    pintle_examples::wait_for_stop(arguments.exit_after.map(Duration::from_secs)).await?;
    cluster.stop().await;
    Ok(())
}

/// Every built-in plugin is on unless it is switched off, so switching one on only has to name one that exists.
fn check_enabled(arguments: &Arguments) -> Result<()> {
    for name in &arguments.enable_admission {
        if !pintle_apiserver::ADMISSION_PLUGINS.contains(&name.as_str()) {
            bail!("--enable-admission {name}: there is only {}", pintle_apiserver::ADMISSION_PLUGINS.join(", "));
        }
        if arguments.disable_admission.contains(name) {
            bail!("{name} is in both --enable-admission and --disable-admission");
        }
    }
    Ok(())
}

fn builder(arguments: &Arguments) -> Result<Builder> {
    check_enabled(arguments)?;
    let mut builder =
        Cluster::builder().service_cidr(arguments.service_cidr).disable_admission(arguments.disable_admission.clone());
    if arguments.store != "memory" {
        bail!("--store {}: only `memory` is there yet", arguments.store);
    }
    if let Some(path) = &arguments.token_file {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let tokens = StaticTokens::parse(&text).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))?;
        builder = builder.authenticator(Arc::new(tokens));
    }
    builder = builder.scheduler(on_off("--scheduler", &arguments.scheduler)?);
    Ok(builder.nodes(arguments.nodes))
}

fn on_off(flag: &str, value: &str) -> Result<Toggle> {
    match value {
        "on" => Ok(Toggle::On),
        "off" => Ok(Toggle::Off),
        other => bail!("{flag} takes `on` or `off`, not {other:?}"),
    }
}
