//! The C surface of things-store.
