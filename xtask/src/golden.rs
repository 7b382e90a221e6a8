//! Holds our API server against recorded answers of a real one.
//!
//! In: the recordings beside the repository (`../shared/golden`, or `PINTLE_GOLDEN`), and `golden-expected.txt`, the names
//! of the scenarios that are known to be answered alike. Out: failure if one of those no longer is. With `--update` the
//! list is written anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{command, exec, pause, root};

const ADDRESS: &str = "127.0.0.1:16444";

pub(crate) fn run(flags: &[String]) -> Result<()> {
    let Some(golden) = recordings() else {
        println!("the recordings are not on this machine (set PINTLE_GOLDEN to their folder): nothing compared");
        return Ok(());
    };
    // As the tests build it, so that nothing is compiled twice.
    exec("cargo", &["build", "--quiet", "--workspace", "--bins"])?;
    let report = root().join("target/golden-report.json");
    let server = Server::start(&golden)?;
    let replayed = command("python3")
        .arg(golden.join("replay.py"))
        .args(["--server", &format!("https://{ADDRESS}"), "--token", "golden-admin-token", "--insecure", "--times"])
        .args(["--jobs", "4", "--poll-limit", "3", "--json"])
        .arg(&report)
        .arg(golden.join("scenarios"))
        .status()
        .context("starting replay.py")?;
    drop(server);
    if !replayed.success() {
        bail!("replay.py failed ({replayed})");
    }
    let text = fs::read_to_string(&report).with_context(|| format!("reading {}", report.display()))?;
    judge(&serde_json::from_str(&text).context("reading the report")?, flags.iter().any(|flag| flag == "--update"))
}

fn recordings() -> Option<PathBuf> {
    let place = std::env::var_os("PINTLE_GOLDEN").map_or_else(|| root().join("../shared/golden"), PathBuf::from);
    place.join("replay.py").exists().then_some(place)
}

fn judge(report: &Value, update: bool) -> Result<()> {
    let list = root().join("apiserver/tests/golden-expected.txt");
    let passed: BTreeSet<&str> = report["scenarios"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|scenario| scenario["passed"].as_bool() == Some(true))
        .filter_map(|scenario| scenario["name"].as_str())
        .collect();
    if update {
        let lines: String = passed.iter().map(|name| format!("{name}\n")).collect();
        return fs::write(&list, lines).with_context(|| format!("writing {}", list.display()));
    }
    let expected = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let expected: BTreeSet<&str> = expected.lines().filter(|line| !line.is_empty()).collect();
    let lost: Vec<&&str> = expected.difference(&passed).collect();
    let gained = passed.difference(&expected).count();
    println!("{} of {} expected scenarios answered alike", expected.len() - lost.len(), expected.len());
    if gained > 0 {
        println!("{gained} more than the list says: `cargo xtask golden --update` takes them in");
    }
    if !lost.is_empty() {
        bail!("no longer answered as the real server does: {lost:?}; target/golden-report.json says how");
    }
    Ok(())
}

/// Our server, ended with this value.
struct Server(Child);

impl Server {
    fn start(golden: &Path) -> Result<Self> {
        let data = root().join("target/golden-cluster");
        let child = command(&root().join("target/debug/cluster").display().to_string())
            .args(["--store", "memory", "--listen", ADDRESS, "--nodes", "0", "--controllers", "none"])
            .args(["--scheduler", "off", "--proxy", "off", "--ingress", "off", "--exit-after", "600"])
            .arg("--token-file")
            .arg(golden.join("tokens.csv"))
            .arg("--data-dir")
            .arg(data)
            .stdout(Stdio::null())
            .spawn()
            .context("starting the cluster")?;
        let mut server = Self(child);
        server.wait_ready()?;
        Ok(server)
    }

    fn wait_ready(&mut self) -> Result<()> {
        for _ in 0..100 {
            if let Some(status) = self.0.try_wait().context("watching the cluster")? {
                bail!("the cluster ended before it was ready ({status})");
            }
            if std::net::TcpStream::connect(ADDRESS).is_ok() {
                return Ok(());
            }
            pause(Duration::from_millis(100));
        }
        bail!("the cluster does not listen on {ADDRESS} after 10 s")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It holds nothing that a clean stop would have to release.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
