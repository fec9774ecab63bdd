//! Spans of the feature `tracing`: which operation, how many rows, which vintage. Never a title, a note or an identifier.

use crate::error::Result;
use crate::vintage::Vintage;

/// The span of one operation; nothing without the feature.
#[derive(Debug)]
pub(crate) struct Span {
    #[cfg(feature = "tracing")]
    entered: tracing::span::EnteredSpan,
    #[cfg(feature = "tracing")]
    has_vintage: bool,
}

#[cfg(not(feature = "tracing"))]
impl Span {
    pub(crate) fn enter(_: &'static str, _: Option<Vintage>) -> Span {
        Span {}
    }

    #[allow(clippy::unused_self)] // As with the feature.
    pub(crate) fn end<T>(self, _: &Result<T>, _: u64, _: Option<Vintage>) {}
}

#[cfg(feature = "tracing")]
impl Span {
    /// Enters the span of the operation `name`.
    pub(crate) fn enter(name: &'static str, vintage: Option<Vintage>) -> Span {
        use tracing::field::Empty;
        let span = match name {
            "open" => tracing::info_span!("things_store.open", vintage = Empty, error = Empty),
            "apply" => tracing::info_span!("things_store.apply", vintage = Empty, rows = Empty, error = Empty),
            _ => tracing::debug_span!("things_store.query", list = name, vintage = Empty, rows = Empty, error = Empty),
        };
        let span = Span { entered: span.entered(), has_vintage: vintage.is_some() };
        span.vintage(vintage);
        span
    }

    /// Leaves it, with what is known now.
    pub(crate) fn end<T>(self, result: &Result<T>, rows: u64, vintage: Option<Vintage>) {
        if !self.has_vintage {
            self.vintage(vintage);
        }
        match result {
            Ok(_) => self.entered.record("rows", rows),
            Err(error) => self.entered.record("error", error.kind().as_str()),
        };
    }

    fn vintage(&self, vintage: Option<Vintage>) {
        if let Some(vintage) = vintage {
            self.entered.record("vintage", tracing::field::display(vintage));
        }
    }
}
