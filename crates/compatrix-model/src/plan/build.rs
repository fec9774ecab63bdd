//! A build: everything that determines the compiler's output, its names, and cargo's arguments.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_leak::Tool;

use crate::axis::ValueName;
use crate::debug_info::DebugInfo;
use crate::linkage::Linkage;
use crate::lockset::Lockset;

/// Everything that determines the compiler's output. Cells that agree on it share a build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Build {
    /// A value of the `rust` axis, or [`AMBIENT_TOOLCHAIN`](super::AMBIENT_TOOLCHAIN).
    pub toolchain: ValueName,
    /// How SQLite gets in; `None` if the spec has no `sqlite` axis, so that the packages' own manifests decide.
    pub linkage: Option<Linkage>,
    /// For a dynamic build, the value of the `sqlite` axis whose library it links against: `host`, or the newest exact
    /// version.
    pub against: Option<ValueName>,
    /// What cargo is asked to switch on in each package under test: features, `default` among them, and
    /// `dependency/feature`. What these switch on is there by name as far as it is the package's own.
    pub features: BTreeMap<String, BTreeSet<String>>,
    /// Packages under test that are not in it: the toolchain is not promised for them, or others were asked for.
    pub left_out: BTreeSet<String>,
    /// Which dependency versions.
    pub lockset: Lockset,
    /// Whether it is built in a stage, a pruned copy of the workspace, rather than in the workspace.
    pub staged: bool,
    /// The kind of products.
    pub targets: Targets,
    /// The target that it is for; `None` for the toolchain's own.
    pub target: Option<Target>,
    /// The sanitizer compiled in; C code is compiled as usual.
    pub sanitizer: Option<Sanitizer>,
    /// How much debug information.
    pub debug: DebugInfo,
}

/// A target other than the toolchain's own, and what starts its executables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The value of the `os` axis.
    pub value: ValueName,
    /// rustc's name of it: `x86_64-pc-windows-gnu`.
    pub triple: String,
    /// The words before each executable, those of documentation tests too; none where this host starts them itself.
    pub runner: Vec<String>,
}

/// The sanitizers of nightly compilers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sanitizer {
    /// AddressSanitizer, its leak checker included.
    Address,
    /// LeakSanitizer alone.
    Leak,
}

impl Sanitizer {
    /// The word after `-Zsanitizer=`.
    pub fn as_str(self) -> &'static str {
        match self {
            Sanitizer::Address => "address",
            Sanitizer::Leak => "leak",
        }
    }

    /// The sanitizer that a tool needs.
    pub fn of(tool: Tool) -> Option<Sanitizer> {
        match tool {
            Tool::Asan => Some(Sanitizer::Address),
            Tool::Lsan => Some(Sanitizer::Leak),
            Tool::Valgrind | Tool::Miri | Tool::Resources => None,
        }
    }
}

/// The kinds of products of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Targets {
    /// Test executables.
    Tests {
        /// Whether documentation tests run after it.
        doctests: bool,
    },
    /// The packages themselves, without their dev-dependencies. Always in a stage.
    Packages,
    /// Benchmarks, with cargo's profile `bench`.
    Benches,
}

impl Targets {
    /// Whether documentation tests run.
    pub fn doctests(self) -> bool {
        matches!(self, Targets::Tests { doctests: true })
    }
}

impl Build {
    /// The build's canonical id: `rust=stable sqlite=bundled features=bundled,pool`.
    pub fn id(&self) -> String {
        let list = |features: &BTreeSet<String>| match features.is_empty() {
            true => "none".to_owned(),
            false => features.iter().map(String::as_str).collect::<Vec<_>>().join(","),
        };
        let features: Vec<String> = match self.features.len() {
            1 => self.features.values().map(list).collect(),
            _ => self.features.iter().map(|(package, features)| format!("{package}:{}", list(features))).collect(),
        };
        self.spelled(&features.join(";"))
    }

    /// The id with other words for its features; without them where there are none.
    pub(super) fn spelled(&self, features: &str) -> String {
        let mut id = format!("rust={}", self.toolchain);
        match self.linkage {
            None => {}
            Some(Linkage::Static) => id.push_str(" sqlite=bundled"),
            Some(Linkage::Dynamic) => id.push_str(" sqlite=dynamic"),
        }
        if !features.is_empty() {
            id.push_str(&format!(" features={features}"));
        }
        if !self.left_out.is_empty() {
            let packages: Vec<&str> = self.features.keys().map(String::as_str).collect();
            id.push_str(&format!(" packages={}", packages.join(",")));
        }
        if !self.lockset.is_locked() {
            id.push_str(&format!(" lockset={}", self.lockset.clone().without(BTreeSet::new())));
        }
        match self.targets {
            Targets::Tests { .. } => {}
            Targets::Benches => id.push_str(" profile=bench"),
            Targets::Packages => id.push_str(" without=tests"),
        }
        if let Some(Target { value, triple, runner: _ }) = &self.target {
            id.push_str(&format!(" os={value} target={triple}"));
        }
        if let Some(sanitizer) = self.sanitizer {
            id.push_str(&format!(" sanitizer={}", sanitizer.as_str()));
        }
        id
    }

    /// The value of the `os` axis that names its target, if it has one.
    pub fn os(&self) -> Option<&ValueName> {
        self.target.as_ref().map(|target| &target.value)
    }

    /// Builds of one lane share a target directory and so run one after another: those of one toolchain, one lockset
    /// and one place, since cargo tells packages of different places apart. What is sanitized, or for another target, shares
    /// nothing with others.
    pub fn lane(&self) -> String {
        let sanitizer = self.sanitizer.map(|sanitizer| format!("+{}", sanitizer.as_str())).unwrap_or_default();
        let target = self.target.as_ref().map(|target| format!("+{}", target.triple)).unwrap_or_default();
        match self.stage() {
            None => format!("{}{target}{sanitizer}", self.toolchain),
            Some(stage) => format!("{}{target}{sanitizer}@{stage}", self.toolchain),
        }
    }

    /// The name of its stage; `None` if it is built in the workspace.
    pub fn stage(&self) -> Option<String> {
        let without = match self.targets {
            Targets::Tests { .. } | Targets::Benches => "",
            Targets::Packages => ".without-dev",
        };
        self.staged.then(|| format!("{}{without}", self.lockset))
    }

    /// The same with all debug information that the profile asks for.
    pub fn in_full(&self) -> Build {
        Build { debug: DebugInfo::Full, ..self.clone() }
    }

    /// The builds that one cargo makes each. Test executables of all packages are made by one, which unites features, as
    /// `cargo test` does. A package that its users are to compile is built for itself.
    pub fn each(&self) -> Vec<Build> {
        match self.targets {
            Targets::Tests { .. } | Targets::Benches => vec![self.clone()],
            Targets::Packages => self.features.keys().map(|package| self.of_package(package)).collect(),
        }
    }

    /// The part of it that one package is.
    pub fn of_package(&self, package: &str) -> Build {
        let features = self.features.get(package).cloned().unwrap_or_default();
        Build { features: [(package.to_owned(), features)].into(), ..self.clone() }
    }

    /// The arguments after `cargo test`: packages and features.
    pub fn cargo_arguments(&self) -> Vec<String> {
        let packages = self.features.keys().flat_map(|package| ["--package".to_owned(), package.clone()]);
        let mut args: Vec<String> = packages.collect();
        let mut asked: Vec<String> = Vec::new();
        match self.features.iter().next() {
            // Alone, a package's features are spelled plainly: cargo's first resolver does not know `package/feature` of
            // the package that it stands in.
            Some((_, features)) if self.features.len() == 1 => {
                if !features.contains("default") {
                    args.push("--no-default-features".to_owned());
                }
                asked.extend(features.iter().filter(|feature| *feature != "default").cloned());
            }
            _ => {
                args.push("--no-default-features".to_owned());
                let spelled = |package: &String, feature: &String| format!("{package}/{feature}");
                asked
                    .extend(self.features.iter().flat_map(|(p, features)| features.iter().map(move |f| spelled(p, f))));
            }
        }
        if !asked.is_empty() {
            args.extend(["--features".to_owned(), asked.join(",")]);
        }
        args
    }
}
