//! Progress: events as they come, on stderr; a live line on terminals, plain lines elsewhere.

pub(crate) mod rehearsal;

use std::collections::BTreeSet;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use anstyle::AnsiColor;
use compatrix_engine::event::Event;
use compatrix_engine::sys::clock;
use compatrix_model::outcome::Outcome;
use compatrix_model::verdict::Verdict;
use compatrix_render::github;
use compatrix_render::look::{count, cut};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::Terminal;

/// Without a terminal, a sign of life at least this often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Does work and shows its events.
pub(crate) fn during<T>(terminal: &Terminal, work: impl FnOnce(&Sender<Event>) -> T) -> T {
    shown(|events| show(terminal, events), work)
}

/// Does work while another thread takes its events.
fn shown<E: Send, T>(show: impl FnOnce(Receiver<E>) + Send, work: impl FnOnce(&Sender<E>) -> T) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| show(receiver));
        // The sender goes with the work, so that the other thread ends when it does.
        let sender = sender;
        work(&sender)
    })
}

/// The live line, on terminals.
fn live_line(terminal: &Terminal) -> Option<ProgressBar> {
    terminal.is_live().then(|| {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar
    })
}

/// Shows events until the sender is gone.
fn show(terminal: &Terminal, events: Receiver<Event>) {
    let mut progress = Progress::new(terminal);
    loop {
        match events.recv_timeout(Duration::from_millis(250)) {
            Ok(event) => progress.take(event),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => progress.tick(),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    progress.end();
}

struct Progress<'a> {
    terminal: &'a Terminal,
    bar: Option<ProgressBar>,
    building: BTreeSet<String>,
    started: Instant,
    said: Instant,
    done: usize,
    of: usize,
    builds_done: usize,
    builds: usize,
    /// What is left, and when that was said.
    left: Option<(Duration, Instant)>,
    group_open: bool,
    /// Rounds of benchmarks that are done, and all of this look.
    rounds: Option<(u32, u32)>,
}

impl<'a> Progress<'a> {
    fn new(terminal: &'a Terminal) -> Self {
        let now = clock::instant();
        Self {
            terminal,
            bar: live_line(terminal),
            building: BTreeSet::new(),
            started: now,
            said: now,
            done: 0,
            of: 0,
            builds_done: 0,
            builds: 0,
            left: None,
            group_open: false,
            rounds: None,
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Warning(text) => self.line(AnsiColor::Yellow, "warning", &text),
            Event::Providing(what) => self.line(AnsiColor::Green, "Providing", &what),
            Event::NotProvided(reason) => self.line(AnsiColor::Yellow, "missing", &reason),
            Event::Planned { builds, runs, reused, skipped, estimate_ms } => {
                self.of = runs;
                self.builds = builds;
                let estimate = Duration::from_millis(estimate_ms);
                self.left = Some((estimate, clock::instant()));
                let mut parts = Vec::new();
                if runs > 0 {
                    parts.push(format!("{} to run with {}", count(runs, "cell"), count(builds, "build")));
                }
                if reused > 0 {
                    parts.push(format!("{} known", count(reused, "result")));
                }
                if skipped > 0 {
                    parts.push(format!("{skipped} unavailable"));
                }
                if runs > 0 {
                    parts.push(format!("about {}", human(estimate)));
                }
                // Without a cell there is only the error that follows.
                if !parts.is_empty() {
                    self.line(AnsiColor::Green, "Planned", &parts.join(", "));
                }
            }
            Event::Round { done, of } => self.rounds = Some((done, of)),
            Event::Left(ms) => self.left = Some((Duration::from_millis(ms), clock::instant())),
            Event::BuildStarted { build } => {
                self.building.insert(build);
            }
            Event::BuildFinished { build, trouble, output, wall_ms, .. } => {
                self.building.remove(&build);
                self.builds_done += 1;
                let took = human(Duration::from_millis(wall_ms));
                match trouble {
                    None => self.line(AnsiColor::Green, "Built", &format!("{build} in {took}")),
                    // By the user; reported once, at the end.
                    Some(cause) if cause == "interrupted" => {}
                    Some(cause) => {
                        self.line(AnsiColor::Red, "Not built", &format!("{build} in {took}: {cause}"));
                        self.output(&build, &output);
                    }
                }
            }
            Event::RunFinished { row, done, of } => {
                (self.done, self.of) = (done, of);
                let color = match row.verdict {
                    Verdict::Ok | Verdict::Known | Verdict::Stale | Verdict::Unproven | Verdict::NotPromised => None,
                    Verdict::Broken | Verdict::Error => Some(AnsiColor::Red),
                    Verdict::UnexpectedPass => Some(AnsiColor::Magenta),
                    Verdict::Flaky => Some(AnsiColor::Yellow),
                };
                // A failed build was reported once, for all its cells.
                let reported = row.outcome() == Some(Outcome::BuildFailed);
                if let Some(color) = color.filter(|_| !reported) {
                    let cause = match row.cause() {
                        "" => row.outcome().map_or("", Outcome::as_str),
                        cause => cause,
                    };
                    self.line(color, row.verdict.as_str(), &format!("{}: {cause}", row.cell));
                    if self.terminal.github && color == AnsiColor::Red {
                        self.raw(&github::error(&row.cell.to_string(), cause));
                    }
                }
            }
        }
        self.tick();
    }

    fn tick(&mut self) {
        let message = self.message();
        if let Some(bar) = &self.bar {
            bar.set_message(message);
            bar.tick();
        } else if !self.terminal.quiet && (self.of > 0 || self.rounds.is_some()) && self.said.elapsed() >= SIGN_OF_LIFE
        {
            self.line(AnsiColor::Cyan, "Running", &message);
        }
    }

    /// `12 of 84 cells, 3 of 8 builds, 1 m 02 s left · building rust=stable …`, cut to the terminal.
    fn message(&self) -> String {
        let mut text = String::new();
        if self.of > 0 {
            text = format!("{} of {} cells", self.done, self.of);
            if self.builds > 0 {
                text.push_str(&format!(", {} of {} builds", self.builds_done, self.builds));
            }
            let left = self.left.map(|(left, said)| left.saturating_sub(said.elapsed()));
            text.push_str(&match left.map(about) {
                Some(left) if !left.is_empty() => format!(", about {left} left"),
                _ => format!(", {} so far", human(self.started.elapsed())),
            });
        }
        if let Some((done, of)) = self.rounds {
            text = format!("round {} of {of}, {} so far", done + 1, human(self.started.elapsed()));
        }
        if let Some(first) = self.building.iter().next() {
            let more = match self.building.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            text.push_str(&format!(" · building {first}{more}"));
        }
        let width = self.terminal.look_of_messages().width.saturating_sub(3);
        cut(&text, width)
    }

    /// The end of a compiler's output: folded on GitHub, the last lines elsewhere.
    fn output(&mut self, build: &str, output: &str) {
        if output.is_empty() {
            return;
        }
        let shown = if self.terminal.github {
            github::group(&format!("output of {build}"), output)
        } else {
            let lines: Vec<&str> = output.trim_end().lines().collect();
            lines[lines.len().saturating_sub(30)..].join("\n")
        };
        self.raw(&shown);
    }

    fn line(&mut self, color: AnsiColor, word: &str, text: &str) {
        self.said = clock::instant();
        // Problems are printed even when quiet.
        if self.terminal.quiet && !matches!(color, AnsiColor::Red | AnsiColor::Yellow | AnsiColor::Magenta) {
            return;
        }
        if self.terminal.github && !self.group_open && !self.terminal.quiet {
            self.terminal.message(&format!("{}\n", github::group_start("progress")));
            self.group_open = true;
        }
        self.raw(&self.terminal.format_line(color, word, text));
    }

    fn raw(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.terminal.message(&format!("{text}\n"))),
            None => self.terminal.message(&format!("{text}\n")),
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if self.group_open {
            self.terminal.message(&format!("{}\n", github::GROUP_END));
        }
    }
}

/// A predicted duration, no more exact than it is: `3 s`, `40 s`, `3 min 20 s`, `1 h 10 min`. Empty if next to nothing.
fn about(duration: Duration) -> String {
    let seconds = (duration.as_millis() + 500) / 1000;
    let step = |step: u128| seconds.div_ceil(step) * step;
    match seconds {
        0 => String::new(),
        1..=19 => format!("{seconds} s"),
        20..=99 => format!("{} s", step(5)),
        100..=599 => format!("{} min {:02} s", step(10) / 60, step(10) % 60),
        600..=3599 => format!("{} min", step(60) / 60),
        _ => format!("{} h {:02} min", step(300) / 3600, step(300) % 3600 / 60),
    }
}

/// A duration for people: `0.4 s`, `12 s`, `3 min 20 s`.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=9 => format!("{:.1} s", duration.as_secs_f64()),
        10..=119 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_are_no_more_exact_than_they_are() {
        let said = |seconds: f64| about(Duration::from_secs_f64(seconds));
        let table = [
            (0.0, ""),
            (0.4, ""),
            (0.6, "1 s"),
            (12.3, "12 s"),
            (21.0, "25 s"),
            (40.0, "40 s"),
            (99.0, "100 s"),
            (101.0, "1 min 50 s"),
            (200.0, "3 min 20 s"),
            (595.0, "10 min 00 s"),
            (601.0, "11 min"),
            (3_599.0, "60 min"),
            (3_900.0, "1 h 05 min"),
            (90_000.0, "25 h 00 min"),
        ];
        for (seconds, expected) in table {
            assert_eq!(said(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn durations_as_people_say_them() {
        let said = [400, 12_300, 200_000].map(|ms| human(Duration::from_millis(ms)));
        assert_eq!(said, ["0.4 s", "12 s", "3 min 20 s"]);
    }
}
