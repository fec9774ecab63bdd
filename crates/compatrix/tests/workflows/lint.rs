//! Linters.
