//! The terminal: how wide, whether colored, what goes to stdout and what to stderr.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use anstyle::{AnsiColor, Style};
use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::error::Error;
use compatrix_render::github;
use compatrix_render::look::Look;

use crate::cli::{Global, When};

/// Columns where there is no terminal to ask.
const NO_TERMINAL: usize = 100;

/// What the streams can show.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    stdout_color: bool,
    stderr_color: bool,
    stderr_is_terminal: bool,
    width: usize,
    unicode: bool,
    /// Whether only errors, warnings and the result are printed.
    pub(crate) quiet: bool,
    /// Whether this is a step of GitHub Actions.
    pub(crate) github: bool,
    /// Why a result could not be written to stdout.
    lost: Arc<OnceLock<std::io::Error>>,
}

impl Terminal {
    pub(crate) fn new(global: &Global) -> Self {
        let env = Ambient::capture();
        let color = |is_terminal: bool| match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => is_terminal && env.get("NO_COLOR").is_none() && env.get("TERM") != Some("dumb"),
        };
        let columns = env.get("COLUMNS").and_then(|columns| columns.parse().ok());
        let asked = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env.get(name)).unwrap_or("C.UTF-8");
        Self {
            stdout_color: color(std::io::stdout().is_terminal()),
            stderr_color: color(std::io::stderr().is_terminal()),
            stderr_is_terminal: std::io::stderr().is_terminal() && env.get("TERM") != Some("dumb"),
            width: columns.or(asked).unwrap_or(NO_TERMINAL).clamp(40, 400),
            unicode: locale.to_lowercase().replace('-', "").contains("utf8"),
            quiet: global.quiet,
            github: env.get("GITHUB_ACTIONS") == Some("true"),
            lost: Arc::default(),
        }
    }

    /// How results look on stdout.
    pub(crate) fn look(&self) -> Look {
        Look { width: self.width, color: self.stdout_color, unicode: self.unicode }
    }

    /// How messages look on stderr.
    pub(crate) fn look_of_messages(&self) -> Look {
        Look { width: self.width, color: self.stderr_color, unicode: self.unicode }
    }

    /// Whether a line that moves can be shown.
    pub(crate) fn is_live(&self) -> bool {
        self.stderr_is_terminal && !self.quiet && !self.github
    }

    /// Writes a result. The command goes on if it cannot be written: files may hold the same, and [`Terminal::lost`] has the
    /// reason in the end.
    pub(crate) fn print(&self, text: &str) {
        if self.lost.get().is_some() {
            return;
        }
        let mut stdout = std::io::stdout().lock();
        let newline: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
        let written =
            stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(newline)).and_then(|()| stdout.flush());
        if let Err(error) = written {
            let _ = self.lost.set(error);
        }
    }

    /// What became of a result that stdout did not take. A reader that went away (`| head`) is no error.
    pub(crate) fn lost(&self) -> Option<Error> {
        let error = self.lost.get().filter(|error| error.kind() != std::io::ErrorKind::BrokenPipe)?;
        Some(Error::Infrastructure(anyhow::anyhow!(
            "the result could not be written to stdout and is incomplete: {error}"
        )))
    }

    /// Prints a line to stderr, unless quiet.
    pub(crate) fn say(&self, word: &str, text: &str) {
        if !self.quiet {
            self.line(AnsiColor::Green, word, text);
        }
    }

    pub(crate) fn warning(&self, text: &str) {
        if self.github {
            self.message(&format!("{}\n", github::warning("compatrix", text)));
        }
        self.line(AnsiColor::Yellow, "warning", text);
    }

    pub(crate) fn error(&self, error: &Error) {
        let text = match error {
            Error::Spec(problems) => {
                let look = self.look_of_messages();
                self.message(&problems.render(look.color, look.width));
                return;
            }
            Error::Usage(_) | Error::Infrastructure(_) => error.to_string(),
            Error::Interrupted => "interrupted; results are kept, and the same command continues".to_owned(),
        };
        self.line(AnsiColor::Red, "error", &text);
    }

    /// A line of the form `     word text`, the word colored.
    pub(crate) fn format_line(&self, color: AnsiColor, word: &str, text: &str) -> String {
        let style = Style::new().bold().fg_color(Some(color.into()));
        if self.stderr_color {
            format!("{style}{word:>10}{style:#} {text}")
        } else {
            format!("{word:>10} {text}")
        }
    }

    fn line(&self, color: AnsiColor, word: &str, text: &str) {
        self.message(&format!("{}\n", self.format_line(color, word, text)));
    }

    /// Writes to stderr as is. A reader that went away is no error, and no reason to stop working.
    pub(crate) fn message(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}
