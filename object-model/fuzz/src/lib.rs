//! Fuzz targets for everything that reads bytes from outside: codecs, patches, selectors, scalars, CEL, definitions, HTTP.
//!
//! In: any bytes. Out: nothing, or a panic that says which promise is broken. A [`Target`] is a plain function, so that
//! any fuzzer can drive it; the tests here run each over [`seeds()`], over what [`Mutator`] makes of them, and over
//! [`extremes()`].
//!
//! What every target promises: no panic, no overflow of the stack, an answer in time that is bounded by the input, output
//! that is too. What reads and writes gets back what it wrote.
//!
//! Absent: I/O, clocks; randomness comes from a seed.

mod codec;
mod definition;
mod expression;
mod extremes;
mod mutate;
mod patch;
mod request;
mod scalar;
mod seeds;

pub use extremes::extremes;
pub use mutate::Mutator;
pub use seeds::seeds;

/// One parser, with what it promises.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Reads the bytes; panics if a promise is broken.
    pub run: fn(&[u8]),
    /// How often a quick test may call it.
    pub calls: u32,
}

/// All targets.
pub const TARGETS: [Target; 13] = [
    Target { name: "json", run: codec::json, calls: 600 },
    Target { name: "yaml", run: codec::yaml, calls: 400 },
    Target { name: "protobuf", run: codec::protobuf, calls: 1000 },
    Target { name: "lists", run: codec::lists, calls: 1000 },
    Target { name: "patch", run: patch::patch, calls: 500 },
    Target { name: "apply", run: patch::apply, calls: 500 },
    Target { name: "selector", run: scalar::selector, calls: 5000 },
    Target { name: "quantity", run: scalar::quantity, calls: 10_000 },
    Target { name: "time", run: scalar::time, calls: 10_000 },
    Target { name: "cron", run: scalar::cron, calls: 5000 },
    Target { name: "cel", run: expression::cel, calls: 500 },
    Target { name: "definition", run: definition::definition, calls: 300 },
    Target { name: "http", run: request::http, calls: 3000 },
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// Stands between the parts of an input that has several: a byte that no UTF-8 text has.
pub(crate) const BETWEEN: u8 = 0xff;

/// The parts of an input; those that are missing are empty.
pub(crate) fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut rest = data.splitn(N, |byte| *byte == BETWEEN);
    std::array::from_fn(|_| rest.next().unwrap_or_default())
}

/// Fails if what came out is out of proportion to what went in.
pub(crate) fn bounded(input: usize, output: usize) {
    let most = input.saturating_mul(256).saturating_add(64 << 10);
    assert!(output <= most, "{input} bytes became {output}");
}
