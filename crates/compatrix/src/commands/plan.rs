//! `plan` and `--dry-run`: what would be done.

use compatrix_engine::error::Error;
use compatrix_model::plan::{plan, Choice};

use crate::cli::{Global, Selection};
use crate::terminal::Terminal;
use crate::workspace::{limits, Opened};

pub(crate) fn run(global: &Global, selection: &Selection, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let profile = opened.profile(&selection.profile)?;
    let cells = opened.conditions(&selection.cells, terminal)?;
    let session = opened.session(limits(selection), false, terminal)?;
    let survey = session.survey(&opened.spec)?;
    let plan = plan(&opened.spec, &Choice { profile, cells: &cells }, &survey.facts);
    if plan.runs.is_empty() && plan.skips.is_empty() {
        return Err(super::compat::no_cells(&selection.profile, !cells.is_empty()));
    }
    terminal.print(&format!("{} builds {} runs", plan.builds.len(), plan.runs.len()));
    Ok(0)
}
