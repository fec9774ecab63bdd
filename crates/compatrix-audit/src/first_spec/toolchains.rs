//! What toolchains of the axis get: tests or only a build, and dependency versions of their own.

use semver::Version;

use super::draft::{DraftAxis, DraftLock};
use super::found::{Found, Member, Needs, Noted};
use super::packages::covers;
use crate::promise::CargoCommand;
use compatrix_model::condition::partial_version;

/// The most reasons for a lockset that are spelled out.
const MOST: usize = 2;

/// Old toolchains that workflows use, but never run tests with, and those older than all that workflows test with:
/// dev-dependencies often need a newer Rust than the package.
pub(super) fn builds_only(rust: &DraftAxis, chosen: &[&Member], found: &Found) -> Vec<Noted> {
    let oldest_tested = oldest_tested(chosen, found);
    let mut only = Vec::new();
    for value in &rust.values {
        let Some(version) = partial_version(&value.value) else { continue };
        let is_used =
            |toolchain: &Option<String>| toolchain.as_deref().and_then(partial_version).as_ref() == Some(&version);
        let of_it = found.commands.iter().filter(|command| is_used(&command.toolchain));
        let about = |command: &&_| chosen.iter().any(|member| covers(command, member, found).is_some());
        let commands: Vec<_> = of_it.filter(about).collect();
        let first = commands.iter().find(|command| command.builds() || command.verb == "clippy");
        if let Some(first) = first.filter(|_| !commands.iter().any(|command| command.tests())) {
            let why = format!("{}:{} runs `cargo {}` with it, and no test", first.file, first.line, first.verb);
            only.push(Noted::new(&value.value, why));
        } else if let Some(oldest) = oldest_tested.as_ref().filter(|_| commands.is_empty()) {
            if of_minor(&version) < of_minor(&oldest.0) {
                only.push(Noted::new(&value.value, format!("the oldest that runs tests is {}", oldest.1)));
            }
        }
    }
    // Something must be tested.
    if only.len() == rust.values.len() {
        only.pop();
    }
    only
}

/// The oldest release that workflows run the packages' tests with, and where; `None` if it is not known.
fn oldest_tested(chosen: &[&Member], found: &Found) -> Option<(Version, String)> {
    let about = |command: &&CargoCommand| chosen.iter().any(|member| covers(command, member, found).is_some());
    let tests: Vec<_> = found.commands.iter().filter(|command| command.tests()).filter(about).collect();
    // Where a workflow installs no toolchain, the runner decides.
    if tests.iter().any(|command| command.toolchain.is_none()) {
        return None;
    }
    let releases = tests.iter().filter_map(|command| Some((partial_version(command.toolchain.as_deref()?)?, command)));
    let (version, command) = releases.min_by(|a, b| a.0.cmp(&b.0))?;
    Some((version, format!("{}, {}:{}", command.toolchain.as_deref()?, command.file, command.line)))
}

/// Toolchains that cannot read the manifests or the lockfile, or for which locked dependencies are too new. The groups have
/// bounds, so that they also serve toolchains of these versions with other names, such as a distribution's.
pub(super) fn locks(rust: &DraftAxis, chosen: &[&Member], found: &Found) -> Vec<DraftLock> {
    let mut needing: Vec<(Version, DraftLock)> = Vec::new();
    let mut highest = None;
    for value in &rust.values {
        let Some(version) = partial_version(&value.value) else { continue };
        let needs = |needs: &&Needs| of_minor(&version) < of_minor(&needs.rust);
        let all = found.readers.iter().chain(chosen.iter().flat_map(|member| &member.needs));
        highest = highest.max(all.filter(needs).map(|needs| of_minor(&needs.rust)).max());
        let mut reasons: Vec<String> = found.readers.iter().filter(needs).map(reason).collect();
        let mut dependencies: Vec<&Needs> = chosen.iter().flat_map(|member| &member.needs).filter(needs).collect();
        dependencies.sort_by(|a, b| (&b.rust, &a.what).cmp(&(&a.rust, &b.what)));
        dependencies.dedup();
        reasons.extend(dependencies.into_iter().map(reason));
        if !found.locked && chosen.iter().any(|member| member.dependencies) {
            reasons.push("without a Cargo.lock, the newest versions would be taken".to_owned());
        }
        if reasons.is_empty() {
            continue;
        }
        let more = reasons.len().saturating_sub(MOST);
        reasons.truncate(MOST);
        if more > 0 {
            reasons.push(format!("{more} more"));
        }
        let (toolchain, why) = (value.value.clone(), reasons.join("; "));
        needing.push((version, DraftLock { rust: toolchain.clone(), toolchain, why }));
    }
    needing.sort_by(|a, b| a.0.cmp(&b.0));
    let minors: Vec<_> = needing.iter().skip(1).map(|(version, _)| Some(of_minor(version))).collect();
    let bounds = minors.into_iter().chain([highest]);
    let bounded = needing.into_iter().zip(bounds).map(|((version, mut lock), bound)| {
        if let Some((major, minor)) = bound.filter(|bound| of_minor(&version) < *bound) {
            lock.rust = format!("<{major}.{minor}");
        }
        lock
    });
    bounded.collect()
}

/// A release without its patch: `1.70` means any 1.70.
fn of_minor(version: &Version) -> (u64, u64) {
    (version.major, version.minor)
}

fn reason(needs: &Needs) -> String {
    let Version { major, minor, .. } = needs.rust;
    format!("{} needs Rust {major}.{minor}", needs.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[&str]) -> DraftAxis {
        let values = values.iter().map(|value| Noted::new(*value, "")).collect();
        DraftAxis { values, ..DraftAxis::default() }
    }

    fn command(line: usize, verb: &str, toolchain: &str) -> CargoCommand {
        let (file, verb, toolchain) = ("ci.yml".to_owned(), verb.to_owned(), Some(toolchain.to_owned()));
        CargoCommand { file, line, verb, toolchain, ..CargoCommand::default() }
    }

    fn found(commands: Vec<CargoCommand>) -> Found {
        let member = Member {
            name: "a".to_owned(),
            manifest: "Cargo.toml".to_owned(),
            default_member: true,
            ..Member::default()
        };
        Found { members: vec![member], commands, locked: true, ..Found::default() }
    }

    #[test]
    fn what_is_only_checked_is_only_built() {
        let commands = vec![
            command(3, "check", "1.60.0"),
            command(4, "clippy", "1.65"),
            command(5, "check", "1.70"),
            command(6, "test", "1.70"),
            command(7, "build", "stable"),
        ];
        let found = found(commands);
        let chosen = [&found.members[0]];
        let only = builds_only(&axis(&["1.60", "1.65", "1.70", "1.75", "stable"]), &chosen, &found);
        assert_eq!(
            only,
            [
                Noted::new("1.60", "ci.yml:3 runs `cargo check` with it, and no test"),
                Noted::new("1.65", "ci.yml:4 runs `cargo clippy` with it, and no test"),
            ]
        );
        assert!(builds_only(&axis(&["1.60"]), &chosen, &found).is_empty(), "something must be tested");
    }

    #[test]
    fn what_is_older_than_all_that_is_tested_is_only_built() {
        let member = |commands| found(commands);
        let of = |found: &Found| builds_only(&axis(&["1.60", "1.75", "stable"]), &[&found.members[0]], found);
        let tested = member(vec![command(3, "test", "1.70"), command(4, "test", "stable")]);
        assert_eq!(of(&tested), [Noted::new("1.60", "the oldest that runs tests is 1.70, ci.yml:3")]);
        let runners = CargoCommand { toolchain: None, ..command(5, "test", "stable") };
        assert!(of(&member(vec![command(3, "test", "1.70"), runners])).is_empty(), "the runner's Rust is not known");
        assert!(of(&member(vec![command(3, "test", "stable")])).is_empty(), "no release is tested");
    }

    #[test]
    fn a_lockset_for_each_toolchain_that_needs_one() {
        let needs = |minor, what: &str| Needs { rust: Version::new(1, minor, 0), what: what.to_owned() };
        let mut found = found(Vec::new());
        found.readers = vec![needs(78, "lockfile format 4 (Cargo.lock:3)")];
        found.members[0].needs = vec![needs(70, "b 1.0.0"), needs(71, "c 2.0.0"), needs(60, "d 3.0.0")];
        found.members[0].dependencies = true;
        let axis = axis(&["1.65", "1.70.1", "1.78.0", "stable"]);
        let of = |found: &Found| locks(&axis, &[&found.members[0]], found);
        let first = "lockfile format 4 (Cargo.lock:3) needs Rust 1.78; c 2.0.0 needs Rust 1.71";
        let lock = |toolchain: &str, rust: &str, why: &str| DraftLock {
            toolchain: toolchain.to_owned(),
            rust: rust.to_owned(),
            why: why.to_owned(),
        };
        let expected = [lock("1.65", "<1.70", &format!("{first}; 1 more")), lock("1.70.1", "<1.78", first)];
        assert_eq!(of(&found), expected);
        found.readers.clear();
        found.members[0].needs.clear();
        assert!(of(&found).is_empty());
        found.locked = false;
        assert_eq!(of(&found).len(), 3, "the newest versions fit no old toolchain");
    }
}
