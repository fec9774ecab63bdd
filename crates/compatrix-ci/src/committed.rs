//! Facts about runners, derived from committed files: versions from evidence, packages from manifests.

use semver::Version;

use compatrix_leak::Tool;
use compatrix_model::apt;
use compatrix_model::axis::{Axis, AxisKind, Setting, System, ValueName};
use compatrix_model::condition::{partial_version, Versions};
use compatrix_model::evidence::Record;
use compatrix_model::evidence_file::EvidenceFile;
use compatrix_model::facts::{Availability, Durations, PackageFacts, PlanFacts, ToolchainVersions};
use compatrix_model::matrix_spec::Spec;

use crate::targets;

/// Inputs of the CI plan other than the spec, all from committed files.
#[derive(Debug, Clone, Default)]
pub struct Committed {
    /// The packages under test, as in cargo metadata.
    pub packages: Vec<PackageFacts>,
    /// The versions of `stable`, `host`, `debian-12` and so on when evidence was recorded.
    pub versions: Versions,
    /// Durations of builds and runs, for balancing jobs.
    pub durations: Durations,
}

impl Committed {
    /// If evidence has several versions for a value, the highest counts.
    pub fn new(spec: &Spec, packages: Vec<PackageFacts>, evidence: &[EvidenceFile], durations: Durations) -> Self {
        let mut versions = Versions::new();
        let mut add = |kind: AxisKind, record: &Record, version: Option<Version>| {
            let Some((_, axis)) = spec.space.axis_of(&kind) else { return };
            let (Some(value), Some(version)) = (record.cell.value(axis.name.as_str()), version) else { return };
            if axis.values.iter().any(|known| known.name == *value) {
                let newest = versions.entry((axis.name.clone(), value.clone())).or_insert_with(|| version.clone());
                *newest = version.max(newest.clone());
            }
        };
        for record in evidence.iter().flat_map(EvidenceFile::entries).map(|entry| &entry.record) {
            let proof = record.proof.as_ref();
            let release = proof.and_then(|proof| Version::parse(&proof.toolchain.release).ok());
            add(AxisKind::Rust, record, release);
            // SQLite's own spelling had four parts before 3.9.
            let three = |text: &String| text.split('.').take(3).collect::<Vec<_>>().join(".");
            let sqlite = proof.and_then(|proof| proof.sqlite.as_ref());
            add(AxisKind::Sqlite, record, sqlite.and_then(|sqlite| partial_version(&three(&sqlite.version))));
        }
        Self { packages, versions, durations }
    }

    /// What a fresh runner of this platform is expected to have or install.
    pub fn runner(&self, spec: &Spec, platform: &str) -> PlanFacts {
        let linux = platform.starts_with("linux-");
        let axis = |kind: AxisKind| spec.space.axis_of(&kind).map(|(_, axis)| axis);
        let elsewhere = |what: &str| format!("{what} is available only on Linux, not on {platform}");
        let mut facts = PlanFacts {
            platform: platform.to_owned(),
            packages: self.packages.clone(),
            durations: self.durations.clone(),
            ..PlanFacts::default()
        };
        for value in axis(AxisKind::Rust).into_iter().flat_map(|axis| &axis.values) {
            let availability = match &value.setting {
                Setting::DistroToolchain(_) if !linux => {
                    Availability::Missing { reason: elsewhere("a distribution's toolchain") }
                }
                _ => self.ready(axis(AxisKind::Rust), &value.name, |rustc| ToolchainVersions { rustc, cargo: None }),
            };
            facts.toolchains.insert(value.name.clone(), availability);
            for tool in Tool::ALL {
                let there = if linux || tool == Tool::Miri {
                    Availability::Ready(())
                } else {
                    Availability::Missing { reason: elsewhere(tool.as_str()) }
                };
                facts.leak_tools.insert((tool, value.name.clone()), there);
            }
        }
        for value in axis(AxisKind::Sqlite).into_iter().flat_map(|axis| &axis.values) {
            let availability = match &value.setting {
                Setting::SqliteBundled => self.ready(axis(AxisKind::Sqlite), &value.name, Some),
                _ if !linux => Availability::Missing { reason: elsewhere("proof of which shared SQLite is loaded") },
                _ => self.ready(axis(AxisKind::Sqlite), &value.name, Some),
            };
            facts.sqlite.insert(value.name.clone(), availability);
        }
        for value in axis(AxisKind::Os).into_iter().flat_map(|axis| &axis.values) {
            let availability = match &value.setting {
                Setting::Os(System::Machine { label, platform: theirs }) => {
                    let runners = spec.ci.iter().flat_map(|ci| &ci.runners);
                    let mut runners = runners.filter(|(of, _)| of == platform && of == theirs);
                    match runners.any(|(_, runner)| runner == label) {
                        true => Availability::Ready(()),
                        false => Availability::Missing { reason: format!("only a job on {label} is such a system") },
                    }
                }
                Setting::Os(System::Target { triple, runner }) => {
                    for toolchain in axis(AxisKind::Rust).into_iter().flat_map(|axis| &axis.values) {
                        let std = targets::std(&toolchain.setting, triple, platform);
                        facts.stds.insert((toolchain.name.clone(), value.name.clone()), std);
                    }
                    targets::system(triple, runner, platform)
                }
                _ => Availability::Ready(()),
            };
            facts.systems.insert(value.name.clone(), availability);
        }
        for value in axis(AxisKind::Schema).into_iter().flat_map(|axis| &axis.values) {
            facts.fixtures.insert(value.name.clone(), Availability::Ready(()));
        }
        facts
    }

    /// Ready if the version is known, otherwise obtainable.
    fn ready<T>(&self, axis: Option<&Axis>, value: &ValueName, facts: fn(Version) -> T) -> Availability<T> {
        let known = axis.and_then(|axis| self.versions.get(&(axis.name.clone(), value.clone())));
        match known {
            Some(version) => Availability::Ready(facts(version.clone())),
            None => Availability::Obtainable { how: "on the runner".to_owned() },
        }
    }
}

/// The container image for cells of this toolchain: `debian:bookworm`. `None` if it is not a distribution's, or no image
/// is known. Source of the names: wiki.debian.org/DebianReleases and wiki.ubuntu.com/Releases.
pub fn image(setting: &Setting) -> Option<String> {
    const IMAGES: [(&str, &[&str]); 2] = [
        ("debian", &["bullseye", "bookworm", "trixie", "forky", "sid"]),
        ("ubuntu", &["focal", "jammy", "noble", "plucky", "questing", "resolute"]),
    ];
    let Setting::DistroToolchain(apt::Request { suite, .. }) = setting else { return None };
    let code_name = suite.split('-').next().unwrap_or_default();
    let known = IMAGES.iter().find(|(_, names)| names.contains(&code_name));
    known.map(|(image, _)| format!("{image}:{code_name}"))
}
