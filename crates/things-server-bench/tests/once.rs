//! Each bench of the server runs, on the real program.

use std::collections::BTreeSet;

use things_bench::{Kept, Report};

#[test]
fn each_bench_runs_once_and_reports() {
    let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/once");
    let mut report = Report::brief(Kept::below(folder));
    things_server_bench::all(&mut report, env!("CARGO_BIN_EXE_served"));
    let benches: Vec<&str> = report.text().lines().filter_map(|line| line.split('"').nth(3)).collect();
    let different: BTreeSet<&str> = benches.iter().copied().collect();
    assert!(different.len() >= 7 && different.len() == benches.len(), "{benches:?}");
}
