//! Entries of apt's sources, in both of their formats, and the choice of those that a suite needs.
//!
//! Source of the formats: sources.list(5). Options that disable checks are dropped: unverified packages are not used.

use std::collections::BTreeMap;
use std::fmt;

use super::suite::split_suite;

/// Options that are kept: the name in one line, the name in a stanza.
const OPTIONS: [(&str, &str); 6] = [
    ("signed-by", "Signed-By"),
    ("check-valid-until", "Check-Valid-Until"),
    ("valid-until-max", "Valid-Until-Max"),
    ("check-date", "Check-Date"),
    ("by-hash", "By-Hash"),
    ("snapshot", "Snapshot"),
];

/// Components of a distribution's archive; an archive with none of them is a third party's.
const COMPONENTS: [&str; 7] =
    ["main", "contrib", "non-free", "non-free-firmware", "restricted", "universe", "multiverse"];

/// Aliases of releases.
const ALIASES: [&str; 7] = ["oldoldstable", "oldstable", "stable", "testing", "unstable", "sid", "devel"];

/// An entry: binary packages of some suites of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// The archive's URI.
    pub uris: Vec<String>,
    /// Code names or paths: `bookworm-security`.
    pub suites: Vec<String>,
    /// `main` and so on; empty if the suite is an exact path.
    pub components: Vec<String>,
    /// Further fields of a stanza: `Signed-By` and what [`sources.list(5)`] says of dates. A value may have lines.
    ///
    /// [`sources.list(5)`]: https://manpages.debian.org/sources.list.5
    pub options: BTreeMap<String, String>,
}

impl fmt::Display for Source {
    /// A stanza of a `.sources` file. Only package lists are fetched.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |name: &str, words: &[String]| match words {
            [] => String::new(),
            words => format!("{name}: {}\n", words.join(" ")),
        };
        write!(f, "Types: deb\n{}{}", list("URIs", &self.uris), list("Suites", &self.suites))?;
        f.write_str(&list("Components", &self.components))?;
        for (name, value) in &self.options {
            writeln!(f, "{name}: {value}")?;
        }
        f.write_str("Targets: Packages\n")
    }
}

/// Why a text is no entry of apt's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// A line of a `.list` file that is not spelled as one.
    Line(String),
    /// A line of a stanza that is no field.
    Field(String),
    /// A stanza without an archive or without suites.
    Incomplete,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceError::Line(line) => write!(f, "`{line}` is not a line `deb [options] URI SUITE COMPONENT…`"),
            SourceError::Field(line) => write!(f, "`{line}` is not a field `Name: value`"),
            SourceError::Incomplete => f.write_str("an entry lacks `URIs` or `Suites`"),
        }
    }
}

impl std::error::Error for SourceError {}

/// Reads one entry of the spec, or a `.list` file: lines `deb [options] URI SUITE COMPONENT…`, or stanzas.
///
/// # Errors
/// The first unreadable line or stanza.
pub fn parse(text: &str) -> Result<Vec<Source>, SourceError> {
    let is_line =
        |line: &str| line.split([' ', '\t', '[']).next().is_some_and(|word| word == "deb" || word == "deb-src");
    let lines = || text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|l| !l.is_empty());
    if lines().next().is_some_and(|first| !is_line(first)) {
        return parse_stanzas(text);
    }
    lines().filter(|line| !line.starts_with("deb-src")).map(parse_line).collect()
}

fn parse_line(line: &str) -> Result<Source, SourceError> {
    let bad = || SourceError::Line(line.to_owned());
    let rest = line.strip_prefix("deb").map(str::trim).ok_or_else(bad)?;
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(bad)?,
        None => ("", rest),
    };
    let mut source = Source::default();
    for option in options.split_whitespace() {
        let (name, value) = option.split_once('=').ok_or_else(bad)?;
        if let Some((_, field)) = OPTIONS.iter().find(|(short, _)| *short == name.to_lowercase()) {
            source.options.insert((*field).to_owned(), value.replace(',', " "));
        }
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    source.uris.push(words.next().filter(|uri| uri.contains(':')).ok_or_else(bad)?);
    source.suites.push(words.next().ok_or_else(bad)?);
    source.components = words.collect();
    if source.components.is_empty() != source.suites[0].ends_with('/') {
        return Err(bad());
    }
    Ok(source)
}

/// Reads the stanzas of a `.sources` file.
///
/// # Errors
/// The first unreadable stanza.
pub fn parse_stanzas(text: &str) -> Result<Vec<Source>, SourceError> {
    let mut sources = Vec::new();
    // A comment line does not end a stanza, a blank one does.
    let uncommented: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for stanza in uncommented.split(|line| line.trim().is_empty()).filter(|stanza| !stanza.is_empty()) {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in stanza {
            match (line.starts_with([' ', '\t']), fields.last_mut(), line.split_once(':')) {
                (true, Some((_, value)), _) => *value = format!("{value}\n{}", line.trim_end()),
                (false, _, Some((name, value))) => fields.push((name.trim().to_lowercase(), value.trim().to_owned())),
                _ => return Err(SourceError::Field((*line).to_owned())),
            }
        }
        let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let words = |name| field(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let off = field("enabled").is_some_and(|value| ["no", "false", "0", "off"].contains(&value));
        if off || !words("types").iter().any(|word| word == "deb") {
            continue;
        }
        let (uris, suites, components) = (words("uris"), words("suites"), words("components"));
        if uris.is_empty() || suites.is_empty() {
            return Err(SourceError::Incomplete);
        }
        let kept =
            OPTIONS.iter().filter_map(|(_, name)| Some(((*name).to_owned(), field(&name.to_lowercase())?.to_owned())));
        sources.push(Source { uris, suites, components, options: kept.collect() });
    }
    Ok(sources)
}

/// The entries for a suite, made from a host's own; empty where it names no such archive. `codename` is the host's
/// release (`VERSION_CODENAME` of os-release(5)).
///
/// A suite that the host does not name is taken from where its own release comes from: `bullseye` from the archive of
/// `bookworm`, `bullseye-security` from that of `bookworm-security`. A suite that adds to another comes with that one,
/// as its packages depend on it.
pub fn for_suite(host: &[Source], suite: &str, codename: Option<&str>) -> Vec<Source> {
    let (base, kind) = split_suite(suite);
    let mut chosen = of_archive(host, suite, codename);
    if !chosen.is_empty() && !kind.is_empty() {
        chosen.extend(of_archive(host, base, codename));
    }
    chosen
}

fn of_archive(host: &[Source], suite: &str, codename: Option<&str>) -> Vec<Source> {
    let (_, kind) = split_suite(suite);
    let official = || host.iter().filter(|source| source.components.iter().any(|c| COMPONENTS.contains(&c.as_str())));
    let with = |source: &Source| Source { suites: vec![suite.to_owned()], ..source.clone() };
    let named: Vec<Source> = official().filter(|s| s.suites.iter().any(|known| known == suite)).map(with).collect();
    if !named.is_empty() {
        return named;
    }
    let own = |known: &str| {
        let (base, its_kind) = split_suite(known);
        let security = ["-security", "/updates"];
        let same = its_kind == kind || (security.contains(&its_kind) && security.contains(&kind));
        // Updates and backports are in the archive of the release.
        let same = same || (its_kind.is_empty() && !security.contains(&kind));
        same && (Some(base) == codename || ALIASES.contains(&base))
    };
    let Some(first) = official().find(|source| source.suites.iter().any(|known| own(known))) else {
        return Vec::new();
    };
    official().filter(|s| s.uris == first.uris && s.suites.iter().any(|known| own(known))).map(with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANZAS: &str = "\
Types: deb
# http://mirror.example/archive/debian/20250520T000000Z
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://archive.example/debian-security
Suites: bookworm-security
Components: main contrib
Trusted: yes
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQENBF
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb-src
URIs: http://archive.example/debian
Suites: bookworm

Enabled: no
Types: deb
URIs: http://off
Suites: bookworm
Components: main

Types: deb
URIs: https://download.docker.com/linux/debian
Suites: bookworm
Components: stable
";

    const LINES: &str = "\
# the archive
deb [arch=amd64 signed-by=/k/a.gpg,/k/b.gpg trusted=yes] http://mirror/debian bookworm main contrib # here
deb-src http://mirror/debian bookworm main

deb http://security/debian-security bookworm-security main
deb http://apt.llvm.org/bookworm/ llvm-toolchain-bookworm main
";

    #[test]
    fn stanzas_are_read_and_written() {
        let sources = parse_stanzas(STANZAS).unwrap();
        assert_eq!(sources.len(), 3);
        assert_eq!(sources[0].suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(sources[0].options["Signed-By"], "/usr/share/keyrings/debian-archive-keyring.gpg");
        let written = sources[1].to_string();
        // Options that disable checks are dropped; an inline key is kept with its lines.
        assert_eq!(
            written,
            "Types: deb\nURIs: http://archive.example/debian-security\nSuites: bookworm-security\n\
             Components: main contrib\nSigned-By: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQENBF\n \
             -----END PGP PUBLIC KEY BLOCK-----\nTargets: Packages\n"
        );
        assert_eq!(parse_stanzas(&written).unwrap(), [sources[1].clone()]);
        assert_eq!(parse(STANZAS).unwrap(), sources);
        assert_eq!(parse_stanzas("nonsense").unwrap_err().to_string(), "`nonsense` is not a field `Name: value`");
        assert_eq!(
            parse_stanzas("Types: deb\nURIs: x:y\n").unwrap_err().to_string(),
            "an entry lacks `URIs` or `Suites`"
        );
    }

    #[test]
    fn lines_are_read() {
        let sources = parse(LINES).unwrap();
        assert_eq!(sources.len(), 3);
        assert_eq!(sources[0].options.len(), 1);
        assert_eq!(sources[0].options["Signed-By"], "/k/a.gpg /k/b.gpg");
        assert_eq!(
            (&sources[0].uris[0][..], &sources[0].components[..]),
            ("http://mirror/debian", &["main".to_owned(), "contrib".to_owned()][..])
        );
        assert_eq!(parse("deb file:/x ./").unwrap()[0].suites, ["./"]);
        for bad in ["deb", "deb http://x", "deb http://x bookworm", "deb [x http://x b main", "deb nothing b main"] {
            assert!(parse(bad).unwrap_err().to_string().contains("is not a line"), "{bad}");
        }
    }

    #[test]
    fn a_suite_is_taken_from_the_same_archive() {
        #[track_caller]
        fn check(host: &str, suite: &str, expected: &[&str]) {
            let chosen = for_suite(&parse(host).unwrap(), suite, Some("bookworm"));
            let told: Vec<String> = chosen.iter().map(|s| format!("{} {}", s.uris[0], s.suites.join(","))).collect();
            assert_eq!(told, expected, "{suite}");
        }
        let (main, security) = ("http://archive.example/debian", "http://archive.example/debian-security");
        check(STANZAS, "bookworm", &[&format!("{main} bookworm")]);
        check(STANZAS, "bullseye", &[&format!("{main} bullseye")]);
        check(STANZAS, "trixie-backports", &[&format!("{main} trixie-backports"), &format!("{main} trixie")]);
        check(STANZAS, "bookworm-security", &[&format!("{security} bookworm-security"), &format!("{main} bookworm")]);
        check(STANZAS, "buster/updates", &[&format!("{security} buster/updates"), &format!("{main} buster")]);
        check(LINES, "sid", &["http://mirror/debian sid"]);
        check("deb http://apt.llvm.org/bookworm/ llvm-toolchain-bookworm main", "bullseye", &[]);
        check("deb http://mirror/debian stable main", "bullseye", &["http://mirror/debian bullseye"]);
        check("deb http://mirror/debian stable main", "bullseye-security", &[]);
    }
}
