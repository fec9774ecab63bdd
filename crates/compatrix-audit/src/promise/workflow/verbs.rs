//! What a command does with the toolchain that runs it.

use super::super::cargo::CargoLine;

/// The class of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::promise) enum Class {
    /// Runs tests of the packages.
    Tests,
    /// Compiles the packages.
    Builds,
    /// Runs a tool that promises nothing for the toolchain.
    Tool(&'static str),
    /// Runs a program of the project, which may do anything.
    Unknown,
    /// Needs no compiler: `cargo fetch`.
    Nothing,
}

/// cargo's commands by what they are, beside those that build or test.
const TOOLS: [(&str, &[&str]); 13] = [
    ("rustfmt", &["fmt"]),
    ("Clippy", &["clippy", "dylint"]),
    ("rustdoc", &["doc", "rustdoc", "docs-rs", "deadlinks"]),
    ("Miri", &["miri"]),
    ("coverage", &["llvm-cov", "tarpaulin", "cov", "kcov", "grcov"]),
    ("fuzzing", &["fuzz", "afl", "hfuzz", "bolero"]),
    ("benchmarks", &["bench", "criterion", "codspeed"]),
    ("a check of the API", &["semver-checks", "public-api", "semver", "check-external-types"]),
    ("an audit of dependencies", &["audit", "deny", "vet", "udeps", "machete", "outdated", "geiger", "shear"]),
    ("cargo-careful", &["careful"]),
    ("Valgrind", &["valgrind"]),
    ("mutation tests", &["mutants"]),
    ("publishing", &["publish", "package", "release", "dist", "smart-release", "release-plz", "deb", "workspaces"]),
];

/// cargo's commands that compile nothing of the packages for a promise.
const NOTHING: [&str; 24] = [
    "install",
    "binstall",
    "fetch",
    "update",
    "generate-lockfile",
    "metadata",
    "tree",
    "vendor",
    "login",
    "owner",
    "clean",
    "search",
    "help",
    "version",
    "pkgid",
    "locate-project",
    "verify-project",
    "init",
    "new",
    "add",
    "quickinstall",
    "prune",
    "uninstall",
    "config",
];

/// What a cargo command does. `rustflags` are those of its environment.
pub(in crate::promise) fn of_cargo(line: &CargoLine, rustflags: Option<&str>) -> Class {
    let command = &line.command;
    let verb = command.verb.as_str();
    if let Some((tool, _)) = TOOLS.iter().find(|(_, verbs)| verbs.contains(&verb)) {
        return Class::Tool(tool);
    }
    if NOTHING.contains(&verb) {
        return Class::Nothing;
    }
    let flags = rustflags.unwrap_or_default().replace("-Z ", "-Z");
    let words = line.words.join(" ").replace("-Z ", "-Z");
    let has = |sign: &str| flags.contains(sign) || words.contains(sign);
    let is_build =
        command.builds() || ["build", "ndk", "component", "msrv", "hack", "minimal-versions"].contains(&verb);
    match verb {
        _ if !is_build => Class::Unknown,
        _ if has("-Zsanitizer") => Class::Tool("a sanitizer"),
        _ if has("instrument-coverage") => Class::Tool("coverage"),
        "minimal-versions" => Class::Tool("a check of the lowest dependencies"),
        // The project's own program.
        "run" if command.packages.iter().any(|name| name == "xtask") => Class::Unknown,
        "run" if !command.selects.is_empty() => Class::Unknown,
        "test" | "nextest" if command.tests() => Class::Tests,
        _ => Class::Builds,
    }
}

/// Programs that run what the project wrote.
const RUNNERS: [&str; 22] = [
    "just",
    "make",
    "gmake",
    "task",
    "mise",
    "nox",
    "tox",
    "nix",
    "nix-shell",
    "bazel",
    "npm",
    "pnpm",
    "yarn",
    "python",
    "python3",
    "bash",
    "sh",
    "pwsh",
    "docker",
    "podman",
    "earthly",
    "wasm-pack",
];

/// What a command other than cargo's does: runs a program of the project, or nothing that matters.
pub(in crate::promise) fn of_other(words: &[String]) -> Class {
    let Some((program, rest)) = words.split_first() else { return Class::Nothing };
    let is_script = |word: &String| {
        let end = word.rsplit('.').next().unwrap_or_default();
        word.starts_with("./") || (word.contains('/') && ["sh", "py", "ps1", "bash"].contains(&end))
    };
    let installs = rest.first().is_some_and(|word| matches!(word.as_str(), "install" | "ci" | "login" | "pull"))
        || rest.iter().any(|word| word == "pip");
    if is_script(program) || program.ends_with(".sh") {
        return Class::Unknown;
    }
    if !installs && !rest.is_empty() && RUNNERS.contains(&program.as_str()) {
        Class::Unknown
    } else {
        Class::Nothing
    }
}

/// Whether the words of a command say that it tests: `make check`, `ci/test.sh`, `./ci/run.sh`.
pub(in crate::promise) fn looks_like_tests(words: &[String]) -> bool {
    const SIGNS: [&str; 8] = ["test", "tests", "check", "checks", "verify", "all", "miri", "unittest"];
    const OF_CI: [&str; 6] = ["run", "script", "main", "build", "ci", "all"];
    let Some(program) = words.first() else { return false };
    let reports = ["grcov", "codecov", "lcov"].iter().any(|tool| program.ends_with(tool));
    let parts = |text: &str| -> Vec<String> {
        let lower = text.to_ascii_lowercase();
        lower.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect()
    };
    !reports
        && words.iter().filter(|word| !word.starts_with('-')).any(|word| {
            let (folder, file) = word.rsplit_once('/').unwrap_or(("", word));
            let named = parts(file).iter().any(|part| SIGNS.contains(&part.as_str()) || part.contains("test"));
            let of_ci = parts(folder).iter().any(|part| part == "ci");
            let stem = file.split('.').next().unwrap_or(file);
            named || (of_ci && OF_CI.contains(&stem)) || (["", "."].contains(&folder) && stem == "ci")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_the_project_and_whether_they_test() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (line, class, tests) in [
            ("make check", Class::Unknown, true),
            ("just test-all", Class::Unknown, true),
            ("./ci/run.sh", Class::Unknown, true),
            ("ci/test.sh", Class::Unknown, true),
            ("./ci.sh", Class::Unknown, true),
            ("cargo xtask ci", Class::Nothing, true),
            ("npm test", Class::Unknown, true),
            ("npm ci", Class::Nothing, true),
            ("npm install", Class::Nothing, false),
            ("bash scripts/build.sh", Class::Unknown, false),
            ("./ci/install-mdbook.sh", Class::Unknown, false),
            ("./grcov . -s ./target/debug/tests", Class::Unknown, false),
            ("make", Class::Nothing, false),
            ("sudo apt-get install", Class::Nothing, false),
            ("echo test", Class::Nothing, true),
        ] {
            assert_eq!((of_other(&words(line)), looks_like_tests(&words(line))), (class, tests), "{line}");
        }
    }
}
