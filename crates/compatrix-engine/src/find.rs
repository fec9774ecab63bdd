//! Finds what this machine and this workspace have, and gets what is missing, one module a kind of thing.

pub mod distro;
pub mod facts;
pub mod fixture;
pub(crate) mod sources;
pub mod sqlite;
pub mod toolchain;
pub mod workspace;
