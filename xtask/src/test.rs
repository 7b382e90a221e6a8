//! Every check that CI runs, in the order in which they fail fastest.

use anyhow::Result;

use crate::shell::{exec, step};
use crate::{golden, seams};

pub(crate) fn run() -> Result<()> {
    step("format", || exec("cargo", &["fmt", "--all", "--check"]))?;
    step("seams", seams::run)?;
    step("licences and sources", || exec("cargo", &["deny", "check", "bans", "licenses", "sources"]))?;
    step("lints", || exec("cargo", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    // The binaries are run by some of the tests.
    step("build", || exec("cargo", &["build", "--workspace", "--bins", "--quiet"]))?;
    step("tests", || exec("cargo", &["nextest", "run", "--workspace", "--no-fail-fast", "--profile", "ci"]))?;
    step("documentation tests", || exec("cargo", &["test", "--workspace", "--doc", "--quiet"]))?;
    step("recorded answers", || golden::run(&[]))
}
