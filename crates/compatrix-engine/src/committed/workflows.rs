//! The generated workflows on disk, and the workspace facts that they need.

use std::collections::BTreeMap;
use std::path::Path;

use compatrix_audit::promise;
use compatrix_ci::benchmarks::BenchJob;
use compatrix_ci::branches::{self, Branches};
use compatrix_ci::exact_sqlite::exact_versions;
use compatrix_ci::generate::header::{origin, Origin};
use compatrix_ci::generate::{workflows, Options, Program};
use compatrix_ci::pins;
use compatrix_ci::runners::{misfit, Misfit};
use compatrix_ci::update::{Existing, FOLDER};
use compatrix_ci::workflow::Workflow;
use compatrix_ci::CiPlan;
use compatrix_model::matrix_spec::{Ci, Spec, ToolSource};

use super::repository::Repository;
use crate::find::own_xtask::own_xtask;
use crate::find::{sqlite, workspace};
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;

/// The workflows for a spec, and what is to be said of them.
#[derive(Debug)]
pub struct Wanted {
    /// In the order of their files.
    pub workflows: Vec<Workflow>,
    /// The branches for which they run.
    pub branches: Branches,
    /// What to look at, with what to do.
    pub warnings: Vec<String>,
}

/// The workflows of the repository and the pins of the workspace, in the work tree.
///
/// # Errors
/// A file cannot be read.
pub fn read(host: &Host, repository: &Repository) -> Result<Existing, Error> {
    let mut workflows = BTreeMap::new();
    for path in files::list(&repository.top.join(FOLDER))? {
        let is_workflow = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
        if let Some(name) = path.file_name().filter(|_| is_workflow && path.is_file()) {
            let text = String::from_utf8_lossy(&files::read(&path)?).into_owned();
            workflows.insert(format!("{FOLDER}/{}", name.to_string_lossy()), text);
        }
    }
    let path = host.root.join(pins::FILE);
    let pins = files::exists(&path).then(|| files::read_text(&path)).transpose()?;
    Ok(Existing { workflows, pins, place: repository.place.clone() })
}

/// The workflows for the spec. `today` is `YYYY-MM-DD`.
///
/// # Errors
/// A manifest cannot be read, the spec runs nothing on any event, or nothing says where jobs get Compatrix from.
pub fn wanted(
    host: &Host,
    repository: &Repository,
    existing: &Existing,
    spec: &Spec,
    plans: &[CiPlan],
    benches: &[BenchJob],
    today: &str,
) -> Result<Wanted, Error> {
    let nothing = || {
        Error::usage(
            "[ci] in compat/matrix.toml runs nothing on any event; add `compat = \"local\"` under [ci.pull_request]",
        )
    };
    let ci = spec.ci.as_ref().ok_or_else(nothing)?;
    let toolchain = workspace::channel(&host.root).unwrap_or_else(|| "stable".to_owned());
    // Inputs of a platform's exact SQLite versions; a platform that loads none has no key.
    let sqlite_key = exact_versions(spec, plans).into_iter().map(|exact| {
        let versions = exact.versions.iter().map(|(_, version)| *version);
        (exact.platform.to_owned(), sqlite::content_key(versions, &spec.sqlite, exact.runner))
    });
    let sqlite_key: BTreeMap<String, String> = sqlite_key.collect();
    let xtask = own_xtask(&host.root)?;
    let mut warnings = check_runners(ci, today)?;
    let program = match (&xtask, &ci.tool) {
        (Some(package), _) => Program::Xtask(package),
        (None, Some(source)) => {
            if let ToolSource::Path(path) = source {
                warnings.extend(check_tool(host, repository, path)?);
            }
            Program::Compatrix(source)
        }
        (None, None) => return Err(Error::usage(no_tool(&host.root))),
    };
    let branches = branches(host, repository, existing, ci)?;
    let options = Options {
        program,
        place: &repository.place,
        branches: &branches.names,
        toolchain: &toolchain,
        sqlite_key: &sqlite_key,
    };
    let workflows = workflows(spec, plans, benches, &options);
    if workflows.is_empty() {
        return Err(nothing());
    }
    if !repository.is_git {
        warnings.push(format!(
            "{} is in no git repository, so the workflows are below it; GitHub looks for them at the root of a repository",
            host.root.display()
        ));
    }
    warnings.extend(branches.warnings.iter().cloned());
    Ok(Wanted { workflows, branches, warnings })
}

/// Refuses runners of other platforms; a warning for each that GitHub has retired by now.
fn check_runners(ci: &Ci, today: &str) -> Result<Vec<String>, Error> {
    let (mut elsewhere, mut retired) = (Vec::new(), Vec::new());
    for (platform, label) in &ci.runners {
        let Some(misfit) = misfit(platform, label, today) else { continue };
        let said = format!("[ci.runners] in compat/matrix.toml: `{label}` for {platform} {misfit}");
        match misfit {
            Misfit::Elsewhere(_) => elsewhere.push(said),
            Misfit::Retired(_) => retired.push(said),
        }
    }
    if elsewhere.is_empty() {
        Ok(retired)
    } else {
        elsewhere.extend(retired);
        Err(Error::Usage(elsewhere.join("\n")))
    }
}

fn branches(host: &Host, repository: &Repository, existing: &Existing, ci: &Ci) -> Result<Branches, Error> {
    let texts = || existing.workflows.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let others = promise::branches(texts().filter(|(_, text)| origin(text) == Origin::Foreign));
    let of_ours = promise::branches(existing.ours());
    let generated: Vec<String> = of_ours.names.into_iter().chain(of_ours.patterns).map(|(name, _)| name).collect();
    Ok(branches::decide(&ci.branches, &others, &generated, &repository.branches(host)?))
}

/// The message where nothing says what jobs run, with the lines to paste.
fn no_tool(root: &Path) -> String {
    let xtask = if files::exists(&root.join("xtask/Cargo.toml")) {
        "the workspace's xtask does not depend on compatrix, so it is not used; "
    } else {
        ""
    };
    format!(
        "{xtask}jobs need Compatrix, and [ci] does not say where from. Add one of these to compat/matrix.toml:\n\n\
         [ci.tool]      # a commit of a git repository that has it\n\
         git = \"https://HOST/OWNER/NAME\"\n\
         rev = \"0000000000000000000000000000000000000000\"\n\n\
         [ci.tool]      # a published version\n\
         version = \"{}\"\n\n\
         [ci.tool]      # a folder of this repository, relative to the workspace root\n\
         path = \"tools/compatrix\"\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Refuses a folder that jobs could not install Compatrix from; a warning if they could not yet.
fn check_tool(host: &Host, repository: &Repository, path: &str) -> Result<Option<String>, Error> {
    let key = "`path` of [ci.tool] in compat/matrix.toml";
    let dir = host.root.join(path);
    let manifest = dir.join("Cargo.toml");
    if !files::exists(&manifest) {
        return Err(Error::usage(format!("{key}: there is no {}", manifest.display())));
    }
    let text = files::read_text(&manifest)?;
    let table: toml::Table = text.parse().map_err(|error| Error::usage(format!("{}: {error}", manifest.display())))?;
    let name = table.get("package").and_then(|package| package.get("name")?.as_str()).unwrap_or_default();
    if name != "compatrix" {
        return Err(Error::usage(format!(
            "{key}: {} is the manifest of `{name}`, not of `compatrix`; in its own repository that is crates/compatrix",
            manifest.display()
        )));
    }
    let real = files::real(&dir).unwrap_or(dir);
    if !real.starts_with(&repository.top) {
        return Err(Error::usage(format!(
            "{key}: {} is outside of the repository, so jobs do not have it; copy it into the repository, or name `git` \
             and `rev`",
            real.display()
        )));
    }
    let Some(git) = Git::find(host).filter(|_| repository.is_git) else { return Ok(None) };
    let git = git.at(real.clone());
    let top = git.top()?.ok();
    if top.is_some_and(|top| files::real(&top).unwrap_or(top) != repository.top) {
        return Err(Error::usage(format!(
            "{key}: {} belongs to another repository, such as a submodule, which jobs do not check out; name `git` and \
             `rev` instead",
            real.display()
        )));
    }
    let is_tracked = git.ask(&["ls-files", "--error-unmatch", "--", "Cargo.toml"])?.is_ok();
    Ok((!is_tracked).then(|| format!("{key}: git does not track {}, so jobs do not have it yet", manifest.display())))
}
