//! Errors by exit code.

use std::fmt;

use compatrix_model::results::exit::ExitCode;
use shaped_toml::Diagnostics;

/// A failure that is not a verdict.
#[derive(Debug)]
pub enum Error {
    /// Wrong input: command line, spec, workspace. The text is complete, with advice.
    Usage(String),
    /// An invalid spec.
    Spec(Box<Diagnostics>),
    /// The machine: disk, processes, locks.
    Infrastructure(anyhow::Error),
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Error {
    /// How a command ends that fails so.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Error::Usage(_) | Error::Spec(_) => ExitCode::Usage,
            Error::Infrastructure(_) => ExitCode::Infrastructure,
            Error::Interrupted => ExitCode::Interrupted,
        }
    }

    /// A usage error of this text.
    pub fn usage(text: impl Into<String>) -> Self {
        Error::Usage(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(text) => f.write_str(text),
            Error::Spec(problems) => write!(f, "{problems}"),
            Error::Infrastructure(error) => write!(f, "{error:#}"),
            Error::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {}

impl From<anyhow::Error> for Error {
    /// One of ours that passed through keeps its kind.
    fn from(error: anyhow::Error) -> Self {
        error.downcast().unwrap_or_else(Error::Infrastructure)
    }
}
