//! Errors by exit code.

use std::fmt;

use shaped_toml::Diagnostics;

/// A failure that is not a verdict.
#[derive(Debug)]
pub enum Error {
    /// Wrong input: command line, spec, workspace. Exit code 2. The text is complete, with advice.
    Usage(String),
    /// An invalid spec. Exit code 2.
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
