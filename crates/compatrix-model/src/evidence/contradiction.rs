//! Records that contradict themselves: what no run can have left behind.
//!
//! A row of the ledger that was half written, a file that was edited by hand or merged badly, an artifact that a script
//! touched: all are held against the same rules, in this one place.

use std::fmt;

use super::{Counts, Record};
use crate::axis::System;
use crate::matrix_spec::SuiteKind;
use crate::outcome::Outcome;

/// Why a record cannot be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// It passed, and tests failed.
    PassedWithFailures {
        /// How many are counted.
        failed: u32,
        /// The first that is named.
        first: Option<String>,
    },
    /// It passed, and the tool found something that fails the suite.
    PassedWithFindings(usize),
    /// It passed, and no test ran.
    PassedWithoutTests,
    /// It passed under a leak tool that left no report.
    PassedWithoutTool,
    /// It passed, and nothing proves what ran.
    PassedWithoutProof,
    /// It has a result, and was never tried.
    NeverTried,
    /// It has a result, and no key says of which inputs.
    NoKey,
    /// It did not work, and nothing says why.
    NoReason(Outcome),
    /// It could not be tried, and tests ran.
    UntriedWithTests(u32),
    /// It names more failing tests than it counts.
    MoreFailuresThanCounted {
        /// Failing tests by name.
        named: usize,
        /// The number that is counted.
        counted: u32,
    },
    /// A suite that only builds cannot end like this.
    NotOfABuild(Outcome),
    /// A suite that only builds runs no test.
    TestsOfABuild(u32),
    /// The proof is of another platform than the file.
    OtherPlatform {
        /// The proof's platform, or the target of its compiler.
        proof: String,
        /// The file's platform.
        file: String,
    },
    /// The proof is of programs for another target than the cell's system.
    OtherTarget {
        /// The proof's; `None` for programs of the host.
        proof: Option<String>,
        /// The cell's.
        cell: Option<String>,
    },
    /// The proof names a target without a name.
    NoTriple,
    /// Trouble of our own is no evidence.
    NoEvidence,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tests = |n: u32| if n == 1 { "1 test".to_owned() } else { format!("{n} tests") };
        match self {
            Contradiction::PassedWithFailures { failed, first } => {
                f.write_str("it passed, and ")?;
                match (failed, first) {
                    (0, Some(first)) => write!(f, "the test `{first}` failed"),
                    (n, Some(first)) => write!(f, "{} failed, the first `{first}`", tests(*n)),
                    (n, None) => write!(f, "{} failed", tests(*n)),
                }
            }
            Contradiction::PassedWithFindings(n) => {
                write!(f, "it passed, and its tool has {n} finding{} that fail it", if *n == 1 { "" } else { "s" })
            }
            Contradiction::PassedWithoutTests => f.write_str("it passed, and no test ran"),
            Contradiction::PassedWithoutTool => f.write_str("it passed, and no leak tool reported"),
            Contradiction::PassedWithoutProof => f.write_str("it passed, and nothing proves what ran"),
            Contradiction::NeverTried => f.write_str("it has a result, and was never tried (`attempts = 0`)"),
            Contradiction::NoKey => f.write_str("it has a result, and no key"),
            Contradiction::NoReason(outcome) => write!(f, "its outcome is {outcome}, and it gives no reason"),
            Contradiction::UntriedWithTests(n) => write!(f, "it could not be tried, and {} ran", tests(*n)),
            Contradiction::MoreFailuresThanCounted { named, counted } => {
                write!(f, "it names {named} failing tests, and counts {counted}")
            }
            Contradiction::NotOfABuild(outcome) => {
                write!(f, "its suite only builds, and its outcome is {outcome}")
            }
            Contradiction::TestsOfABuild(n) => write!(f, "its suite only builds, and {} ran", tests(*n)),
            Contradiction::OtherPlatform { proof, file } => {
                write!(f, "its proof is of {proof}, and the file of {file}")
            }
            Contradiction::OtherTarget { proof, cell } => {
                let of = |target: &Option<String>| target.clone().unwrap_or_else(|| "this host".to_owned());
                write!(f, "its proof is of programs of {}, and its cell of {}", of(proof), of(cell))
            }
            Contradiction::NoTriple => f.write_str("its proof names a target without a name"),
            Contradiction::NoEvidence => f.write_str("trouble on the machine is no evidence"),
        }
    }
}

/// What of a record can contradict itself; borrowed, so that tens of thousands are held against the rules without being
/// assembled.
#[derive(Debug, Clone, Copy)]
pub struct Stated<'a> {
    /// What happened.
    pub outcome: Outcome,
    /// Whether it says why.
    pub has_cause: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// Tests in the executables.
    pub tests: Counts,
    /// Documentation tests.
    pub doctests: Option<Counts>,
    /// How many failing tests it names, and the first.
    pub failing: (usize, Option<&'a str>),
    /// Whether it has a key.
    pub has_key: bool,
    /// Platform and `rustc -Vv` of the proof.
    pub proof: Option<(&'a str, &'a str)>,
    /// The target of the proof, as rustc calls it; `None` for programs of the host.
    pub target: Option<&'a str>,
    /// How many tests ran under the leak tool, and how many of its findings fail the suite.
    pub leaks: Option<(u32, usize)>,
}

impl Record {
    /// What in this record cannot be true; of several things the first. `kind` is that of its suite, where the record was
    /// made under the spec at hand.
    pub fn contradiction(&self, kind: Option<&SuiteKind>) -> Option<Contradiction> {
        self.stated().contradiction(kind)
    }

    /// What of it can contradict itself.
    pub fn stated(&self) -> Stated<'_> {
        Stated {
            outcome: self.outcome,
            has_cause: !self.cause.trim().is_empty(),
            attempts: self.attempts,
            tests: self.tests,
            doctests: self.doctests,
            failing: (self.failures.len(), self.failures.first().map(|failure| failure.test.as_str())),
            has_key: self.key.is_some(),
            proof: self.proof.as_ref().map(|proof| (proof.platform.as_str(), proof.toolchain.rustc.as_str())),
            target: self.proof.as_ref().and_then(|proof| Some(proof.target.as_ref()?.triple.as_str())),
            leaks: self.leaks.as_ref().map(|report| (report.ran, report.errors().count())),
        }
    }
}

impl Stated<'_> {
    /// What in it cannot be true; of several things the first.
    pub fn contradiction(&self, kind: Option<&SuiteKind>) -> Option<Contradiction> {
        let counts = self.tests.plus(self.doctests.unwrap_or_default());
        if self.target.is_some_and(|triple| triple.trim().is_empty()) {
            return Some(Contradiction::NoTriple);
        }
        match self.outcome {
            Outcome::Passed => self.passed(counts).or_else(|| self.tried()),
            Outcome::Failed | Outcome::BuildFailed | Outcome::Crashed | Outcome::TimedOut | Outcome::Misidentified => {
                self.tried().or_else(|| self.red(counts))
            }
            Outcome::Unavailable | Outcome::NotPromised => {
                (counts.run() > 0).then(|| Contradiction::UntriedWithTests(counts.run()))
            }
            // Of a run that was cut short anything may be left.
            Outcome::Infrastructure => None,
        }
        .or_else(|| self.of_kind(kind?, counts))
    }

    /// What a pass of any kind cannot be without.
    fn passed(&self, counts: Counts) -> Option<Contradiction> {
        let (named, first) = self.failing;
        if counts.failed > 0 || named > 0 {
            let first = first.map(str::to_owned);
            return Some(Contradiction::PassedWithFailures { failed: counts.failed, first });
        }
        match self.leaks {
            Some((_, errors)) if errors > 0 => return Some(Contradiction::PassedWithFindings(errors)),
            _ => {}
        }
        self.proof.is_none().then_some(Contradiction::PassedWithoutProof)
    }

    fn tried(&self) -> Option<Contradiction> {
        if self.attempts == 0 {
            Some(Contradiction::NeverTried)
        } else {
            (!self.has_key).then_some(Contradiction::NoKey)
        }
    }

    fn red(&self, counts: Counts) -> Option<Contradiction> {
        let (named, _) = self.failing;
        if !self.has_cause && named == 0 {
            return Some(Contradiction::NoReason(self.outcome));
        }
        // One that died names the tests that it died in, and counts none of them.
        let too_many = self.outcome == Outcome::Failed && u32::try_from(named).is_ok_and(|named| named > counts.failed);
        too_many.then_some(Contradiction::MoreFailuresThanCounted { named, counted: counts.failed })
    }

    fn of_kind(&self, kind: &SuiteKind, counts: Counts) -> Option<Contradiction> {
        let passed = self.outcome == Outcome::Passed;
        match kind {
            SuiteKind::Build => match self.outcome {
                Outcome::Crashed | Outcome::TimedOut => Some(Contradiction::NotOfABuild(self.outcome)),
                Outcome::Passed
                | Outcome::Failed
                | Outcome::BuildFailed
                | Outcome::Misidentified
                | Outcome::Unavailable
                | Outcome::NotPromised
                | Outcome::Infrastructure => (counts.run() > 0).then(|| Contradiction::TestsOfABuild(counts.run())),
            },
            SuiteKind::Test | SuiteKind::Command | SuiteKind::Bench(_) => {
                (passed && counts.run() == 0).then_some(Contradiction::PassedWithoutTests)
            }
            SuiteKind::Leak(_) => match self.leaks {
                None if passed => Some(Contradiction::PassedWithoutTool),
                Some((0, _)) if passed => Some(Contradiction::PassedWithoutTests),
                Some(_) | None => None,
            },
        }
    }

    /// Whether the proof is of another target than the cell's system, as the spec has it; `None` is a cell without one.
    pub fn of_another_system(&self, system: Option<&System>) -> Option<Contradiction> {
        self.proof?;
        let cell = match system {
            Some(System::Target { triple, .. }) => Some(triple.as_str()),
            Some(System::Here | System::Machine { .. }) | None => None,
        };
        let named = |target: Option<&str>| target.map(str::to_owned);
        (cell != self.target).then(|| Contradiction::OtherTarget { proof: named(self.target), cell: named(cell) })
    }

    /// Whether the proof is of another platform than this: by its name, or by the system that its compiler is for.
    pub fn elsewhere(&self, file: &str) -> Option<Contradiction> {
        let (platform, rustc) = self.proof?;
        let other = |proof: &str| Contradiction::OtherPlatform { proof: proof.to_owned(), file: file.to_owned() };
        if platform != file {
            return Some(other(platform));
        }
        let target = rustc.lines().find_map(|line| line.strip_prefix("host: "))?;
        let system = file.split('-').next().unwrap_or_default();
        // The target's processor may differ: an emulated or a 32-bit compiler is one of this platform.
        let known = [("linux", "-linux"), ("macos", "-apple-darwin"), ("windows", "-windows"), ("freebsd", "-freebsd")];
        let named = known.iter().find(|(_, part)| target.contains(part))?;
        (known.iter().any(|(name, _)| *name == system) && named.0 != system).then(|| other(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plain pass of one test.
    const GOOD: Stated<'static> = Stated {
        outcome: Outcome::Passed,
        has_cause: false,
        attempts: 1,
        tests: Counts { passed: 1, failed: 0, ignored: 0, filtered: 0, compiled: 0 },
        doctests: None,
        failing: (0, None),
        has_key: true,
        proof: Some(("linux-x86_64", "rustc 1.70.0\nhost: x86_64-unknown-linux-gnu")),
        target: None,
        leaks: None,
    };
    const NONE: Counts = Counts { passed: 0, failed: 0, ignored: 9, filtered: 9, compiled: 0 };
    const RED: Counts = Counts { passed: 1, failed: 1, ignored: 0, filtered: 0, compiled: 0 };

    #[track_caller]
    fn check(stated: Stated<'_>, kind: &SuiteKind, expected: Option<&str>) {
        let said = stated.contradiction(Some(kind)).map(|found| found.to_string());
        assert_eq!(said.as_deref(), expected, "{stated:?}");
    }

    #[test]
    fn what_no_run_leaves_behind() {
        let (test, build) = (SuiteKind::Test, SuiteKind::Build);
        let failed = Stated { outcome: Outcome::Failed, tests: RED, has_cause: true, ..GOOD };
        let named = (1, Some("a::b"));
        check(GOOD, &test, None);
        check(failed, &test, None);
        check(Stated { failing: named, ..failed }, &test, None);
        check(Stated { outcome: Outcome::Crashed, failing: named, ..GOOD }, &test, None);
        check(Stated { tests: RED, ..GOOD }, &test, Some("it passed, and 1 test failed"));
        check(Stated { doctests: Some(RED), ..GOOD }, &test, Some("it passed, and 1 test failed"));
        check(Stated { failing: named, ..GOOD }, &test, Some("it passed, and the test `a::b` failed"));
        let both = Stated { tests: RED, failing: named, ..GOOD };
        check(both, &test, Some("it passed, and 1 test failed, the first `a::b`"));
        check(Stated { tests: NONE, ..GOOD }, &test, Some("it passed, and no test ran"));
        check(Stated { tests: NONE, doctests: Some(GOOD.tests), ..GOOD }, &test, None);
        check(Stated { attempts: 0, ..GOOD }, &test, Some("it has a result, and was never tried (`attempts = 0`)"));
        check(Stated { attempts: 0, ..failed }, &test, Some("it has a result, and was never tried (`attempts = 0`)"));
        check(Stated { proof: None, ..GOOD }, &test, Some("it passed, and nothing proves what ran"));
        check(Stated { has_key: false, ..GOOD }, &test, Some("it has a result, and no key"));
        let silent = Stated { has_cause: false, ..failed };
        check(silent, &test, Some("its outcome is failed, and it gives no reason"));
        let many = Stated { failing: (2, Some("a")), ..failed };
        check(many, &test, Some("it names 2 failing tests, and counts 1"));
        let untried = Stated { outcome: Outcome::Unavailable, has_key: false, proof: None, attempts: 0, ..GOOD };
        check(untried, &test, Some("it could not be tried, and 1 test ran"));
        check(Stated { tests: NONE, ..untried }, &test, None);

        check(Stated { tests: NONE, ..GOOD }, &build, None);
        check(GOOD, &build, Some("its suite only builds, and 1 test ran"));
        let crashed = Stated { outcome: Outcome::Crashed, tests: NONE, has_cause: true, ..GOOD };
        check(crashed, &build, Some("its suite only builds, and its outcome is crashed"));

        let text =
            "version = 1\n[project]\npackages = [\"p\"]\n[axis]\nrust = [\"stable\"]\n[[suite]]\nname = \"l\"\nkind = \
                    \"leak\"\ntool = \"valgrind\"\n";
        let leak = crate::spec_text::parse(text, "matrix.toml", &[]).expect("a spec").spec.suites[0].kind.clone();
        check(GOOD, &leak, Some("it passed, and no leak tool reported"));
        check(Stated { leaks: Some((1, 0)), ..GOOD }, &leak, None);
        check(Stated { leaks: Some((0, 0)), ..GOOD }, &leak, Some("it passed, and no test ran"));
        let found = Stated { leaks: Some((1, 2)), ..GOOD };
        check(found, &leak, Some("it passed, and its tool has 2 findings that fail it"));
        assert_eq!(Stated { tests: NONE, ..GOOD }.contradiction(None), None, "of a suite that is not known");
    }

    #[test]
    fn a_proof_belongs_to_its_platform() {
        let said = |stated: Stated<'_>, file: &str| stated.elsewhere(file).map(|found| found.to_string());
        assert_eq!(said(GOOD, "linux-x86_64"), None);
        assert_eq!(said(GOOD, "linux-aarch64").unwrap(), "its proof is of linux-x86_64, and the file of linux-aarch64");
        let of = |platform, rustc| Stated { proof: Some((platform, rustc)), ..GOOD };
        let copied = of("macos-aarch64", "rustc 1.70.0\nhost: x86_64-unknown-linux-gnu");
        let words = "its proof is of x86_64-unknown-linux-gnu, and the file of macos-aarch64";
        assert_eq!(said(copied, "macos-aarch64").unwrap(), words);
        assert_eq!(said(of("macos-aarch64", "host: x86_64-apple-darwin"), "macos-aarch64"), None, "emulated");
        assert_eq!(said(of("linux-x86_64", "host: i686-unknown-linux-musl"), "linux-x86_64"), None);
        assert_eq!(said(of("linux-x86_64", "rustc 1.70.0"), "linux-x86_64"), None);
    }

    #[test]
    fn a_proof_is_of_the_system_of_its_cell() {
        let windows = "x86_64-pc-windows-gnu";
        let target = System::Target { triple: windows.to_owned(), runner: vec!["wine64".to_owned()] };
        let said = |target, system| {
            let found = Stated { target, ..GOOD }.of_another_system(system);
            found.map(|found| found.to_string()).unwrap_or_default()
        };
        assert_eq!((said(Some(windows), Some(&target)), said(None, None)), Default::default());
        assert_eq!(said(None, Some(&System::Here)), "");
        let absent = format!("its proof is of programs of this host, and its cell of {windows}");
        assert_eq!(said(None, Some(&target)), absent);
        let present = format!("its proof is of programs of {windows}, and its cell of this host");
        assert_eq!((said(Some(windows), None), said(Some(windows), Some(&System::Here))), (present.clone(), present));
        let other = format!("its proof is of programs of i686-pc-windows-gnu, and its cell of {windows}");
        assert_eq!(said(Some("i686-pc-windows-gnu"), Some(&target)), other);
        let untried = Stated { outcome: Outcome::Unavailable, proof: None, ..GOOD };
        assert_eq!(untried.of_another_system(Some(&target)), None, "nothing ran");
        assert_eq!(Stated { target: Some(""), ..GOOD }.contradiction(None), Some(Contradiction::NoTriple));
    }

    #[test]
    fn counts_that_no_machine_can_hold_are_no_panic() {
        let most = Counts { passed: u32::MAX, failed: u32::MAX, ignored: u32::MAX, filtered: u32::MAX, compiled: 0 };
        let stated = Stated { tests: most, doctests: Some(most), ..GOOD };
        assert!(stated.contradiction(None).is_some());
    }
}
