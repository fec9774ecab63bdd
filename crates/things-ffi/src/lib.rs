//! The C surface of things-store: what `include/things.h` declares.
//!
//! - A handle is a number dressed as a pointer, looked up in a registry of live handles and never dereferenced. NULL, freed
//!   and foreign handles are errors, whatever their value.
//! - Each function runs inside [`entry::entry`], which turns failures and panics into a status and a message.
//! - No string ever belongs to the caller: those of a list live as long as its handle.
//!
//! Invariant: the only crate of this repository with `unsafe`, and only for what C hands over: strings, structures and places
//! for results. `docs/FFI.md` says who owns what and which thread may do what.

#![deny(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]
#![deny(clippy::undocumented_unsafe_blocks)]
// Panics are caught at the boundary, and are not to happen in the first place.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]
// What the caller promises is the same for all functions; the header's first comment says it once, for C programmers.
#![allow(clippy::missing_safety_doc)]

mod entry;
mod handle;
mod last_error;
mod status;
mod text;
mod values;

mod batch;
mod listing;
#[cfg(test)]
mod planted;
mod query;
mod store;
mod stream;
mod tasks;

pub use batch::*;
pub use last_error::{things_last_error, things_last_status, things_status_name};
pub use listing::*;
pub use query::*;
pub use status::ThingsStatus;
pub use store::*;
pub use stream::*;
pub use tasks::*;
pub use text::ThingsText;
pub use values::*;

use entry::entry_or;
use std::ffi::{c_char, CString};
use std::sync::OnceLock;

/// Changes when something that was there is removed or changed. What is added does not change it.
pub const THINGS_ABI_VERSION: u32 = 1;

/// `THINGS_ABI_VERSION` of the library that is loaded: compare it with the header's.
#[no_mangle]
pub extern "C" fn things_abi_version() -> u32 {
    entry_or(0, || THINGS_ABI_VERSION)
}

/// The version of the library, such as `0.1.0`. Never freed.
#[no_mangle]
pub extern "C" fn things_version() -> *const c_char {
    entry_or(text::EMPTY.as_ptr().cast(), || concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast())
}

/// The version of SQLite in use, such as `3.45.0`. Never freed.
#[no_mangle]
pub extern "C" fn things_sqlite_version() -> *const c_char {
    static VERSION: OnceLock<CString> = OnceLock::new();
    entry_or(text::EMPTY.as_ptr().cast(), || {
        VERSION.get_or_init(|| CString::new(things_store::sqlite_version()).unwrap_or_default()).as_ptr()
    })
}

/// How many handles have been given out and not been freed: 0 at the end of a program that leaks none.
#[no_mangle]
pub extern "C" fn things_live_handles() -> usize {
    entry_or(0, || {
        store::STORES.live()
            + query::QUERIES.live()
            + tasks::TASKS.live()
            + stream::STREAMS.live()
            + listing::TAGS.live()
            + listing::AREAS.live()
            + listing::CHECKLISTS.live()
            + batch::BATCHES.live()
    })
}
