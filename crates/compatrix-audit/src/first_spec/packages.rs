//! Which packages are under test: what is published, and the test packages that workflows run.

use super::found::{Found, Member, Noted};
use crate::promise::{CargoCommand, Promise};
use compatrix_model::matrix_spec::format::Format;

/// Folders of a workspace whose packages are no product of it.
const ASIDE: [&str; 11] = [
    "benches",
    "bench",
    "benchmarks",
    "benchmark",
    "examples",
    "example",
    "fuzz",
    "fuzzing",
    "xtask",
    "xtasks",
    "xbuild",
];

/// The packages under test, and why the others are not.
pub(super) fn choose(found: &Found) -> (Vec<&Member>, Vec<Noted>) {
    let verdicts: Vec<(&Member, Result<(), String>)> =
        found.members.iter().map(|member| (member, verdict(member, found))).collect();
    let named = |member: &&Member| Format::PackageName.accepts(&member.name);
    let taken = verdicts.iter().filter(|(_, verdict)| verdict.is_ok()).map(|(member, _)| *member).filter(named);
    let mut chosen: Vec<&Member> = taken.collect();
    if chosen.is_empty() {
        // Nothing is published: libraries, otherwise all.
        let product = |member: &&Member| aside(member).is_none();
        let wanted: [&dyn Fn(&&Member) -> bool; 4] =
            [&|m| named(m) && product(m) && m.library, &|m| named(m) && product(m), &named, &|_| true];
        let lists = wanted.iter().map(|wanted| found.members.iter().filter(|m| wanted(m)).collect::<Vec<_>>());
        chosen = lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
    }
    let root = chosen.iter().copied().find(|member| member.folder().is_empty());
    let only = root.filter(|_| found.first_resolver && chosen.len() > 1);
    let mut left_out = Vec::new();
    for (member, verdict) in &verdicts {
        if !chosen.iter().any(|one| one.name == member.name) {
            let why = verdict.clone().err().unwrap_or_else(|| format!("{}, no library", member.manifest));
            left_out.push(Noted::new(&member.name, why));
        } else if only.is_some_and(|only| only.name != member.name) {
            let why = "cargo's first resolver gives features to the package at the root only; with `resolver = \"2\"`, add it";
            left_out.push(Noted::new(&member.name, why));
        }
    }
    (only.map_or(chosen, |only| vec![only]), left_out)
}

/// Whether a package is under test, or why not.
fn verdict(member: &Member, found: &Found) -> Result<(), String> {
    if let Some(why) = aside(member) {
        return Err(format!("{}, {why}", member.manifest));
    }
    let tests: Vec<&CargoCommand> = found.commands.iter().filter(|command| command.tests()).collect();
    let by_name = |command: &&&CargoCommand| covers(command, member, found) == Some(Cover::Itself);
    match &member.unpublished {
        Some(at) => {
            let run = tests.iter().find(by_name).or_else(|| {
                let with_all = |command: &&&CargoCommand| covers(command, member, found) == Some(Cover::WithAll);
                tests.iter().find(with_all).filter(|_| member.test_targets)
            });
            run.map(|_| ()).ok_or_else(|| format!("{at}, publish = false"))
        }
        None => {
            let excluded = tests.iter().find(|command| excludes(command, member));
            let tested = tests.iter().any(|command| covers(command, member, found).is_some());
            match excluded.filter(|_| !tested) {
                Some(command) => Err(format!("{}:{} leaves it out of the tests", command.file, command.line)),
                None => Ok(()),
            }
        }
    }
}

/// Why a package is no product of the workspace.
fn aside(member: &Member) -> Option<&'static str> {
    let kind = |word: &str| match word {
        "xtask" | "xtasks" | "xbuild" => "workspace tooling",
        "fuzz" | "fuzzing" => "a package for fuzzing",
        "example" | "examples" => "an example",
        _ => "benchmarks",
    };
    if member.fuzz {
        return Some(kind("fuzz"));
    }
    let folder = member.folder();
    if let Some(word) = ASIDE.iter().find(|word| !folder.is_empty() && folder.split('/').any(|part| part == **word)) {
        return Some(kind(word));
    }
    let last = member.name.rsplit(['-', '_']).next().unwrap_or_default();
    let word = ASIDE.iter().find(|word| **word == last);
    word.filter(|word| member.unpublished.is_some() || **word == "xtask").map(|word| kind(word))
}

/// Whether a promise of a workflow is of a job that works in other folders than this workspace's.
pub(super) fn is_elsewhere(promise: &Promise, found: &Found) -> bool {
    let of_file = || found.commands.iter().filter(|command| command.file == promise.file);
    // A job says what it runs after its matrix and its toolchains.
    let Some(next) = of_file().filter(|command| command.line >= promise.line).min_by_key(|command| command.line) else {
        return false;
    };
    !of_file().filter(|command| command.job == next.job).any(|command| inside(command, found).is_some())
}

/// The folder of the workspace that a command works in; `None` if it is another's.
fn inside(command: &CargoCommand, found: &Found) -> Option<String> {
    let place = place(command, found)?;
    let of_another =
        |outside: &Noted| !folder_of(&outside.value).is_empty() && is_below(&place, folder_of(&outside.value));
    (!found.outside.iter().any(of_another)).then_some(place)
}

/// How a command includes a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    /// By its name, its manifest, or its folder.
    Itself,
    /// With all others.
    WithAll,
}

/// Whether and how a command is about this package.
pub(super) fn covers(command: &CargoCommand, member: &Member, found: &Found) -> Option<Cover> {
    let place = inside(command, found)?;
    if !command.packages.is_empty() {
        return command.packages.iter().any(|spec| names(spec, &member.name)).then_some(Cover::Itself);
    }
    if command.workspace {
        return (!excludes(command, member)).then_some(Cover::WithAll);
    }
    // The member that the folder belongs to, the nearest first.
    let holds = |one: &&Member| is_below(&place, one.folder()) && (!one.folder().is_empty() || place.is_empty());
    match found.members.iter().filter(holds).max_by_key(|one| one.folder().len()) {
        Some(one) if !place.is_empty() => (one.name == member.name).then_some(Cover::Itself),
        _ if place.is_empty() => member.default_member.then_some(match member.folder().is_empty() {
            true => Cover::Itself,
            false => Cover::WithAll,
        }),
        _ => None,
    }
}

/// Whether `--exclude` names the package.
fn excludes(command: &CargoCommand, member: &Member) -> bool {
    command.excluded.iter().any(|spec| names(spec, &member.name))
}

/// Whether a package specification of the command line names this package: `a`, `a@1.0`, `a*`.
fn names(spec: &str, package: &str) -> bool {
    let spec = spec.split(['@', ':']).next().unwrap_or(spec);
    match spec.split_once('*') {
        Some((start, end)) => {
            package.len() >= start.len() + end.len() && package.starts_with(start) && package.ends_with(end)
        }
        None => spec == package,
    }
}

/// The folder that a command works in, relative to the workspace root; `None` if it is outside of the workspace.
fn place(command: &CargoCommand, found: &Found) -> Option<String> {
    let folder = match (&command.manifest_path, &command.working_directory) {
        (Some(manifest), _) => folder_of(manifest),
        (None, Some(folder)) => folder,
        (None, None) => "",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let folder = parts.join("/");
    let rest = folder.strip_prefix(found.below.as_str())?;
    (found.below.is_empty() || rest.is_empty() || rest.starts_with('/'))
        .then(|| rest.trim_start_matches('/').to_owned())
}

fn folder_of(manifest: &str) -> &str {
    manifest.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, manifest: &str) -> Member {
        let (name, manifest) = (name.to_owned(), manifest.to_owned());
        Member { name, manifest, library: true, default_member: true, ..Member::default() }
    }

    fn hidden(member: Member) -> Member {
        Member { unpublished: Some(format!("{}:4", member.manifest)), ..member }
    }

    fn test(line: usize) -> CargoCommand {
        CargoCommand { file: "ci.yml".to_owned(), line, verb: "test".to_owned(), ..CargoCommand::default() }
    }

    #[track_caller]
    fn check(members: Vec<Member>, commands: Vec<CargoCommand>, chosen: &[&str], left_out: &[(&str, &str)]) {
        let outside = vec![Noted::new("checks/Cargo.toml", "")];
        let found = Found { members, commands, outside, ..Found::default() };
        let (packages, others) = choose(&found);
        assert_eq!(packages.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), chosen);
        let others: Vec<_> = others.iter().map(|one| (one.value.as_str(), one.why.as_str())).collect();
        assert_eq!(others, left_out);
    }

    #[test]
    fn what_is_published_and_what_workflows_test() {
        let all = || CargoCommand { workspace: true, ..test(7) };
        let of = |name: &str| CargoCommand { packages: vec![name.to_owned()], ..test(8) };
        let at = |manifest: &str| CargoCommand { manifest_path: Some(manifest.to_owned()), ..test(9) };
        let inside = |folder: &str| CargoCommand { working_directory: Some(folder.to_owned()), ..test(9) };
        let tests = || Member { test_targets: true, ..hidden(member("suite", "suite/Cargo.toml")) };
        let tool = || hidden(member("tool", "tool/Cargo.toml"));
        let lib = || member("lib", "lib/Cargo.toml");
        let suite_out = ("suite", "suite/Cargo.toml:4, publish = false");
        let tool_out = ("tool", "tool/Cargo.toml:4, publish = false");
        check(vec![lib(), tests(), tool()], vec![], &["lib"], &[suite_out, tool_out]);
        check(vec![lib(), tests(), tool()], vec![all()], &["lib", "suite"], &[tool_out]);
        for command in [of("tool"), of("to*"), at("tool/Cargo.toml"), inside("./tool"), inside("tool/src")] {
            check(vec![lib(), tests(), tool()], vec![command], &["lib", "tool"], &[suite_out]);
        }
        // What is compiled only, and what another workspace tests, are no tests of it.
        let check_only = CargoCommand { verb: "check".to_owned(), ..of("tool") };
        check(vec![lib(), tool()], vec![check_only, at("checks/Cargo.toml")], &["lib"], &[tool_out]);
        let without = CargoCommand { excluded: vec!["lib".to_owned()], ..all() };
        let other = || member("other", "other/Cargo.toml");
        check(
            vec![lib(), other()],
            vec![without.clone()],
            &["other"],
            &[("lib", "ci.yml:7 leaves it out of the tests")],
        );
        check(vec![lib(), other()], vec![without, of("lib")], &["lib", "other"], &[]);
    }

    #[test]
    fn benches_examples_and_tools_are_out() {
        let all = || vec![CargoCommand { workspace: true, ..test(7) }];
        let tests = |member: Member| Member { test_targets: true, ..member };
        check(
            vec![
                member("lib", "Cargo.toml"),
                tests(hidden(member("speed", "benches/speed/Cargo.toml"))),
                tests(member("hello", "examples/hello/Cargo.toml")),
                tests(hidden(member("lib-fuzz", "other/Cargo.toml"))),
                Member { fuzz: true, ..member("f", "f/Cargo.toml") },
                member("xtask", "xtask/Cargo.toml"),
                // Published under such a name, it is a product.
                member("lib-bench", "bencher/Cargo.toml"),
            ],
            all(),
            &["lib", "lib-bench"],
            &[
                ("speed", "benches/speed/Cargo.toml, benchmarks"),
                ("hello", "examples/hello/Cargo.toml, an example"),
                ("lib-fuzz", "other/Cargo.toml, a package for fuzzing"),
                ("f", "f/Cargo.toml, a package for fuzzing"),
                ("xtask", "xtask/Cargo.toml, workspace tooling"),
            ],
        );
    }

    #[test]
    fn with_the_first_resolver_only_the_root_is_under_test() {
        let members = vec![member("lib", "Cargo.toml"), member("more", "more/Cargo.toml")];
        let found = Found { members, first_resolver: true, ..Found::default() };
        let (packages, others) = choose(&found);
        assert_eq!((packages.len(), packages[0].name.as_str()), (1, "lib"));
        assert!(others[0].why.contains("first resolver"), "{others:?}");
    }

    #[test]
    fn a_workspace_in_a_subfolder_has_only_its_own_commands() {
        let found = Found { members: vec![member("lib", "Cargo.toml")], below: "rust".to_owned(), ..Found::default() };
        let inside = |folder: &str| CargoCommand { working_directory: Some(folder.to_owned()), ..test(1) };
        let covered = |command: &CargoCommand| covers(command, &found.members[0], &found).is_some();
        assert!(
            covered(&inside("rust")) && !covered(&inside("rusty")) && !covered(&inside("go")) && !covered(&test(1))
        );
    }
}
