//! `ci`: a rehearsal of the workflows on this machine, and what jobs need beforehand.

use compatrix_engine::error::Error;

use crate::cli::{CiCommand, Global};
use crate::terminal::Terminal;

pub(crate) fn run(_global: &Global, _command: &CiCommand, _terminal: &Terminal) -> Result<u8, Error> {
    Err(Error::usage("being built"))
}
