//! `repro`: the shell lines that do by hand what one cell does.

use compatrix_engine::error::Error;

use crate::cli::{Global, ReproArgs};
use crate::terminal::Terminal;

pub(crate) fn run(_global: &Global, _args: &ReproArgs, _terminal: &Terminal) -> Result<u8, Error> {
    Ok(0)
}
