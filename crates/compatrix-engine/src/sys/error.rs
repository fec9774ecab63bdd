//! What can go wrong on our side, by the exit code that it leads to.

use std::fmt;

use shaped_toml::Diagnostics;

/// A failure that is no verdict.
#[derive(Debug)]
pub enum Error {
    /// The user's words: command line, spec, workspace. Exit code 2. The text is complete, with what to do.
    Usage(String),
    /// The spec, held against the workspace. Exit code 2.
    Spec(Box<Diagnostics>),
    /// The machine: disk, processes, locks. Exit code 3.
    Infrastructure(anyhow::Error),
    /// Ctrl-C or SIGTERM. Exit code 130.
    Interrupted,
}

impl Error {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) | Error::Spec(_) => 2,
            Error::Infrastructure(_) => 3,
            Error::Interrupted => 130,
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
    fn from(error: anyhow::Error) -> Self {
        Error::Infrastructure(error)
    }
}
