//! One build: cargo compiles the test executables and reports their paths.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use compatrix_model::build_failure;
use compatrix_model::libtest::{Parser, Report, Source};
use compatrix_model::lockset::advice::NewGroup;
use compatrix_model::lockset::refusal;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::{Build, DebugInfo, Sanitizer, Targets};
use compatrix_model::time_limit;

use super::cc;
use super::messages::Messages;
use super::product::{BuildInputs, Built, Doctests, NotBuilt, Read};
use super::runner_check::{hides_results, OF_CARGO};
use super::share::target_dir;
use super::units::{self, Ground};
use super::{loader, record, runner, share, target};
use crate::deps::stage::{self, Stage, OUR_STAGE};
use crate::find::facts::{SqliteFacts, TestedPackage, ToolchainFacts};
use crate::find::input::Looked;
use crate::find::manifest_text;
use crate::find::root;
use crate::find::surroundings;
use crate::find::workspace::Workspace;
use crate::sys::clock;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::os::env::SEPARATOR;
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;

const PKG_CONFIG_PATH: &str = "PKG_CONFIG_PATH";

/// Variables of builds that name things of the host.
const NOT_IN_ROOTS: [&str; 5] = ["CC", "AR", "PKG_CONFIG_PATH", "TMPDIR", "SHELL"];

/// The time limit of one cargo.
const TIMEOUT: Duration = Duration::from_secs(3600);

/// The cargo commands that make the products, one after another.
pub(crate) fn commands(host: &Host, build: &Build, inputs: &BuildInputs<'_>) -> Result<Vec<Command>> {
    let target = target_dir(host, build);
    let mut all = Vec::new();
    for part in build.each() {
        all.extend(commands_of(host, &part, inputs, &target)?);
    }
    Ok(all)
}

fn commands_of(host: &Host, build: &Build, inputs: &BuildInputs<'_>, target: &Path) -> Result<Vec<Command>> {
    const MESSAGES: &str = "--message-format=json-render-diagnostics";
    let words: &[&[&str]] = match build.targets {
        Targets::Tests { .. } => &[&["test", "--no-run", MESSAGES]],
        Targets::Packages => &[&["build", MESSAGES]],
        // Programs are only built for benches that cargo has; a suite's own command measures them, too.
        Targets::Benches => &[&["bench", "--no-run", MESSAGES], &["build", "--profile", "bench", MESSAGES]],
    };
    let base = base(host, build, inputs, target)?;
    Ok(words.iter().map(|words| base.clone().first(words)).collect())
}

/// The cargo command that runs the documentation tests.
pub(crate) fn doctest_command(host: &Host, build: &Build, inputs: &BuildInputs<'_>) -> Result<Command> {
    let target = target_dir(host, build);
    let mut command = base(host, build, inputs, &target)?.first(&["test", "--doc"]);
    let home = root::home_of_doctests(&target);
    command.inside = inputs.toolchain.root.as_ref().map(|root| root::of_tests(host, root, &target, &home));
    command.timeout = Some(inputs.doctest_limit);
    if let Some(dir) = inputs.link.and_then(|link| link.link_dir.clone()) {
        command = command.envs(&loader::leads_to(&dir, inputs.target.map(|(system, _)| system)));
    }
    target::with_runner(host, command, build, inputs)
}

fn base(host: &Host, build: &Build, inputs: &BuildInputs<'_>, target: &Path) -> Result<Command> {
    let root = inputs.stage.as_ref().map_or(&host.root, |stage| &stage.root);
    let offline = host.limits.offline || inputs.stage.as_ref().is_some_and(|stage| stage.served);
    let root_of_build = inputs.toolchain.root.as_ref().map(|root| root::of_build(host, root, target));
    let target = target.to_string_lossy().into_owned();
    let mut command = Command::new(&inputs.toolchain.cargo, root)
        .args(["--locked".to_owned(), "--target-dir".to_owned(), target.clone()])
        .args(manifest_of_one(host, build, inputs))
        .args(with_specs(build.cargo_arguments(), inputs.workspace))
        .args(target::arguments(build, inputs))
        .args(build.sanitizer.map(|sanitizer| sanitized(sanitizer, &inputs.toolchain.host)).unwrap_or_default())
        .envs(&environment(host, inputs.toolchain, inputs.link, offline)?)
        .envs(&pkg_config_path(host, inputs).into_iter().collect())
        // A folder of the user's configuration would be shared by all builds.
        .env("CARGO_BUILD_BUILD_DIR", target)
        .env("RUSTC", inputs.toolchain.rustc.clone())
        .env("RUSTDOC", inputs.toolchain.rustdoc());
    for (name, value) in debug_environment(build) {
        command = command.env(name, value);
    }
    command.timeout = Some(TIMEOUT);
    command.inside = root_of_build;
    if build.sanitizer.is_some() {
        command = command.env(cc::PLAIN, "1");
    }
    Ok(target::with_variables(host, command, build, inputs))
}

/// The variables that switch debug information off, if the build is to have none. `dev` is what the profile `test` inherits
/// from, if the manifest gives it no `debug` of its own. What a profile says of single packages holds.
pub(crate) fn debug_environment(build: &Build) -> Vec<(&'static str, &'static str)> {
    match build.debug {
        DebugInfo::Full => Vec::new(),
        DebugInfo::None => vec![("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_PROFILE_TEST_DEBUG", "0")],
    }
}

/// The environment of every cargo that builds, but for the compiler that it is to call.
pub(crate) fn environment(
    host: &Host,
    toolchain: &ToolchainFacts,
    link: Option<&SqliteFacts>,
    offline: bool,
) -> Result<BTreeMap<String, String>> {
    let mut env = host.ambient.for_builds();
    if toolchain.root.is_some() {
        // The host's compiler, libraries and temporary files are not there.
        NOT_IN_ROOTS.iter().for_each(|name| drop(env.remove(*name)));
    }
    let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
    for (name, value) in toolchain.leads(&host.ambient) {
        set(&name, &value);
    }
    // Nothing here is edited between two builds, so incremental data would only cost.
    set("CARGO_INCREMENTAL", "0");
    set("CARGO_TERM_COLOR", "never");
    if offline || toolchain.root.is_some() {
        set("CARGO_NET_OFFLINE", "true");
    }
    if toolchain.root.is_none() {
        for (name, value) in cc::environment(host)? {
            set(&name, &value);
        }
    }
    env.extend(link_environment(link));
    Ok(env)
}

/// The variables that make a build link against this library.
pub(crate) fn link_environment(link: Option<&SqliteFacts>) -> BTreeMap<String, String> {
    let Some(link) = link else { return BTreeMap::new() };
    let dirs = [("SQLITE3_LIB_DIR", &link.link_dir), ("SQLITE3_INCLUDE_DIR", &link.include_dir)];
    let dirs = dirs.into_iter().filter_map(|(name, dir)| Some((name.to_owned(), dir.clone()?)));
    // This also works for packages that always bundle SQLite; libsqlite3-sys supports it since 0.27.
    dirs.chain([("LIBSQLITE3_SYS_USE_PKG_CONFIG".to_owned(), "1".to_owned())]).collect()
}

/// PKG_CONFIG_PATH that leads a build to the planned library, where the crate that links SQLite asks pkg-config: not
/// libsqlite3-sys, whose variables [`link_environment`] has. The user's own folders come after it.
pub(crate) fn pkg_config_path(host: &Host, inputs: &BuildInputs<'_>) -> Option<(String, String)> {
    let asks = inputs.workspace.sqlite_crate.as_ref().is_some_and(|one| !one.reads_the_environment());
    let dir = inputs.link.filter(|_| asks)?.link_dir.clone()?;
    let has_one = files::exists(&Path::new(&dir).join("sqlite3.pc"));
    let user = host.ambient.for_builds().remove(PKG_CONFIG_PATH);
    has_one.then(|| (PKG_CONFIG_PATH.to_owned(), std::iter::once(dir).chain(user).collect::<Vec<_>>().join(SEPARATOR)))
}

/// The cargo commands that build and test a build in a root, as far as words for cargo alone do it, with this home of cargo's.
pub(crate) fn commands_in_root(
    host: &Host,
    build: &Build,
    inputs: &BuildInputs<'_>,
    home: &Path,
) -> Result<Vec<Command>> {
    let verb = if build.targets == Targets::Packages { "build" } else { "test" };
    let target = target_dir(host, build);
    let root = inputs.toolchain.root.as_ref().map(|root| root::of_tests(host, root, &target, home));
    let one = |part: &Build| Ok(base(host, part, inputs, &target)?.first(&[verb]).inside(root.clone()));
    build.each().iter().map(one).collect()
}

/// The arguments after `cargo test` or `cargo build` that a person would type.
pub(crate) fn typed_arguments(build: &Build, inputs: &BuildInputs<'_>) -> Vec<String> {
    let sanitized = build.sanitizer.map(|sanitizer| sanitized(sanitizer, &inputs.toolchain.host));
    let arguments = with_specs(build.cargo_arguments(), inputs.workspace);
    arguments.into_iter().chain(target::arguments(build, inputs)).chain(sanitized.unwrap_or_default()).collect()
}

/// The arguments with packages told apart of which the lockfile has several versions: `--package itoa@1.0.19`.
fn with_specs(arguments: Vec<String>, workspace: &Workspace) -> Vec<String> {
    let mut is_package = false;
    let spec = |argument: String| {
        let named = std::mem::replace(&mut is_package, argument == "--package");
        let same = workspace.layout.own.file.packages.iter().filter(|package| package.name == argument).count();
        let version = || {
            let package = workspace.packages.iter().find(|package| package.facts.name == argument)?;
            version_of(Path::new(&package.dir), workspace)
        };
        match Some(()).filter(|()| named && same > 1).and_then(|()| version()) {
            Some(version) => format!("{argument}@{version}"),
            None => argument,
        }
    };
    arguments.into_iter().map(spec).collect()
}

/// The version in a member's manifest, its own or that of the workspace.
fn version_of(dir: &Path, workspace: &Workspace) -> Option<String> {
    let own = manifest_text::text_at(&files::read_text(&dir.join("Cargo.toml")).ok()?, &["package", "version"]);
    let root = || files::read_text(&workspace.layout.root.join("Cargo.toml")).ok();
    own.or_else(|| manifest_text::text_at(&root()?, &["workspace", "package", "version"]))
}

/// What cargo is told so that only what is tested has the sanitizer in it: with a target named, build scripts and proc
/// macros are compiled without the target's flags (cargo's reference, `build.rustflags`). As configuration they are added
/// to flags that the workspace has for the target; RUSTFLAGS would stand in their place.
fn sanitized(sanitizer: Sanitizer, target: &str) -> Vec<String> {
    // Stacks need names and lines, even if the workspace's profile omits them.
    let flags = format!("[\"-Zsanitizer={}\",\"-Cdebuginfo=1\",\"-Cstrip=none\"]", sanitizer.as_str());
    ["--target", target, "--config", &format!("target.{target}.rustflags={flags}")].map(str::to_owned).to_vec()
}

/// The manifest of a package that is tested alone: with cargo's first resolver, features are only given to the package
/// that cargo stands in.
fn manifest_of_one(host: &Host, build: &Build, inputs: &BuildInputs<'_>) -> Vec<String> {
    let built = |package: &&TestedPackage| build.features.contains_key(&package.facts.name);
    match inputs.workspace.packages.iter().filter(built).collect::<Vec<_>>().as_slice() {
        [one] if Path::new(&one.dir) != host.root => {
            let dir = stage::place(&inputs.workspace.layout, inputs.stage.as_ref(), Path::new(&one.dir));
            vec!["--manifest-path".to_owned(), dir.join("Cargo.toml").to_string_lossy().into_owned()]
        }
        _ => Vec::new(),
    }
}

/// Builds; the doctests are run by [`doctests`].
pub(crate) fn build(host: &Host, build: &Build, inputs: &BuildInputs<'_>, jobs: &jobserver::Client) -> Result<Built> {
    let target = target_dir(host, build);
    share::take(&target)?;
    root::settle_home(&target)?;
    let mut ground = ground(host, inputs, &target);
    units::drop_stale(&ground, host.limits.fresh)?;
    let since = clock::system();
    let mut reader = Messages::default();
    let (mut wall, mut cpu) = (Duration::ZERO, Duration::ZERO);
    let mut failures = Vec::new();
    let each = build.each();
    let mut commands = Vec::new();
    for part in &each {
        commands.extend(commands_of(host, part, inputs, &target)?.into_iter().map(|command| (part, command)));
    }
    for (part, command) in commands {
        let mut why = build_failure::Reader::new(own_libraries(inputs));
        let finished = command
            .run_sharing(jobs, &host.supervisor, &mut |bytes| reader.feed(bytes), &mut |bytes| why.feed(bytes))
            .with_context(|| format!("cannot start {}", command.program))?;
        (wall, cpu) = (wall + finished.wall, cpu + finished.cpu);
        let failure = not_built(&finished, why).map(|result| of_stage(build, inputs.stage.as_ref(), result));
        let failure = failure.map(|failure| of_old_toolchain(build, inputs, failure));
        failures.extend(failure.map(|failure| match part.features.keys().next() {
            Some(package) if each.len() > 1 => failure.of_package(package),
            _ => failure,
        }));
        let is_said = build.targets == Targets::Benches && !failures.is_empty();
        if finished.end == End::Interrupted || is_said {
            break;
        }
    }
    ground.packages.extend(reader.packages_of_scripts());
    let used = failures.is_empty().then(|| reader.used());
    let mut read = units::note(&ground, since, used.as_ref())?;
    if let Some(failure) = failures.into_iter().reduce(NotBuilt::and) {
        // rustc notes what it read before it checks types, but not if a file is not there.
        let noted = units::noted_since(&target, since)?;
        let failed = build_failure::not_compiled(&failure.output);
        let is_noted = !failed.is_empty() && failed.iter().all(|name| noted.contains(name));
        read.is_whole &= is_noted;
        let read = Read::of(&read.states, read.is_whole);
        return Ok(Built { result: Err(NotBuilt { read, debug: build.debug, ..failure }), wall, cpu });
    }
    share::give(&target)?;
    let mut product = reader.product(host, inputs, build.targets)?;
    product.debug = build.debug;
    if build.targets != Targets::Packages && !product.executables.is_empty() {
        // As it was when cargo built: a build script may have written there.
        root::settle_home(&target)?;
        let asked = base(host, build, inputs, &target)?;
        let verb: &[&str] = if build.targets == Targets::Benches { &["bench"] } else { &["test", "--tests"] };
        let place = (&*target, inputs.toolchain.host.as_str());
        record::ask(host, (&asked, &[verb, &["--no-fail-fast"]].concat()), place, &mut product, jobs)?;
        match inputs.target.filter(|(system, _)| system.has_runner()) {
            Some((system, _)) => {
                for executable in &mut product.executables {
                    executable.recorded.runner.clone_from(&system.runner);
                }
            }
            None => runner::ask(host, (&asked, verb), &mut product, jobs)?,
        }
        product.notes.extend(target::note(build, inputs));
    }
    let looked_for = loader::places_before_others(host, &product);
    read.states.extend(Looked::default().states(host, &ground.env, &looked_for));
    product.read = Read::of(&read.states, read.is_whole);
    Ok(Built { result: Ok(product), wall, cpu })
}

/// What the units of a build are held against.
fn ground<'a>(host: &'a Host, inputs: &BuildInputs<'_>, target: &'a Path) -> Ground<'a> {
    let layout = &inputs.workspace.layout;
    let place = |dir: &Path| stage::place(layout, inputs.stage.as_ref(), dir);
    Ground {
        host,
        target,
        now: surroundings::look(host, inputs.toolchain),
        sources: inputs.workspace.source.sources,
        env: host.ambient.for_builds(),
        // cargo starts rustc at the workspace's root for members, and else in the package's folder.
        bases: std::iter::once(place(&host.root)).chain(layout.outside.iter().map(|one| place(&one.dir))).collect(),
        packages: BTreeMap::new(),
    }
}

/// Runs the doctests of a build that was made.
///
/// # Errors
/// Our own side fails.
pub(crate) fn doctests(
    host: &Host,
    build: &Build,
    inputs: &BuildInputs<'_>,
    jobs: &jobserver::Client,
) -> Result<Doctests> {
    target::prepare(host, build, inputs)?;
    files::remove_dir(&root::home_of_doctests(&target_dir(host, build)))?;
    let command = doctest_command(host, build, inputs)?;
    let mut parser = Parser::new("doctests", Source::Doctests);
    // cargo tells rustdoc of the user's runner, and us of rustdoc's arguments.
    let mut command = command.clone();
    command.args.push("--verbose".to_owned());
    let mut said = Vec::new();
    let finished = command
        .run_sharing(jobs, &host.supervisor, &mut |bytes| parser.feed(bytes), &mut |bytes| {
            said.extend_from_slice(&bytes[..bytes.len().min(MOST_SAID.saturating_sub(said.len()))]);
        })
        .with_context(|| format!("cannot start {}", command.program))?;
    let report = parser.finish();
    let trouble = match finished.end {
        End::TimedOut => {
            let limit = command.timeout.unwrap_or_default();
            let ended = time_limit::Ended { limit, had: finished.had, wall: finished.wall };
            Some(ended.outcome("documentation tests", ""))
        }
        End::Interrupted => Some((Outcome::Infrastructure, "interrupted".to_owned())),
        End::Itself if finished.status.success() => {
            // The run of the cell has shown what a target's runner hands on, with a program of the target.
            let said = String::from_utf8_lossy(&said);
            let said = if inputs.target.is_some_and(|(system, _)| system.has_runner()) { "" } else { &*said };
            hidden(host, &command, &report, said)?
        }
        End::Itself if report.counts.failed > 0 => {
            Some((Outcome::Failed, format!("{} of the documentation tests failed", report.counts.failed)))
        }
        End::Itself => {
            let failure = classify(&finished.stderr.text());
            Some((failure.outcome, format!("documentation tests: {}", failure.cause)))
        }
    };
    Ok(Doctests { counts: report.counts, failures: report.failures, trouble })
}

/// How much of cargo's output is searched for rustdoc's arguments.
const MOST_SAID: usize = 1 << 20;

/// Why documentation tests that seem to pass are not believed, if so.
fn hidden(host: &Host, command: &Command, report: &Report, said: &str) -> Result<Option<(Outcome, String)>> {
    let failed = |why: String| Some((Outcome::Failed, format!("documentation tests: {why}")));
    if report.announced.is_some() && !report.complete {
        return Ok(failed("rustdoc's result does not add up to the lines of its tests, or is missing".to_owned()));
    }
    let runners: BTreeSet<Vec<String>> = said.lines().filter_map(runner::of_rustdoc).collect();
    for words in runners {
        if let Some(why) = hides_results(host, &words, OF_CARGO, &command.dir)? {
            return Ok(failed(why));
        }
    }
    Ok(None)
}

/// A stage that cargo refuses is our fault, not the crate's.
fn of_stage(build: &Build, stage: Option<&Stage>, failure: NotBuilt) -> NotBuilt {
    match stage {
        Some(stage)
            if failure.outcome == Outcome::BuildFailed
                && refusal::is_of_stage(&failure.output, &stage.tree.to_string_lossy()) =>
        {
            let mut cause = format!("{OUR_STAGE}: {}", failure.cause);
            // An old cargo may be unable to use the versions of a Cargo.lock that a new one wrote.
            if failure.output.contains("failed to select a version for `") {
                let step = match &build.lockset.group {
                    Some(group) => repair(group),
                    None => NewGroup::of(&build.toolchain).step("the command `lock`"),
                };
                cause = format!("{cause}; {step}");
            }
            NotBuilt { outcome: Outcome::Infrastructure, cause, ..failure }
        }
        _ => failure,
    }
}

/// Where dependencies are too new for the toolchain, the cause names them and the next step.
fn of_old_toolchain(build: &Build, inputs: &BuildInputs<'_>, failure: NotBuilt) -> NotBuilt {
    let local = inputs.workspace.layout.local_names();
    let blamed = refusal::read(&failure.output).into_iter().filter(|blamed| !local.contains(blamed.name.as_str()));
    let Some(too_new) = refusal::too_new(blamed.collect()) else { return failure };
    let step = match (&build.lockset.group, &too_new.needs) {
        (Some(group), _) => repair(group),
        (None, Some(needs)) => NewGroup::below(needs).step("the command `lock`"),
        (None, None) => NewGroup::of(&build.toolchain).step("the command `lock --repair`"),
    };
    let cause =
        if too_new.named_in(&failure.cause) { failure.cause } else { format!("{}: {}", too_new.said, failure.cause) };
    NotBuilt { cause: format!("{cause}; {step}"), ..failure }
}

fn repair(group: &str) -> String {
    format!("the command `lock --repair {group}` looks for versions that work")
}

/// Names of libraries that the workspace may make itself.
fn own_libraries(inputs: &BuildInputs<'_>) -> Vec<String> {
    inputs.workspace.layout.members.iter().map(|member| member.name().to_owned()).collect()
}

fn not_built(finished: &Finished, why: build_failure::Reader) -> Option<NotBuilt> {
    let (outcome, cause) = match finished.end {
        End::Itself if finished.status.success() => return None,
        End::Itself if finished.stderr.text().contains("--locked was passed") => {
            let cause = "Cargo.lock does not fit the manifests; `cargo update --workspace` makes it fit";
            (Outcome::Infrastructure, cause.to_owned())
        }
        End::Itself => return Some(NotBuilt::of(why.finish(), finished.stderr.text())),
        End::TimedOut => (Outcome::TimedOut, format!("cargo ran for more than {} minutes", TIMEOUT.as_secs() / 60)),
        End::Interrupted => (Outcome::Infrastructure, "interrupted".to_owned()),
    };
    Some(NotBuilt::because(outcome, cause, finished.stderr.text()))
}

/// Why cargo failed, from the end of its output.
pub(crate) fn classify(stderr: &str) -> NotBuilt {
    NotBuilt::of(build_failure::read(stderr, Vec::new()), stderr.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_tested_is_sanitized() {
        let words = sanitized(Sanitizer::Leak, "x86_64-unknown-linux-gnu");
        let flags = r#"target.x86_64-unknown-linux-gnu.rustflags=["-Zsanitizer=leak","-Cdebuginfo=1","-Cstrip=none"]"#;
        assert_eq!(words, ["--target", "x86_64-unknown-linux-gnu", "--config", flags]);
    }
}
