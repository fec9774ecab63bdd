//! compatrix
