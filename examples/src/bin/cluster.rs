//! A whole cluster in one process; with `demo`, the sample application on it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use pintle::{Builder, Cluster, StoreChoice, Toggle};
use pintle_apiserver::StaticTokens;
use pintle_controllers::ControllerSet;
use pintle_examples::{
    AccessFlags, AuditFlags, IngressFlag, NodePlan, Nodes, Places, Progress, ProxyFlag, RuntimeFlag, ServiceNetwork,
    StoreArguments, Switch, demonstrate, inside, pack, resident_mib,
};
use pintle_ingress::IngressOptions;
use pintle_object_model::Scheme;
use pintle_object_model::clock::{Clock, Random, SystemClock};

/// Starts a Kubernetes cluster in this process and runs it until it is told to stop.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    store: StoreArguments,
    /// Address of the API server (HTTPS).
    #[arg(long, default_value = "127.0.0.1:6443", global = true)]
    listen: SocketAddr,
    /// Where the cluster keeps its files.
    #[arg(long, default_value = ".pintle/cluster", global = true)]
    data_dir: PathBuf,
    /// Where the administrator's kubeconfig is written; in the data directory if not given.
    #[arg(long, global = true)]
    kubeconfig: Option<PathBuf>,
    /// Static tokens: lines of `token,user,uid,"group1,group2"`.
    #[arg(long, global = true)]
    token_file: Option<PathBuf>,
    /// How many nodes there are. Default 1; for the demonstration 2, if pods are containers.
    #[arg(long, global = true)]
    nodes: Option<usize>,
    /// What runs the pods: `native`, `process`, `simulated`, `cri:SOCKET` or `docker`. Default `simulated`; for the
    /// demonstration `native`, or `process` where that cannot be.
    #[arg(long, global = true)]
    runtime: Option<RuntimeFlag>,
    #[command(flatten)]
    access: AccessFlags,
    #[command(flatten)]
    audit: AuditFlags,
    /// Addresses of Services.
    #[arg(long, default_value = "10.96.0.0/16", global = true)]
    service_cidr: ipnet::Ipv4Net,
    /// Addresses of pods.
    #[arg(long, default_value = "10.244.0.0/16", global = true)]
    pod_cidr: ipnet::Ipv4Net,
    /// Controllers to run: `all`, `none` or names; a leading `-` switches one off.
    #[arg(long, default_value = "all", allow_hyphen_values = true, global = true)]
    controllers: String,
    /// Whether the scheduler runs: `on` or `off`.
    #[arg(long, default_value = "on", global = true)]
    scheduler: Switch,
    /// How Services are carried out: `userspace`, `nftables` or `off`. Default `off` for simulated pods, else `userspace`.
    #[arg(long, global = true)]
    proxy: Option<ProxyFlag>,
    /// Where the Ingress controller listens, or `off`. Default `off` for simulated pods, else 127.0.0.1:8080.
    #[arg(long, global = true)]
    ingress: Option<IngressFlag>,
    /// Admission plugins to switch on, separated by commas.
    #[arg(long, value_delimiter = ',', global = true)]
    enable_admission: Vec<String>,
    /// Admission plugins to switch off, separated by commas.
    #[arg(long, value_delimiter = ',', global = true)]
    disable_admission: Vec<String>,
    /// Ends after this many seconds.
    #[arg(long, global = true)]
    exit_after: Option<u64>,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Deploys the sample application and shows that its Service and Ingress answer.
    Demo {
        /// Ends as soon as everything has answered, with an error if anything did not.
        #[arg(long)]
        exit_when_ready: bool,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    pintle_examples::start_logs();
    let arguments = Arguments::parse();
    let clock = SystemClock::shared();
    let progress = Progress::start(Arc::clone(&clock));
    let kubeconfig = arguments.kubeconfig.clone().unwrap_or_else(|| arguments.data_dir.join("kubeconfig"));
    let prepared = prepare(&arguments, &kubeconfig, clock, &progress).await?;
    let cluster = prepared.builder.start().await?;
    let address = cluster.address().context("the API server does not listen")?;
    progress.say(format!("the API server answers at https://{address}"));
    let outcome = after_start(&arguments, &cluster, &kubeconfig, &progress).await;
    progress.say("stopping");
    cluster.stop().await;
    progress.say("stopped, and everything that was made on this machine is removed");
    outcome
}

async fn after_start(arguments: &Arguments, cluster: &Cluster, kubeconfig: &Path, progress: &Progress) -> Result<()> {
    let limit = arguments.exit_after.map(Duration::from_secs);
    let Some(Command::Demo { exit_when_ready }) = arguments.command else {
        if let Some(mib) = resident_mib() {
            progress.say(format!(
                "this process holds {mib:.0} MiB; try: kubectl --kubeconfig {} get namespaces",
                kubeconfig.display()
            ));
        }
        return Ok(pintle_examples::wait_for_stop(limit).await?);
    };
    let ingress = cluster.ingress_address().context("the demonstration needs the ingress (--ingress ADDRESS)")?;
    let places = Places { ingress, kubeconfig: kubeconfig.to_owned() };
    let client = cluster.client();
    // A Ctrl-C in the middle ends it as well as one afterwards.
    let stopped = tokio::select! {
        biased;
        stopped = pintle_examples::wait_for_stop(limit) => { stopped?; true }
        shown = demonstrate(&client, &places, progress) => { shown?; false }
    };
    if !stopped && !exit_when_ready {
        progress.say("running until Ctrl-C");
        pintle_examples::wait_for_stop(limit).await?;
    }
    Ok(())
}

struct Prepared {
    builder: Builder,
}

/// Puts together what the flags ask for.
async fn prepare(
    arguments: &Arguments,
    kubeconfig: &Path,
    clock: Arc<dyn Clock>,
    progress: &Progress,
) -> Result<Prepared> {
    let demo = arguments.command.is_some();
    let mut builder = control_plane(arguments, kubeconfig, &clock).await?;
    let default = if demo { RuntimeFlag::Native } else { RuntimeFlag::Simulated };
    let runtime = arguments.runtime.clone().unwrap_or(default);
    let mut plan = NodePlan {
        count: arguments.nodes.unwrap_or(1),
        directory: arguments.data_dir.join("nodes"),
        pod_cidr: arguments.pod_cidr,
        service_cidr: arguments.service_cidr,
        dns: None,
        clock,
        random: Random::from_os(),
    };
    let mut services = ServiceNetwork {
        plane: arguments.proxy.unwrap_or(if runtime == RuntimeFlag::Simulated {
            ProxyFlag::Off
        } else {
            ProxyFlag::Userspace
        }),
        service_cidr: arguments.service_cidr,
        pod_cidr: arguments.pod_cidr,
        gateway: None,
        instance: arguments.listen.port().to_string(),
    };
    if plan.count == 0 || runtime == RuntimeFlag::Simulated {
        if demo {
            bail!("the demonstration needs real pods: --runtime native or process, and at least one node");
        }
        builder = builder.nodes(plan.count);
    } else {
        if demo && arguments.nodes.is_none() && runtime == RuntimeFlag::Native {
            plan.count = 2;
        }
        if services.plane != ProxyFlag::Off {
            plan.dns = Some(services.dns_address());
        }
        let nodes = real_nodes(&runtime, plan, arguments.runtime.is_some(), progress).await?;
        if demo {
            let packed = pack(&nodes.images, &arguments.data_dir).await?;
            progress.say(format!("packed {}", packed.join(" and ")));
        }
        services.gateway = nodes.gateway;
        if let Some(gateway) = nodes.gateway
            && !arguments.listen.ip().is_unspecified()
        {
            builder = builder.listen(inside(arguments.listen, gateway));
        }
        builder = nodes.add_to(builder);
    }
    let ingress = arguments.ingress.unwrap_or_else(|| {
        IngressFlag((runtime != RuntimeFlag::Simulated).then(|| SocketAddr::from(([127, 0, 0, 1], 8080))))
    });
    if let Some(address) = ingress.0 {
        let mut options = IngressOptions::http(address);
        options.publish = (!address.ip().is_unspecified()).then(|| address.ip());
        builder = builder.ingress(options);
    }
    if services.plane != ProxyFlag::Off {
        builder = builder.proxy(move |proxy| services.configure(proxy));
    }
    Ok(Prepared { builder })
}

async fn control_plane(arguments: &Arguments, kubeconfig: &Path, clock: &Arc<dyn Clock>) -> Result<Builder> {
    let store = arguments.store.open(&Scheme::builtin(), clock).await?;
    let mut builder = Cluster::builder()
        .clock(Arc::clone(clock))
        .store(StoreChoice::Given(store))
        .data_dir(&arguments.data_dir)
        .kubeconfig(kubeconfig)
        .listen(arguments.listen)
        .service_cidr(arguments.service_cidr)
        .pod_cidr(arguments.pod_cidr)
        .controllers(ControllerSet::parse(&arguments.controllers)?)
        .enable_admission(arguments.enable_admission.clone())
        .disable_admission(arguments.disable_admission.clone())
        .scheduler(if arguments.scheduler.0 { Toggle::On } else { Toggle::Off });
    if let Some(path) = &arguments.token_file {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let tokens = StaticTokens::parse(&text).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))?;
        builder = builder.authenticator(Arc::new(tokens));
    }
    builder = arguments.access.apply(builder, clock)?;
    arguments.audit.apply(builder, clock)
}

/// Nodes of containers; of plain processes where that was not asked for and cannot be.
async fn real_nodes(runtime: &RuntimeFlag, plan: NodePlan, asked: bool, progress: &Progress) -> Result<Nodes> {
    if *runtime == RuntimeFlag::Process {
        return Nodes::process(plan).await;
    }
    let count = plan.count;
    match Nodes::native(plan.clone()).await {
        Ok(nodes) => {
            progress.say(format!("{count} node(s) for Linux containers are set up on this machine"));
            Ok(nodes)
        }
        Err(error) if asked => Err(error),
        Err(error) => {
            progress.say(format!("containers cannot be used here ({error:#}): pods are plain processes instead"));
            Nodes::process(NodePlan { count: 1, ..plan }).await
        }
    }
}
