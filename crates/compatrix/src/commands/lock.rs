//! `lock`: the locksets of old toolchains, made, repaired or checked.

use std::fmt::Write;
use std::sync::mpsc;

use compatrix_engine::deps::locks::make;
use compatrix_engine::deps::locks::make::{Made, State, Wanted};
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::Limits;
use serde::Serialize;

use crate::cli::{command_name, Format, Global, LockArgs};
use crate::progress;
use crate::terminal::Terminal;
use crate::workspace::{command_of_pages, processors, Opened};

pub(crate) fn run(global: &Global, args: &LockArgs, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    if opened.parsed.spec.locks.is_empty() {
        return Err(Error::usage(
            "the spec has no [[lock]], so every toolchain uses Cargo.lock; docs/LOCKSETS.md says when one is needed",
        ));
    }
    let limits = Limits {
        jobs: processors(),
        offline: args.offline || args.check,
        no_install: args.no_install || args.check,
        fresh: false,
        hermetic: false,
    };
    let session = opened.session(limits, !args.check, terminal)?;
    let wanted = Wanted { check: args.check, update: args.update, repair: args.repair };
    let command = command_of_pages(&opened.root);
    let (sender, receiver) = mpsc::channel();
    let made = std::thread::scope(|scope| {
        scope.spawn(|| progress::show(terminal, receiver));
        let sender = sender;
        make::all(&session, &opened.parsed, &args.names, wanted, command, &sender)
    })?;
    match args.format {
        Format::Human => made.iter().for_each(|(name, made)| terminal.print(&human(name, made))),
        Format::Json => {
            let entries: Vec<Entry<'_>> = made.iter().map(|(name, made)| Entry::new(name, made)).collect();
            terminal.print(&serde_json::to_string_pretty(&entries).map_err(anyhow::Error::from)?);
        }
    }
    let bad = made.iter().any(|(_, made)| match made.state {
        State::Unchanged | State::Written => false,
        State::Repaired(ref found) => found.own_failure.is_some(),
        State::Stale(_) | State::Failed(_) | State::None(_) => true,
    });
    Ok(u8::from(bad))
}

fn human(name: &str, made: &Made) -> String {
    let mut out = String::new();
    let rust = made.rust.as_ref().map_or_else(|| "an unknown Rust".to_owned(), |rust| format!("Rust {rust}"));
    let of = format!("{} ({})", made.file, made.toolchains.join(", "));
    let _ = match &made.state {
        State::Unchanged => write!(out, "{of}: fits; {} packages for {rust}", made.packages),
        State::Written => write!(out, "{of}: written; {} packages for {rust}", made.packages),
        State::Stale(why) => {
            write!(out, "{of}: {why}\n  `{} lock {name}` makes it anew", command_name())
        }
        State::Failed(why) => write!(out, "{of}: not made\n  {why}"),
        State::Repaired(found) => {
            let built = match found.builds {
                0 => "not built, since the toolchain is not here".to_owned(),
                1 => "built at once".to_owned(),
                n => format!("built at the {n}th try"),
            };
            let _ = write!(out, "{of}: {} packages for {rust}; ", made.packages);
            match &found.own_failure {
                None => write!(out, "{built}, {} resolutions", found.resolutions),
                Some(why) => write!(out, "its dependencies work, but\n  {why}"),
            }
        }
        State::None(floor) => {
            let tries = format!("{} resolutions, {} builds", floor.resolutions, floor.builds);
            let _ = write!(out, "{of}: no versions work on {rust} ({tries})");
            for because in &floor.because {
                let _ = write!(out, "\n  {because}");
            }
            match &floor.rust {
                Some(floor) => write!(
                    out,
                    "\n  the true floor, by what packages say: Rust {}.{}; claim that, or require older versions",
                    floor.major, floor.minor
                ),
                None => write!(out, "\n  which Rust would do, they do not say"),
            }
        }
    };
    if let State::Repaired(found) = &made.state {
        if !found.pins.is_empty() {
            let pins: Vec<String> =
                found.pins.iter().map(|(name, version)| format!("{name} = \"{version}\"")).collect();
            let _ = write!(
                out,
                "\n  to keep these choices when versions are chosen anew, paste into its [[lock]]:\n\npin = {{ {} }}\n",
                pins.join(", ")
            );
        }
    }
    if !made.too_new.is_empty() {
        let list = made.too_new.iter().map(|package| {
            let needs = package.needs.as_ref().map(|v| format!("{}.{}", v.major, v.minor)).unwrap_or_default();
            format!("{} {} (Rust {needs})", package.name, package.version)
        });
        let list: Vec<String> = list.collect();
        let _ = write!(
            out,
            "\n  {} of them need a newer Rust: {}\n  `{} lock --repair {name}` looks for versions that work",
            list.len(),
            list.join(", "),
            command_name()
        );
    }
    out
}

/// A group in `--format json`.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rust: Option<String>,
    toolchains: &'a [String],
    state: &'static str,
    packages: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pins: Option<std::collections::BTreeMap<&'a str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<String>,
    too_new: Vec<String>,
}

impl<'a> Entry<'a> {
    fn new(name: &'a str, made: &'a Made) -> Self {
        let (state, why) = match &made.state {
            State::Unchanged => ("unchanged", None),
            State::Written => ("written", None),
            State::Stale(why) => ("stale", Some(why.clone())),
            State::Failed(why) => ("failed", Some(why.clone())),
            State::Repaired(found) => ("repaired", found.own_failure.clone()),
            State::None(floor) => ("none", Some(floor.because.join("; "))),
        };
        let pins = match &made.state {
            State::Repaired(found) => Some(found.pins.iter().map(|(k, v)| (k.as_str(), v.to_string())).collect()),
            _ => None,
        };
        let floor = match &made.state {
            State::None(floor) => floor.rust.as_ref().map(ToString::to_string),
            _ => None,
        };
        Self {
            name,
            file: &made.file,
            rust: made.rust.as_ref().map(ToString::to_string),
            toolchains: &made.toolchains,
            state,
            packages: made.packages,
            why,
            pins,
            floor,
            too_new: made.too_new.iter().map(|p| format!("{} {}", p.name, p.version)).collect(),
        }
    }
}
