//! The project's own commands: `cargo xtask COMMAND`.
//!
//! In: a command. Out: other programs, run in order, the first failure ending it. Everything that a command needs and the
//! machine lacks is installed below `.pintle/` or as a package of the system (`setup`).

mod bench;
mod demo;
mod golden;
mod seams;
mod setup;
mod shell;
mod test;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  setup           install what demo and tests need (system packages need root)
  demo [FLAG..]   set up, then run a cluster with the sample application on it
  test            set up, then run every check that CI runs
  bench [NAME..]  run the benchmarks and print their ratios side by side
  golden [FLAG..] hold our API server against recorded answers of a real one
  seams           check which crate depends on which
";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = arguments.split_first().map_or(("help", &[][..]), |(first, rest)| (first.as_str(), rest));
    match command {
        "setup" => setup::run(),
        "demo" => setup::for_demo().and_then(|()| demo::run(rest)),
        "test" => setup::run().and_then(|()| test::run()),
        "bench" => bench::run(rest),
        "golden" => golden::run(rest),
        "seams" => seams::run(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("there is no command {other:?}\n\n{HELP}"),
    }
}
