//! The result cache: answers are kept until the database changes, and never longer.
