//! The inputs that a step passes to an action.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail, Result};

pub(super) struct ActionInputs<'a>(pub(super) &'a BTreeMap<&'static str, String>);

impl ActionInputs<'_> {
    /// An input that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| anyhow!("the input `{name}` is not set"))
    }

    pub(super) fn is(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => bail!("`{name}: {other}` is neither `true` nor `false`"),
        }
    }
}
