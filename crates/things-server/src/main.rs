//! The program `things-server`.

fn main() {}
