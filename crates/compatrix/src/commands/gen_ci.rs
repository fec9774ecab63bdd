//! `gen-ci`: the workflows of GitHub Actions, from the spec and committed files alone.

use compatrix_engine::error::Error;

use crate::cli::{GenCiArgs, Global};
use crate::terminal::Terminal;

pub(crate) fn run(_global: &Global, _args: &GenCiArgs, _terminal: &Terminal) -> Result<u8, Error> {
    Err(Error::usage("being built"))
}
