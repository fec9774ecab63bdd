//! What came of a provision: bars of the timeline, and reasons.

use anyhow::Result;
use compatrix_model::facts::Availability;
use compatrix_model::timeline::{Bar, BarKind};

use crate::sys::host::Host;

pub(super) fn unavailable<T>(error: anyhow::Error) -> Availability<T> {
    Availability::Missing { reason: format!("{error:#}") }
}

pub(super) fn ready<T>(found: Result<T>) -> Availability<T> {
    found.map_or_else(unavailable, Availability::Ready)
}

/// Provides something on an account of its own, as a bar of the timeline.
pub(super) fn recorded<T>(host: &Host, what: &str, provide: impl FnOnce(&Host) -> T) -> T {
    let bar = Bar { kind: BarKind::Provision, name: what.to_owned(), ..Bar::default() };
    host.recording.during(bar, |account| provide(&host.on_account(account)))
}

/// The same, or without a bar if there is nothing to provide.
pub(super) fn recorded_if<T>(any: bool, host: &Host, what: &str, provide: impl FnOnce(&Host) -> T) -> T {
    match any {
        true => recorded(host, what, provide),
        false => provide(host),
    }
}

/// Why there is none.
pub(super) fn missing<T>(availability: &Availability<T>) -> Option<&str> {
    match availability {
        Availability::Missing { reason } => Some(reason),
        Availability::Ready(_) | Availability::Obtainable { .. } => None,
    }
}
