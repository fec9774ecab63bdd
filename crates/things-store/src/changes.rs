//! Changes as events: inserts, updates and deletes of tasks.
