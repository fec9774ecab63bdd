//! What a spec without any `[[lock]]` lacks: the group that serves the toolchains which cannot use `Cargo.lock`.

use std::collections::BTreeMap;

use compatrix_model::axis::{Axis, AxisKind};
use compatrix_model::condition::value_version;
use compatrix_model::lockset::advice::{short, NewGroup};
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::spec_text::Parsed;
use semver::Version;

use crate::deps::locks::sources::Sources;
use crate::deps::locks::Resolver;
use crate::deps::stage::platforms::Platforms;
use crate::deps::stage::resolve::Prefer;
use crate::session::Session;
use crate::sys::error::Error;

/// The group that the spec lacks, and why; if every toolchain can use `Cargo.lock`, the group of the lowest as an example.
///
/// # Errors
/// The workspace cannot be read.
pub fn new_group(session: &Session, parsed: &Parsed) -> Result<(NewGroup, String), Error> {
    let survey = session.survey(parsed)?;
    let versions = survey.facts.versions();
    let axis = parsed.spec.space.axis_of(&AxisKind::Rust).map(|(_, axis)| axis);
    let version = |axis: &Axis, n: usize| value_version(&axis.name, &axis.values[n].name, &versions);
    let known = axis.into_iter().flat_map(|axis| (0..axis.values.len()).filter_map(|n| version(axis, n)));
    let claimed = parsed.spec.claims.rust.iter().map(|claim| claim.version.clone());
    let Some(lowest) = known.chain(claimed).min() else {
        let example = NewGroup { rust: "<1.70".to_owned() };
        return Ok((example, "no toolchain of the axis `rust` has a version that is known here".to_owned()));
    };
    let readable_from = &survey.facts.readable_from;
    let layout = &survey.workspace.layout;
    let sources = Sources { spec: &parsed.spec, layout, versions: &versions, packages: &survey.facts.packages };
    let host = &session.host;
    let dir = host.dir.join("stage").join(".own").join("asked");
    let resolver = Resolver { host, sources: &sources, dir, platforms: Platforms::ask(host, &sources.triples())? };
    let start = Some(layout.own.text.as_str());
    // Without the registry, what packages declare is not known; the rest is.
    let resolved = resolver.resolve(&Edit::default(), &BTreeMap::new(), start, Prefer::Rust).ok();
    let packages = resolved.map(|resolved| resolved.packages).unwrap_or_default();
    let highest = packages.iter().filter(|p| p.needs.is_some()).max_by(|a, b| a.needs.cmp(&b.needs));
    let needed =
        highest.and_then(|package| Some((package.needs.clone()?, package))).filter(|(needs, _)| *needs > lowest);
    let of = |rust: &Version| format!("Rust {} is promised or on the axis", short(rust));
    Ok(match needed {
        Some((needs, package)) => {
            let why = format!("{} {} in Cargo.lock needs Rust {}", package.name, package.version, short(&needs));
            (NewGroup::below(&needs.max(readable_from.clone())), format!("{}, and {why}", of(&lowest)))
        }
        None if lowest < *readable_from => {
            let why = format!("cargos before {} cannot read Cargo.lock or a manifest", short(readable_from));
            (NewGroup::below(readable_from), format!("{}, and {why}", of(&lowest)))
        }
        None => {
            let next = Version::new(lowest.major, lowest.minor + 1, 0);
            let why = "every toolchain of the axis can use Cargo.lock, as far as packages declare what they need. One that still \
                       cannot needs a group of its own";
            (NewGroup::below(&next), why.to_owned())
        }
    })
}
