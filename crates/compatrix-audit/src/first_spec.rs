//! Drafts a first spec for a workspace that has none, from what was found in it.
//!
//! Every value carries its reason, with file and line if possible, for the comments of the spec. The draft does not
//! depend on this machine, because a spec is committed: the toolchains installed here do not matter. Pure;
//! compatrix-render writes the text.

mod axes;
mod claims;
mod closure;
mod draft;
mod features;
mod found;
mod narrow;
mod packages;
mod selections;
#[cfg(test)]
mod tests;
mod toolchains;

pub use draft::{Draft, DraftAxis, DraftClaims, DraftLock, FeatureSet};
pub use found::{Bundling, DocsRs, Found, Member, Needs, Noted, SqliteUse};
pub use narrow::{BuildTrouble, Narrowed, Narrowing};

use crate::promise::{NotTaken, Promise};
use compatrix_model::matrix_spec::format::{Format, RESERVED_VARIABLES};

/// Drafts the spec. Never fails: problems become remarks.
pub fn draft(found: &Found) -> Draft {
    let found = &without_other_folders(found);
    let (chosen, left_out) = packages::choose(found);
    let mut remarks = found.unread.clone();
    remarks.extend(found.outside.iter().map(|one| {
        format!(
            "{}: {}, but is no member of this workspace, so they are not run. Add it to `members`, or write a spec of its own \
             there.",
            one.value, one.why
        )
    }));
    let claims = claims::claims(&chosen, found, &mut remarks);
    let rust = axes::rust(&claims, &chosen, found);
    let sqlite = axes::sqlite(&claims, &chosen, found);
    let (features, feature_remarks) = features::sets(&chosen, found);
    let doctests = chosen.iter().find(|member| member.doctests);
    let doctests = doctests.map(|member| match chosen.len() {
        1 => "as `cargo test` does".to_owned(),
        _ => format!("as `cargo test` does, for {} and other libraries", member.name),
    });
    let builds_only = toolchains::builds_only(&rust, &chosen, found);
    let mut draft = Draft {
        packages: chosen.iter().map(|member| Noted::new(&member.name, &member.manifest)).collect(),
        left_out,
        report: report(found),
        locks: toolchains::locks(&rust, &chosen, found),
        claims,
        rust,
        sqlite,
        schema: !found.fixtures.is_empty(),
        features,
        feature_remarks,
        builds_only,
        doctests,
        args: found.threads.iter().cloned().collect(),
        env: env(found, &mut remarks),
        local: Vec::new(),
        remarks,
        not_taken: found.not_taken.clone(),
    };
    draft.choose_local();
    draft
}

/// What was found, without the promises of jobs that work in other folders.
fn without_other_folders(found: &Found) -> Found {
    let (others, promises): (Vec<Promise>, Vec<Promise>) =
        found.promises.iter().cloned().partition(|promise| packages::is_elsewhere(promise, found));
    let because = "its job works in another folder than this workspace";
    let others = others.into_iter().map(|one| NotTaken::new(&one.file, one.line, &one.text, because));
    let mut not_taken: Vec<NotTaken> = found.not_taken.iter().cloned().chain(others).collect();
    not_taken.sort();
    not_taken.dedup();
    Found { promises, not_taken, ..found.clone() }
}

/// The path of the page, if a hand-written page is at the default path.
fn report(found: &Found) -> Option<Noted> {
    let taken = |name: &str| found.docs.iter().any(|doc| doc == &name.to_lowercase());
    let free = |name: &str| !taken(&format!("{name}.md")) && !taken(&format!("{name}.svg"));
    if free("COMPATIBILITY") {
        return None;
    }
    let numbered = (2..).map(|n| format!("COMPATIBILITY-TESTED-{n}"));
    let name = std::iter::once("COMPATIBILITY-TESTED".to_owned()).chain(numbered).find(|name| free(name))?;
    Some(Noted::new(
        format!("docs/{name}.md"),
        "docs/COMPATIBILITY.md is written by hand and is left unchanged; delete this line once the new page replaces it",
    ))
}

/// The variables of cargo's configuration, without those that Compatrix sets.
fn env(found: &Found, remarks: &mut Vec<String>) -> Vec<(String, Noted)> {
    let mut taken = Vec::new();
    for (name, value) in &found.env {
        let reserved = RESERVED_VARIABLES.iter().any(|(pattern, _)| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        });
        let threads = name == "RUST_TEST_THREADS" && found.threads.is_some();
        if Format::EnvVar.accepts(name) && Format::Template.accepts(&value.value) && !threads {
            let text = value.value.replace('{', "{{").replace('}', "}}");
            taken.push((name.clone(), Noted::new(text, &value.why)));
        } else if !reserved && !threads {
            remarks.push(format!("{}: a spec cannot set the variable `{name}`", value.why));
        }
    }
    taken
}

impl Draft {
    /// Chooses the values of the profile `local`: the ends of each long axis.
    pub fn choose_local(&mut self) {
        let mut local = Vec::new();
        let mut take = |axis: &str, all: usize, some: Vec<String>| {
            let mut kept: Vec<String> = Vec::new();
            some.into_iter().for_each(|value| {
                if !kept.contains(&value) {
                    kept.push(value);
                }
            });
            if kept.len() < all {
                local.push((axis.to_owned(), kept));
            }
        };
        let values = |axis: &DraftAxis| axis.values.iter().map(|v| v.value.clone()).collect::<Vec<_>>();
        let all = values(&self.rust);
        let claimed = self.claims.rust.as_ref().map(|claim| claim.value.clone()).filter(|value| all.contains(value));
        let newest = all.iter().find(|value| *value == "stable").or(all.last());
        take("rust", all.len(), [all.first().cloned(), claimed, newest.cloned()].into_iter().flatten().collect());
        if let Some(axis) = &self.sqlite {
            let all = values(axis);
            let exact: Vec<&String> = all.iter().filter(|v| v.starts_with(|c: char| c.is_ascii_digit())).collect();
            let ends = [all.first(), exact.first().copied(), exact.last().copied()];
            take("sqlite", all.len(), ends.into_iter().flatten().cloned().collect());
        }
        take("features", self.features.len(), self.features.iter().take(3).map(|set| set.name.clone()).collect());
        self.local = local;
    }
}
