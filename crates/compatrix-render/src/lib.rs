//! compatrix-render
