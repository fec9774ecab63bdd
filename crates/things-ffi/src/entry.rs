//! The way into every function: failures become a status and this thread's message, panics go no further.

use crate::status::{self, Failure, ThingsStatus};
use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Runs the body of a function that reports a status.
pub(crate) fn entry(body: impl FnOnce() -> Result<(), Failure>) -> ThingsStatus {
    match caught(body) {
        Ok(Ok(())) => ThingsStatus::Ok,
        Ok(Err(Failure { status: ThingsStatus::Absent, .. })) => ThingsStatus::Absent,
        Ok(Err(failure)) => reported(failure),
        Err(message) => reported(Failure::new(ThingsStatus::Panic, message)),
    }
}

/// Runs the body of a function that has no way to report a status.
pub(crate) fn entry_or<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    match caught(body) {
        Ok(value) => value,
        Err(message) => {
            reported(Failure::new(ThingsStatus::Panic, message));
            otherwise
        }
    }
}

fn caught<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    // What a panic may have left half done is behind locks, and those who lock next go on with it: a batch is all or nothing
    // by SQLite's transaction, a list is complete before it has a handle.
    let result = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        tests::explode_if_planted();
        body()
    }));
    result.map_err(|payload| {
        let message = text_of(payload.as_ref());
        dispose(payload);
        message
    })
}

/// Drops what a panic carried, which may panic itself, and carry something. One that never ends is given up.
fn dispose(mut payload: Box<dyn Any + Send>) {
    for _ in 0..4 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(next) => payload = next,
        }
    }
    std::mem::forget(payload);
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("the library panicked, which is a defect of it; please report it: {}", text.unwrap_or("no message"))
}

fn reported(failure: Failure) -> ThingsStatus {
    let status = failure.status;
    // Not even while a thread ends may this panic.
    if catch_unwind(AssertUnwindSafe(|| status::remember(failure))).is_err() {
        return ThingsStatus::Panic;
    }
    status
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::things_last_error;
    use std::cell::Cell;
    use std::ffi::CStr;

    thread_local! {
        static PLANTED: Cell<bool> = const { Cell::new(false) };
    }

    pub(crate) fn explode_if_planted() {
        if PLANTED.with(|planted| planted.replace(false)) {
            panic!("planted");
        }
    }

    /// The next entry on this thread panics.
    pub(crate) fn plant() {
        PLANTED.with(|planted| planted.set(true));
    }

    pub(crate) fn last_error() -> String {
        // SAFETY: the pointer is to a string of this thread that lasts until the next failure.
        unsafe { CStr::from_ptr(things_last_error()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_becomes_a_status_with_its_message() {
        assert_eq!(entry(|| panic!("a {}", "formatted one")), ThingsStatus::Panic);
        assert!(last_error().ends_with("a formatted one"), "{}", last_error());
        assert_eq!(entry(|| panic!("a plain one")), ThingsStatus::Panic);
        assert!(last_error().ends_with("a plain one"), "{}", last_error());
        assert_eq!(entry(|| std::panic::panic_any(7)), ThingsStatus::Panic);
        assert!(last_error().ends_with("no message"), "{}", last_error());
        assert_eq!(entry_or(3, || panic!("without a status")), 3);
        assert!(last_error().ends_with("without a status"), "{}", last_error());
    }

    #[test]
    fn a_payload_that_panics_when_dropped_goes_no_further() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        assert_eq!(entry(|| std::panic::panic_any(Bomb)), ThingsStatus::Panic);
    }

    #[test]
    fn success_and_absence_leave_the_last_error_alone() {
        assert_eq!(entry(|| Err(Failure::new(ThingsStatus::BadArgument, "the one before"))), ThingsStatus::BadArgument);
        assert_eq!(entry(|| Ok(())), ThingsStatus::Ok);
        assert_eq!(entry(|| Err(Failure::absent())), ThingsStatus::Absent);
        assert_eq!(last_error(), "the one before");
    }
}
