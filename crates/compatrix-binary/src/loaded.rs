//! What is at an address of a loaded file, and how C's names are spelled in it.

use object::{File, Object as _, ObjectSegment as _};

use crate::binary::{text, zero_ended};

/// The bytes from an address of a loaded file to the end of its segment.
pub(crate) fn at<'data>(file: &File<'data>, address: u64) -> Option<&'data [u8]> {
    file.segments().find_map(|segment| {
        let into = usize::try_from(address.checked_sub(segment.address())?).ok()?;
        segment.data().ok()?.get(into..)
    })
}

/// The text at an address of a loaded file.
pub(crate) fn text_at(file: &File<'_>, address: u64) -> Option<String> {
    zero_ended(at(file, address)?).map(text)
}

/// Whether C's names begin with `_` in its symbols: in Mach-O, and in 32-bit PE.
pub(crate) fn has_underscore(file: &File<'_>) -> bool {
    matches!(file, File::MachO32(_) | File::MachO64(_) | File::Pe32(_))
}
