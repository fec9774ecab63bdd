//! The functions as a C program calls them, without the repetition.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;
use things_ffi::*;

/// A handle that is freed at the end.
pub struct Handle<T>(pub *mut T, extern "C" fn(*mut T) -> ThingsStatus);

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        let status = (self.1)(self.0);
        assert!(std::thread::panicking() || status == ThingsStatus::Ok, "{status:?}: {}", last_error());
    }
}

/// What a function that makes a handle gives.
pub fn made<T>(
    free: extern "C" fn(*mut T) -> ThingsStatus,
    make: impl FnOnce(*mut *mut T) -> ThingsStatus,
) -> Result<Handle<T>, ThingsStatus> {
    let mut handle = null_mut();
    match make(&mut handle) {
        ThingsStatus::Ok => {
            assert!(!handle.is_null());
            Ok(Handle(handle, free))
        }
        status => {
            assert!(handle.is_null(), "a failure leaves NULL");
            Err(status)
        }
    }
}

/// What a function that reads a value gives; `None` where there is none.
#[track_caller]
pub fn got<T: Copy>(nothing: T, read: impl FnOnce(*mut T) -> ThingsStatus) -> Option<T> {
    let mut value = nothing;
    match read(&mut value) {
        ThingsStatus::Ok => Some(value),
        ThingsStatus::Absent => None,
        status => panic!("{status:?}: {}", last_error()),
    }
}

pub const NO_TEXT: ThingsText = ThingsText { data: std::ptr::null(), length: 0 };

/// A string that a function reads, as its bytes.
#[track_caller]
pub fn text(read: impl FnOnce(*mut ThingsText) -> ThingsStatus) -> Option<String> {
    let text = got(NO_TEXT, read)?;
    // SAFETY: the handle that it is from is alive in the caller.
    let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.length + 1) };
    assert_eq!(bytes.last(), Some(&0), "a NUL after the last byte");
    Some(std::str::from_utf8(&bytes[..text.length]).unwrap().to_owned())
}

pub fn last_error() -> String {
    // SAFETY: a string of this thread.
    unsafe { CStr::from_ptr(things_last_error()) }.to_str().unwrap().to_owned()
}

pub fn string(text: &str) -> CString {
    CString::new(text).unwrap()
}

pub fn open(path: &Path, access: ThingsAccess) -> Result<Handle<ThingsStore>, ThingsStatus> {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: a string and a place that live until the call returns.
    made(things_store_close, |out| unsafe { things_store_open(path.as_ptr(), access as i32, out) })
}

/// A query for everything.
pub fn everything() -> Handle<ThingsQuery> {
    // SAFETY: a place that lives until the call returns.
    made(things_query_free, |out| unsafe { things_query_new(out) }).unwrap()
}

pub fn length(tasks: &Handle<ThingsTasks>) -> usize {
    // SAFETY: as above.
    got(0, |out| unsafe { things_tasks_length(tasks.0, out) }).unwrap()
}

pub fn title(tasks: &Handle<ThingsTasks>, at: usize) -> String {
    // SAFETY: as above.
    text(|out| unsafe { things_tasks_title(tasks.0, at, out) }).unwrap()
}

pub fn id(tasks: &Handle<ThingsTasks>, at: usize) -> String {
    // SAFETY: as above.
    text(|out| unsafe { things_tasks_id(tasks.0, at, out) }).unwrap()
}

pub fn date(date: things_store::Date) -> ThingsDate {
    ThingsDate { year: date.year(), month: date.month(), day: date.day() }
}
