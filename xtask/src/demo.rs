//! The main job: a cluster with the sample application on it.

use anyhow::Result;

use crate::shell::exec;

pub(crate) fn run(flags: &[String]) -> Result<()> {
    let mut arguments = vec!["run", "--release", "--package", "pintle-examples", "--bin", "cluster", "--", "demo"];
    arguments.extend(flags.iter().map(String::as_str));
    build_and_run(&arguments)
}

/// The sample application is a binary of its own, so both are built first.
fn build_and_run(arguments: &[&str]) -> Result<()> {
    exec("cargo", &["build", "--release", "--package", "pintle-examples", "--bins"])?;
    exec("cargo", arguments)
}
