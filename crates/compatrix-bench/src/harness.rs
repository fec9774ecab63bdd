//! What harnesses report, read from their files and their standard output.
//!
//! Each module has the format of one harness. Whatever the input, nothing is lost without a word: what cannot be used is
//! a [`Trouble`] that names the file or line, and all other benches stay.

mod auto;
pub mod callgrind;
mod checked;
pub mod criterion;
pub mod divan;
pub mod gungraun;
pub mod hyperfine;
pub mod libtest;
pub mod lines;
mod outputs;

use crate::measured::{Reading, Trouble};
use crate::settings::Harness;

pub use outputs::Outputs;

/// What this harness reports there. No results at all are a trouble, too: nothing compared is never fine.
pub fn reading(harness: Harness, outputs: &Outputs) -> Reading {
    let (reading, looked_for) = match harness {
        Harness::Auto => (auto::reading(outputs), LOOKED_FOR.map(|(_, what)| what).join(", ")),
        one => (of(one, outputs), looked_for(one).to_owned()),
    };
    if !reading.measured.is_empty() || !reading.troubles.is_empty() {
        return reading;
    }
    let why = format!("there are no results; looked for: {looked_for}");
    Reading { measured: Vec::new(), troubles: vec![Trouble { bench: None, why }] }
}

/// What is looked for, in the order in which `auto` looks.
const LOOKED_FOR: [(Harness, &str); 6] = [
    (Harness::Criterion, "criterion's `new/sample.json` below `CRITERION_HOME`"),
    (Harness::Gungraun, "gungraun's `summary.json` (`--save-summary=json`)"),
    (Harness::Divan, "divan's table"),
    (Harness::Libtest, "libtest's `test NAME ... bench:` lines"),
    (Harness::Hyperfine, "the JSON of `hyperfine --export-json`"),
    (Harness::Lines, "JSON lines with `bench`, `metric`, `unit` and `samples`"),
];

fn looked_for(harness: Harness) -> &'static str {
    LOOKED_FOR.iter().find(|(one, _)| *one == harness).map_or("", |(_, what)| what)
}

fn of(harness: Harness, outputs: &Outputs) -> Reading {
    match harness {
        Harness::Auto => auto::reading(outputs),
        Harness::Criterion => criterion::reading(&outputs.criterion),
        Harness::Gungraun => gungraun::reading(&outputs.gungraun),
        Harness::Divan => divan::reading(&outputs.stdout),
        Harness::Libtest => libtest::reading(&outputs.stdout),
        Harness::Hyperfine => hyperfine::reading(outputs.hyperfine.as_deref().unwrap_or(&outputs.stdout)),
        Harness::Lines => lines::reading(&outputs.stdout),
    }
}
