//! The demonstration: the sample application on a running cluster, seen through its Service and its Ingress.
//!
//! In: a cluster that runs. Out: lines for a person, and an error if anything did not answer.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use pintle_client::Client;
use pintle_object_model::Resource;
use pintle_object_model::api::core::v1::{Namespace, Pod};
use pintle_object_model::clock::Random;
use pintle_watch::{Delta, Informer, InformerConfig, Shutdown};

use crate::{Progress, get, resident_mib};

/// The manifests of the architecture notes, as they stand there.
const MANIFESTS: [(&str, &str); 3] = [
    ("deployment.yaml", include_str!("../manifests/deployment.yaml")),
    ("service.yaml", include_str!("../manifests/service.yaml")),
    ("ingress.yaml", include_str!("../manifests/ingress.yaml")),
];
const NAMESPACE: &str = "spring-test";
const HOST: &str = "www.k8s-demo.com";
const NODE_PORT: u16 = 30003;
const REPLICAS: usize = 3;
/// How long anything may take before the demonstration gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a cluster is reached.
#[derive(Clone, Debug)]
pub struct Places {
    /// The ingress.
    pub ingress: SocketAddr,
    /// The administrator's kubeconfig.
    pub kubeconfig: std::path::PathBuf,
}

/// Deploys the sample application and looks at it from outside.
///
/// # Errors
/// If anything does not come up or does not answer in time.
pub async fn demonstrate(client: &Client, places: &Places, progress: &Progress) -> Result<()> {
    make_namespace(client).await?;
    progress.say(format!("namespace {NAMESPACE} is there"));
    let applied_at = progress.elapsed();
    for (file, text) in MANIFESTS {
        for what in pintle::apply(client, "pintle-demo", text).await.with_context(|| format!("applying {file}"))? {
            progress.say(format!("applied {file}: {what}"));
        }
    }
    let (stop, signal) = Shutdown::channel();
    let config = InformerConfig::new(Random::from_os()).labels("app=k8s-demo");
    let pods = Informer::<Pod>::start(client, NAMESPACE, config, signal);
    tell_changes(&pods, progress);
    let ready = tokio::time::timeout(PATIENCE, pods.wait_for(all_ready)).await;
    let names = ready.map_err(|_| anyhow::anyhow!("{}", stuck(&pods)))?;
    let took = progress.elapsed() - applied_at;
    progress
        .say(format!("{REPLICAS} pods are ready, {:.2} s after the first manifest was applied", took.as_secs_f64()));
    memory(progress);

    let node_port = SocketAddr::from((Ipv4Addr::LOCALHOST, NODE_PORT));
    see_all(&names, node_port, "localhost", "/", progress).await.context("asking the Service's node port")?;
    see_all(&names, places.ingress, HOST, "/hello", progress).await.context("asking the Ingress")?;
    drop(stop);
    usage(places, progress);
    Ok(())
}

async fn make_namespace(client: &Client) -> Result<()> {
    let mut namespace = Namespace::default();
    namespace.metadata.name = NAMESPACE.into();
    match client.all::<Namespace>().create(&namespace).await {
        Err(status) if status.is_already_exists() => Ok(()),
        other => other.map(drop).context("making the namespace"),
    }
}

fn memory(progress: &Progress) {
    if let Some(mib) = resident_mib() {
        progress.say(format!("this process, with the whole control plane and the nodes, holds {mib:.0} MiB"));
    }
}

/// One line for every change of a pod that a person would notice.
fn tell_changes(pods: &Informer<Pod>, progress: &Progress) {
    let progress = progress.clone();
    pods.add_handler(move |delta| {
        let (before, now) = match delta {
            Delta::Added(pod) => (String::new(), state(pod)),
            Delta::Updated { old, new } => (state(old), state(new)),
            Delta::Deleted { .. } => (String::new(), "gone".into()),
        };
        if before != now {
            progress.say(format!("pod {} is {now}", delta.object().metadata().name));
        }
    });
}

fn state(pod: &Pod) -> String {
    let status = &pod.status;
    let waiting = status.container_statuses.iter().find_map(|c| c.state.waiting.as_ref().map(|w| w.reason.clone()));
    match (&waiting, is_ready(pod)) {
        (_, true) => format!("ready at {} on {}", status.pod_ip, pod.spec.node_name),
        (Some(reason), _) => format!("waiting: {reason}"),
        (None, _) if pod.spec.node_name.is_empty() => "waiting for a node".into(),
        (None, _) => format!("{} on {}", status.phase.to_lowercase(), pod.spec.node_name),
    }
}

fn is_ready(pod: &Pod) -> bool {
    pod.status.conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn all_ready(pods: &Informer<Pod>) -> Option<BTreeSet<String>> {
    let ready = pods.list().into_iter().filter(|pod| is_ready(pod)).map(|pod| pod.metadata.name.clone());
    let names: BTreeSet<String> = ready.collect();
    (names.len() >= REPLICAS).then_some(names)
}

/// Why the pods are not ready, as far as they tell.
fn stuck(pods: &Informer<Pod>) -> String {
    let mut text = format!("{REPLICAS} ready pods did not come up within {} s", PATIENCE.as_secs());
    for pod in pods.list() {
        text.push_str(&format!("\n  pod {} is {}", pod.metadata.name, state(&pod)));
        let conditions = pod.status.conditions.iter().filter(|c| c.status != "True" && !c.message.is_empty());
        for condition in conditions {
            text.push_str(&format!("\n    {}: {}", condition.type_, condition.message));
        }
    }
    text
}

/// Asks until every pod has answered.
async fn see_all(
    pods: &BTreeSet<String>,
    address: SocketAddr,
    host: &str,
    path: &str,
    progress: &Progress,
) -> Result<()> {
    let mut unseen = pods.clone();
    progress.say(format!("asking http://{address}{path} (host {host}) until all pods have answered"));
    let asked = async {
        let mut last = None;
        while !unseen.is_empty() {
            match get(address, host, path, Duration::from_secs(5)).await {
                Ok((200, body)) => {
                    let who = body.split(' ').nth(1).unwrap_or_default().to_owned();
                    if unseen.remove(&who) {
                        progress.detail(body.trim_end());
                    }
                    continue;
                }
                Ok((code, body)) => last = Some(anyhow::anyhow!("it answered {code}: {}", body.trim_end())),
                Err(error) => last = Some(error),
            }
            // Endpoints arrive a moment after the pods are ready.
            tokio::time::sleep(Duration::from_millis(20)).await;
            if progress.elapsed() > PATIENCE * 3 {
                break;
            }
        }
        last
    };
    let last = tokio::time::timeout(PATIENCE, asked).await.ok().flatten();
    match (unseen.is_empty(), last) {
        (true, _) => Ok(()),
        (false, Some(error)) => Err(error),
        (false, None) => bail!("these pods never answered: {unseen:?}"),
    }
}

fn usage(places: &Places, progress: &Progress) {
    progress.say("everything answers. Try, in another terminal:");
    progress.detail(format!(
        "export KUBECONFIG={}\nkubectl get pods -o wide -n {NAMESPACE}\ncurl http://127.0.0.1:{NODE_PORT}/\n\
         curl -H 'Host: {HOST}' http://{}/hello\n\
         kubectl set image deployment/k8s-demo k8s-demo=k8s-demo:0.0.2-SNAPSHOT -n {NAMESPACE}\n\
         kubectl rollout status deployment/k8s-demo -n {NAMESPACE}",
        places.kubeconfig.display(),
        places.ingress
    ));
}
