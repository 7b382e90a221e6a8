//! The ingress alone, on any Kubernetes API server.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use pintle_examples::{ServerFlags, until_stopped};
use pintle_ingress::{IngressController, IngressOptions};
use pintle_object_model::clock::{Random, SystemClock};

/// Routes HTTP by the Ingresses of a cluster.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    server: ServerFlags,
    /// Address for HTTP.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Address for HTTPS.
    #[arg(long)]
    listen_tls: Option<SocketAddr>,
    /// Certificate (PEM) for server names that no Secret covers; needs `--default-key`.
    #[arg(long, requires = "default_key")]
    default_certificate: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, requires = "default_certificate")]
    default_key: Option<PathBuf>,
    /// Address that is written into the status of Ingresses.
    #[arg(long)]
    publish: Option<IpAddr>,
}

#[tokio::main]
async fn main() -> Result<()> {
    pintle_examples::start_logs();
    let arguments = Arguments::parse();
    let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()));
    let mut options = IngressOptions::http(arguments.listen);
    options.https = arguments.listen_tls;
    options.publish = arguments.publish;
    if let (Some(certificate), Some(key)) = (&arguments.default_certificate, &arguments.default_key) {
        options.default_certificate = Some((read(certificate)?, read(key)?));
    }
    let client = arguments.server.client("pintle-ingress")?;
    let ingress = IngressController::bind(client, SystemClock::shared(), Random::from_os(), options).await?;
    println!("listening on http://{}", ingress.address()?);
    until_stopped(arguments.server.limit(), |shutdown| ingress.run(shutdown)).await
}
