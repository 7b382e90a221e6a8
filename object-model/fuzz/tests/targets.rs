//! Every target, over its seeds, over mutants of them, and over inputs that are made to exhaust something.
//!
//! Method: a fixed number of mutants from a fixed number, so that a failure is found again. The files of Kubernetes' own
//! round trip tests are seeds as well where they lie beside the workspace. Time is looked at for the extremes only: what
//! grows out of proportion takes minutes, and the limit is far from what a slow machine needs.

use std::path::Path;
use std::time::{Duration, Instant};

use pintle_fuzz::{Mutator, extremes, seeds, target};

/// Kubernetes' files of this ending, if they are there.
fn files(ending: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/kubernetes-1.36/api-testdata");
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

fn more_seeds(name: &str) -> Vec<Vec<u8>> {
    match name {
        "json" => files("json"),
        "yaml" => files("yaml"),
        "protobuf" => files("pb"),
        _ => vec![],
    }
}

#[expect(clippy::disallowed_methods, reason = "a hang is what is looked for")]
fn now() -> Instant {
    Instant::now()
}

/// Runs a target, and says which input it was if it panics.
fn run(name: &str, input: &[u8]) {
    let target = target(name).expect("there is such a target");
    if let Err(panic) = std::panic::catch_unwind(|| (target.run)(input)) {
        let shown = &input[..input.len().min(4000)];
        eprintln!("{name}: input of {} bytes:\n{}\n{shown:02x?}", input.len(), String::from_utf8_lossy(shown));
        std::panic::resume_unwind(panic);
    }
}

fn check(name: &str) {
    let target = target(name).expect("there is such a target");
    let mut seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let own = seeds.len();
    seeds.extend(more_seeds(name));
    // Kubernetes' files are long: each as it is once would take longer than the mutants.
    let step = (seeds.len() / 60).max(1);
    for (_, seed) in seeds.iter().enumerate().filter(|(index, _)| *index < own || index % step == 0) {
        run(name, seed);
    }
    let mutator = Mutator::new(0x0070_696e_746c_6500);
    for _ in 0..target.calls {
        run(name, &mutator.mutant(&seeds[..own]));
    }
    for _ in 0..target.calls / 20 {
        run(name, &mutator.mutant(&seeds));
    }
}

fn check_extremes(name: &str) {
    for input in extremes(name) {
        let head = String::from_utf8_lossy(&input[..input.len().min(60)]);
        // An overflow of the stack ends the process without a word: this is the last that was heard of it.
        println!("{} bytes: {head}", input.len());
        let start = now();
        run(name, &input);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(10), "{name} took {took:?} for {} bytes: {head}", input.len());
    }
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(mod $name {
            #[test]
            fn keeps_its_promises() {
                super::check(stringify!($name));
            }
            #[test]
            fn survives_extremes() {
                super::check_extremes(stringify!($name));
            }
        })*

        #[test]
        fn every_target_is_tested() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(tested.to_vec(), pintle_fuzz::TARGETS.map(|target| target.name));
        }
    };
}

targets!(json, yaml, protobuf, lists, patch, apply, selector, quantity, time, cron, cel, definition, http);
