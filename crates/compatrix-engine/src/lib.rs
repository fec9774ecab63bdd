//! Compatrix's hands: everything that touches the machine.
//!
//! **Invariant:** all effects live here and none elsewhere; what is decided is decided in `compatrix-model`, from
//! facts found here. The user's tree is never written to: everything made goes under `target/compat` or the user's
//! cache folder.

pub mod process;
pub mod supervisor;
