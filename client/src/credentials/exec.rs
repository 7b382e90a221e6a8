//! Credential plugins: programs that print a token or a certificate.
//!
//! Invariants: one run at a time, and none while what it printed last is still valid; its output and its time are
//! bounded. Source: Kubernetes docs, "client-go credential plugins"; `client.authentication.k8s.io/v1`.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pintle_object_model::clock::Clock;
use pintle_object_model::{MicroTime, Status};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;

use super::Credentials;
use crate::Caller;
use crate::tls::CertificateSlot;

const RUN_MAX: Duration = Duration::from_secs(60);
const OUTPUT_BYTES_MAX: u64 = 1 << 20;

/// A variable of a plugin's environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecVariable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// `exec` of a kubeconfig's user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecConfig {
    /// `client.authentication.k8s.io/v1` or `v1beta1`.
    pub api_version: String,
    /// The program.
    pub command: String,
    /// Its arguments.
    #[serde(deserialize_with = "null_is_default")]
    pub args: Vec<String>,
    /// Added to its environment.
    #[serde(deserialize_with = "null_is_default")]
    pub env: Vec<ExecVariable>,
    /// Shown if the program is missing.
    pub install_hint: String,
    /// `Never`, `IfAvailable` or `Always`.
    pub interactive_mode: String,
    /// Tell the program which cluster it is for.
    pub provide_cluster_info: bool,
}

fn null_is_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// What the program prints.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ExecCredential {
    api_version: String,
    kind: String,
    status: Option<ExecStatus>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ExecStatus {
    expiration_timestamp: Option<String>,
    token: String,
    client_certificate_data: String,
    client_key_data: String,
}

impl std::fmt::Debug for ExecStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExecStatus(..)")
    }
}

struct Known {
    caller: Caller,
    until: Option<MicroTime>,
}

/// Credentials that a program hands out.
pub struct ExecCredentials {
    config: ExecConfig,
    /// For the program, as `spec.cluster`.
    cluster: serde_json::Value,
    directory: PathBuf,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<Known>>,
    certificates: Arc<CertificateSlot>,
}

impl std::fmt::Debug for ExecCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecCredentials").field("command", &self.config.command).finish_non_exhaustive()
    }
}

impl ExecCredentials {
    /// Credentials from this plugin; a command with a slash is relative to `directory`, and `cluster` is what it is told of
    /// the cluster if it wants to know.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        config: ExecConfig,
        cluster: serde_json::Value,
        directory: PathBuf,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        if !matches!(
            config.api_version.as_str(),
            "client.authentication.k8s.io/v1" | "client.authentication.k8s.io/v1beta1"
        ) {
            return Err(format!("exec plugin: invalid apiVersion {:?}", config.api_version));
        }
        if config.command.is_empty() {
            return Err("exec plugin: command must be specified".into());
        }
        match config.interactive_mode.as_str() {
            "" | "Never" | "IfAvailable" => {}
            "Always" => return Err("exec plugin: it wants to talk to a user, and there is no terminal".into()),
            other => return Err(format!("exec plugin: unknown interactiveMode {other:?}")),
        }
        let (known, certificates) = (Mutex::default(), Arc::default());
        Ok(Self { config, cluster, directory, clock, known, certificates })
    }

    async fn run(&self) -> Result<ExecStatus, String> {
        let name = &self.config.command;
        let program = if name.contains('/') { self.directory.join(name) } else { name.into() };
        let mut spec = serde_json::json!({"interactive": false});
        if self.config.provide_cluster_info {
            spec["cluster"] = self.cluster.clone();
        }
        let info = serde_json::json!({
            "apiVersion": self.config.api_version, "kind": "ExecCredential", "spec": spec,
        });
        let mut command = tokio::process::Command::new(program);
        command.args(&self.config.args).envs(self.config.env.iter().map(|entry| (&entry.name, &entry.value)));
        command.env("KUBERNETES_EXEC_INFO", info.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            let hint = &self.config.install_hint;
            if hint.is_empty() { error.to_string() } else { format!("{error}\n{hint}") }
        })?;
        let mut text = Vec::new();
        if let Some(output) = child.stdout.take() {
            let read = output.take(OUTPUT_BYTES_MAX).read_to_end(&mut text).await;
            read.map_err(|error| error.to_string())?;
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(status.to_string());
        }
        let printed: ExecCredential =
            serde_json::from_slice(&text).map_err(|error| format!("decoding what it printed: {error}"))?;
        if printed.kind != "ExecCredential" || printed.api_version != self.config.api_version {
            let (wanted, got) = (&self.config.api_version, &printed.api_version);
            return Err(format!("it is configured for {wanted}, and printed {:?} of {got:?}", printed.kind));
        }
        printed.status.ok_or_else(|| "it printed no status".into())
    }

    fn take_over(&self, status: ExecStatus) -> Result<Known, String> {
        let certificate = (!status.client_certificate_data.is_empty(), !status.client_key_data.is_empty());
        match certificate {
            (false, false) if status.token.is_empty() => return Err("it printed neither token nor certificate".into()),
            (false, false) => {}
            (true, true) => self
                .certificates
                .set(status.client_certificate_data.as_bytes(), status.client_key_data.as_bytes())
                .map_err(|error| error.to_string())?,
            _ => return Err("it must print both or neither of clientCertificateData and clientKeyData".into()),
        }
        let until = status
            .expiration_timestamp
            .map(|text| text.parse::<MicroTime>().map_err(|_| format!("expirationTimestamp {text:?} is no time")));
        let caller =
            if status.token.is_empty() { Caller::Anonymous } else { Caller::Token(status.token.as_str().into()) };
        Ok(Known { caller, until: until.transpose()? })
    }
}

#[async_trait]
impl Credentials for ExecCredentials {
    async fn caller(&self) -> Result<Caller, Status> {
        let mut known = self.known.lock().await;
        if let Some(known) = &*known
            && known.until.is_none_or(|until| self.clock.utc() < until)
        {
            return Ok(known.caller.clone());
        }
        let printed = match tokio::time::timeout(RUN_MAX, self.run()).await {
            Ok(printed) => printed.and_then(|status| self.take_over(status)),
            Err(_) => Err(format!("it did not end in {RUN_MAX:?}")),
        };
        let fresh = printed.map_err(|why| {
            let command = &self.config.command;
            Status::failure(401, "Unauthorized", format!("getting credentials: exec: {command}: {why}"))
        })?;
        Ok(known.insert(fresh).caller.clone())
    }

    async fn refused(&self, caller: &Caller) -> bool {
        let mut known = self.known.lock().await;
        let same = |known: &Known| match (&known.caller, caller) {
            (Caller::Token(known), Caller::Token(refused)) => known == refused,
            (Caller::Anonymous, Caller::Anonymous) => true,
            _ => false,
        };
        // Somebody else may have renewed it meanwhile: then that is worth an attempt, too.
        if known.as_ref().is_some_and(same) {
            *known = None;
        }
        true
    }

    fn certificates(&self) -> Option<Arc<CertificateSlot>> {
        Some(Arc::clone(&self.certificates))
    }
}
