//! What the plans promise of the server, as figures for the targets of compat/matrix.toml: JSON lines of raw samples.

use things_bench::{Kept, Report};
use things_server_bench::{all, serve, SERVE};

fn main() {
    let mut args = std::env::args();
    if args.any(|arg| arg == SERVE) {
        return serve(&args.next().expect("the database"));
    }
    let mut report = Report::from_args(Kept::below(env!("CARGO_TARGET_TMPDIR")));
    all(&mut report, env!("CARGO_BIN_EXE_served"));
    print!("{}", report.text());
}
