//! Statuses with stable numbers, and the last error of each thread.

use std::cell::RefCell;
use std::ffi::{c_char, CString};
use things_store::{Error, ErrorKind};

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)+) => {
        /// `ThingsStatus` of a number that C has.
        pub(crate) fn name_of(number: i32) -> &'static str {
            match number {
                $($number => concat!($text, "\0"),)+
                _ => "unknown\0",
            }
        }

        #[cfg(test)]
        pub(crate) const ALL: &[(ThingsStatus, i32, &str)] = &[$((ThingsStatus::$name, $number, $text)),+];
    };
}

/// How a call ended. The numbers never change; a later release may add some.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThingsStatus {
    /// It did what it should.
    Ok = 0,
    /// No error: there is no such value, no such task, or no more of them. The last error is as it was.
    Absent = 1,

    /// There is no file at the path.
    NotFound = 10,
    /// The system or SQLite cannot open the file.
    CannotOpen = 11,
    /// The file is no SQLite database.
    NotADatabase = 12,
    /// The file is shorter than its header promises.
    Truncated = 13,
    /// The content is damaged.
    Corrupt = 14,
    /// A journal must be applied first, which a read-only store cannot do.
    NeedsRecovery = 15,
    /// The database is of a version that this library does not know.
    UnknownVintage = 16,
    /// The version of the database cannot be read.
    UnreadableVintage = 17,
    /// A table is missing.
    MissingTable = 18,
    /// A column is missing.
    MissingColumn = 19,
    /// A stored value has the wrong type or range.
    BadValue = 20,
    /// Somebody else held the database for too long.
    Locked = 21,
    /// A change was asked of a store or file that is read-only.
    ReadOnly = 22,
    /// A change names something that is not in the database.
    NoSuch = 23,
    /// A change makes no sense for its task.
    NotAllowed = 24,
    /// The SQLite in use is too old.
    SqliteTooOld = 25,
    /// No connection became free in time.
    PoolExhausted = 26,
    /// Any other failure of SQLite.
    Sqlite = 27,
    /// Another file is at the path since the store was opened, or none.
    Replaced = 28,
    /// Another program has changed the version of the database since the store was opened.
    Migrated = 29,
    /// An option has a value that nothing can be opened with.
    InvalidOption = 30,
    /// The circuit breaker lets nothing through at the moment.
    BreakerOpen = 31,
    /// `things_store_cancel` stopped it.
    Interrupted = 32,
    /// It took longer than it may.
    TimedOut = 33,
    /// There is no room left on the disk.
    DiskFull = 34,
    /// The disk or the system failed.
    Io = 35,
    /// A thread panicked while it held what this call needs.
    Poisoned = 36,
    /// A failure that has no number yet; the last error says what it is.
    Other = 99,

    /// A handle, string or place for a result is NULL and may not be.
    NullArgument = 100,
    /// A handle was freed, is of another type, or is none.
    BadHandle = 101,
    /// A string is not UTF-8.
    NotUtf8 = 102,
    /// A number, date or choice is outside what it may be.
    BadArgument = 103,
    /// An index is not below the length of its list.
    OutOfRange = 104,
    /// The store has an open stream, during which it cannot change anything.
    Busy = 105,
    /// The library panicked and caught it. A defect of the library.
    Panic = 106,
}

statuses! {
    Ok = 0, "ok";
    Absent = 1, "absent";
    NotFound = 10, "not-found";
    CannotOpen = 11, "cannot-open";
    NotADatabase = 12, "not-a-database";
    Truncated = 13, "truncated";
    Corrupt = 14, "corrupt";
    NeedsRecovery = 15, "needs-recovery";
    UnknownVintage = 16, "unknown-vintage";
    UnreadableVintage = 17, "unreadable-vintage";
    MissingTable = 18, "missing-table";
    MissingColumn = 19, "missing-column";
    BadValue = 20, "bad-value";
    Locked = 21, "locked";
    ReadOnly = 22, "read-only";
    NoSuch = 23, "no-such";
    NotAllowed = 24, "not-allowed";
    SqliteTooOld = 25, "sqlite-too-old";
    PoolExhausted = 26, "pool-exhausted";
    Sqlite = 27, "sqlite";
    Replaced = 28, "replaced";
    Migrated = 29, "migrated";
    InvalidOption = 30, "invalid-option";
    BreakerOpen = 31, "breaker-open";
    Interrupted = 32, "interrupted";
    TimedOut = 33, "timed-out";
    DiskFull = 34, "disk-full";
    Io = 35, "io";
    Poisoned = 36, "poisoned";
    Other = 99, "other";
    NullArgument = 100, "null-argument";
    BadHandle = 101, "bad-handle";
    NotUtf8 = 102, "not-utf8";
    BadArgument = 103, "bad-argument";
    OutOfRange = 104, "out-of-range";
    Busy = 105, "busy";
    Panic = 106, "panic";
}

impl From<ErrorKind> for ThingsStatus {
    fn from(kind: ErrorKind) -> ThingsStatus {
        match kind {
            ErrorKind::NotFound => ThingsStatus::NotFound,
            ErrorKind::CannotOpen => ThingsStatus::CannotOpen,
            ErrorKind::NotADatabase => ThingsStatus::NotADatabase,
            ErrorKind::Truncated => ThingsStatus::Truncated,
            ErrorKind::Corrupt => ThingsStatus::Corrupt,
            ErrorKind::NeedsRecovery => ThingsStatus::NeedsRecovery,
            ErrorKind::UnknownVintage => ThingsStatus::UnknownVintage,
            ErrorKind::UnreadableVintage => ThingsStatus::UnreadableVintage,
            ErrorKind::MissingTable => ThingsStatus::MissingTable,
            ErrorKind::MissingColumn => ThingsStatus::MissingColumn,
            ErrorKind::BadValue => ThingsStatus::BadValue,
            ErrorKind::Locked => ThingsStatus::Locked,
            ErrorKind::ReadOnly => ThingsStatus::ReadOnly,
            ErrorKind::NoSuch => ThingsStatus::NoSuch,
            ErrorKind::NotAllowed => ThingsStatus::NotAllowed,
            ErrorKind::SqliteTooOld => ThingsStatus::SqliteTooOld,
            ErrorKind::PoolExhausted => ThingsStatus::PoolExhausted,
            ErrorKind::Sqlite => ThingsStatus::Sqlite,
            ErrorKind::Replaced => ThingsStatus::Replaced,
            ErrorKind::Migrated => ThingsStatus::Migrated,
            ErrorKind::InvalidOption => ThingsStatus::InvalidOption,
            ErrorKind::BreakerOpen => ThingsStatus::BreakerOpen,
            ErrorKind::Interrupted => ThingsStatus::Interrupted,
            ErrorKind::TimedOut => ThingsStatus::TimedOut,
            ErrorKind::DiskFull => ThingsStatus::DiskFull,
            ErrorKind::Io => ThingsStatus::Io,
            ErrorKind::Poisoned => ThingsStatus::Poisoned,
            _ => ThingsStatus::Other,
        }
    }
}

/// Why a call did not do what it should.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: ThingsStatus,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(status: ThingsStatus, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into() }
    }

    pub(crate) fn absent() -> Failure {
        Failure::new(ThingsStatus::Absent, "")
    }

    pub(crate) fn null(name: &str) -> Failure {
        Failure::new(ThingsStatus::NullArgument, format!("`{name}` is NULL"))
    }

    pub(crate) fn index(index: usize, length: usize) -> Failure {
        Failure::new(ThingsStatus::OutOfRange, format!("there is no entry {index} in a list of {length}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::new(error.kind().into(), error.to_string())
    }
}

struct Last {
    status: ThingsStatus,
    message: CString,
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// Keeps the failure for this thread.
pub(crate) fn remember(failure: Failure) {
    let Failure { status, message } = failure;
    // A path or title in it may have a NUL, at which C would stop reading.
    let message = CString::new(message.replace('\0', "\u{fffd}")).unwrap_or_default();
    // A thread that is ending has nobody left to ask.
    let _ = LAST.try_with(|last| last.replace(Some(Last { status, message })));
}

/// The message of this thread's last failure. It lasts until the next one, or the thread's end.
pub(crate) fn last_message() -> Option<*const c_char> {
    LAST.try_with(|last| last.borrow().as_ref().map(|last| last.message.as_ptr())).ok().flatten()
}

/// The status of this thread's last failure.
pub(crate) fn last_status() -> Option<ThingsStatus> {
    LAST.try_with(|last| last.borrow().as_ref().map(|last| last.status)).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_distinct_and_belong_together() {
        for (n, (status, number, name)) in ALL.iter().enumerate() {
            assert_eq!(*status as i32, *number, "{name}");
            assert_eq!(name_of(*number), format!("{name}\0"));
            assert!(ALL[..n].iter().all(|(_, other, other_name)| other != number && other_name != name), "{name}");
        }
        for number in [-1, 2, 9, 98, 1000, i32::MIN, i32::MAX] {
            assert_eq!(name_of(number), "unknown\0");
        }
    }

    #[test]
    fn a_status_is_called_as_its_error_kind() {
        for (kind, number) in [(ErrorKind::NotFound, 10), (ErrorKind::Locked, 21), (ErrorKind::Sqlite, 27)] {
            let status = ThingsStatus::from(kind);
            assert_eq!(status as i32, number);
            assert_eq!(name_of(status as i32), format!("{kind}\0"));
        }
    }
}
