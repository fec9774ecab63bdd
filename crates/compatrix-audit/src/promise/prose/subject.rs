//! What a version or a name belongs to, and what a title says that the text below it is about.

/// The software that a version belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Rust,
    /// Like [`Subject::Rust`], but always the lowest.
    Msrv,
    Sqlite,
}

impl Subject {
    /// Whether a version can be one of this software.
    pub(super) fn has(self, major: u64) -> bool {
        match self {
            Subject::Rust | Subject::Msrv => major == 1,
            Subject::Sqlite => major == 3,
        }
    }
}

/// What a heading or the title of a column names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Subjects {
    pub(super) rust: bool,
    /// The lowest Rust.
    pub(super) msrv: bool,
    pub(super) sqlite: bool,
    pub(super) platform: bool,
    /// Whether it says that all below it is supported or tested.
    pub(super) supported: bool,
    /// Whether it says that versions below it are the lowest.
    pub(super) lowest: bool,
}

const RUST: [&str; 7] = ["rust", "rustc", "msrv", "toolchain", "toolchains", "compiler", "compilers"];
const SQLITE: [&str; 3] = ["sqlite", "sqlite3", "libsqlite3"];
const PLATFORM: [&str; 7] = ["platform", "platforms", "os", "oses", "operating", "systems", "targets"];
const LOWEST: [&str; 6] = ["minimum", "minimal", "min", "lowest", "oldest", "earliest"];
const REQUIRED: [&str; 7] =
    ["requirement", "requirements", "required", "requires", "require", "prerequisite", "prerequisites"];
const SUPPORTED: [&str; 8] =
    ["supported", "support", "supports", "tested", "version", "versions", "compatibility", "msrv"];

impl Subjects {
    pub(super) fn of_title(title: &str) -> Self {
        let title = title.to_ascii_lowercase();
        // A hyphen joins the words of a name: `rust-demo` is about itself.
        let words: Vec<&str> =
            title.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').map(|word| word.trim_matches('-')).collect();
        let any = |list: &[&str]| words.iter().any(|word| list.contains(word));
        let rust = any(&RUST) || words.contains(&"rust-version");
        let lowest = any(&LOWEST) || any(&REQUIRED);
        let sqlite = any(&SQLITE);
        Self {
            rust,
            msrv: rust && (lowest || words.contains(&"msrv") || words.contains(&"rust-version")) && !sqlite,
            sqlite,
            platform: any(&PLATFORM) || (words.contains(&"system") && !sqlite && !rust),
            supported: any(&SUPPORTED),
            lowest: lowest || words.contains(&"msrv"),
        }
    }

    pub(super) fn any(self) -> bool {
        self.rust || self.sqlite || self.platform
    }

    /// The software that a bare version below this title belongs to.
    pub(super) fn of_version(self, major: u64) -> Option<Subject> {
        match major {
            1 if self.msrv => Some(Subject::Msrv),
            1 if self.rust => Some(Subject::Rust),
            3 if self.sqlite => Some(Subject::Sqlite),
            _ => None,
        }
    }
}

/// What the text below a heading is, if it is no plain description of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Section {
    #[default]
    Plain,
    /// Changes, releases, news.
    History,
    /// Single features, examples, measurements.
    Parts,
    /// What is not supported.
    Refused,
}

impl Section {
    /// `of_page`: whether the file is a page of compatibility, whose releases are what it is about.
    pub(super) fn of_title(title: &str, about: Subjects, of_page: bool) -> Self {
        let title = title.to_ascii_lowercase();
        let any = |list: &[&str]| list.iter().any(|word| title.contains(word));
        let is_version = title.trim_start_matches(['v', '[']).split(['.', ' ', ']']).next().is_some_and(|first| {
            title.contains('.') && !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit())
        });
        if any(&["not supported", "unsupported", "no longer supported", "not tested", "untested"]) {
            Section::Refused
        } else if any(&["changelog", "change log", "history", "changes", "what's new", "release notes"])
            || (!about.rust && !of_page && (any(&["change", "release", "news"]) || is_version))
        {
            Section::History
        } else if any(&["feature", "example", "benchmark", "performance"]) && !about.msrv {
            Section::Parts
        } else {
            Section::Plain
        }
    }
}
