//! The user's runner: a program of cargo's configuration that stands before each test executable.
//!
//! `target.<triple>.runner` and `target.'cfg(…)'.runner` come from many files; which one holds, and where a relative path
//! begins, only cargo knows. In `cargo test --no-run --verbose` it prints the command of each executable, the runner
//! included.

use std::path::Path;

use anyhow::{bail, Context, Result};

use super::product::Product;
use crate::find::cargo_config::{self, ConfigFile};
use crate::sys::files;
use crate::sys::host::{last_lines, Host};
use crate::sys::process::Command;

/// The word before each command in cargo's output.
const SIGN: &str = "Executable `";

/// Finds the runner of each executable. `command` is the `cargo test` of the build, without words that choose targets, which
/// are `verb`.
///
/// # Errors
/// cargo's configuration has a runner, and this cargo does not tell it.
pub(super) fn ask(
    host: &Host,
    (command, verb): (&Command, &[&str]),
    product: &mut Product,
    jobs: &jobserver::Client,
) -> Result<()> {
    if !may_have_one(host, command) {
        return Ok(());
    }
    let asked = command.clone().first(&["--no-run", "--verbose"]).first(verb);
    let finished = asked
        .run_sharing(jobs, &host.supervisor, &mut |_| {}, &mut |_| {})
        .with_context(|| format!("cannot start {}", asked.program))?;
    let said = finished.stderr.text();
    if !finished.status.success() {
        bail!("cargo does not say which runner its configuration has: {}", last_lines(&said, 2));
    }
    for executable in &mut product.executables {
        let Some(runner) =
            said.lines().find_map(|line| runner_in(line, &executable.path, |path| files::exists(Path::new(path))))
        else {
            bail!(
                "cargo's configuration has a `runner`, and {} does not tell which command it makes of it for {}; remove \
                 the runner, or leave this toolchain out",
                asked.program,
                executable.target
            );
        };
        executable.recorded.runner = runner;
    }
    Ok(())
}

/// Whether the word occurs in any file of cargo's configuration or in our environment. Files may include others.
fn may_have_one(host: &Host, command: &Command) -> bool {
    let speaks = |file: &ConfigFile| file.text.contains("runner") || file.text.contains("include");
    cargo_config::files(&host.ambient, &command.dir).iter().any(speaks)
        || command.env.keys().any(|name| name.starts_with("CARGO_TARGET_") && name.ends_with("_RUNNER"))
}

/// The words before the executable in a line of cargo's; `None` if it is about something else. cargo escapes arguments for a
/// shell, but not the program, so `exists` says which beginning of the line is one.
fn runner_in(line: &str, executable: &Path, exists: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let line = line.trim_start().strip_prefix(SIGN)?.strip_suffix('`')?;
    if Path::new(line) == executable {
        return Some(Vec::new());
    }
    let ends: Vec<usize> = line.match_indices(' ').map(|(at, _)| at).collect();
    let program = ends.iter().rev().copied().find(|at| exists(&line[..*at])).or_else(|| ends.first().copied())?;
    let mut words = vec![line[..program].to_owned()];
    words.extend(shlex::split(&line[program..])?);
    let at = words.iter().position(|word| Path::new(word) == executable)?;
    words.truncate(at);
    Some(words)
}

/// The runner in a command of rustdoc's that cargo prints; `None` if it has none, or the line is about something else.
/// cargo hands the runner on to documentation tests since 1.89.
pub(super) fn of_rustdoc(line: &str) -> Option<Vec<String>> {
    let line = line.trim_start().strip_prefix("Running `")?.strip_suffix('`')?;
    let words = shlex::split(line)?;
    let after = |option: &str| -> Vec<String> {
        words.windows(2).filter(|pair| pair[0] == option).map(|pair| pair[1].clone()).collect()
    };
    let tool = after("--test-runtool").pop().or_else(|| after("--runtool").pop())?;
    let args = [after("--test-runtool-arg"), after("--runtool-arg")].concat();
    Some(std::iter::once(tool).chain(args).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_is_what_stands_before_the_executable() {
        let of = |line: &str| runner_in(line, Path::new("/w/target/debug/deps/a-1"), |path| path.ends_with("wrap.sh"));
        let words = |list: &[&str]| Some(list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(of("  Executable `/w/target/debug/deps/a-1`"), words(&[]));
        assert_eq!(of("  Executable `/w/wrap.sh /w/target/debug/deps/a-1`"), words(&["/w/wrap.sh"]));
        let spaced = "  Executable `/my w/wrap.sh --flag 'a b' /w/target/debug/deps/a-1`";
        assert_eq!(of(spaced), words(&["/my w/wrap.sh", "--flag", "a b"]));
        assert_eq!(of("  Executable `qemu -L / /w/target/debug/deps/a-1`"), words(&["qemu", "-L", "/"]));
        assert_eq!(of("  Executable `/w/target/debug/deps/b-1`"), None);
        assert_eq!(of("     Running `rustc a-1`"), None);
    }

    #[test]
    fn the_runner_of_documentation_tests_is_among_rustdoc_s_arguments() {
        let line = "     Running `/t/bin/rustdoc --crate-name demo --test src/lib.rs --test-runtool /bin/true \
                    --test-runtool-arg '-a b' --extern demo=/w/libdemo.rlib`";
        assert_eq!(of_rustdoc(line).unwrap(), ["/bin/true", "-a b"]);
        assert_eq!(of_rustdoc("     Running `/t/bin/rustdoc --test src/lib.rs`"), None);
        assert_eq!(of_rustdoc("   Doc-tests demo"), None);
    }
}
