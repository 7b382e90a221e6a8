//! Runs the benchmarks and prints what belongs together side by side.
//!
//! In: criterion's estimates below `target/criterion`. Out: one table per group, each line with its ratio to the first.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell::{exec, root};

pub(crate) fn run(names: &[String]) -> Result<()> {
    let mut arguments = vec!["bench", "--workspace", "--benches"];
    for name in names {
        arguments.extend(["--bench", name]);
    }
    exec("cargo", &arguments)?;
    let mut groups: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
    collect(&root().join("target/criterion"), &mut groups)?;
    for (group, mut rows) in groups {
        println!("\n{group}");
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let first = rows.first().map_or(1.0, |(_, nanos)| *nanos);
        for (name, nanos) in rows {
            println!("  {name:40} {:>12} {:>8.2}x", readable(nanos), nanos / first);
        }
    }
    Ok(())
}

/// Finds every `new/estimates.json`; the folders above it are group and name.
fn collect(folder: &Path, groups: &mut BTreeMap<String, Vec<(String, f64)>>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut inside: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    inside.sort();
    for path in inside.into_iter().filter(|path| path.is_dir()) {
        let estimates = path.join("new/estimates.json");
        if !estimates.exists() {
            collect(&path, groups)?;
            continue;
        }
        let text = fs::read_to_string(&estimates).with_context(|| format!("reading {}", estimates.display()))?;
        let value: Value = serde_json::from_str(&text).context("reading an estimate")?;
        let nanos = value["median"]["point_estimate"].as_f64().unwrap_or_default();
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        groups.entry(name(folder)).or_default().push((name(&path), nanos));
    }
    Ok(())
}

fn readable(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.1} ns"),
        n if n < 1e6 => format!("{:.2} µs", n / 1e3),
        n if n < 1e9 => format!("{:.2} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}
