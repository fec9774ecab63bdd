//! Files of the three formats, made by real compilers: what is read from them, and which libraries they get. Where the
//! real loader is here (glibc's, musl's, wine's), it is asked too, and both answers must agree.
#![allow(clippy::disallowed_methods, reason = "the tests make files with compilers and ask loaders")]

#[cfg(unix)] // compilers of Linux make the files
mod damaged;
#[cfg(unix)]
mod formats;
#[cfg(unix)]
mod glibc;
#[cfg(unix)]
mod macos;
#[cfg(unix)]
mod musl;
mod own;
#[cfg(unix)]
mod support;
#[cfg(unix)]
mod windows;
