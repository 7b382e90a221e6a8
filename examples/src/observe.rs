//! What an API server tells of itself: flags of the audit log, and facts about the process for its metrics.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use pintle::Builder;
use pintle_apiserver::{AuditLog, AuditPolicy, ProcessFacts};

/// `--audit-policy-file` and `--audit-log-path`.
#[derive(Clone, Debug, clap::Args)]
pub struct AuditFlags {
    /// Which requests are told of, and how: a Policy of `audit.k8s.io/v1`.
    #[arg(long, global = true, requires = "audit_log_path")]
    audit_policy_file: Option<PathBuf>,
    /// Where requests are told of, one JSON object a line; `-` for the standard output.
    #[arg(long, global = true, requires = "audit_policy_file")]
    audit_log_path: Option<PathBuf>,
}

impl AuditFlags {
    /// The builder with the audit log, if one is wanted, and with metrics of the process.
    ///
    /// # Errors
    /// If the policy cannot be used or the log not be written.
    pub fn apply(&self, builder: Builder) -> Result<Builder> {
        let builder = builder.process(Arc::new(process_facts));
        let (Some(policy), Some(path)) = (&self.audit_policy_file, &self.audit_log_path) else { return Ok(builder) };
        let text = std::fs::read(policy).with_context(|| format!("reading {}", policy.display()))?;
        let policy = AuditPolicy::parse(&text).with_context(|| format!("reading {}", policy.display()))?;
        let writer: Box<dyn Write + Send> = if path.as_os_str() == "-" {
            Box::new(std::io::stdout())
        } else {
            let file = OpenOptions::new().create(true).append(true).open(path);
            Box::new(BufWriter::new(file.with_context(|| format!("opening {}", path.display()))?))
        };
        Ok(builder.audit(AuditLog::new(policy).writing(writer)))
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
