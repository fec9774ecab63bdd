//! This machine: processes, files, git, the clock, the environment. Nothing here knows what a spec is. Imports no other
//! module of the engine.

pub mod account;
pub mod clock;
pub(crate) mod elf;
pub mod enclosure;
pub mod environment;
pub mod error;
pub mod files;
pub mod git;
pub mod host;
pub mod lock;
pub mod machine;
pub mod memo;
pub(crate) mod os;
pub mod process;
pub(crate) mod processes;
pub mod recording;
pub mod supervisor;
