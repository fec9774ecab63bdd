//! The circuit breaker: after repeated failures a database is left alone for a while.
