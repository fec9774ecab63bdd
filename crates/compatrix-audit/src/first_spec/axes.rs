//! The values of the axes `rust` and `sqlite`: the promised versions and the newest.

use semver::Version;

use super::claims::because;
use super::draft::{DraftAxis, DraftClaims};
use super::found::{Bundling, Found, Member, Noted};
use crate::promise::{Promise, PromiseKind};
use compatrix_model::condition::partial_version;
use compatrix_model::matrix_spec::format::Format;
use compatrix_model::matrix_spec::sqlite::{neighbours, AMALGAMATIONS};

/// The most versions on a drafted axis; the ends are kept.
const MOST: usize = 6;

/// Distinct versions in ascending order, each with its reasons.
#[derive(Default)]
struct Ladder(Vec<(Version, Noted)>);

impl Ladder {
    fn add(&mut self, text: &str, why: String) {
        let Some(version) = partial_version(text) else { return };
        match self.0.iter_mut().find(|(known, _)| *known == version) {
            // Two reasons are enough.
            Some((_, noted)) if !noted.why.contains(&why) && !noted.why.contains("; also ") => {
                noted.why = format!("{}; also {why}", noted.why);
            }
            Some(_) => {}
            None => self.0.push((version, Noted::new(text, why))),
        }
    }

    /// The versions; if there are too many, the middle is thinned out.
    fn finish(mut self) -> Vec<Noted> {
        self.0.sort_by(|a, b| a.0.cmp(&b.0));
        while self.0.len() > MOST {
            self.0.remove(self.0.len() / 2);
        }
        self.0.into_iter().map(|(_, noted)| noted).collect()
    }
}

/// Toolchains: the claim, other versions promised or tested today, and stable.
pub(super) fn rust(claims: &DraftClaims, chosen: &[&Member], found: &Found) -> DraftAxis {
    let mut ladder = Ladder::default();
    let mut named: Vec<Noted> = Vec::new();
    if let Some(claim) = &claims.rust {
        ladder.add(&claim.value, claim.why.clone());
    }
    for (package, claim) in &claims.packages {
        ladder.add(&claim.value, format!("{}, of {package}", claim.why));
    }
    let of_members = chosen.iter().filter_map(|member| member.rust_version.as_ref());
    let claimed = claims.rust.as_ref().and_then(|claim| partial_version(&claim.value));
    for version in of_members.filter(|version| partial_version(&version.value) == claimed) {
        ladder.add(&version.value, version.why.clone());
    }
    let mut add = |text: &str, why: String| {
        if !Format::Toolchain.accepts(text) {
            return;
        }
        if partial_version(text).is_some() {
            ladder.add(text, why);
        } else if !named.iter().any(|known| known.value == text) {
            named.push(Noted::new(text, why));
        }
    };
    for promise in &found.promises {
        match &promise.kind {
            PromiseKind::LowestRust(_) | PromiseKind::Rust(_) => add(promise.meant(), because(promise)),
            PromiseKind::LowestSqlite(_) | PromiseKind::Sqlite(_) | PromiseKind::Platform(_) => {}
        }
    }
    if let Some(pinned) = &found.toolchain {
        add(&pinned.value, pinned.why.clone());
    }
    let needs_nightly = found.toolchain.as_ref().is_some_and(|pinned| pinned.value.starts_with("nightly"));
    if !named.iter().any(|known| known.value == "stable") && !needs_nightly {
        named.push(Noted::new("stable", "the newest at the time of the run"));
    }
    let order = |value: &str| ["stable", "beta"].iter().position(|known| *known == value).unwrap_or(2);
    named.sort_by(|a, b| (order(&a.value), &a.value).cmp(&(order(&b.value), &b.value)));
    let mut values = ladder.finish();
    // A promise below the manifests' claim deserves attention.
    let lowest = claims.packages.iter().filter_map(|(_, claim)| partial_version(&claim.value)).chain(claimed).min();
    for value in values.iter_mut().filter(|value| partial_version(&value.value) < lowest) {
        value.why.push_str("; older than the claim");
    }
    values.extend(named);
    DraftAxis { values, remarks: Vec::new() }
}

/// SQLite versions: bundled, the host's, the promised ones, and the newest available.
pub(super) fn sqlite(claims: &DraftClaims, chosen: &[&Member], found: &Found) -> Option<DraftAxis> {
    let uses: Vec<_> = chosen.iter().filter_map(|member| member.sqlite.as_ref()).collect();
    let first = uses.first()?;
    let mut axis = DraftAxis::default();
    axis.remarks.push(format!("`{}` uses SQLite: {}.", first.through.value, first.through.why));
    // cargo unifies the packages' features, so SQLite is compiled in if one of them asks for it.
    let always = uses.iter().find(|one| one.bundling == Bundling::Always);
    let by_feature = || uses.iter().find(|one| matches!(one.bundling, Bundling::Feature(_)));
    let bundled = always.or_else(by_feature).or_else(|| uses.iter().find(|one| one.bundling == Bundling::InTests));
    match bundled.map(|one| (&one.bundling, &one.through.why)) {
        Some((Bundling::Feature(feature), _)) => {
            axis.values.push(Noted::new("bundled", format!("compiled in, through the feature `{feature}`")));
        }
        Some((Bundling::Always, why)) => axis.values.push(Noted::new("bundled", format!("compiled in, {why}"))),
        Some((Bundling::InTests, why)) => {
            axis.values.push(Noted::new("bundled", format!("compiled into the tests, {why}")));
        }
        Some((Bundling::Never, _)) | None => axis.remarks.push(
            "Nothing in the manifest compiles SQLite in. To test the value `bundled` too, add a feature such as \
             `bundled = [\"rusqlite/bundled\"]`."
                .to_owned(),
        ),
    }
    let promises = |kind: &PromiseKind| matches!(kind, PromiseKind::Sqlite(_) | PromiseKind::LowestSqlite(_));
    let promised: Vec<&Promise> = found.promises.iter().filter(|promise| promises(&promise.kind)).collect();
    if always.is_some() && promised.is_empty() {
        axis.remarks.push(
            "Users get the bundled SQLite, and no other version is promised, so no other is tested. You can add exact \
             versions such as \"3.46.0\", and \"host\": they are linked instead."
                .to_owned(),
        );
        return Some(axis);
    }
    axis.values.push(Noted::new("host", "the host's shared library"));
    let mut ladder = Ladder::default();
    for promise in promised {
        add_exact(&mut ladder, promise, &mut axis.remarks);
    }
    if claims.sqlite.is_none() && ladder.0.is_empty() {
        // An older one might fail, which would break no promise.
        axis.remarks.push(
            "No SQLite version is promised. To find the oldest that works, add exact versions such as \"3.37.0\"."
                .to_owned(),
        );
    }
    let newest = AMALGAMATIONS.last().map(|(version, _)| *version).unwrap_or_default();
    ladder.add(newest, "the newest available".to_owned());
    axis.values.extend(ladder.finish());
    Some(axis)
}

/// The version of a promise, or the next available one.
fn add_exact(ladder: &mut Ladder, promise: &Promise, remarks: &mut Vec<String>) {
    let Some(version) = partial_version(promise.meant()) else { return };
    let why = because(promise);
    let known = AMALGAMATIONS.iter().find(|(exact, _)| partial_version(exact).as_ref() == Some(&version));
    // `3.35` means any 3.35; the next available version after `3.35.2` is 3.35.4.
    let (lower, higher) = neighbours(&version);
    match (known, higher) {
        (Some((exact, _)), _) => ladder.add(exact, why),
        (None, Some(higher)) => {
            let minor = (higher.major, higher.minor) == (version.major, version.minor);
            let note = if minor { why } else { format!("{why}; the next available after {}", promise.meant()) };
            if lower.is_none() {
                remarks.push(format!(
                    "{}:{} promises SQLite {}; the oldest available is {higher}.",
                    promise.file,
                    promise.line,
                    promise.meant()
                ));
            }
            ladder.add(&higher.to_string(), note);
        }
        (None, None) => remarks.push(format!(
            "{}:{} names SQLite {}, which is newer than any available version.",
            promise.file,
            promise.line,
            promise.meant()
        )),
    }
}
