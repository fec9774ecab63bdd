//! Names of suites.

/// Whether a text can be the name of a suite: `bookworm`, `bookworm-security`, `buster/updates`.
pub fn is_suite(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-._+~".contains(c))
    };
    text.split('/').all(part)
}

/// Splits a suite into base and suffix: `bookworm-security` is `bookworm` and `-security`.
pub(super) fn split_suite(suite: &str) -> (&str, &str) {
    let kinds = ["-security", "/updates", "-proposed-updates", "-updates", "-backports"];
    let kind = kinds.into_iter().find(|kind| suite.len() > kind.len() && suite.ends_with(kind)).unwrap_or("");
    suite.split_at(suite.len() - kind.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_split() {
        #[track_caller]
        fn check(suite: &str, base: &str, kind: &str) {
            assert_eq!(split_suite(suite), (base, kind));
        }
        check("bookworm", "bookworm", "");
        check("bookworm-security", "bookworm", "-security");
        check("buster/updates", "buster", "/updates");
        check("noble-proposed-updates", "noble", "-proposed-updates");
        check("-security", "-security", "");
        for bad in ["", "/", "a//b", "../x", "a b", "-x"] {
            assert!(!is_suite(bad), "{bad}");
        }
        assert!(is_suite("buster/updates") && is_suite("bookworm-security"));
    }
}
