//! The settings of a suite of kind `bench`.

use shaped_toml::Table;

/// What a suite of kind `bench` measures, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchSettings {
    /// The packages whose benches run; none for the packages under test.
    pub packages: Vec<String>,
    /// The benches of cargo that run; none for all of them.
    pub benches: Vec<String>,
    /// How what they print or write is read.
    pub harness: Harness,
    /// The slowdown that is tolerated, in percent.
    pub tolerance: u32,
    /// The rounds of the first look.
    pub rounds: u32,
    /// Whether valgrind counts instructions besides.
    pub instructions: bool,
}

/// How results of a bench are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Harness {
    /// Detected from the results.
    #[default]
    Auto,
    /// criterion's files.
    Criterion,
    /// gungraun's summary files.
    Gungraun,
    /// divan's table.
    Divan,
    /// The lines of `#[bench]`.
    Libtest,
    /// hyperfine's JSON.
    Hyperfine,
    /// JSON lines of raw samples.
    Lines,
}

impl Harness {
    /// The word in the spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Harness::Auto => "auto",
            Harness::Criterion => "criterion",
            Harness::Gungraun => "gungraun",
            Harness::Divan => "divan",
            Harness::Libtest => "libtest",
            Harness::Hyperfine => "hyperfine",
            Harness::Lines => "lines",
        }
    }

    /// The harness of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        use Harness::{Auto, Criterion, Divan, Gungraun, Hyperfine, Libtest, Lines};
        [Auto, Criterion, Gungraun, Divan, Libtest, Hyperfine, Lines].into_iter().find(|one| one.as_str() == word)
    }
}

impl BenchSettings {
    /// Lowers the settings from the table of a suite.
    pub fn of(suite: &Table) -> Self {
        let number = |key: &str| suite.integer(key).and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Self {
            packages: suite.texts("packages").unwrap_or_default(),
            benches: suite.texts("benches").unwrap_or_default(),
            // A misspelt harness has already been reported.
            harness: suite.text("harness").and_then(Harness::from_word).unwrap_or_default(),
            tolerance: number("tolerance"),
            rounds: number("rounds"),
            instructions: suite.flag("instructions").unwrap_or_default(),
        }
    }
}
