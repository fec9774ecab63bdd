//! Compatrix's hands: everything that touches the machine.
//!
//! **Invariant:** all effects live here and none elsewhere; what is decided is decided in `compatrix-model`, from
//! facts found here. The user's tree is never written to: everything made goes under `target/compat` or the user's
//! cache folder.
//!
//! Each module imports only modules above it in this list.

pub mod sys;

pub mod event;
pub mod ledger;

pub mod find;

pub mod deps;

pub mod survey;

pub mod provide;

pub mod build;

pub(crate) mod run;

pub mod leak;

pub mod committed;

pub mod walk;

pub mod session;

pub mod bench;

pub mod lock;

pub mod rehearse;

pub mod audit;
