//! Compatrix's hands: everything that touches the machine.
//!
//! **Invariant:** all effects live here and none elsewhere; what is decided is decided in `compatrix-model`, from
//! facts found here. The user's tree is never written to: everything made goes under `target/compat` or the user's
//! cache folder.

pub mod audit;
pub mod build;
pub mod deps;
pub mod event;
pub mod find;
pub mod leak;
pub mod ledger;
pub mod rehearse;
pub mod run;
pub mod session;
pub mod sys;
pub mod walk;
