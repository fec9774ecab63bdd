//! What the gate compares: each bench for a few milliseconds on 2,000 tasks or the database that is given, a JSON line of raw samples each.

use std::fmt::Write;
use std::time::Duration;

use things_bench::{Scene, Size, BENCHES};

/// For each bench; a process of the gate is to be short.
const TIME: Duration = Duration::from_millis(5);

fn main() {
    // `cargo test --benches` only asks whether it runs.
    let time = if std::env::args().any(|arg| arg == "--bench") { TIME } else { Duration::ZERO };
    let scene = Scene::given_or(Size::Medium);
    let mut text = String::new();
    for bench in BENCHES {
        let samples: Vec<String> = bench.samples(&scene, time).iter().map(u64::to_string).collect();
        let samples = samples.join(",");
        writeln!(text, r#"{{"bench":"{}","metric":"time","unit":"ns","samples":[{samples}]}}"#, bench.name)
            .expect("a string takes text");
    }
    print!("{text}");
}
