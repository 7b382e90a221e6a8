//! Who is let in, and to what: flags of the webhooks that an API server asks, and of the order in which it decides.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use pintle::Builder;
use pintle_apiserver::{AuthorizationMode, WebhookAuthenticator, WebhookAuthorizer};
use pintle_client::endpoint_from_file;
use pintle_object_model::clock::{Clock, Random};

/// One of `--authorization-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Node,
    Rbac,
    Webhook,
    AlwaysAllow,
    AlwaysDeny,
}

impl FromStr for Mode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "Node" => Ok(Self::Node),
            "RBAC" => Ok(Self::Rbac),
            "Webhook" => Ok(Self::Webhook),
            "AlwaysAllow" => Ok(Self::AlwaysAllow),
            "AlwaysDeny" => Ok(Self::AlwaysDeny),
            _ => Err("it is `Node`, `RBAC`, `Webhook`, `AlwaysAllow` or `AlwaysDeny`".into()),
        }
    }
}

/// `--authentication-token-webhook-config-file`, `--authorization-webhook-config-file` and `--authorization-mode`.
#[derive(Clone, Debug, clap::Args)]
pub struct AccessFlags {
    /// A kubeconfig whose server knows tokens that this one does not.
    #[arg(long, global = true)]
    authentication_token_webhook_config_file: Option<PathBuf>,
    /// Who decides what is allowed, in this order: `Node`, `RBAC`, `Webhook`, `AlwaysAllow`, `AlwaysDeny`. Whoever has no
    /// opinion leaves it to the next.
    #[arg(long, global = true, value_delimiter = ',', default_value = "Node,RBAC")]
    authorization_mode: Vec<Mode>,
    /// A kubeconfig whose server decides for `Webhook`.
    #[arg(long, global = true)]
    authorization_webhook_config_file: Option<PathBuf>,
}

impl AccessFlags {
    /// The builder with what the flags ask for.
    ///
    /// # Errors
    /// If a kubeconfig cannot be used, or mode and file of the authorization webhook are not both given.
    pub fn apply(&self, mut builder: Builder, clock: &Arc<dyn Clock>) -> Result<Builder> {
        let endpoint = |path: &PathBuf| {
            endpoint_from_file(path, Arc::clone(clock)).with_context(|| format!("reading {}", path.display()))
        };
        if let Some(path) = &self.authentication_token_webhook_config_file {
            let webhook = WebhookAuthenticator::new(endpoint(path)?, Arc::clone(clock), Random::from_os());
            builder = builder.last_authenticator(Arc::new(webhook));
        }
        if self.authorization_webhook_config_file.is_some() != self.authorization_mode.contains(&Mode::Webhook) {
            bail!("--authorization-mode Webhook and --authorization-webhook-config-file need each other");
        }
        let mut modes = vec![];
        for (index, mode) in self.authorization_mode.iter().enumerate() {
            if self.authorization_mode[..index].contains(mode) {
                bail!("--authorization-mode {mode:?} stands twice");
            }
            modes.push(match (mode, &self.authorization_webhook_config_file) {
                (Mode::Node, _) => AuthorizationMode::Node,
                (Mode::Rbac, _) => AuthorizationMode::Rbac,
                (Mode::AlwaysAllow, _) => AuthorizationMode::AlwaysAllow,
                (Mode::AlwaysDeny, _) => AuthorizationMode::AlwaysDeny,
                (Mode::Webhook, Some(path)) => {
                    let webhook = WebhookAuthorizer::new(endpoint(path)?, Arc::clone(clock), Random::from_os());
                    AuthorizationMode::Ask(Arc::new(webhook))
                }
                // Refused above.
                (Mode::Webhook, None) => continue,
            });
        }
        Ok(builder.authorization(modes))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use pintle::Cluster;
    use pintle_object_model::clock::SystemClock;

    use super::*;

    #[derive(Debug, Parser)]
    struct Arguments {
        #[command(flatten)]
        access: AccessFlags,
    }

    fn apply(flags: &[&str]) -> Result<()> {
        let arguments = Arguments::try_parse_from(std::iter::once(&"test").chain(flags))?;
        arguments.access.apply(Cluster::builder(), &SystemClock::shared()).map(drop)
    }

    #[test]
    fn modes_are_known_and_complete() {
        apply(&[]).unwrap();
        apply(&["--authorization-mode=RBAC,AlwaysDeny"]).unwrap();
        assert!(apply(&["--authorization-mode=ABAC"]).unwrap_err().to_string().contains("it is `Node`"));
        assert!(apply(&["--authorization-mode=Webhook"]).unwrap_err().to_string().contains("need each other"));
        let unused = apply(&["--authorization-webhook-config-file=x"]);
        assert!(unused.unwrap_err().to_string().contains("need each other"));
        assert!(apply(&["--authorization-mode=RBAC,RBAC"]).unwrap_err().to_string().contains("twice"));
    }
}
