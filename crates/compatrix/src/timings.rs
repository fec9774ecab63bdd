//! `--timings FILE`: the schedule of a walk as a page.

use std::path::Path;

use compatrix_engine::session::Session;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::walk::Walked;
use compatrix_model::timeline::Timeline;
use compatrix_render::timings::{page, wrote, DOCTYPE};

use crate::request::Request;
use crate::terminal::Terminal;

/// A file that can be written.
#[derive(Debug)]
pub(crate) struct TimingsFile<'a>(&'a Path);

/// The file of `--timings`, checked before there is any work. `others` are the files that the command writes besides.
///
/// # Errors
/// It cannot be written, and why; or another file is to be written there.
pub(crate) fn checked<'a>(path: Option<&'a Path>, others: &[Option<&Path>]) -> Result<Option<TimingsFile<'a>>, Error> {
    let Some(path) = path else { return Ok(None) };
    let refuse = |why: String| Err(Error::Usage(format!("--timings {}: {why}", path.display())));
    if path == Path::new("-") {
        return refuse("this is not a file; name one that ends in .html (stdout has the results)".to_owned());
    }
    if others.iter().flatten().any(|other| files::is_same_output(other, path)) {
        return refuse("another option writes to this file; name two".to_owned());
    }
    if let Err(error) = files::can_write_output(path) {
        return refuse(format!("{error:#}"));
    }
    if files::holds_something_else(path, "html", DOCTYPE) {
        return refuse("this file exists and is not a page of timings; choose a name that ends in .html".to_owned());
    }
    Ok(Some(TimingsFile(path)))
}

impl TimingsFile<'_> {
    /// Writes the page of what this session did. Where it failed before it did anything, there is nothing to show.
    ///
    /// # Errors
    /// The file cannot be written any more.
    pub(crate) fn write(
        &self,
        request: &Request<'_>,
        session: &Session,
        walked: Result<&Walked, &Error>,
        terminal: &Terminal,
    ) -> Result<(), Error> {
        let recorded = session.host.recording.timeline();
        if walked.is_err() && recorded.bars.is_empty() {
            return Ok(());
        }
        let timeline = Timeline {
            command: request.shown(),
            jobs: session.host.limits.jobs,
            reused: walked.map_or(0, |walked| walked.matrix.totals.reused),
            interrupted: walked.map_or_else(|error| matches!(error, Error::Interrupted), |walked| walked.interrupted),
            ..recorded
        };
        files::write_output(self.0, page(&timeline).as_bytes())?;
        terminal.say("Wrote", &format!("{}: {}", self.0.display(), wrote(&timeline)));
        Ok(())
    }
}
