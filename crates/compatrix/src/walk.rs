//! A walk with its progress shown: what `compat` and `leak-check` have in common.

use std::sync::mpsc;

use compatrix_ci::artifact::Artifact;
use compatrix_engine::session::Asked;
use compatrix_engine::sys::clock;
use compatrix_engine::sys::error::Error;
use compatrix_engine::walk::Walked;
use compatrix_model::matrix_spec::Profile;
use compatrix_model::matrix_spec::Work;

use crate::ci;
use crate::cli::{command_name, CiPart, Selection};
use crate::progress;
use crate::terminal::Terminal;
use crate::workspace::{asked, limits, no_cells, Opened};

/// What a walk came to.
pub(crate) struct Done {
    pub(crate) walked: Walked,
    /// The part of CI that was asked for.
    pub(crate) ci: Option<ci::Asked>,
    /// Its records, where they are to be written.
    pub(crate) artifact: Option<Artifact>,
}

/// Walks the plan of this choice.
pub(crate) fn walk(
    opened: &Opened,
    selection: &Selection,
    (ci, work): (&CiPart, Work),
    profile: &Profile,
    terminal: &Terminal,
) -> Result<Done, Error> {
    let started = clock::instant();
    let conditions = opened.conditions(&selection.cells)?;
    let session = opened.session(limits(selection), true, terminal)?;
    let of_ci = ci::asked(opened, &session, ci, work)?;
    let part = of_ci.as_ref().map(|asked| asked.part.clone());
    let asked = Asked { part, ..asked(selection) };
    let (sender, receiver) = mpsc::channel();
    let mut walked = std::thread::scope(|scope| {
        scope.spawn(|| progress::show(terminal, receiver));
        // The sender goes with the walk, so that the progress ends when it does.
        let sender = sender;
        session.walk(&opened.parsed, profile, &conditions, &asked, &opened.today, &sender)
    })?;
    if walked.plan.runs.is_empty() && walked.plan.skips.is_empty() && !walked.plan.narrowed.may_be_empty() {
        return Err(no_cells(&opened.parsed.spec, &selection.profile, !conditions.is_empty()));
    }
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    walked.matrix.totals.elapsed_ms = Some(elapsed);
    walked.matrix.repro = format!("{} repro", command_name());
    let written = of_ci.as_ref().filter(|_| ci.evidence.is_some());
    let artifact = written.map(|asked| ci::artifact(opened, &session, asked, &walked));
    Ok(Done { walked, ci: of_ci, artifact })
}
