//! The integration tests, one executable.
