//! Benchmarks: one [`Measured`] type for all harnesses, and the comparison of builds by rounds of processes.
//!
//! The road of a figure: a harness's output → [`Measured`], one value a process ([`Measured::value`]) → [`Series`], one
//! value a round for base and head → [`Comparison`] → pages.
//!
//! **Invariant:** this crate knows benches and figures, but neither specs nor cells. Nothing here starts a process or
//! reads a file.

pub mod canary;
pub mod comparison;
pub mod figures;
pub mod gate;
pub mod harness;
pub mod measured;
pub mod reached;
pub mod settings;
pub mod stats;
pub mod target;
pub mod trend;
pub mod units;
pub mod words;

pub use canary::{canary, Canary};
pub use comparison::{Change, Comparison, Figures, Rules, Series};
pub use figures::figures;
pub use gate::{compare, Look};
pub use measured::{Better, Measured, Reading, Throughput, Trouble};
pub use reached::{verdicts, Process, Seen};
pub use settings::{BenchSettings, Harness};
pub use target::{Bound, Judged, Proven, Target, Tier};
pub use trend::{change_points, ChangePoint};
pub use units::limit;
