//! `plan`: what `compat` would do.

use compatrix_engine::sys::error::Error;

use crate::cli::{EventOptions, Global, PlanArgs};
use crate::dry_run;
use crate::request::Request;
use crate::terminal::Terminal;
use crate::workspace::Opened;

pub(crate) fn run(global: &Global, args: &PlanArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let no_event = EventOptions::default();
    dry_run::show(&Request::compat(&opened, &args.selection, &no_event)?, args.format, terminal)
}
