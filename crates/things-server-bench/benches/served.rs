//! What the plans promise of the server, as figures for the targets of compat/matrix.toml: JSON lines of raw samples.

use things_bench::{Kept, Report};

fn main() {
    let mut report = Report::from_args(Kept::below(env!("CARGO_TARGET_TMPDIR")));
    things_server_bench::all(&mut report, env!("CARGO_BIN_EXE_served"));
    print!("{}", report.text());
}
