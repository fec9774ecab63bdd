//! What cargo and rustc say when a dependency asks for more than a toolchain has: read into names, versions and the Rust
//! that is needed.

use semver::Version;

use super::manifest::cargo_for_edition;
use crate::condition::partial_version;

/// A package that a build stopped at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blamed {
    /// The blamed package.
    pub name: String,
    /// Its version, if in the message.
    pub version: Option<String>,
    /// The Rust that it needs, if the message or its manifest says so.
    pub needs: Option<Version>,
    /// The reason, as a fragment.
    pub why: String,
}

/// The distinct packages blamed by the output of a failed cargo, in order; may be empty.
///
/// Known: the `rust-version` check of old and new cargos, manifests that cannot be parsed, packages that do not compile,
/// build scripts that fail.
pub fn read(output: &str) -> Vec<Blamed> {
    let mut found: Vec<Blamed> = Vec::new();
    let mut add = |blamed: Blamed| {
        if !found.iter().any(|old| old.name == blamed.name && old.version == blamed.version) {
            found.push(blamed);
        }
    };
    let lines: Vec<&str> = output.lines().map(str::trim).collect();
    for (n, line) in lines.iter().enumerate() {
        let rest = &lines[n..];
        if let Some(blamed) = requires_rustc(line)
            .or_else(|| not_read(line))
            .or_else(|| not_parsed(line, rest))
            .or_else(|| not_compiled(line, &lines[..n]))
        {
            add(blamed);
        }
    }
    found
}

/// `deranged@0.5.5 requires rustc 1.81.0`, or ``package `time v0.3.1` cannot be built because it requires rustc 1.81``.
fn requires_rustc(line: &str) -> Option<Blamed> {
    let (before, after) = line.split_once(" requires rustc ")?;
    let needs = after.split([' ', ',']).next()?.trim_end_matches('.');
    let (name, version) = match before.split_once("package `") {
        Some((_, package)) => package.split('`').next()?.split_once(" v")?,
        None => before.split_once('@')?,
    };
    let version = version.split(' ').next().unwrap_or(version);
    Some(Blamed {
        name: name.to_owned(),
        version: Some(version.to_owned()),
        needs: partial_version(needs),
        why: format!("requires rustc {needs}"),
    })
}

/// ``no matching package named `rusqlite` found``: it is served, so what the cargo cannot do is read its index entry.
fn not_read(line: &str) -> Option<Blamed> {
    let name = line.split_once("no matching package named `")?.1.split('`').next()?;
    let why = "this cargo cannot read its index entry".to_owned();
    Some(Blamed { name: name.to_owned(), version: None, needs: None, why })
}

/// ``failed to parse manifest at `…/hashbrown-0.17.1/Cargo.toml` ``, then the cause.
fn not_parsed(line: &str, rest: &[&str]) -> Option<Blamed> {
    let path = line.split_once("failed to parse manifest at `")?.1.split('`').next()?;
    let folder = path.strip_suffix("/Cargo.toml")?.rsplit('/').next()?;
    let (name, version) = name_and_version(folder)?;
    let cause = rest.iter().skip(1).find(|line| !line.is_empty() && **line != "Caused by:")?;
    // "feature `edition2024` is required"; "this version of Cargo is older than the `2024` edition".
    // The message also lists older editions, so the newest that it names is the one.
    let edition = ["2024", "2021"]
        .into_iter()
        .find(|edition| rest.iter().take(8).any(|line| line.contains("edition") && line.contains(edition)));
    let why = match edition {
        Some(edition) => format!("its manifest is of edition {edition}"),
        None => format!("its manifest cannot be read: {cause}"),
    };
    Some(Blamed { name, version: Some(version), needs: edition.map(cargo_for_edition), why })
}

/// ``could not compile `foo` (lib) due to 2 previous errors``; the version is in the paths before it.
fn not_compiled(line: &str, before: &[&str]) -> Option<Blamed> {
    if let Some((_, rest)) = line.split_once("failed to run custom build command for `") {
        let (name, version) = rest.split(['`', ' ']).next().zip(rest.split_once(" v")).map(|(n, (_, v))| (n, v))?;
        let version = version.split([' ', '`']).next()?;
        let why = "its build script fails".to_owned();
        return Some(Blamed { name: name.to_owned(), version: Some(version.to_owned()), needs: None, why });
    }
    let name = line.split_once("could not compile `")?.1.split('`').next()?;
    let mut folders = before.iter().filter_map(|line| line.strip_prefix("--> ")).flat_map(|path| path.split('/'));
    let version = folders.find_map(|folder| name_and_version(folder).filter(|(other, _)| other == name));
    let error = before.iter().rev().find(|line| line.starts_with("error[E") || line.starts_with("error: "));
    let first = before.iter().find(|line| line.starts_with("error[E")).or(error);
    Some(Blamed {
        name: name.to_owned(),
        version: version.map(|(_, version)| version),
        needs: None,
        why: first.map_or_else(|| "it does not compile".to_owned(), |error| format!("it does not compile: {error}")),
    })
}

/// `serde_json-1.0.140` → name and version.
fn name_and_version(folder: &str) -> Option<(String, String)> {
    let mut dashes = folder.match_indices('-').map(|(at, _)| at);
    let at = dashes.find(|&at| Version::parse(&folder[at + 1..]).is_ok())?;
    Some((folder[..at].to_owned(), folder[at + 1..].to_owned()))
}

/// Dependencies that are too new for a toolchain, as a build's output blames them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooNew {
    /// The Rust that works for all of them, if all say which.
    pub needs: Option<Version>,
    /// The first of them, with the reason.
    pub said: String,
    name: String,
}

impl TooNew {
    /// Whether a text names the first of them and its reason.
    pub fn named_in(&self, cause: &str) -> bool {
        let words = cause.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
        let of_folder = format!("{}-", self.name);
        let mut named = words.filter(|word| *word == self.name || word.starts_with(&of_folder));
        named.next().is_some() && (cause.contains("rustc") || cause.contains("edition") || cause.contains("E0658"))
    }
}

/// What of this is because the toolchain is too old, not because the code is wrong or something is missing here.
pub fn too_new(blamed: Vec<Blamed>) -> Option<TooNew> {
    const SIGNS: [&str; 4] = ["E0658", "unstable", "cannot read its index entry", "its manifest cannot be read"];
    let is_old = |one: &Blamed| one.needs.is_some() || SIGNS.iter().any(|sign| one.why.contains(sign));
    let found: Vec<Blamed> = blamed.into_iter().filter(is_old).collect();
    let first = found.first()?;
    let needs: Option<Vec<Version>> = found.iter().map(|one| one.needs.clone()).collect();
    let version = first.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    Some(TooNew {
        needs: needs.and_then(|needs| needs.into_iter().max()),
        said: format!("{}{version} is too new for this toolchain: {}", first.name, first.why),
        name: first.name.clone(),
    })
}

/// Whether the error of a cargo that builds in the stage below `tree` is about what only the stage is made of, or what no
/// published package has: its lockfile, what is served, the configuration, the parts of manifests that are the
/// workspace's. A package's own demands, as for an edition, are the package's.
pub fn is_of_stage(output: &str, tree: &str) -> bool {
    let Some(at) = output.find("error") else { return false };
    let lines: Vec<&str> = output[at..].lines().map(str::trim).collect();
    let first = lines.first().copied().unwrap_or_default();
    // Once it compiles, cargo has taken all of it.
    if first.starts_with("error[") || first.contains("custom build command") || output.contains("could not compile `") {
        return false;
    }
    let has = |signs: &[&str]| signs.iter().any(|sign| lines.iter().any(|line| line.contains(sign)));
    const RESOLUTION: [&str; 8] = [
        "failed to parse lock file",
        "lock file",
        "failed to select a version",
        "no matching package",
        "failed to get `",
        "failed to load source for dependency",
        "failed to resolve patches",
        "unable to update ",
    ];
    const CONFIGURATION: [&str; 5] = [
        "could not load Cargo configuration",
        "could not load config key",
        "config profile `",
        "failed to merge config",
        ".cargo/config",
    ];
    let manifest = lines.iter().find_map(|line| {
        let (_, path) = line.split_once("parse manifest at `").or_else(|| line.split_once("load manifest for "))?;
        Some(path)
    });
    match manifest {
        // Below the tree are the workspace's packages; others are the dependencies', as they were published.
        Some(path) if !path.contains(tree) => false,
        Some(_) => !has(&["edition", "Cargo feature", "cargo feature", "dep:"]),
        None => has(&CONFIGURATION) || RESOLUTION.iter().any(|sign| first.to_lowercase().contains(sign)),
    }
}

/// The package whose requirements cannot be met, if the resolver names one.
pub fn unresolvable(output: &str) -> Option<String> {
    output.lines().find_map(|line| {
        if let Some((_, rest)) = line.split_once("no matching package named `") {
            return Some(rest.split('`').next()?.to_owned());
        }
        let (_, rest) = line.split_once("failed to select a version for ")?;
        let rest = rest.strip_prefix("the requirement ").unwrap_or(rest).strip_prefix('`')?;
        Some(rest.split(['`', ' ']).next()?.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(output: &str) -> Blamed {
        let found = read(output);
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }

    // Outputs as cargo 1.65, 1.78 and 1.95 printed them, paths shortened.

    #[test]
    fn an_edition_that_cargo_cannot_parse() {
        let blamed = one(
            "error: failed to download `hashbrown v0.17.1`\n\nCaused by:\n  unable to get packages from source\n\n\
             Caused by:\n  failed to parse manifest at `/r/src/-0/hashbrown-0.17.1/Cargo.toml`\n\n\
             Caused by:\n  feature `edition2024` is required\n\n  The package requires the Cargo feature called `edition2024`\n",
        );
        assert_eq!((blamed.name.as_str(), blamed.version.as_deref()), ("hashbrown", Some("0.17.1")));
        assert_eq!(blamed.needs, Some(Version::new(1, 85, 0)));
        assert_eq!(blamed.why, "its manifest is of edition 2024");
    }

    #[test]
    fn of_the_editions_in_a_message_the_newest_is_meant() {
        let blamed = one(
            "error: failed to parse manifest at `/r/src/-0/base64ct-1.8.0/Cargo.toml`\n\nCaused by:\n  failed to parse the \
             `edition` key\n\nCaused by:\n  this version of Cargo is older than the `2024` edition, and only supports `2015`, \
             `2018`, and `2021` editions.\n",
        );
        assert_eq!(blamed.needs, Some(Version::new(1, 85, 0)));
    }

    #[test]
    fn a_manifest_that_cannot_be_read_for_another_reason() {
        let blamed = one(
            "error: failed to parse manifest at `/r/src/-0/a-b-1.0.0-rc.1/Cargo.toml`\n\nCaused by:\n  invalid type: map\n",
        );
        assert_eq!((blamed.name.as_str(), blamed.version.as_deref()), ("a-b", Some("1.0.0-rc.1")));
        assert_eq!((blamed.needs, blamed.why.as_str()), (None, "its manifest cannot be read: invalid type: map"));
    }

    #[test]
    fn the_rust_version_check_of_old_and_new_cargos() {
        let old = one(
            "error: package `libc v0.2.191` cannot be built because it requires rustc 1.65 or newer, while the currently \
             active rustc version is 1.63.0\n",
        );
        assert_eq!((old.name.as_str(), old.version.as_deref()), ("libc", Some("0.2.191")));
        assert_eq!(old.needs, Some(Version::new(1, 65, 0)));
        let new = read(
            "error: rustc 1.78.0 is not supported by the following packages:\n  deranged@0.5.5 requires rustc 1.81.0\n  \
             time@0.3.44 requires rustc 1.81.0\nEither upgrade rustc or select compatible dependency versions with\n",
        );
        let names: Vec<_> = new.iter().map(|blamed| (blamed.name.as_str(), blamed.needs.clone())).collect();
        assert_eq!(names, [("deranged", Some(Version::new(1, 81, 0))), ("time", Some(Version::new(1, 81, 0)))]);
    }

    #[test]
    fn a_dependency_that_does_not_compile() {
        let blamed = one(
            "   Compiling smallvec v1.16.5\nerror[E0658]: use of unstable library feature\n  --> /r/src/-0/smallvec-1.16.5/src/lib.rs:1:1\n\
             error: aborting due to previous error\nerror: could not compile `smallvec` due to previous error\n",
        );
        assert_eq!((blamed.name.as_str(), blamed.version.as_deref()), ("smallvec", Some("1.16.5")));
        assert_eq!(blamed.why, "it does not compile: error[E0658]: use of unstable library feature");
        let script = one("error: failed to run custom build command for `libsqlite3-sys v0.28.0`\n");
        assert_eq!((script.name.as_str(), script.version.as_deref()), ("libsqlite3-sys", Some("0.28.0")));
    }

    #[test]
    fn what_is_too_new_is_told_from_what_is_wrong() {
        let needs = |output: &str| too_new(read(output)).map(|found| found.needs.map(|needs| needs.to_string()));
        let two =
            "error: rustc 1.78.0 is not supported by the following packages:\n  a@0.5.5 requires rustc 1.81.0\n  \
                   b@0.3.44 requires rustc 1.83.0\n";
        assert_eq!(needs(two), Some(Some("1.83.0".to_owned())), "all of them are to work");
        let unstable =
            "error[E0658]: use of unstable library feature\nerror: could not compile `a` due to previous error\n";
        assert_eq!(needs(unstable), Some(None));
        let wrong = "error[E0308]: mismatched types\nerror: could not compile `a` due to previous error\n";
        assert_eq!(needs(wrong), None);
        assert_eq!(needs("error: failed to run custom build command for `z v0.1.0`\n"), None);
        let found = too_new(read(two)).unwrap();
        assert_eq!(found.said, "a 0.5.5 is too new for this toolchain: requires rustc 1.81.0");
        assert!(!found.named_in("error: rustc 1.78.0 is not supported by the following packages:"));
        assert!(found.named_in("a 0.5.5 requires rustc 1.81.0"));
    }

    #[test]
    fn an_index_entry_that_cargo_cannot_read() {
        let blamed =
            one("error: no matching package named `rusqlite` found\nlocation searched: registry `crates-io`\n\
             required by package `things-store v0.1.0 (/w)`\n");
        assert_eq!((blamed.name.as_str(), blamed.version), ("rusqlite", None));
    }

    // Outputs of cargo 1.65 and 1.95, paths shortened; `/s` is the stage.
    #[test]
    fn what_is_wrong_with_a_stage_is_told_from_what_is_wrong_with_a_package() {
        for (output, expected) in [
            ("error: the lock file /s/Cargo.lock needs to be updated but --locked was passed to prevent this", true),
            ("error: cannot update the lock file /s/Cargo.lock because --locked was passed to prevent this", true),
            ("error: no matching package named `x` found\nlocation searched: registry `crates-io`", true),
            ("error: failed to parse manifest at `/s/Cargo.toml`\n\nCaused by:\n  expected a boolean or an integer for key \
              `profile.dev.debug`", true),
            ("error: failed to load manifest for workspace member `/s/a`\n\nCaused by:\n  failed to read `/s/a/Cargo.toml`", true),
            ("error: error in /w/.cargo/config.toml: could not load config key `profile.dev`\n\nCaused by:\n  expected a \
              boolean or an integer", true),
            ("error: could not load Cargo configuration\n\nCaused by:\n  could not parse TOML configuration in `/w/x`", true),
            ("error: expected a table, but found a array for `target.t.rustdocflags` in /w/.cargo/config.toml", true),
            ("error: failed to parse manifest at `/s/Cargo.toml`\n\nCaused by:\n  feature `edition2024` is required\n", false),
            ("error: failed to parse manifest at `/s/Cargo.toml`\n\nCaused by:\n  feature `a` includes `dep:b` which is neither \
              a dependency nor another feature", false),
            ("error: failed to download `h v0.17.1`\n\nCaused by:\n  failed to parse manifest at `/r/src/h-0.17.1/Cargo.toml`\n\n\
              Caused by:\n  feature `edition2024` is required", false),
            ("warning: unused\nerror[E0432]: unresolved import\n --> src/lib.rs:1:1\n  | failed to select a version", false),
            ("error: expected one of `a`\n --> src/lib.rs:1:1\n  | \"lock file\"\nerror: could not compile `x`", false),
            ("", false),
        ] {
            assert_eq!(is_of_stage(output, "/s"), expected, "{output}");
        }
    }

    #[test]
    fn a_requirement_that_no_version_meets() {
        let found = |text: &str| unresolvable(text);
        assert_eq!(
            found("error: failed to select a version for the requirement `hashlink = \"^0.12\"`\n").as_deref(),
            Some("hashlink")
        );
        assert_eq!(found("error: failed to select a version for `smallvec`.\n").as_deref(), Some("smallvec"));
        assert_eq!(found("error: no matching package named `gone` found\n").as_deref(), Some("gone"));
        assert_eq!(found("error: network failure\n"), None);
    }
}
