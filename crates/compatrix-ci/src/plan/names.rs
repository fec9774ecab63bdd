//! What jobs are called: an id of plain letters for commands, artifacts and files, and a name for people.

use std::collections::BTreeSet;

use compatrix_model::axis::{Axis, AxisKind, Setting, System};
use compatrix_model::cell::CellIndex;
use compatrix_model::linkage::Linkage;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::plan::{Build, Sanitizer};

/// GitHub shows about this many characters of a name.
const LONGEST: usize = 80;
/// The most values listed in a name; more are counted.
const LISTED: usize = 3;

/// The names that an event's jobs have so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    ids: BTreeSet<String>,
    shown: BTreeSet<String>,
}

impl Names {
    /// An id for a job from what its builds have in common. Ids are unique even ignoring case.
    pub(super) fn id(&mut self, platform: &str, builds: &[&Build]) -> String {
        let mut words = vec![slug(platform)];
        let toolchains: BTreeSet<&str> = builds.iter().map(|build| build.toolchain.as_str()).collect();
        if toolchains.len() <= LISTED {
            words.extend(toolchains.into_iter().map(slug));
        }
        if let [build] = builds {
            // `rust=stable sqlite=bundled features=bundled,a lockset=x sanitizer=leak`: the values, without the toolchain
            // and without the feature that the SQLite value implies.
            let id = build.id();
            for (key, value) in id.split(' ').skip(1).filter_map(|part| part.split_once('=')) {
                let said = |feature: &&str| {
                    key != "features" || build.linkage != Some(Linkage::Static) || *feature != "bundled"
                };
                let value: Vec<&str> = value.split(',').filter(said).collect();
                words.extend((!value.is_empty()).then(|| slug(&value.join(","))));
            }
        } else if let Some(sanitizer) = builds[0].sanitizer.filter(|of| builds.iter().all(|b| b.sanitizer == Some(*of)))
        {
            words.push(Sanitizer::as_str(sanitizer).to_owned());
        }
        let name: String = words.join("-").chars().take(90).collect();
        unique(&mut self.ids, &name, |name, n| format!("{name}-{n}"))
    }

    /// A name that says what the job tests: `Rust 1.65, bundled SQLite, default features`. The platform is part of it where
    /// the event runs on several.
    pub(super) fn shown(&mut self, spec: &Spec, platform: Option<&str>, cells: &[(usize, CellIndex)]) -> String {
        let with = |listed: usize| named(spec, platform, cells, listed);
        let fits = (1..=LISTED).rev().map(with).find(|name| name.chars().count() <= LONGEST);
        let name = fits.unwrap_or_else(|| with(1).chars().take(LONGEST).collect());
        unique(&mut self.shown, &name, |name, n| format!("{name} ({n})"))
    }
}

fn unique(known: &mut BTreeSet<String>, first: &str, numbered: impl Fn(&str, usize) -> String) -> String {
    let mut name = first.to_owned();
    let mut n = 1;
    while !known.insert(name.to_ascii_lowercase()) {
        n += 1;
        name = numbered(first, n);
    }
    name
}

/// The values of these cells, axis by axis; lists are at most so long.
fn named(spec: &Spec, platform: Option<&str>, cells: &[(usize, CellIndex)], listed: usize) -> String {
    let mut parts = Vec::new();
    for (at, axis) in spec.space.axes().iter().enumerate() {
        let values: BTreeSet<usize> = cells.iter().map(|(_, cell)| spec.space.coords(*cell)[at]).collect();
        parts.extend(of_axis(axis, &values, listed));
    }
    if parts.is_empty() {
        parts.push("all cells".to_owned());
    }
    let leaks: BTreeSet<usize> =
        cells.iter().map(|(suite, _)| *suite).filter(|suite| spec.suites[*suite].leak().is_some()).collect();
    let leaks: Vec<&str> = leaks.into_iter().map(|suite| spec.suites[suite].name.as_str()).collect();
    let suites = match leaks[..] {
        [] => String::new(),
        _ => format!("{}: ", list(&leaks, listed, "leak suites")),
    };
    let place = platform.map(|platform| format!(" on {platform}")).unwrap_or_default();
    format!("{suites}{}{place}", parts.join(", "))
}

/// What a job's values of an axis are called; nothing for axes that change no build.
fn of_axis(axis: &Axis, values: &BTreeSet<usize>, listed: usize) -> Option<String> {
    let names: Vec<&str> = values.iter().map(|value| axis.values[*value].name.as_str()).collect();
    let setting = |is: fn(&Setting) -> bool| values.iter().all(|value| is(&axis.values[*value].setting));
    Some(match axis.kind {
        AxisKind::Rust if setting(|it| matches!(it, Setting::DistroToolchain(_))) => {
            format!("Rust of {}", list(&names, listed, "distributions"))
        }
        AxisKind::Rust if names.len() > listed => format!("{} toolchains", names.len()),
        AxisKind::Rust => format!("Rust {}", list(&names, listed, "")),
        AxisKind::Sqlite => match names[..] {
            ["bundled"] => "bundled SQLite".to_owned(),
            ["host"] => "the runner's SQLite".to_owned(),
            [name] if setting(|it| matches!(it, Setting::DistroSqlite(_))) => format!("SQLite of {name}"),
            _ if names.len() > listed => format!("{} SQLites", names.len()),
            _ => format!("SQLite {}", list(&names, listed, "")),
        },
        AxisKind::Features => match names[..] {
            ["default"] => "default features".to_owned(),
            ["all"] => "all features".to_owned(),
            [name] => format!("features {name}"),
            _ if names.len() > listed => format!("{} feature sets", names.len()),
            _ => format!("features {}", list(&names, listed, "")),
        },
        AxisKind::Deps => format!("dependencies {}", list(&names, listed, "kinds")),
        // A job of this host alone is called as it is without the axis.
        AxisKind::Os if setting(|it| matches!(it, Setting::Os(System::Here))) => return None,
        AxisKind::Os => list(&names, listed, "systems"),
        AxisKind::Schema | AxisKind::Env { .. } => return None,
    })
}

/// `a`, `a and b`, `a, b and c`, `4 versions`.
fn list(names: &[&str], listed: usize, counted: &str) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        _ if names.len() > listed => format!("{} {counted}", names.len()),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Reduces a text to the characters allowed in names of jobs, artifacts and files.
pub(super) fn slug(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+');
    text.chars().map(|c| if plain(c) { c } else { '-' }).collect()
}
