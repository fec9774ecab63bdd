//! The drafted claims: from the manifests first, then from prose and workflows.

use semver::Version;

use super::draft::DraftClaims;
use super::found::{Found, Member, Noted};
use crate::promise::{NotTaken, Promise, PromiseKind, PromiseSource};
use compatrix_model::condition::partial_version;
use compatrix_model::matrix_spec::format::Format;

/// The claims of a draft; promises that a spec cannot express become remarks.
pub(super) fn claims(chosen: &[&Member], found: &Found, remarks: &mut Vec<String>) -> DraftClaims {
    let floors: Vec<(&Member, Noted)> =
        chosen.iter().filter_map(|member| Some((*member, floor(member, chosen, found)?))).collect();
    let mut claims = DraftClaims { rust: rust(chosen, &floors, found), ..DraftClaims::default() };
    if let Some(claim) = &claims.rust {
        let claimed = partial_version(&claim.value);
        let own = floors.iter().filter(|(_, own)| partial_version(&own.value) != claimed);
        claims.packages.extend(own.map(|(member, own)| (member.name.clone(), own.clone())));
        claims.packages.sort();
        let said: Vec<Option<Version>> =
            floors.iter().map(|(_, own)| partial_version(&own.value)).chain([claimed]).collect();
        let others: Vec<String> =
            others(&said, found).iter().map(|promise| format!("{} ({})", promise.meant(), because(promise))).collect();
        if !others.is_empty() {
            claims.remarks.push(format!("Other places promise another lowest Rust: {}.", others.join("; ")));
        }
    } else if !found.not_taken.iter().any(is_about_rust) {
        claims
            .remarks
            .push("Found no `rust-version` and no promise of a lowest Rust; add one with `rust = \"…\"`.".to_owned());
    } else {
        claims.remarks.push(
            "No promise of a lowest Rust was taken over; the end of this file says what was found and why. Add one with \
             `rust = \"…\"`."
                .to_owned(),
        );
    }
    if chosen.iter().any(|member| member.sqlite.is_some()) {
        claims.sqlite = lowest(found, |promise| matches!(promise.kind, PromiseKind::LowestSqlite(_)));
        if claims.sqlite.is_none() && found.not_taken.iter().any(is_about_sqlite) {
            claims.remarks.push(
                "No promise of a lowest SQLite was taken over; the end of this file says what was found and why. Add one \
                 with `sqlite = \"…\"`."
                    .to_owned(),
            );
        } else if claims.sqlite.is_none() {
            claims.remarks.push("Found no promise of a lowest SQLite; add one with `sqlite = \"…\"`.".to_owned());
        }
    }
    claims.platforms = platforms(found, remarks);
    claims
}

/// Whether a place that was not taken over is about SQLite.
fn is_about_sqlite(one: &NotTaken) -> bool {
    let about = |text: &str| text.to_lowercase().replace("rusqlite", "").contains("sqlite");
    about(&one.text) || about(&one.because)
}

/// Whether it is about a Rust: it says so, or it is a bare version in a list of toolchains.
fn is_about_rust(one: &NotTaken) -> bool {
    const WORDS: [&str; 4] = ["rust", "msrv", "toolchain", "cargo"];
    const OTHERS: [&str; 5] = ["sqlite", "runs-on", "runner", "platform", "operating system"];
    let text = format!("{} {}", one.text, one.because).to_lowercase().replace("rusqlite", "sqlite");
    WORDS.iter().any(|word| text.contains(word)) || !OTHERS.iter().any(|word| text.contains(word))
}

/// The lowest Rust of one package: its `rust-version`, otherwise what the files in its folder promise.
fn floor(member: &Member, chosen: &[&Member], found: &Found) -> Option<Noted> {
    let own = member.rust_version.clone().filter(|own| is_release(&own.value));
    // With one package under test, every promise is about it.
    let promised = || {
        let of_member = |promise: &Promise| is_lowest(promise) && owner(promise, found) == Some(member.name.as_str());
        (chosen.len() > 1).then(|| lowest(found, of_member))?
    };
    own.or_else(promised)
}

/// The package in whose folder, other than the root, a person wrote this.
fn owner<'f>(promise: &Promise, found: &'f Found) -> Option<&'f str> {
    let about_package = promise.source.is_prose() || promise.source == PromiseSource::Clippy;
    let inside = |member: &&Member| {
        let rest = promise.file.strip_prefix(member.folder());
        !member.folder().is_empty() && rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let members = found.members.iter().filter(|_| about_package).filter(inside);
    members.max_by_key(|member| member.folder().len()).map(|member| member.name.as_str())
}

fn is_lowest(promise: &Promise) -> bool {
    matches!(promise.kind, PromiseKind::LowestRust(_)) && Format::Toolchain.accepts(promise.meant())
}

/// The highest `rust-version`, so that it holds for all packages; otherwise the lowest promised Rust that is not one
/// package's own; otherwise the highest of those.
fn rust(chosen: &[&Member], floors: &[(&Member, Noted)], found: &Found) -> Option<Noted> {
    let versions = chosen.iter().filter_map(|member| member.rust_version.clone());
    let versions = versions.filter(|version| is_release(&version.value));
    let highest = versions.max_by_key(|version| partial_version(&version.value));
    let is_toolchain = |promise: &Promise| Format::Toolchain.accepts(promise.meant());
    let common = |promise: &Promise| is_lowest(promise) && (chosen.len() == 1 || owner(promise, found).is_none());
    let promised = || lowest(found, common);
    let of_packages = || floors.iter().map(|(_, own)| own.clone()).max_by_key(|own| partial_version(&own.value));
    let tested = || {
        let found = lowest(found, |p| matches!(p.kind, PromiseKind::Rust(_)) && is_toolchain(p))?;
        Some(Noted::new(found.value, format!("{}; delete this line if that is not a promise", found.why)))
    };
    highest.or_else(promised).or_else(of_packages).or_else(tested)
}

/// Whether a text names a release that can be claimed and installed.
fn is_release(text: &str) -> bool {
    Format::Version.accepts(text) && Format::Toolchain.accepts(text)
}

/// Promises of a lowest Rust, in the order of files, that are none of these claims.
fn others<'f>(claimed: &[Option<Version>], found: &'f Found) -> Vec<&'f Promise> {
    let other = |promise: &&Promise| {
        matches!(promise.kind, PromiseKind::LowestRust(_))
            && partial_version(promise.meant()).is_some_and(|version| !claimed.contains(&Some(version)))
    };
    found.promises.iter().filter(other).collect()
}

/// The lowest version among these promises.
fn lowest(found: &Found, these: impl Fn(&Promise) -> bool) -> Option<Noted> {
    let of_kind = found.promises.iter().filter(|promise| these(promise));
    let versions = of_kind.filter_map(|promise| Some((partial_version(promise.meant())?, promise)));
    let (_, promise): (Version, &Promise) = versions.min_by(|a, b| a.0.cmp(&b.0))?;
    Some(Noted::new(promise.meant(), because(promise)))
}

/// File and line of a promise, with its wording if a person wrote it.
pub(super) fn because(promise: &Promise) -> String {
    let at = format!("{}:{}", promise.file, promise.line);
    match (promise.source, &promise.spelled) {
        (PromiseSource::Workflow, Some(_)) => {
            format!("{at}, {}, where YAML reads {}", promise.key, promise.kind.value())
        }
        (PromiseSource::Workflow, None) if promise.key.is_empty() => at,
        (PromiseSource::Workflow, None) => format!("{at}, {}", promise.key),
        _ => {
            let words: String = promise.text.chars().take(60).collect();
            let more = if promise.text.chars().count() > 60 { "…" } else { "" };
            format!("{at}: {words}{more}")
        }
    }
}

fn platforms(found: &Found, remarks: &mut Vec<String>) -> Vec<Noted> {
    let mut taken: Vec<Noted> = Vec::new();
    let mut vague = Vec::new();
    for promise in &found.promises {
        let PromiseKind::Platform(platform) = &promise.kind else { continue };
        if !platform.contains('-') {
            vague.push((platform.as_str(), promise));
        } else if !Format::Platform.accepts(platform) {
            remarks.push(format!("{}: a spec cannot express the platform `{platform}`", because(promise)));
        } else if !taken.iter().any(|known| known.value == *platform) {
            taken.push(Noted::new(platform, because(promise)));
        }
    }
    // Without an architecture, assume the most common one, unless another promise names one.
    for (system, promise) in vague {
        let prefix = format!("{system}-");
        let usual = format!("{system}-{}", if system == "macos" { "aarch64" } else { "x86_64" });
        if !taken.iter().any(|known| known.value.starts_with(&prefix)) && Format::Platform.accepts(&usual) {
            taken.push(Noted::new(usual, format!("{}; the architecture is a guess", because(promise))));
        }
    }
    taken.sort();
    taken
}
