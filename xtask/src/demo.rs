//! The main job: a cluster with the sample application on it.

use anyhow::Result;

use crate::shell::exec;

pub(crate) fn run(flags: &[String]) -> Result<()> {
    let build = ["build", "--release", "--package", "pintle-examples", "--bin", "cluster"];
    // The sample application is a binary of its own.
    exec("cargo", &[&build[..], &["--bin", "k8s-demo"]].concat())?;
    let mut arguments = vec!["run", "--release", "--package", "pintle-examples", "--bin", "cluster", "--", "demo"];
    arguments.extend(flags.iter().map(String::as_str));
    exec("cargo", &arguments)
}
