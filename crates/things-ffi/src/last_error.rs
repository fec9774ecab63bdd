//! What C asks about statuses: the last error of its thread, and their names.

use crate::entry::entry_or;
use crate::status::{self, ThingsStatus};
use crate::text::EMPTY;
use std::ffi::c_char;

/// What went wrong in the last call of this thread that failed: a sentence without a line break at its end, in UTF-8.
/// Empty if none failed. It belongs to the library, and lasts until the next failure on this thread or the thread's end.
#[no_mangle]
pub extern "C" fn things_last_error() -> *const c_char {
    entry_or(EMPTY.as_ptr().cast(), || status::last_message().unwrap_or(EMPTY.as_ptr().cast()))
}

/// The status of the last call of this thread that failed; `THINGS_STATUS_OK` if none did.
#[no_mangle]
pub extern "C" fn things_last_status() -> ThingsStatus {
    entry_or(ThingsStatus::Panic, || status::last_status().unwrap_or(ThingsStatus::Ok))
}

/// The name of a status, such as `not-found`; `unknown` for a number that is none. Never freed, and the same in all releases.
#[no_mangle]
pub extern "C" fn things_status_name(status: i32) -> *const c_char {
    entry_or(EMPTY.as_ptr().cast(), || status::name_of(status).as_ptr().cast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::tests::last_error;
    use crate::status::{remember, Failure};

    #[test]
    fn each_thread_has_its_own_last_error_and_a_nul_in_it_does_not_end_it() {
        remember(Failure::new(ThingsStatus::NoSuch, "there is no task `a\0b`"));
        assert_eq!(last_error(), "there is no task `a\u{fffd}b`");
        assert_eq!(things_last_status(), ThingsStatus::NoSuch);
        let other = std::thread::spawn(|| (last_error(), things_last_status())).join().unwrap();
        assert_eq!(other, (String::new(), ThingsStatus::Ok));
        assert_eq!(things_last_status(), ThingsStatus::NoSuch);
    }
}
