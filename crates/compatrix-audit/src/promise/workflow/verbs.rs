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
const TOOLS: [(&str, &[&str]); 11] = [
    ("rustfmt", &["fmt"]),
    ("Clippy", &["clippy", "dylint"]),
    ("rustdoc", &["doc", "rustdoc", "docs-rs", "deadlinks"]),
    ("Miri", &["miri"]),
    ("coverage", &["llvm-cov", "tarpaulin", "cov", "kcov", "grcov"]),
    ("fuzzing", &["fuzz", "afl", "hfuzz", "bolero"]),
    ("benchmarks", &["bench", "criterion", "codspeed"]),
    ("a check of the API", &["semver-checks", "public-api", "semver", "check-external-types"]),
    ("an audit of dependencies", &["audit", "deny", "vet", "udeps", "machete", "outdated", "geiger", "shear"]),
    ("careful", &["careful"]),
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
    let installs = rest.iter().any(|word| matches!(word.as_str(), "install" | "ci" | "pip" | "login" | "pull"));
    if is_script(program) || program.ends_with(".sh") {
        return Class::Unknown;
    }
    let runs = !installs || looks_like_tests(words);
    if runs && !rest.is_empty() && RUNNERS.contains(&program.as_str()) {
        Class::Unknown
    } else {
        Class::Nothing
    }
}

/// Whether the words of a command say that it tests.
pub(in crate::promise) fn looks_like_tests(words: &[String]) -> bool {
    let signs = ["test", "tests", "check", "verify", "ci", "all", "miri", "unittest"];
    words.iter().any(|word| {
        let lower = word.to_ascii_lowercase();
        lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| signs.contains(&part)) || lower.contains("test")
    })
}
