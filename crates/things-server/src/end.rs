//! How the program ends, as its exit code says.

use std::process::ExitCode;

/// Why the program ended. [`End::code`] is its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client closed the connection after a whole message, or a signal asked the program to stop.
    Done,
    /// Something else failed, such as an address that is in use.
    Failed,
    /// The command line asks for something that is not allowed.
    Usage,
    /// The database cannot be served.
    Database,
    /// The client broke the connection: it closed it in the middle of a message, or stopped taking answers, or did not
    /// begin as MCP does.
    Client,
}

impl End {
    /// 0 to 4, in the order of the variants.
    pub fn code(self) -> u8 {
        match self {
            End::Done => 0,
            End::Failed => 1,
            End::Usage => 2,
            End::Database => 3,
            End::Client => 4,
        }
    }
}

impl From<End> for ExitCode {
    fn from(end: End) -> ExitCode {
        ExitCode::from(end.code())
    }
}
