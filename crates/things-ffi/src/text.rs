//! Strings in both directions, and places for results.

use crate::status::{Failure, ThingsStatus};
use std::ffi::{c_char, CStr, OsStr};
use std::ptr::NonNull;

/// The empty string of C.
pub(crate) const EMPTY: &str = "\0";

/// A string that belongs to the handle it was read from, and ends with it. It is UTF-8.
///
/// There is a NUL after the last byte. A title may have NULs in it, too: `length` counts them, `strlen` stops at the first.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ThingsText {
    /// Never NULL.
    pub data: *const c_char,
    /// Bytes, without the NUL at the end.
    pub length: usize,
}

/// A string as a list keeps it: with a NUL after it.
#[derive(Debug)]
pub(crate) struct Text(Box<[u8]>);

impl Text {
    pub(crate) fn new(text: &str) -> Text {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        Text(bytes.into_boxed_slice())
    }

    pub(crate) fn shown(&self) -> ThingsText {
        ThingsText { data: self.0.as_ptr().cast(), length: self.0.len() - 1 }
    }
}

/// A C string.
///
/// # Safety
/// `pointer` is NULL or points to a NUL-terminated string that nobody changes during the call.
pub(crate) unsafe fn string<'a>(pointer: *const c_char, name: &str) -> Result<&'a CStr, Failure> {
    if pointer.is_null() {
        return Err(Failure::null(name));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    Ok(unsafe { CStr::from_ptr(pointer) })
}

/// A C string of UTF-8.
///
/// # Safety
/// As [`string`].
pub(crate) unsafe fn utf8<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Failure> {
    // SAFETY: the caller's promise is the same.
    let string = unsafe { string(pointer, name) }?;
    string.to_str().map_err(|error| not_utf8(name, error.valid_up_to()))
}

/// `length` bytes of UTF-8, NULs included.
///
/// # Safety
/// `pointer` is NULL or points to `length` bytes that nobody changes during the call.
pub(crate) unsafe fn utf8_of<'a>(pointer: *const c_char, length: usize, name: &str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::null(name));
    }
    if isize::try_from(length).is_err() {
        return Err(Failure::new(ThingsStatus::BadArgument, format!("`{name}` cannot be {length} bytes long")));
    }
    // SAFETY: not NULL and not longer than an object can be; the rest is the caller's promise. Bytes have no alignment.
    let bytes = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length) };
    std::str::from_utf8(bytes).map_err(|error| not_utf8(name, error.valid_up_to()))
}

fn not_utf8(name: &str, at: usize) -> Failure {
    Failure::new(ThingsStatus::NotUtf8, format!("`{name}` is not UTF-8: byte {at} is none of a character; convert it"))
}

/// A path: bytes as the system has them, which need not be UTF-8 on Unix.
#[cfg(unix)]
pub(crate) fn path(string: &CStr) -> Result<&OsStr, Failure> {
    use std::os::unix::ffi::OsStrExt;
    Ok(OsStr::from_bytes(string.to_bytes()))
}

/// A path in UTF-8.
#[cfg(not(unix))]
pub(crate) fn path(string: &CStr) -> Result<&OsStr, Failure> {
    string.to_str().map(OsStr::new).map_err(|error| not_utf8("path", error.valid_up_to()))
}

/// A structure that C hands over to be read; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL or points to a `T` that nobody changes during the call.
pub(crate) unsafe fn optional<T: Copy>(pointer: *const T, name: &str) -> Result<Option<T>, Failure> {
    aligned(pointer, name)?;
    // SAFETY: aligned; the rest is the caller's promise.
    Ok(if pointer.is_null() { None } else { Some(unsafe { pointer.read() }) })
}

/// Where C wants a result.
pub(crate) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// # Safety
    /// `pointer` is NULL or points to room for a `T` that nobody else uses during the call.
    pub(crate) unsafe fn new(pointer: *mut T, name: &str) -> Result<Out<T>, Failure> {
        aligned(pointer, name)?;
        NonNull::new(pointer).map(Out).ok_or_else(|| Failure::null(name))
    }

    pub(crate) fn set(&self, value: T) {
        // SAFETY: `new` had the caller's promise, and has checked what can be checked. No `T` here has a drop.
        unsafe { self.0.as_ptr().write(value) }
    }
}

impl<H> Out<*mut H> {
    /// As `new`, for a handle. It is NULL until there is one.
    ///
    /// # Safety
    /// As `new`.
    pub(crate) unsafe fn handle(pointer: *mut *mut H, name: &str) -> Result<Out<*mut H>, Failure> {
        // SAFETY: the caller's promise is the same.
        let out = unsafe { Out::new(pointer, name) }?;
        out.set(std::ptr::null_mut());
        Ok(out)
    }
}

fn aligned<T>(pointer: *const T, name: &str) -> Result<(), Failure> {
    if pointer as usize % std::mem::align_of::<T>() == 0 {
        return Ok(());
    }
    Err(Failure::new(ThingsStatus::BadArgument, format!("`{name}` is not aligned for its type")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_its_nuls_and_has_one_more_at_the_end() {
        for (text, length) in [("", 0), ("Milk", 4), ("a\0b", 3), ("Ähre", 5), ("\0", 1)] {
            let kept = Text::new(text);
            let shown = kept.shown();
            assert_eq!(shown.length, length);
            // SAFETY: `shown` is of `kept`, which lives.
            let bytes = unsafe { std::slice::from_raw_parts(shown.data.cast::<u8>(), shown.length + 1) };
            assert_eq!(bytes, [text.as_bytes(), &[0]].concat());
        }
    }

    #[test]
    fn strings_from_c_are_checked() {
        // SAFETY: each pointer is NULL or to a string with a NUL at its end.
        unsafe {
            assert_eq!(utf8(std::ptr::null(), "id").unwrap_err().status, ThingsStatus::NullArgument);
            assert_eq!(utf8(b"M\xc3\xa4rz\0".as_ptr().cast(), "id").unwrap(), "März");
            for broken in [&b"\xff\0"[..], b"ok\xc3\0", b"\xed\xa0\x80\0", b"\xc0\x80\0"] {
                let failure = utf8(broken.as_ptr().cast(), "id").unwrap_err();
                assert_eq!(failure.status, ThingsStatus::NotUtf8, "{broken:?}");
            }
            assert_eq!(utf8_of(b"a\0b".as_ptr().cast(), 3, "text").unwrap(), "a\0b");
            assert_eq!(utf8_of(b"".as_ptr().cast(), 0, "text").unwrap(), "");
            assert_eq!(utf8_of(std::ptr::null(), 0, "text").unwrap_err().status, ThingsStatus::NullArgument);
            let huge = utf8_of(b"a".as_ptr().cast(), usize::MAX, "text").unwrap_err();
            assert_eq!(huge.status, ThingsStatus::BadArgument);
        }
    }

    #[test]
    fn places_for_results_are_checked() {
        let mut room = [0u32; 2];
        // SAFETY: NULL, or within `room`.
        unsafe {
            assert!(Out::new(std::ptr::null_mut::<u32>(), "out").is_err());
            let askew = room.as_mut_ptr().cast::<u8>().wrapping_add(1).cast::<u32>();
            assert_eq!(Out::new(askew, "out").err().unwrap().status, ThingsStatus::BadArgument);
            Out::new(room.as_mut_ptr(), "out").unwrap().set(7);
        }
        assert_eq!(room, [7, 0]);
    }
}
