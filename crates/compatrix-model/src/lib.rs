//! compatrix-model
