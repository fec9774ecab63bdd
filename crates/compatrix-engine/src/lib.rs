//! Compatrix's hands: everything that touches the machine.
//!
//! **Invariant:** all effects live here and none elsewhere; what is decided is decided in `compatrix-model`, from
//! facts found here. The user's tree is never written to: everything made goes under `target/compat` or the user's
//! cache folder.

pub mod base;
pub mod build;
pub mod cc;
pub mod clock;
pub mod distro;
pub mod doctor;
mod elf;
pub mod environment;
pub mod error;
pub mod event;
mod executable;
pub mod files;
pub mod fixture;
pub mod host;
pub mod init;
pub mod inputs;
pub mod inspect;
pub mod keys;
pub mod leak;
pub mod ledger;
pub mod lock;
pub mod locks;
pub mod memo;
pub mod process;
mod proof;
pub mod rehearse;
pub mod repro;
pub mod run;
pub mod schedule;
pub mod session;
mod since;
mod sources;
pub mod sqlite;
pub mod stage;
pub mod supervisor;
pub mod survey;
pub mod toolchain;
pub mod walk;
pub mod workspace;
