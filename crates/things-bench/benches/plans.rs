//! What the plans promise, as figures for the targets of compat/matrix.toml: JSON lines of raw samples.
//! `cargo bench -p things-bench --bench plans -- --exact complex-query/50000` runs one.

use things_bench::{plans, Kept, Report};

fn main() {
    let mut report = Report::from_args(Kept::below(env!("CARGO_TARGET_TMPDIR")));
    plans::all(&mut report);
    print!("{}", report.text());
}
