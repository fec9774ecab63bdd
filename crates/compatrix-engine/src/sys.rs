//! This machine: processes, files, the clock, the environment. Nothing here knows what a spec is.

pub mod clock;
pub(crate) mod elf;
pub mod environment;
pub mod error;
pub mod files;
pub mod host;
pub mod lock;
pub mod memo;
pub mod process;
pub mod supervisor;
