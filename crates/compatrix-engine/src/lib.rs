//! compatrix-engine
