//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the xtask lies in the workspace").to_owned()
}

/// Where programs are kept that were installed for this project alone.
pub(crate) fn tools() -> PathBuf {
    root().join(".pintle/tools")
}

/// A command that runs in the workspace and finds the project's own tools first.
pub(crate) fn command(program: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    let own = [tools(), root().join(".pintle/cargo/bin")];
    let own: Vec<String> = own.iter().map(|folder| folder.display().to_string()).collect();
    // System tools live in sbin, which not every account has on its path.
    command.current_dir(root()).env("PATH", format!("{}:{path}:/usr/sbin:/sbin", own.join(":")));
    command
}

/// Runs a program to its end, its output shown; fails if it does.
pub(crate) fn exec(program: &str, arguments: &[&str]) -> Result<()> {
    println!("$ {program} {}", arguments.join(" "));
    let status = command(program).args(arguments).status().with_context(|| format!("starting {program}"))?;
    if !status.success() {
        bail!("{program} {} failed ({status})", arguments.join(" "));
    }
    Ok(())
}

/// What a program prints; fails if it does.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = command(program)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("starting {program}"))?;
    if !output.status.success() {
        bail!("{program} {} failed ({})", arguments.join(" "), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Can the program be run?
pub(crate) fn has(program: &str) -> bool {
    let found = command("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Runs one step of several and says how long it took.
pub(crate) fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n=== {name}");
    let start = now();
    work().with_context(|| name.to_owned())?;
    println!("--- {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program for people, not a library")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "a program for people, not a library")]
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
