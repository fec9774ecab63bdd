//! `--since REV`: asks git what changed and looks into the files of which the name says too little. What follows from that
//! is decided in [`compatrix_model::plan::since`].

use std::collections::BTreeSet;

use anyhow::Context;
use compatrix_model::axis::AxisKind;
use compatrix_model::condition::Condition;
use compatrix_model::plan::since::{affected, Affected, Ground, Looked, OldSpec};
use compatrix_model::spec_text;
use compatrix_model::spec_text::Parsed;

use crate::deps::locks::sources::shown_file;
use crate::find::fixture;
use crate::find::fixture::Fixture;
use crate::find::input::Input;
use crate::find::listing::{self, Listing};
use crate::find::places;
use crate::find::sources;
use crate::find::workspace;
use crate::find::workspace::Workspace;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// The spec, below the root.
const SPEC: &str = "compat/matrix.toml";

/// What the changes since this revision can affect in a choice of this profile: commits, changes that are not committed,
/// and files that git does not know and does not ignore. `reads` is what builds of this machine are known to have read.
///
/// # Errors
/// There is no git, no repository, or no such revision.
pub(crate) fn since(
    host: &Host,
    parsed: &Parsed,
    workspace: &Workspace,
    reads: &BTreeSet<Input>,
    (rev, profile): (&str, &str),
) -> Result<Affected, Error> {
    let git = open(host)?;
    let commit = git.commit(rev)?.ok_or_else(|| {
        Error::usage(format!(
            "git knows no revision `{rev}`; name a commit, branch or tag, or fetch it first: `git fetch origin {rev}`"
        ))
    })?;
    let mut changed: BTreeSet<String> = BTreeSet::new();
    changed.extend(git.list(&[
        "diff",
        "--name-only",
        "--no-renames",
        "--no-ext-diff",
        "--no-relative",
        "--ignore-submodules=none",
        "-z",
        &commit,
        "--",
    ])?);
    // As the hash of the sources has it: rules of the user and of the machine do not count.
    changed.extend(git.list(&["ls-files", "--others", "--exclude-per-directory=.gitignore", "-z"])?);
    changed.extend(git.hidden_changes(&commit, &[])?);
    let listing = listing::list(host, &parsed.spec.project, &workspace.dirs)?;
    let mut ground = ground(host, &git, parsed, (workspace, &listing), &changed)?;
    ground.sources.extend(reads.iter().filter_map(|input| git.below(&input.path(host)?)));
    let at = |name: &str| if ground.root.is_empty() { name.to_owned() } else { format!("{}/{name}", ground.root) };
    let then = |name: &str| git.file(&commit, &at(name)).ok();
    let now = |name: &str| files::read_text(&host.root.join(name)).ok();
    let differs = |name: &str, part: &dyn Fn(&str) -> Option<String>| {
        let (then, now) = (then(name).and_then(|text| part(&text)), now(name).and_then(|text| part(&text)));
        then.is_none() || then != now
    };
    let packages = &parsed.spec.project.packages;
    let lockset = |text: &str| workspace::lockset(text, packages).ok().map(|hash| hash.to_string());
    let looked = Looked {
        lockset_differs: changed.contains(&at("Cargo.lock")) && differs("Cargo.lock", &lockset),
        manifest_differs: changed.contains(&at("Cargo.toml"))
            && differs("Cargo.toml", &|text| sources::steering(text).ok()),
        spec: spec_then(&git, &commit, &ground, &changed),
    };
    let changed: Vec<String> = changed.into_iter().collect();
    Ok(affected(rev, profile, &changed, &ground, looked))
}

fn ground(
    host: &Host,
    git: &Git<'_>,
    parsed: &Parsed,
    (workspace, listing): (&Workspace, &Listing),
    changed: &BTreeSet<String>,
) -> Result<Ground, Error> {
    let project = &parsed.spec.project;
    let mut ground = Ground { root: git.below(&host.root).unwrap_or_default(), ..Ground::default() };
    for path in workspace.dirs.folders().chain(&listing.beyond) {
        match git.below(path) {
            Some(path) => drop(ground.sources.insert(path)),
            None => ground.sources_elsewhere = true,
        }
    }
    // Of what is no more, only its name says that it was an input.
    for glob in project.inputs.iter().flatten() {
        let glob = glob.trim_end_matches('/');
        let matches = files::path_glob(glob).with_context(|| format!("`inputs` in {SPEC}: `{glob}`"))?;
        let is_input =
            |path: &&String| matches.is_match(path) || path.strip_prefix(glob).is_some_and(|p| p.starts_with('/'));
        ground.sources.extend(changed.iter().filter(is_input).cloned());
    }
    ground.harmless = places::ours(host, project).iter().filter_map(|path| git.below(path)).collect();
    for group in &parsed.spec.locks {
        if let Some(path) = git.below(&host.root.join(shown_file(group))) {
            ground.locks.insert(path, Condition::from(group));
        }
    }
    let axis = parsed.spec.space.axis_of(&AxisKind::Schema);
    for value in axis.into_iter().flat_map(|(_, axis)| &axis.values) {
        let dir = host.root.join(fixture::FOLDER).join(value.name.as_str());
        let mut parts = vec![dir.clone()];
        // One that cannot be read is refused later, with its reason.
        if let Ok(Fixture { manifest, .. }) = Fixture::read(host, value.name.as_str()) {
            parts.extend(manifest.sql.iter().chain(&manifest.wal).map(|sql| dir.join(sql)));
        }
        let parts: BTreeSet<String> = parts.iter().filter_map(|part| git.below(part)).collect();
        ground.fixtures.insert(value.name.clone(), parts);
    }
    Ok(ground)
}

/// The old spec, if it or the result of its globs has changed.
fn spec_then(git: &Git<'_>, commit: &str, ground: &Ground, changed: &BTreeSet<String>) -> Option<OldSpec> {
    let at = |name: &str| if ground.root.is_empty() { name.to_owned() } else { format!("{}/{name}", ground.root) };
    let folder = at(fixture::FOLDER) + "/";
    if !changed.iter().any(|path| *path == at(SPEC) || path.starts_with(&folder)) {
        return None;
    }
    let Ok(text) = git.file(commit, &at(SPEC)) else { return Some(OldSpec::Absent) };
    let files = git.list(&["ls-tree", "-r", "-z", "--name-only", commit, "--", &folder]).unwrap_or_default();
    let named = files.iter().filter_map(|path| path.strip_prefix(&folder)?.strip_suffix("/fixture.toml"));
    let mut fixtures: Vec<String> = named.filter(|name| !name.contains('/')).map(str::to_owned).collect();
    fixtures.sort();
    let then = spec_text::parse(&text, SPEC, &fixtures);
    Some(then.map_or(OldSpec::Unreadable, |then| OldSpec::Read(Box::new(then.spec))))
}

/// git at the top of the workspace's repository.
fn open(host: &Host) -> Result<Git<'_>, Error> {
    let git = Git::find(host).ok_or_else(|| Error::usage("--since needs git, which is not on PATH; install it"))?;
    let top = git.top()?.map_err(|said| {
        Error::usage(format!("{} is not in a git repository, which --since needs: {said}", host.root.display()))
    })?;
    let top = files::real(&top).with_context(|| format!("cannot find {}", top.display()))?;
    Ok(git.at(top))
}
