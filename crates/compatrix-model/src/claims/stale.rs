//! Which evidence still counts: not that of other sources, and not that of another meaning.

use std::collections::BTreeMap;
use std::fmt;

use crate::evidence::SourceProof;
use crate::evidence_file::{Entry, EvidenceFile};
use crate::hash::Sha256;
use crate::matrix_spec::Spec;
use crate::meaning::Changed;
use crate::today::Today;

/// Why evidence is stale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stale {
    /// It is of other sources than the newest evidence, or than the work tree.
    Sources {
        /// The commit of its own sources.
        commit: Option<String>,
        /// The day of that commit, `YYYY-MM-DD`.
        day: Option<String>,
    },
    /// There is evidence of several sources, and no date says which are the newest.
    Undated,
    /// It is of other dependency versions than the lockfiles have.
    Dependencies,
    /// Its fixture was made by another recipe.
    Fixture(String),
    /// What it is evidence of means something else now.
    Meaning(Vec<Changed>),
    /// Its format does not say what was meant.
    Format,
}

impl fmt::Display for Stale {
    /// Follows "results are".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stale::Sources { commit, day } => {
                f.write_str("of other sources")?;
                match (commit, day) {
                    (Some(commit), Some(day)) => write!(f, " (commit {} of {day})", short(commit)),
                    (Some(commit), None) => write!(f, " (commit {})", short(commit)),
                    (None, _) => Ok(()),
                }
            }
            Stale::Undated => f.write_str("of several sources, and no commit's date says which are the newest"),
            Stale::Dependencies => f.write_str("of other dependency versions"),
            Stale::Fixture(name) => write!(f, "of another recipe of the fixture `{name}`"),
            Stale::Meaning(changed) => {
                let changed: Vec<String> = changed.iter().map(ToString::to_string).collect();
                write!(f, "from when {} meant something else", changed.join(" and "))
            }
            Stale::Format => f.write_str("of an older format, which does not say what suites and values meant"),
        }
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// What evidence is held against.
#[derive(Debug, Clone)]
pub enum Against<'t> {
    /// These sources, those of the newest evidence; `None` if that is not known. For pages, which read committed files only.
    Newest(Option<Sha256>),
    /// The work tree.
    Today(&'t Today),
}

impl<'t> Against<'t> {
    /// The sources of the newest evidence for cells of this spec: those with the latest commit. Uncommitted changes are
    /// newer than their commit.
    pub fn newest(spec: &Spec, files: &[EvidenceFile]) -> Self {
        let mut seen: BTreeMap<Sha256, Option<(&str, bool)>> = BTreeMap::new();
        for entry in files.iter().flat_map(EvidenceFile::entries) {
            let record = &entry.record;
            let Some(proof) = &record.proof else { continue };
            if spec.suite(&record.suite).is_ok() && spec.space.find(&record.cell).is_some() {
                let when = entry.date.as_deref().map(|date| (date, proof.source.dirty));
                let latest = seen.entry(proof.source.sources).or_default();
                *latest = (*latest).max(when);
            }
        }
        let newest = seen.values().max().copied().flatten();
        let mut first = seen.iter().filter(|(_, when)| seen.len() == 1 || (newest.is_some() && **when == newest));
        let only = first.next().map(|(sources, _)| *sources);
        Against::Newest(only.filter(|_| first.next().is_none()))
    }

    /// Whether an entry of these sources still counts; `dependencies` says if its lockset is that of its cell.
    pub(super) fn stale(
        &self,
        entry: &Entry,
        dependencies: impl FnOnce(&Today, &SourceProof) -> bool,
    ) -> Option<Stale> {
        let proof = entry.record.proof.as_ref()?;
        let source = &proof.source;
        let day = entry.date.as_deref().and_then(|date| date.get(..10)).map(str::to_owned);
        let other = || Some(Stale::Sources { commit: source.commit.clone(), day });
        match self {
            // Older formats have no dates; that is the plainer reason.
            Against::Newest(None) if entry.meaning.is_none() => Some(Stale::Format),
            Against::Newest(None) => Some(Stale::Undated),
            Against::Newest(Some(newest)) if *newest != source.sources => other(),
            Against::Today(today) if today.sources != source.sources => other(),
            Against::Today(today) if !dependencies(today, source) => Some(Stale::Dependencies),
            Against::Today(today) => {
                let fixture = proof.fixture.as_ref()?;
                let same = today.fixtures.get(&fixture.name) == Some(&fixture.sha256);
                (!same).then(|| Stale::Fixture(fixture.name.clone()))
            }
            Against::Newest(Some(_)) => None,
        }
    }
}
