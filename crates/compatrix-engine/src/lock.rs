//! `lock`: creates, repairs or checks the committed locksets. Imports [`crate::session`] and what it imports.

mod repair;

use std::sync::mpsc::Sender;

use anyhow::{anyhow, Result};
use compatrix_model::axis::{AxisKind, AxisValue, Deps};
use compatrix_model::condition::{value_version, Match, ValueTest, Versions};
use compatrix_model::facts::Availability;
use compatrix_model::lockset::file::{body_of, Header};
use compatrix_model::lockset::made::{LockState, MadeLockset};
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::lockset::{LockGroup, Lockset};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{Plan, Provision};
use compatrix_model::spec_text::Parsed;
use semver::Version;

use crate::deps::locks::{pins, shown_file, Resolver, Sources};
use crate::deps::stage;
use crate::deps::stage::platforms::Platforms;
use crate::deps::stage::resolve::{Prefer, Unresolved};
use crate::event::Event;
use crate::find::facts::ToolchainFacts;
use crate::provide;
use crate::session::Session;
use crate::survey::Survey;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;
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

/// Makes, repairs or checks the locksets of these groups; of all where none is named. Toolchains that a repair builds with
/// are installed first where they can be.
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
    let chosen: Vec<&LockGroup> =
        spec.locks.iter().filter(|group| names.is_empty() || names.contains(&group.name)).collect();
    let mut survey = session.survey(parsed)?;
    if !options.check {
        provide_toolchains(host, spec, &chosen, &mut survey, tell)?;
        session.ledger.save_memo(&host.memo)?;
    }
    let versions = survey.facts.versions();
    let sources = Sources { spec, layout: &survey.workspace.layout, versions: &versions };
    let mut made = Vec::new();
    for group in chosen {
        let ready = sources.toolchains(group).into_iter().filter_map(|(name, _)| {
            match survey.facts.toolchains.iter().find(|(value, _)| value.as_str() == name) {
                Some((_, Availability::Ready(toolchain))) => Some(toolchain),
                _ => None,
            }
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

/// Installs the available toolchains of these groups; which group a toolchain is in may only show then.
fn provide_toolchains(
    host: &Host,
    spec: &Spec,
    groups: &[&LockGroup],
    survey: &mut Survey,
    tell: &Sender<Event>,
) -> Result<(), Error> {
    let Some((_, axis)) = spec.space.axis_of(&AxisKind::Rust) else { return Ok(()) };
    let may_be_in = |value: &AxisValue| {
        let version = value_version(&axis.name, &value.name, &Versions::new());
        let holds = |test: &ValueTest| test.holds(&value.name, version.as_ref()) != Match::No;
        groups.iter().any(|group| group.rust.iter().any(holds))
    };
    let wanted = axis
        .values
        .iter()
        .filter(|value| may_be_in(value))
        .filter(|value| matches!(survey.facts.toolchains.get(&value.name), Some(Availability::Obtainable { .. })));
    let provisions: Vec<Provision> = wanted.map(|value| Provision::Toolchain(value.name.clone())).collect();
    if provisions.is_empty() {
        return Ok(());
    }
    provide::provide(host, spec, &Plan { provisions, ..Plan::default() }, survey, tell)
}

/// Creates, repairs or checks the lockset of one group. `toolchain` is the group's lowest, if installed.
///
/// # Errors
/// The machine fails, or a manifest cannot be read. A lockset that cannot work is not an error.
pub fn make(
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
    let made = |state: LockState, text: Option<String>| {
        let count = text.as_deref().map_or(0, |text| text.matches("\nsource = ").count());
        MadeLockset {
            file: file.clone(),
            rust: rust.clone(),
            toolchains: toolchains.clone(),
            state,
            packages: count,
            too_new: Vec::new(),
        }
    };
    let trouble = match &old {
        Some(text) => sources.trouble(group, text)?,
        None => Some("is not there".to_owned()),
    };
    if options.check {
        return Ok(match trouble {
            None => made(LockState::Unchanged, old),
            Some(trouble) => made(LockState::Stale(trouble), old),
        });
    }
    if trouble.is_none() && !options.update && !options.repair {
        return Ok(made(LockState::Unchanged, old));
    }
    let Some(rust) = rust.clone() else {
        let reason = format!(
            "the version of no toolchain of the group is known here ({}); a lockset is made for the lowest",
            if toolchains.is_empty() { "none is in it".to_owned() } else { toolchains.join(", ") }
        );
        return Ok(made(LockState::Failed(reason), old));
    };
    let start = if options.update { None } else { old.as_deref().map(body_of) };
    let resolver = Resolver {
        host,
        sources,
        dir: stage::dir(host, &Lockset::new(Deps::Lockset, Some(group))).join("lock"),
        platforms: Platforms::ask(host, &sources.triples())?,
    };
    if options.repair {
        let search = LocksetSearch { resolver: &resolver, group, toolchain, tell, limits: SearchLimits::default() };
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
    let (limits, pins) = pins(sources, group);
    let edit = Edit { rust: Some(rust.clone()), limits, ..Edit::default() };
    let resolved = match resolver.resolve(&edit, &pins, start, Prefer::Rust) {
        Ok(resolved) => resolved,
        Err(Unresolved::Package { name, said }) => {
            let said = crate::sys::host::last_lines(&said, 3);
            return Ok(made(
                LockState::Failed(format!("no version of {name} meets all requirements and pins: {said}")),
                old,
            ));
        }
        Err(other) => return Err(other.into_error().into()),
    };
    let text = write(sources, group, &rust, &resolved.lock.to_text(), command)?;
    let too_new = resolved.packages.into_iter().filter(|p| p.needs.as_ref().is_some_and(|needs| *needs > rust));
    Ok(MadeLockset { too_new: too_new.collect(), ..made(LockState::Written, Some(text)) })
}

fn write(sources: &Sources<'_>, group: &LockGroup, rust: &Version, lock: &str, command: &str) -> Result<String> {
    let header = Header {
        rust: rust.clone(),
        inputs: sources.inputs(group, rust)?.to_string(),
        content: files::hash_bytes(body_of(lock).as_bytes()).to_string(),
    };
    let text = header.file(command, lock);
    let path = sources.file(group);
    files::write_if_changed(&path, text.as_bytes()).map_err(|error| anyhow!("{error:#}"))?;
    Ok(text)
}
