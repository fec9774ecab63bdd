//! Which toolchains the `[[lock]]` groups of a spec serve, and the lines that add a group.

use semver::Version;

use super::LockGroup;
use crate::axis::ValueName;
use crate::condition::Match;

/// A group that a spec lacks. `Display` prints the whole step in one line; [`NewGroup::lines`] are the lines to paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// The group's condition, as the spec spells it: `<1.70`, or a value's name.
    pub rust: String,
}

impl NewGroup {
    /// For every toolchain older than this.
    pub fn below(version: &Version) -> Self {
        Self { rust: format!("<{}", short(version)) }
    }

    /// For the toolchain of this name alone.
    pub fn of(value: &ValueName) -> Self {
        Self { rust: value.to_string() }
    }

    /// The lines to add to the spec.
    pub fn lines(&self) -> String {
        format!("[[lock]]\nrust = \"{}\"\n", self.rust)
    }

    /// What to do, in one line. `command` is how the user starts `lock`.
    pub fn step(&self, command: &str) -> String {
        format!("add to compat/matrix.toml the two lines `[[lock]]` and `rust = \"{}\"`, then run {command}", self.rust)
    }
}

/// The group that serves toolchains of this version, whatever the spec calls them: the first that certainly admits it.
pub fn serving<'g>(groups: &'g [LockGroup], version: &Version) -> Option<&'g LockGroup> {
    let names: Vec<ValueName> =
        [short(version), version.to_string()].iter().filter_map(|name| ValueName::new(name).ok()).collect();
    groups.iter().find(|group| {
        let admits = |name: &ValueName| group.rust.iter().any(|test| test.holds(name, Some(version)) == Match::Yes);
        names.iter().any(admits)
    })
}

/// A version without a trailing `.0`: `1.70`.
pub fn short(version: &Version) -> String {
    match version.patch {
        0 => format!("{}.{}", version.major, version.minor),
        _ => version.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::ValueTest;

    fn group(name: &str, rust: &[ValueTest]) -> LockGroup {
        LockGroup { name: name.to_owned(), rust: rust.to_vec(), pins: Default::default() }
    }

    #[test]
    fn a_group_serves_only_the_toolchains_that_its_condition_admits() {
        let below = |req: &str| ValueTest::Version(req.parse().unwrap());
        let is = |name: &str| ValueTest::Is(ValueName::new(name).unwrap());
        let groups = [group("oldest", &[below("<1.60")]), group("named", &[is("1.70"), is("debian-12")])];
        for (version, expected) in [
            ("1.56.0", Some("oldest")),
            ("1.60.0", None),
            ("1.70.0", Some("named")),
            ("1.70.1", None),
            ("1.80.0", None),
        ] {
            let found = serving(&groups, &version.parse().unwrap()).map(|group| group.name.as_str());
            assert_eq!(found, expected, "{version}");
        }
        assert!(serving(&[], &Version::new(1, 0, 0)).is_none());
    }

    #[test]
    fn the_lines_are_a_group() {
        let new = NewGroup::below(&Version::new(1, 70, 0));
        assert_eq!(new.lines(), "[[lock]]\nrust = \"<1.70\"\n");
        assert!(new.step("`cargo compatrix lock`").ends_with("`rust = \"<1.70\"`, then run `cargo compatrix lock`"));
        assert_eq!(NewGroup::of(&ValueName::new("debian-12").unwrap()).rust, "debian-12");
    }
}
