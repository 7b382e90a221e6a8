//! What an API server tells of itself: flags of the audit log, and facts about the process for its metrics.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use pintle::Builder;
use pintle_apiserver::{AuditLog, AuditPolicy, AuditWebhook, ProcessFacts};
use pintle_client::endpoint_from_file;
use pintle_object_model::clock::{Clock, Random};

/// `--audit-policy-file`, `--audit-log-path` and `--audit-webhook-config-file`.
#[derive(Clone, Debug, clap::Args)]
pub struct AuditFlags {
    /// Which requests are told of, and how: a Policy of `audit.k8s.io/v1`.
    #[arg(long, global = true)]
    audit_policy_file: Option<PathBuf>,
    /// Where requests are told of, one JSON object a line; `-` for the standard output.
    #[arg(long, global = true, requires = "audit_policy_file")]
    audit_log_path: Option<PathBuf>,
    /// A kubeconfig whose server is told of requests, in batches; as well as the file, if both are given.
    #[arg(long, global = true, requires = "audit_policy_file")]
    audit_webhook_config_file: Option<PathBuf>,
}

impl AuditFlags {
    /// The builder with the audit log, if one is wanted, and with metrics of the process.
    ///
    /// # Errors
    /// If the policy or the webhook cannot be used or the log not be written, or there is a policy and neither of them.
    pub fn apply(&self, builder: Builder, clock: &Arc<dyn Clock>) -> Result<Builder> {
        let builder = builder.process(Arc::new(process_facts));
        let Some(policy) = &self.audit_policy_file else { return Ok(builder) };
        if self.audit_log_path.is_none() && self.audit_webhook_config_file.is_none() {
            bail!("--audit-policy-file needs --audit-log-path or --audit-webhook-config-file");
        }
        let text = std::fs::read(policy).with_context(|| format!("reading {}", policy.display()))?;
        let policy = AuditPolicy::parse(&text).with_context(|| format!("reading {}", policy.display()))?;
        let mut log = AuditLog::new(policy);
        if let Some(path) = &self.audit_log_path {
            let writer: Box<dyn Write + Send> = if path.as_os_str() == "-" {
                Box::new(std::io::stdout())
            } else {
                let file = OpenOptions::new().create(true).append(true).open(path);
                Box::new(BufWriter::new(file.with_context(|| format!("opening {}", path.display()))?))
            };
            log = log.writing(writer);
        }
        if let Some(path) = &self.audit_webhook_config_file {
            let endpoint = endpoint_from_file(path, Arc::clone(clock));
            let endpoint = endpoint.with_context(|| format!("reading {}", path.display()))?;
            log = log.posting(AuditWebhook::new(endpoint, Arc::clone(clock), Random::from_os()));
        }
        Ok(builder.audit(log))
    }
}

/// What Linux says of this process; zeros elsewhere.
fn process_facts() -> ProcessFacts {
    // Fields behind the parenthesis that closes the program's name: the 12th and 13th are processor time in ticks of
    // 10 ms, the 22nd is resident memory in pages.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect())
        .unwrap_or_default();
    let field = |index: usize| fields.get(index).copied().unwrap_or(0);
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, std::iter::Iterator::count);
    ProcessFacts {
        cpu_seconds: (field(11) + field(12)) as f64 / 100.0,
        resident_memory_bytes: field(21) * 4096,
        open_fds: u64::try_from(open).unwrap_or(0),
    }
}
