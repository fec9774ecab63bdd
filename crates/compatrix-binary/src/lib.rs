//! Executables and libraries of ELF, Mach-O and PE: what they ask for, what is in them, and which libraries a loader gives
//! them.
//!
//! [`read`] takes the bytes of a file and gives a [`Binary`]. [`sqlite`] and [`rustc`] look at the same bytes for what is
//! compiled in. [`load`] answers the loader's question without a loader, for the four loaders in [`load::Loader`].
//!
//! **Invariant:** this crate starts nothing and reads no file: files of the target system are asked of a [`load::Files`].
//! What is damaged is an error, never a panic.

pub mod binary;
mod elf;
mod loaded;
mod macho;
mod pe;
mod read;

pub mod rustc;
pub mod sqlite;

pub mod load;

pub use binary::{Binary, Format, Kind, Machine, Need, Unreadable, When};
pub use read::{read, slice};
