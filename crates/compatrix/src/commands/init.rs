//! `init`: a first spec for a workspace that has none.

use std::path::Path;

use compatrix_audit::first_spec::{draft, Draft, Found, Member};
use compatrix_engine::audit::first_spec::trial::{trial, Tried};
use compatrix_engine::audit::first_spec::{gather, packages_below, taken_in};
use compatrix_engine::find::workspace::has_manifest;
use compatrix_engine::session::Session;
use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Limits;
use compatrix_engine::sys::supervisor::Supervisor;
use compatrix_model::spec_text;
use compatrix_model::spec_text::Parsed;
use compatrix_render::first_spec::first_spec;
use compatrix_render::first_spec::summary::summary;

use crate::cli::{command_name, Global, InitArgs};
use crate::progress;
use crate::terminal::Terminal;
use crate::workspace::{self, SPEC};

pub(crate) fn run(global: &Global, args: &InitArgs, terminal: &Terminal) -> Result<u8, Error> {
    let ambient = Ambient::capture();
    let root = root(global, &ambient)?;
    let path = root.join(SPEC);
    if !args.stdout && files::exists(&path) {
        return Err(Error::usage(format!(
            "{} already exists, and nothing is overwritten; `{} init --stdout` prints what `init` would write",
            path.display(),
            command_name()
        )));
    }
    free(&root, &path)?;
    match taken_in(&root)? {
        Some(one) if one.breaks && !args.stdout => return Err(Error::Usage(one.advice)),
        other => other.iter().for_each(|one| terminal.warning(&one.advice)),
    }
    let found = gather(&ambient, &root)?;
    if found.members.is_empty() {
        return Err(Error::usage(format!(
            "the workspace at {} has no member; there is nothing to test",
            root.display()
        )));
    }
    let mut draft = draft(&found);
    let mut spec = read(&draft, &root, &found)?.spec;
    let mut warnings = Vec::new();
    if !args.quick.unwrap_or(args.stdout) {
        let tried = check(draft, &root, ambient, &found, terminal)?;
        warnings.extend(said(&tried));
        draft = tried.draft;
        spec = read(&draft, &root, &found)?.spec;
    }
    let text = first_spec(&draft, workspace::command_of_pages(&root));
    if args.stdout {
        terminal.print(&text);
    } else {
        files::write_new(&path, text.as_bytes())?;
    }
    warnings.iter().for_each(|text| terminal.warning(text));
    if args.stdout {
        return Ok(0);
    }
    if !found.locked {
        terminal.warning(
            "there is no Cargo.lock, so versions are chosen on this machine, in a stage; commit one (`cargo \
             generate-lockfile`) to have the same results everywhere",
        );
    }
    let lines = summary(&draft, &spec, SPEC, command_name(), terminal.look_of_messages().width);
    lines.iter().for_each(|(word, text)| terminal.say(word, text));
    Ok(0)
}

/// Checks that nothing is in the way of the spec and its folder.
fn free(root: &Path, path: &Path) -> Result<(), Error> {
    let folder = root.join("compat");
    if folder.is_symlink() && !files::exists(&folder) {
        return Err(Error::usage(format!(
            "{} is a link to nowhere, and the spec goes into a folder of that name; remove the link, or make what it points to",
            folder.display()
        )));
    }
    if files::exists(&folder) && !folder.is_dir() {
        return Err(Error::usage(format!(
            "{} is a file, and the spec goes into a folder of that name; move or rename the file",
            folder.display()
        )));
    }
    if path.is_symlink() && !files::exists(path) {
        return Err(Error::usage(format!(
            "{} is a link to nowhere, and nothing is overwritten; remove the link",
            path.display()
        )));
    }
    Ok(())
}

/// The root of the workspace; the error names packages below, if there are any.
fn root(global: &Global, ambient: &Ambient) -> Result<std::path::PathBuf, Error> {
    let start = workspace::start(global)?;
    let error = match workspace::root(global, ambient) {
        Err(Error::Usage(text)) => text,
        other => return other,
    };
    let below = if has_manifest(&start) { Vec::new() } else { packages_below(&start) };
    let Some(first) = below.first() else { return Err(Error::Usage(error)) };
    let list: Vec<String> = below.iter().map(|one| format!("  {} ({})", one.value, one.why)).collect();
    let folder = Path::new(&first.value).parent().unwrap_or(Path::new("")).display().to_string();
    Err(Error::usage(format!(
        "{error}\nThere are packages below:\n{}\ngo to one of them (`cd {folder}`), name it with `--root {folder}`, or make a \
         workspace of them with a Cargo.toml here",
        list.join("\n")
    )))
}

/// The spec of a draft, read as every other command will read it.
fn read(draft: &Draft, root: &Path, found: &Found) -> Result<Parsed, Error> {
    let text = first_spec(draft, workspace::command_of_pages(root));
    spec_text::parse(&text, SPEC, &found.fixtures).map_err(|problems| {
        // A bug, but better reported here than by the next command, which would refuse the file.
        Error::Infrastructure(anyhow::anyhow!(
            "the drafted spec cannot be read, which is a bug in compatrix; nothing was written:\n{problems}\n{text}"
        ))
    })
}

/// Plans the draft and builds its feature sets.
fn check(draft: Draft, root: &Path, ambient: Ambient, found: &Found, terminal: &Terminal) -> Result<Tried, Error> {
    let supervisor = Supervisor::of_workspace(root);
    supervisor.take_signals().map_err(|e| Error::Infrastructure(anyhow::Error::from(e).context("signals")))?;
    let limits = Limits {
        jobs: workspace::processors(),
        serial: false,
        offline: false,
        no_install: true,
        fresh: false,
        hermetic: false,
        committed: false,
    };
    let session = Session::open(root, ambient, limits, supervisor, true)?;
    let members: Vec<&Member> = found.members.iter().collect();
    let what = if draft.features.len() > 1 { "each feature set" } else { "the packages" };
    terminal.say("Checking", &format!("builds {what} once (`--quick` does not)"));
    progress::during(terminal, |events| trial(&session, draft, &members, &|draft| read(draft, root, found), events))
}

/// What the check found, for people.
fn said(tried: &Tried) -> Vec<String> {
    let mut said = tried.untried.clone();
    if tried.toolchain.is_none() {
        said.push("no toolchain of the axis `rust` is installed here, so no build was tried".to_owned());
    }
    if let Some(why) = &tried.default_fails {
        said.push(format!("the default features do not build here, and the grid will be red: {why}"));
    }
    said
}
