//! things-store
