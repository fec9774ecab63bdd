//! `evidence merge`: what the jobs of CI uploaded, made one, with the verdict over the whole plan.

use compatrix_engine::error::Error;

use crate::cli::{Global, MergeArgs};
use crate::terminal::Terminal;

pub(crate) fn run(_global: &Global, _args: &MergeArgs, _terminal: &Terminal) -> Result<u8, Error> {
    Err(Error::usage("being built"))
}
