//! Which schema a database has, and how `Meta` says so.
//!
//! Pure: text in, vintage out. What opening does with the answer is in `open`.

use std::fmt;

/// A schema vintage: the tables, column names and date encodings that go together.
///
/// # Examples
///
/// ```
/// use things_store::{parse_database_version, Vintage};
///
/// let version = parse_database_version("<plist><integer>24</integer></plist>").unwrap();
/// assert_eq!(Vintage::from_database_version(version), Some(Vintage::V24));
/// assert_eq!(Vintage::from_database_version(99), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Vintage {
    /// Apps before 3.15.16. All dates are Unix seconds, UTC.
    V18,
    /// Apps from 3.15.16 on. Start dates, deadlines and reminders are packed integers.
    V24,
    /// Apps of 2026, 3.22.14 among them. What is read is stored as in [`V24`](Vintage::V24).
    V26,
}

impl Vintage {
    /// Every vintage this crate reads, oldest first.
    pub const ALL: [Vintage; 3] = [Vintage::V18, Vintage::V24, Vintage::V26];

    /// The vintage whose `databaseVersion` is `version`; `None` for all others, newer or older.
    pub fn from_database_version(version: i64) -> Option<Vintage> {
        Vintage::ALL.into_iter().find(|vintage| vintage.database_version() == version)
    }

    /// All vintages, the one whose `databaseVersion` is nearest to `version` first, and of two the newer.
    pub(crate) fn nearest(version: i64) -> [Vintage; 3] {
        let mut all = Vintage::ALL;
        all.sort_by_key(|vintage| {
            (vintage.database_version().abs_diff(version), std::cmp::Reverse(vintage.database_version()))
        });
        all
    }

    /// The number in `Meta.databaseVersion`.
    pub fn database_version(self) -> i64 {
        match self {
            Vintage::V18 => 18,
            Vintage::V24 => 24,
            Vintage::V26 => 26,
        }
    }
}

impl fmt::Display for Vintage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.database_version())
    }
}

/// The one `<integer>` of an XML property list, as `Meta.databaseVersion` holds it.
///
/// `None` if the text is not such a list: no integer, two of them, or no number between the tags.
pub fn parse_database_version(plist: &str) -> Option<i64> {
    const OPEN: &str = "<integer>";
    const CLOSE: &str = "</integer>";
    let inside = plist.split_once("<plist")?.1.rsplit_once("</plist>")?.0;
    let (_, rest) = inside.split_once(OPEN)?;
    let (number, rest) = rest.split_once(CLOSE)?;
    if rest.contains(OPEN) {
        return None;
    }
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLIST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<integer>24</integer>
</plist>
"#;

    #[test]
    fn the_integer_of_the_plist() {
        assert_eq!(parse_database_version(PLIST), Some(24));
        for (text, version) in [
            ("<plist><integer>18</integer></plist>", 18),
            ("<plist>\n<integer> 99\n</integer></plist>", 99),
            ("<plist><integer>-1</integer></plist>", -1),
        ] {
            assert_eq!(parse_database_version(text), Some(version), "{text}");
        }
    }

    #[test]
    fn text_that_is_no_such_plist() {
        for text in [
            "",
            "24",
            "<integer>24</integer>",
            "<plist></plist>",
            "<plist><integer></integer></plist>",
            "<plist><integer>24</plist>",
            "<plist><integer>2 4</integer></plist>",
            "<plist><integer>0x18</integer></plist>",
            "<plist><integer>18</integer><integer>24</integer></plist>",
            "<plist><integer>99999999999999999999</integer></plist>",
            "<plist><string>24</string></plist>",
        ] {
            assert_eq!(parse_database_version(text), None, "{text}");
        }
    }

    #[test]
    fn the_nearest_vintage_comes_first_and_of_two_the_newer() {
        use Vintage::{V18, V24, V26};
        for (version, order) in [
            (99, [V26, V24, V18]),
            (25, [V26, V24, V18]),
            (23, [V24, V26, V18]),
            (21, [V24, V18, V26]),
            (20, [V18, V24, V26]),
            (i64::MIN, [V18, V24, V26]),
            (i64::MAX, [V26, V24, V18]),
        ] {
            assert_eq!(Vintage::nearest(version), order, "{version}");
        }
    }

    #[test]
    fn only_known_versions_have_a_vintage() {
        for vintage in Vintage::ALL {
            let version = vintage.database_version();
            assert_eq!(Vintage::from_database_version(version), Some(vintage));
            assert_eq!(vintage.to_string(), format!("v{version}"));
        }
        for version in [i64::MIN, 0, 17, 19, 23, 25, 27, 99, i64::MAX] {
            assert_eq!(Vintage::from_database_version(version), None, "{version}");
        }
    }
}
