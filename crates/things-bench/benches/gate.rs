//! What the gate compares: each bench for a few milliseconds on 2,000 tasks or the database that is given, a JSON line of raw
//! samples each. `--exact NAME` runs one; with `COMPATRIX_INSTRUCTIONS` it does a fixed number of calls, which can be counted.

#![allow(clippy::disallowed_methods, reason = "a bench reads how it is asked")]

use std::fmt::Write;
use std::time::Duration;

use things_bench::{Scene, Size, BENCHES};

/// For each bench; a process of the gate is to be short.
const TIME: Duration = Duration::from_millis(5);
/// The variable that asks for a fixed amount of work.
const COUNTED: &str = "COMPATRIX_INSTRUCTIONS";

fn main() {
    // `cargo test --benches` only asks whether it runs.
    let args: Vec<String> = std::env::args().collect();
    let is_measured = args.iter().any(|arg| arg == "--bench") && std::env::var_os(COUNTED).is_none();
    let time = if is_measured { TIME } else { Duration::ZERO };
    let only = args.iter().skip_while(|arg| *arg != "--exact").nth(1);
    let scene = Scene::given_or(Size::Medium);
    let mut text = String::new();
    for bench in BENCHES.iter().filter(|bench| only.is_none_or(|only| only == bench.name)) {
        let samples: Vec<String> = bench.samples(&scene, time).iter().map(u64::to_string).collect();
        let samples = samples.join(",");
        writeln!(text, r#"{{"bench":"{}","metric":"time","unit":"ns","samples":[{samples}]}}"#, bench.name)
            .expect("a string takes text");
    }
    print!("{text}");
}
