//! The progress of a rehearsal, on stderr: a line a job and a step, and a live one on terminals.

use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use anstyle::AnsiColor;
use compatrix_ci::workflow::rehearsal::JobResult;
use compatrix_engine::rehearse::{RehearsalEvent, StepEnd};
use compatrix_engine::sys::clock;
use compatrix_render::look::cut;
use indicatif::ProgressBar;

use super::{human, live_line, shown};
use crate::terminal::Terminal;

/// Without a terminal, a sign of life at least this often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// Does work and shows its events.
pub(crate) fn during<T>(terminal: &Terminal, work: impl FnOnce(&Sender<RehearsalEvent>) -> T) -> T {
    shown(|events| show(terminal, events), work)
}

/// Shows events until the sender is gone.
fn show(terminal: &Terminal, events: Receiver<RehearsalEvent>) {
    let mut progress = Progress { terminal, bar: live_line(terminal), doing: None, said: clock::instant() };
    loop {
        match events.recv_timeout(Duration::from_millis(250)) {
            Ok(event) => progress.take(event),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => progress.tick(),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Some(bar) = progress.bar.take() {
        bar.finish_and_clear();
    }
}

struct Progress<'a> {
    terminal: &'a Terminal,
    bar: Option<ProgressBar>,
    /// The step that runs, and since when.
    doing: Option<(String, Instant)>,
    said: Instant,
}

impl Progress<'_> {
    fn take(&mut self, event: RehearsalEvent) {
        match event {
            RehearsalEvent::Note(text) => self.line(AnsiColor::Yellow, "warning", &text),
            RehearsalEvent::JobStarted(name) => self.line(AnsiColor::Cyan, "Job", &name),
            RehearsalEvent::StepStarted(step) => self.doing = Some((step, clock::instant())),
            RehearsalEvent::StepEnded { step, end, wall } => {
                self.doing = None;
                let took = human(wall);
                match end {
                    StepEnd::Done => self.line(AnsiColor::Green, "done", &format!("{step} in {took}")),
                    // Its condition did not hold.
                    StepEnd::Skipped => {}
                    StepEnd::LeftOut(why) => self.line(AnsiColor::Cyan, "left out", &format!("{step}: {why}")),
                    StepEnd::Failed { why, said, log } => {
                        self.line(AnsiColor::Red, "failed", &format!("{step} in {took}: {why}"));
                        if !said.is_empty() {
                            self.raw(&said);
                        }
                        if let Some(log) = log {
                            self.line(AnsiColor::Red, "log", &log.display().to_string());
                        }
                    }
                }
            }
            RehearsalEvent::JobEnded(row) => {
                let took = human(Duration::from_millis(row.wall_ms));
                let color = match row.result {
                    Some(JobResult::Success | JobResult::Skipped) | None => AnsiColor::Green,
                    Some(JobResult::Failure | JobResult::Cancelled) if row.may_fail => AnsiColor::Yellow,
                    Some(JobResult::Failure | JobResult::Cancelled) => AnsiColor::Red,
                };
                let result = row.result.map(JobResult::as_str).unwrap_or_default();
                self.line(color, result, &format!("{} in {took}", row.name));
            }
        }
        self.tick();
    }

    fn tick(&mut self) {
        let Some((step, since)) = &self.doing else {
            if let Some(bar) = &self.bar {
                bar.set_message("");
            }
            return;
        };
        let message = format!("{step}, {} so far", human(since.elapsed()));
        if let Some(bar) = &self.bar {
            bar.set_message(cut(&message, self.terminal.look_of_messages().width.saturating_sub(3)));
            bar.tick();
        } else if self.said.elapsed() >= SIGN_OF_LIFE {
            self.line(AnsiColor::Cyan, "Running", &message);
        }
    }

    fn line(&mut self, color: AnsiColor, word: &str, text: &str) {
        self.said = clock::instant();
        // Problems are printed even when quiet.
        if !self.terminal.quiet || matches!(color, AnsiColor::Red | AnsiColor::Yellow) {
            self.raw(&self.terminal.format_line(color, word, text));
        }
    }

    fn raw(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.terminal.message(&format!("{text}\n"))),
            None => self.terminal.message(&format!("{text}\n")),
        }
    }
}
