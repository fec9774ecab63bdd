//! The first hundred bytes of an SQLite file, and what they say of a file that SQLite refused.
//!
//! Pure: bytes and a length in, a diagnosis out. Format: <https://www.sqlite.org/fileformat2.html#the_database_header>.

/// Length of the header in bytes.
pub(crate) const LEN: usize = 100;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Why SQLite refused a file, judging by header and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Diagnosis {
    /// It does not begin as an SQLite file does.
    NotADatabase,
    /// It ends too early; lengths in bytes.
    Truncated { expected: u64, found: u64 },
    /// Beginning and length are right, so the damage is in the content.
    Damaged,
}

/// Diagnoses a file from its first [`LEN`] bytes (fewer if the file is shorter) and its length.
pub(crate) fn diagnose(start: &[u8], length: u64) -> Diagnosis {
    let differs = start.iter().zip(MAGIC).any(|(found, expected)| found != expected);
    if start.is_empty() || differs {
        return Diagnosis::NotADatabase;
    }
    if start.len() < LEN {
        return Diagnosis::Truncated { expected: LEN as u64, found: length };
    }
    match promised_length(start) {
        Some(expected) if length < expected => Diagnosis::Truncated { expected, found: length },
        _ => Diagnosis::Damaged,
    }
}

/// Page size times page count, if the header gives plausible values for both.
fn promised_length(header: &[u8]) -> Option<u64> {
    let page_size = match u16::from_be_bytes(bytes_at(header, 16)?) {
        1 => 65_536,
        size if size >= 512 && size.is_power_of_two() => u64::from(size),
        _ => return None,
    };
    // The page count is valid only if the change counter equals the one it was written with.
    if be32(header, 24)? != be32(header, 92)? {
        return None;
    }
    page_size.checked_mul(u64::from(be32(header, 28)?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes_at(bytes, at).map(u32::from_be_bytes)
}

/// `N` of the `bytes`, from `at` on.
fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(page_size: u16, pages: u32) -> Vec<u8> {
        let mut bytes = vec![0; LEN];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16..18].copy_from_slice(&page_size.to_be_bytes());
        bytes[24..28].copy_from_slice(&7u32.to_be_bytes());
        bytes[28..32].copy_from_slice(&pages.to_be_bytes());
        bytes[92..96].copy_from_slice(&7u32.to_be_bytes());
        bytes
    }

    #[test]
    fn other_files_are_no_database() {
        for start in [&b""[..], b"S!", b"hello, world", &[0xff; LEN][..]] {
            let found = diagnose(start, start.len() as u64);
            assert_eq!(found, Diagnosis::NotADatabase, "{start:?}");
        }
    }

    #[test]
    fn a_file_shorter_than_its_header_is_truncated() {
        for start in [&b"SQLite"[..], MAGIC, &header(4096, 3)[..99]] {
            let length = start.len() as u64;
            let expected = Diagnosis::Truncated { expected: 100, found: length };
            assert_eq!(diagnose(start, length), expected);
        }
    }

    #[test]
    fn a_file_shorter_than_its_pages_is_truncated() {
        let expected = Diagnosis::Truncated { expected: 139_264, found: 12_288 };
        assert_eq!(diagnose(&header(4096, 34), 12_288), expected);
        assert_eq!(diagnose(&header(4096, 34), 139_264), Diagnosis::Damaged);
        assert_eq!(diagnose(&header(4096, 34), 200_000), Diagnosis::Damaged);
    }

    #[test]
    fn the_largest_page_is_written_as_one() {
        let expected = Diagnosis::Truncated { expected: 131_072, found: 65_536 };
        assert_eq!(diagnose(&header(1, 2), 65_536), expected);
        let largest = u64::from(u32::MAX) * 65_536;
        assert_eq!(diagnose(&header(1, u32::MAX), largest), Diagnosis::Damaged);
    }

    #[test]
    fn a_page_count_that_cannot_be_believed_is_not_used() {
        let mut stale = header(4096, 34);
        stale[27] = 8;
        assert_eq!(diagnose(&stale, 4096), Diagnosis::Damaged);
        for size in [0, 2, 256, 4095] {
            assert_eq!(diagnose(&header(size, 34), 4096), Diagnosis::Damaged);
        }
    }
}
