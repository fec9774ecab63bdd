//! `--since REV`: asks git what changed and looks into the files of which the name says too little. What follows from that
//! is decided in [`compatrix_model::plan::since`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::Context;
use compatrix_model::axis::AxisKind;
use compatrix_model::condition::Condition;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::since::{affected, Affected, Ground, Looked};
use compatrix_model::spec_text;
use compatrix_model::spec_text::Parsed;

use crate::deps::locks;
use crate::find::fixture;
use crate::find::fixture::Fixture;
use crate::find::sources;
use crate::find::workspace;
use crate::find::workspace::Workspace;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// The spec, below the root.
const SPEC: &str = "compat/matrix.toml";
/// Lists of members and what tools keep there say nothing of how a package is built.
const HARMLESS_KEYS: [&str; 4] = ["members", "exclude", "default-members", "metadata"];

/// What the changes since this revision can affect in a choice of this profile: commits, changes that are not committed,
/// and files that git does not know and does not ignore.
///
/// # Errors
/// No git, no repository, no such revision.
pub(crate) fn since(
    host: &Host,
    parsed: &Parsed,
    workspace: &Workspace,
    rev: &str,
    profile: &str,
) -> Result<Affected, Error> {
    let git = Git::open(host)?;
    let commit = git.commit(rev)?;
    let mut changed: BTreeSet<String> = BTreeSet::new();
    changed.extend(git.list(&["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", &commit, "--"])?);
    changed.extend(git.list(&["ls-files", "--others", "--exclude-standard", "-z"])?);
    let ground = ground(host, &git, parsed, workspace);
    let at = |name: &str| if ground.root.is_empty() { name.to_owned() } else { format!("{}/{name}", ground.root) };
    let then = |name: &str| git.show(&commit, &at(name));
    let now = |name: &str| files::read_text(&host.root.join(name)).ok();
    let differs = |name: &str, part: &dyn Fn(&str) -> Option<String>| {
        let (then, now) = (then(name).and_then(|text| part(&text)), now(name).and_then(|text| part(&text)));
        then.is_none() || then != now
    };
    let packages = &parsed.spec.project.packages;
    let lockset = |text: &str| workspace::lockset(text, packages).ok();
    let looked = Looked {
        lockset_differs: changed.contains(&at("Cargo.lock")) && differs("Cargo.lock", &lockset),
        manifest_differs: changed.contains(&at("Cargo.toml")) && differs("Cargo.toml", &steering),
        spec: spec_then(&git, &commit, &ground, &changed),
    };
    let changed: Vec<String> = changed.into_iter().collect();
    Ok(affected(rev, profile, &changed, &ground, looked))
}

fn ground(host: &Host, git: &Git<'_>, parsed: &Parsed, workspace: &Workspace) -> Ground {
    let mut ground = Ground { root: git.below_top(&host.root).unwrap_or_default(), ..Ground::default() };
    for dir in &workspace.dirs {
        match git.below_top(dir) {
            Some(dir) => drop(ground.sources.insert(dir)),
            None => ground.sources_elsewhere = true,
        }
    }
    ground.harmless = sources::ours(host, &parsed.spec.project).iter().filter_map(|path| git.below_top(path)).collect();
    for group in &parsed.spec.locks {
        if let Some(path) = git.below_top(&host.root.join(locks::shown_file(group))) {
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
        let parts: BTreeSet<String> = parts.iter().filter_map(|part| git.below_top(part)).collect();
        ground.fixtures.insert(value.name.clone(), parts);
    }
    ground
}

/// The spec as it was, if it or what its globs find has changed.
fn spec_then(
    git: &Git<'_>,
    commit: &str,
    ground: &Ground,
    changed: &BTreeSet<String>,
) -> Option<Result<Box<Spec>, String>> {
    let at = |name: &str| if ground.root.is_empty() { name.to_owned() } else { format!("{}/{name}", ground.root) };
    let folder = at(fixture::FOLDER) + "/";
    if !changed.iter().any(|path| *path == at(SPEC) || path.starts_with(&folder)) {
        return None;
    }
    let Some(text) = git.show(commit, &at(SPEC)) else { return Some(Err("it is new".to_owned())) };
    let files = git.list(&["ls-tree", "-r", "-z", "--name-only", commit, "--", &folder]).unwrap_or_default();
    let named = files.iter().filter_map(|path| path.strip_prefix(&folder)?.strip_suffix("/fixture.toml"));
    let mut fixtures: Vec<String> = named.filter(|name| !name.contains('/')).map(str::to_owned).collect();
    fixtures.sort();
    match spec_text::parse(&text, SPEC, &fixtures) {
        Ok(then) => Some(Ok(Box::new(then.spec))),
        Err(_) => Some(Err("what it was cannot be read by this version".to_owned())),
    }
}

/// What of a root manifest may steer the build of a member.
fn steering(text: &str) -> Option<String> {
    let mut manifest: toml::Table = text.parse().ok()?;
    if let Some(workspace) = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut) {
        HARMLESS_KEYS.iter().for_each(|key| drop(workspace.remove(*key)));
    }
    Some(manifest.to_string())
}

/// A repository.
struct Git<'a> {
    host: &'a Host,
    program: PathBuf,
    /// Its top folder, canonical.
    top: PathBuf,
}

impl<'a> Git<'a> {
    fn open(host: &'a Host) -> Result<Self, Error> {
        let program = host.ambient.find("git");
        let program = program.ok_or_else(|| Error::usage("--since needs git, which is not on PATH; install it"))?;
        let mut git = Self { host, program, top: host.root.clone() };
        let none = |said: String| {
            Error::usage(format!(
                "{} is in no git repository, so nothing can be compared with --since: {said}",
                host.root.display()
            ))
        };
        let top = git.run(&["rev-parse", "--show-toplevel"])?.map_err(none)?;
        let top = PathBuf::from(top.trim_end_matches(['\n', '\r']));
        git.top = top.canonicalize().with_context(|| format!("cannot find {}", top.display()))?;
        Ok(git)
    }

    /// The commit that a revision names.
    fn commit(&self, rev: &str) -> Result<String, Error> {
        let name = format!("{rev}^{{commit}}");
        let said = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name])?;
        match said {
            Ok(commit) if !commit.trim().is_empty() => Ok(commit.trim().to_owned()),
            Ok(_) | Err(_) => Err(Error::usage(format!(
                "git knows no revision `{rev}`; name a commit, branch or tag, or fetch it first: `git fetch origin {rev}`"
            ))),
        }
    }

    /// A list that ends each entry with a zero byte.
    fn list(&self, args: &[&str]) -> Result<Vec<String>, Error> {
        let said = self.run(args)?;
        let said = said.map_err(|why| anyhow::anyhow!("`git {}` failed: {why}", args.join(" ")))?;
        Ok(said.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    /// A file as it was; nothing if there was none.
    fn show(&self, commit: &str, path: &str) -> Option<String> {
        self.run(&["cat-file", "blob", &format!("{commit}:{path}")]).ok()?.ok()
    }

    /// A path relative to the top, with `/`; nothing if it is elsewhere.
    fn below_top(&self, path: &Path) -> Option<String> {
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(plain.pop()),
                Component::CurDir => {}
                Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
            }
        }
        let plain = plain.canonicalize().unwrap_or(plain);
        let parts = plain.strip_prefix(&self.top).ok()?.components();
        Some(parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/"))
    }

    /// What git prints, or what it says when it fails.
    fn run(&self, args: &[&str]) -> Result<Result<String, String>, Error> {
        let mut output = Vec::new();
        let env: BTreeMap<String, String> = self.host.ambient.for_builds();
        let finished = Command::new(self.program.to_string_lossy(), &self.top)
            .args(args.iter().copied())
            .envs(&env)
            // The index is the user's; its cache of file times is not refreshed by us.
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C")
            .run_with(&self.host.supervisor, &mut |bytes| output.extend_from_slice(bytes), &mut |_| {})
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        Ok(if finished.status.success() {
            Ok(String::from_utf8_lossy(&output).into_owned())
        } else {
            Err(last_lines(&finished.stderr.text(), 2))
        })
    }
}
