//! Axes and their values: the dimensions of the matrix.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Defines a validated name that serialises as its text.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Validates a name.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(InvalidName { what: $what, text }) }
            }

            /// The name's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

name!(
    /// The name of an axis: lower-case letters, digits, `-` and `_`, a letter first.
    AxisName,
    "an axis name (lower-case letters, digits, `-`, `_`; a letter first)",
    |text| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
    }
);

name!(
    /// The name of a value on an axis: letters, digits, `.`, `_`, `+`, `-`; a letter or digit first.
    /// Nothing in it needs quoting in a shell, a file name or a cell id.
    ValueName,
    "a value name (letters, digits, `.`, `_`, `+`, `-`; a letter or digit first)",
    |text| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
    }
);

/// An invalid name; the message says what is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidName {
    what: &'static str,
    text: String,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not {}", self.text, self.what)
    }
}

impl std::error::Error for InvalidName {}

/// A dimension of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// `rust`, `sqlite`, `schema`, `features`, or the user's own name.
    pub name: AxisName,
    /// The meaning of the values.
    pub kind: AxisKind,
    /// The points on it, in the spec's order; never empty, no name twice.
    pub values: Vec<AxisValue>,
}

/// The kinds of axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AxisKind {
    /// Toolchains. A build input.
    Rust,
    /// SQLite libraries. `bundled` is a build input; all others are run inputs.
    Sqlite,
    /// Fixtures. A run input.
    Schema,
    /// Cargo feature sets. A build input.
    Features,
    /// Dependency versions. A build input.
    Deps,
    /// Systems: this host, targets with runners, roots, machines of CI. A build input.
    Os,
    /// The user's own axis: sets this environment variable in each run. A run input.
    Env {
        /// The variable's name.
        var: String,
    },
}

/// A point on an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AxisValue {
    /// Its spelling in cell ids, on the command line and on pages.
    pub name: ValueName,
    /// The meaning of the value.
    pub setting: Setting,
}

/// The meaning of an axis value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A rustup toolchain by its rustup name (`1.70`, `stable`, `nightly-2026-05-19`).
    RustupToolchain(String),
    /// A toolchain in a folder that has `bin/rustc` and `bin/cargo`; relative paths start at the workspace root.
    PathToolchain(String),
    /// The rustc and cargo of a distribution, two packages.
    DistroToolchain(crate::apt::Request),
    /// The SQLite that the crate compiles in.
    SqliteBundled,
    /// The SQLite that pkg-config or the linker finds on the host.
    SqliteHost,
    /// This SQLite, built from the amalgamation of a libsqlite3-sys crate.
    SqliteExact(semver::Version),
    /// The shared SQLite of a distribution, one package.
    DistroSqlite(crate::apt::Request),
    /// The fixture in the folder of this name.
    Fixture(String),
    /// A cargo feature set.
    Features {
        /// Whether the package's default features stay on.
        default_features: bool,
        /// Features to switch on.
        enable: Vec<String>,
    },
    /// Which dependency versions.
    Deps(Deps),
    /// Which system.
    Os(System),
    /// The text of the environment variable of an [`AxisKind::Env`].
    Env(String),
}

/// The meaning of a value of the `os` axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// This host, as if there were no such axis.
    Here,
    /// Another target, compiled for here.
    Target {
        /// rustc's name of it: `x86_64-pc-windows-gnu`.
        triple: String,
        /// The words before each executable; none where this host starts it itself.
        runner: Vec<String>,
    },
    /// A machine of CI.
    Machine {
        /// The runner's label: `macos-15`.
        label: String,
        /// What that machine is: `macos-aarch64`.
        platform: String,
    },
}

/// The platform of a target, `windows-x86_64` of `x86_64-pc-windows-gnu`: rustc's triples name the architecture first.
pub fn platform_of_target(triple: &str) -> String {
    let arch = triple.split('-').next().unwrap_or_default();
    let arch = match arch {
        "i386" | "i586" | "i686" => "x86",
        "arm64" => "aarch64",
        arm if arm.starts_with("armv") || arm.starts_with("thumb") => "arm",
        riscv if riscv.starts_with("riscv64") => "riscv64",
        powerpc if powerpc.starts_with("powerpc64") => "powerpc64",
        other => other,
    };
    let has = |word: &str| triple.split('-').any(|part| part.starts_with(word));
    let systems =
        [("windows", "windows"), ("darwin", "macos"), ("ios", "ios"), ("android", "android"), ("linux", "linux")];
    let found = systems.iter().find(|(word, _)| has(word)).map(|(_, system)| *system);
    let other = || triple.split('-').nth(2).or(triple.split('-').nth(1)).unwrap_or("unknown");
    // `aarch64-linux-android` has both words.
    let system = if has("android") { "android" } else { found.unwrap_or_else(other) };
    format!("{system}-{arch}")
}

/// The meaning of a value of the `deps` axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deps {
    /// The workspace's own Cargo.lock.
    Locked,
    /// The lockset of the toolchain's group, or the workspace's Cargo.lock if it is in none.
    Lockset,
    /// The lowest versions that the packages' own requirements admit (cargo's `-Zdirect-minimal-versions`).
    Minimal,
    /// The newest versions that the packages' requirements admit.
    Latest,
}

impl Deps {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Deps; 4] = [Deps::Locked, Deps::Lockset, Deps::Minimal, Deps::Latest];

    /// The spec's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Deps::Locked => "locked",
            Deps::Lockset => "lockset",
            Deps::Minimal => "minimal",
            Deps::Latest => "latest",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_of_targets() {
        for (triple, platform) in [
            ("x86_64-pc-windows-gnu", "windows-x86_64"),
            ("i686-pc-windows-msvc", "windows-x86"),
            ("aarch64-apple-darwin", "macos-aarch64"),
            ("x86_64-unknown-linux-musl", "linux-x86_64"),
            ("armv7-unknown-linux-gnueabihf", "linux-arm"),
            ("riscv64gc-unknown-linux-gnu", "linux-riscv64"),
            ("aarch64-linux-android", "android-aarch64"),
            ("x86_64-unknown-freebsd", "freebsd-x86_64"),
            ("wasm32-wasip1", "wasip1-wasm32"),
        ] {
            assert_eq!(platform_of_target(triple), platform);
        }
    }

    #[test]
    fn names() {
        for good in ["rust", "a", "os-2", "my_axis"] {
            assert!(AxisName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "Rust", "1a", "-a", "a b", "a.b", "a=b", "é"] {
            assert!(AxisName::new(bad).is_err(), "{bad}");
        }
        for good in ["1.70", "stable", "nightly-2026-05-19", "v24-10k", "a+b", "X_y", "3.46.0"] {
            assert!(ValueName::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".hidden", "-x", "+x", "a b", "a/b", "a=b", "a|b", "v*", "é", "a\n"] {
            assert!(ValueName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_invalid_name_says_what_a_valid_one_looks_like() {
        let error = AxisName::new("My Axis").unwrap_err().to_string();
        assert_eq!(error, "\"My Axis\" is not an axis name (lower-case letters, digits, `-`, `_`; a letter first)");
    }
}
