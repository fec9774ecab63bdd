//! Bytes of the heap, for the targets of compat/matrix.toml. A program of its own, because counting them costs time.

use peak_alloc::PeakAlloc;
use things_bench::{bytes, Kept, Report};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn main() {
    let mut report = Report::from_args(Kept::below(env!("CARGO_TARGET_TMPDIR")));
    bytes::all(&mut report, || ALLOCATOR.current_usage());
    print!("{}", report.text());
}
