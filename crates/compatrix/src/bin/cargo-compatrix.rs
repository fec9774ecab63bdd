//! `cargo compatrix`.
fn main() {}
