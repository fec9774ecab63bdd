//! Whichever harness has results.

use crate::harness::outputs::Outputs;
use crate::harness::{criterion, divan, gungraun, hyperfine, libtest, lines};
use crate::measured::Reading;

/// What all harnesses report that left something. A criterion bench may print lines of its own besides.
pub(super) fn reading(outputs: &Outputs) -> Reading {
    let mut all = Reading::default();
    let hyperfine = match &outputs.hyperfine {
        Some(file) => hyperfine::reading(file),
        // A program may print any JSON; only what looks like results is taken for them.
        None if hyperfine::is_there(&outputs.stdout) => hyperfine::reading(&outputs.stdout),
        None => Reading::default(),
    };
    let found = [
        criterion::reading(&outputs.criterion),
        gungraun::reading(&outputs.gungraun),
        divan::reading(&outputs.stdout),
        libtest::reading(&outputs.stdout),
        hyperfine,
        lines::reading(&outputs.stdout),
    ];
    for reading in found {
        all.measured.extend(reading.measured);
        all.troubles.extend(reading.troubles);
    }
    all
}
