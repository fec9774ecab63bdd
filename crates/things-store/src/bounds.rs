//! Bounds of options: a value outside of them is refused before anything is opened.

use crate::error::{Error, Result};
use std::fmt;
use std::time::Duration;

/// The longest time that an option can have; who wants more wants no limit.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Refuses a value of `option` that is not from `least` to `most`.
pub(crate) fn between<T: PartialOrd + Copy + fmt::Debug>(
    option: &'static str,
    value: T,
    least: T,
    most: T,
) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let needs = format!("a value from {least:?} to {most:?}");
    Err(Error::InvalidOption { option, value: format!("{value:?}"), needs })
}
