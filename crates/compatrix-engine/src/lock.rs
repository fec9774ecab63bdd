//! `lock`: creates, repairs or checks the committed locksets. Imports [`crate::session`] and what it imports.
//!
//! **Invariant:** it installs no toolchain. The cargo on PATH chooses versions; only a repair's builds need an old one.

mod none;
mod repair;
mod trial;

use std::sync::mpsc::Sender;

use anyhow::anyhow;
use compatrix_model::axis::Deps;
use compatrix_model::lockset::file::{body_of, Header};
use compatrix_model::lockset::made::{LockState, MadeLockset, OwnDemand};
use compatrix_model::lockset::{LockGroup, Lockset};
use compatrix_model::spec_text::Parsed;
use semver::Version;

use crate::deps::locks::sources::{chosen_file, shown_file, Sources, Trouble};
use crate::deps::locks::Resolver;
use crate::deps::stage;
use crate::deps::stage::platforms::Platforms;
use crate::deps::stage::resolve::{is_offline, Unresolved};
use crate::event::Event;
use crate::find::facts::ToolchainFacts;
use crate::session::Session;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
pub use none::new_group;
use repair::{LocksetSearch, Repair, SearchLimits};

/// How the command treats existing lockfiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockOptions {
    /// Write nothing.
    pub check: bool,
    /// Choose all versions again, even if the file is valid.
    pub update: bool,
    /// Build, and step packages back until it builds.
    pub repair: bool,
}

/// Makes, repairs or checks the locksets of these groups; of all where none is named.
///
/// # Errors
/// As [`make`]; a name that no group has.
pub fn all(
    session: &Session,
    parsed: &Parsed,
    names: &[String],
    options: LockOptions,
    command: &str,
    tell: &Sender<Event>,
) -> Result<Vec<(String, MadeLockset)>, Error> {
    let (host, spec) = (&session.host, &parsed.spec);
    if let Some(name) = names.iter().find(|name| !spec.locks.iter().any(|group| group.name == **name)) {
        let known: Vec<String> = spec.locks.iter().map(|group| format!("`{}`", group.name)).collect();
        return Err(Error::usage(format!(
            "there is no [[lock]] named `{name}` in the spec (known: {})",
            known.join(", ")
        )));
    }
    let survey = session.survey(parsed)?;
    let versions = survey.facts.versions();
    let layout = &survey.workspace.layout;
    let sources = Sources { spec, layout, versions: &versions, packages: &survey.facts.packages };
    let mut made = Vec::new();
    for group in spec.locks.iter().filter(|group| names.is_empty() || names.contains(&group.name)) {
        let ready = sources.toolchains(group).into_iter().filter_map(|(name, _)| {
            survey.facts.toolchains.iter().find(|(value, _)| value.as_str() == name)?.1.ready()
        });
        let lowest = ready.min_by(|a, b| a.version.cmp(&b.version));
        let tell = |text: &str| {
            let _ = tell.send(Event::Providing(format!("lockset {}: {text}", group.name)));
        };
        made.push((group.name.clone(), make(host, &sources, group, options, lowest, command, &tell)?));
        if host.supervisor.is_interrupted() {
            return Err(Error::Interrupted);
        }
    }
    session.ledger.save_memo(&host.memo)?;
    Ok(made)
}

/// Creates, repairs or checks the lockset of one group. `toolchain` is the group's lowest, if installed.
///
/// # Errors
/// The machine fails, the registry cannot be reached, or a manifest cannot be read. A lockset that cannot work is not an
/// error.
fn make(
    host: &Host,
    sources: &Sources<'_>,
    group: &LockGroup,
    options: LockOptions,
    toolchain: Option<&ToolchainFacts>,
    command: &str,
    tell: &dyn Fn(&str),
) -> Result<MadeLockset, Error> {
    let layout = sources.layout.without(&sources.left_out(group));
    let sources = &Sources { layout: &layout, ..*sources };
    let file = shown_file(group);
    let path = sources.file(group);
    let old = files::exists(&path).then(|| files::read_text(&path)).transpose()?;
    let toolchains: Vec<String> = sources.toolchains(group).into_iter().map(|(name, _)| name).collect();
    let recorded = old.as_deref().and_then(Header::of).map(|header| header.rust);
    let rust = sources.lowest(group).or(recorded);
    let own = rust.as_ref().map(|rust| own_demands(sources, group, rust)).unwrap_or_default();
    let made = |state: LockState, text: Option<String>| {
        let count = text.as_deref().map_or(0, |text| text.matches("\nsource = ").count());
        MadeLockset {
            file: file.clone(),
            rust: rust.clone(),
            toolchains: toolchains.clone(),
            state,
            packages: count,
            too_new: Vec::new(),
            own: own.clone(),
        }
    };
    let trouble = match &old {
        Some(text) => sources.trouble(group, text)?,
        None => Some(Trouble::Missing),
    };
    if options.check {
        return Ok(match trouble {
            None => MadeLockset { own: Vec::new(), ..made(LockState::Unchanged, old) },
            Some(trouble) => MadeLockset { own: Vec::new(), ..made(LockState::Stale(trouble.to_string()), old) },
        });
    }
    if trouble.is_none() && !options.update && !options.repair {
        return Ok(made(LockState::Unchanged, old));
    }
    let Some(rust) = rust.clone() else {
        let reason = match toolchains.as_slice() {
            [] => "no toolchain of the axis is in the group; correct `rust` of this [[lock]]".to_owned(),
            names => format!(
                "the version of no toolchain of the group is known here ({}), and a lockset is made for the lowest; \
                 `compat` installs what is missing and chooses the versions on the way",
                names.join(", ")
            ),
        };
        return Ok(made(LockState::Failed(reason), old));
    };
    let resolver = Resolver {
        host,
        sources,
        dir: stage::dir(host, &Lockset::new(Deps::Lockset, Some(group))).join("lock"),
        platforms: Platforms::ask(host, &sources.triples())?,
    };
    if options.repair {
        let limits = SearchLimits::default();
        let needs = sources.needs(group);
        let search = LocksetSearch { resolver: &resolver, group, needs, toolchain, tell, limits };
        return Ok(match search.run(&rust)? {
            Repair::Done(found) => {
                let text = write(sources, group, &rust, &found.lock, command)?;
                made(LockState::Repaired(found), Some(text))
            }
            Repair::None(floor) => made(LockState::None(floor), old),
            Repair::GaveUp(reason) => made(LockState::Failed(reason), old),
        });
    }
    tell(&format!("choosing versions for Rust {rust}"));
    // What `compat` has chosen on the way stays in use, and so does what was recorded with it.
    let kept = files::read_text(&chosen_file(host, group)).ok();
    let kept = kept.filter(|text| !options.update && matches!(sources.trouble(group, text), Ok(None)));
    let start = kept.as_deref().or(if options.update { None } else { old.as_deref() }).map(body_of);
    let resolved = match resolver.choose(group, &rust, start) {
        Ok(resolved) => resolved,
        Err(Unresolved::Package { name, said }) if !is_offline(&said) => {
            let said = last_lines(&said, 3);
            let all = if group.pins.is_empty() { "all requirements" } else { "all requirements and pins" };
            return Ok(made(LockState::Mistake(format!("no version of {name} meets {all}: {said}")), old));
        }
        Err(other) => return Err(other.into_kind()),
    };
    let text = write(sources, group, &rust, &resolved.lock.to_text(), command)?;
    let too_new = resolved.packages.into_iter().filter(|p| p.needs.as_ref().is_some_and(|needs| *needs > rust));
    Ok(MadeLockset { too_new: too_new.collect(), ..made(LockState::Written, Some(text)) })
}

/// The packages of the workspace that demand more than this Rust.
fn own_demands(sources: &Sources<'_>, group: &LockGroup, rust: &Version) -> Vec<OwnDemand> {
    let used = sources.layout.used(&sources.needs(group));
    sources.layout.too_new(rust, &used)
}

fn write(sources: &Sources<'_>, group: &LockGroup, rust: &Version, lock: &str, command: &str) -> Result<String, Error> {
    let text = sources.with_header(group, rust, lock, command)?;
    let path = sources.file(group);
    files::write_if_changed(&path, text.as_bytes()).map_err(|error| anyhow!("{error:#}"))?;
    Ok(text)
}
