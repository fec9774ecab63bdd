//! Suites of kind `bench`: two builds measured in turn, in fresh processes. Imports `session` and what it imports.
//!
//! A comparison goes so: both sides' sources are laid out in trees of equal path length (`trees`), each tree is built by
//! a session of its own (`side`), what would run is proven as a cell is, and then rounds of processes follow (`rounds`), a
//! canary of our own beside them (`spin`). What the figures mean is decided in `compatrix_bench`.

mod base;
mod compare;
mod counts;
mod differ;
mod groups;
mod machine;
mod overlay;
mod process;
mod random;
mod rounds;
mod side;
mod spin;
mod trees;

pub use base::Base;
pub use compare::{bench, BenchRequest, Benched};
pub use counts::Profile;
pub use spin::act;
