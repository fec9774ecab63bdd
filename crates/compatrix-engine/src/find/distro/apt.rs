//! apt with a private state: lists, status and cache in the user's cache folder, so that neither root nor the host's state
//! is needed. apt checks signatures and hashes, even if the host's configuration disables that.

#![allow(clippy::disallowed_methods, reason = "the host's apt configuration is read here")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use compatrix_model::apt::{for_suite, parse, parse_stanzas, Request, Source};

use super::packages::{self, DebPackage};
use super::trouble::{explain, AptTrouble};
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::{Command, Finished};
use crate::sys::supervisor::End;

/// For how long lists are used without looking for newer ones, in seconds.
const LISTS_AGE: i64 = 24 * 3600;
/// The time limit of one apt.
const TIMEOUT: Duration = Duration::from_secs(900);
/// The required programs.
pub(super) const PROGRAMS: [&str; 4] = ["apt-get", "apt-cache", "apt-config", "dpkg-deb"];

/// apt, set up for one request.
pub(super) struct Apt<'h> {
    host: &'h Host,
    request: &'h Request,
    /// Its state.
    dir: PathBuf,
    architecture: String,
}

/// apt's checks and its patience, whatever the host's configuration says (apt.conf(5)).
pub(super) const CHECKS: [&str; 7] = [
    "APT::Get::AllowUnauthenticated \"false\"",
    "Acquire::AllowInsecureRepositories \"false\"",
    "Acquire::AllowWeakRepositories \"false\"",
    "Acquire::AllowDowngradeToInsecureRepositories \"false\"",
    "Acquire::Retries \"1\"",
    "Acquire::http::Timeout \"20\"",
    "Acquire::https::Timeout \"20\"",
];

impl<'h> Apt<'h> {
    /// Sets up the state. The caller holds the lock of all such states.
    pub(super) fn open(host: &'h Host, request: &'h Request) -> Result<Self, AptTrouble> {
        let theirs = Theirs::ask(host)?;
        let sources = theirs.sources(request)?;
        let (sources, keys) = own_keys(host, sources)?;
        let text: Vec<String> = sources.iter().map(Source::to_string).collect();
        let text = text.join("\n");
        let hash = files::hash_parts([&text, &theirs.architecture].into_iter().map(String::as_str));
        let dir = host.cache.join("apt").join(format!("{}-{:.12}", request.suite.replace('/', "-"), hash));
        let apt = Self { host, request, dir, architecture: theirs.architecture.clone() };
        // A key that the spec no longer names is no longer trusted.
        files::remove_dir(&apt.dir.join("trusted"))?;
        for folder in ["lists/partial", "cache/archives/partial", "trusted"] {
            files::make_dir(&apt.dir.join(folder))?;
        }
        for (n, key) in keys.iter().enumerate() {
            let extension = key.extension().unwrap_or_default().to_string_lossy().into_owned();
            files::copy(key, &apt.dir.join("trusted").join(format!("{n}.{extension}")))?;
        }
        files::write(&apt.dir.join("archive.sources"), text.as_bytes())?;
        files::write(&apt.dir.join("status"), b"")?;
        let config = configuration(&apt.dir, &theirs.architecture, !keys.is_empty())?;
        files::write(&apt.config(), config.as_bytes())?;
        Ok(apt)
    }

    fn config(&self) -> PathBuf {
        self.dir.join("apt.conf")
    }

    /// Its sources, in the format of stanzas.
    pub(super) fn sources(&self) -> PathBuf {
        self.dir.join("archive.sources")
    }

    /// The folder of the keys that alone are trusted, if the spec names some.
    pub(super) fn own_keys(&self) -> Option<PathBuf> {
        let keys = self.dir.join("trusted");
        files::list(&keys).is_ok_and(|keys| !keys.is_empty()).then_some(keys)
    }

    /// dpkg's word for what packages are compiled for.
    pub(super) fn architecture(&self) -> &str {
        &self.architecture
    }

    /// What the lists say of these packages, `name=version`; of those that they do not have, nothing.
    pub(super) fn describe(&self, names: &[String]) -> Result<Vec<DebPackage>, AptTrouble> {
        let (_, said) = self.run(&self.command("apt-cache", &self.dir).args(["show"]).args(names.iter().cloned()))?;
        Ok(packages::stanzas(&said))
    }

    fn command(&self, program: &str, dir: &Path) -> Command {
        let mut command = Command::new(program, dir)
            .args(["-c".to_owned(), self.config().to_string_lossy().into_owned(), "-q".to_owned()])
            .envs(&self.host.ambient.for_builds())
            // Its words are read.
            .env("LC_ALL", "C");
        command.timeout = Some(TIMEOUT);
        command
    }

    /// Runs apt and returns its full output.
    fn run(&self, command: &Command) -> Result<(Finished, String), AptTrouble> {
        let output = self.host.output(command)?;
        match output.finished.end {
            End::Itself => {
                let said = output.text();
                Ok((output.finished, said))
            }
            End::Interrupted => Err(AptTrouble::Interrupted),
            End::TimedOut => {
                let minutes = TIMEOUT.as_secs() / 60;
                Err(AptTrouble::NoNetwork(format!("{} did not end within {minutes} minutes", command.program)))
            }
        }
    }

    /// Fetches the lists: where they are older than a day, or than this run if that asks for fresh ones; `anew` always.
    pub(super) fn update(&self, anew: bool) -> Result<(), AptTrouble> {
        let stamp = self.dir.join("updated");
        let said = files::read_text(&stamp).unwrap_or_default();
        // The time alone does not tell this orchestrator from another that began in the same second.
        let ours = format!("{} {}", self.host.now, std::process::id());
        let at = said.split(' ').next().and_then(|text| text.parse::<i64>().ok());
        let young = said == ours || !self.host.limits.fresh && at.is_some_and(|at| at >= self.host.now - LISTS_AGE);
        if young && !anew {
            return Ok(());
        }
        let (finished, _) = self.run(&self.command("apt-get", &self.dir).args(["update"]))?;
        let said = finished.stderr.text();
        // Without the switch for it, older apts warn of what could not be fetched, and are content.
        let incomplete = said.contains("Failed to fetch") || said.contains("Some index files failed");
        if !finished.status.success() || incomplete {
            let _ = files::remove_dir(&self.dir.join("lists"));
            return Err(match explain(&said, "", self.request) {
                // A suite that is not there is a file that is not there.
                AptTrouble::Outdated(reason) => AptTrouble::Unavailable(reason),
                other => other,
            });
        }
        files::write(&stamp, ours.as_bytes())?;
        Ok(())
    }

    /// The packages that these names need here, themselves included; `libraries` tells whether what they depend on is
    /// wanted too.
    pub(super) fn resolve(&self, names: &[String], libraries: bool) -> Result<Vec<DebPackage>, AptTrouble> {
        self.prefer(names)?;
        let mut command = self.command("apt-get", &self.dir).args(["install", "-s"]);
        if self.several_suites() {
            command = command.args(["-t", &self.request.suite]);
        }
        let (finished, list) = self.run(&command.args(names.iter().cloned()))?;
        if !finished.status.success() {
            return Err(explain(&finished.stderr.text(), &list, self.request));
        }
        let all = packages::simulated(&list);
        let (finished, stanzas) = self.run(&self.command("apt-cache", &self.dir).args(["show"]).args(all))?;
        if !finished.status.success() {
            return Err(explain(&finished.stderr.text(), "", self.request));
        }
        let plain: Vec<&str> = names.iter().map(|name| name.split('=').next().unwrap_or(name)).collect();
        let needed = packages::needed(&packages::stanzas(&stanzas), &plain);
        let named = |package: &DebPackage| plain.contains(&package.name.as_str());
        Ok(needed.into_iter().filter(|package| libraries || named(package)).collect())
    }

    /// Makes a pinned version hold for all that was built from the same source, as such packages need each other in that
    /// very version: apt_preferences(5). Without a pin, the newest of the suite counts.
    fn prefer(&self, names: &[String]) -> Result<(), AptTrouble> {
        let mut text = String::new();
        for name in names {
            let Some((_, version)) = name.split_once('=') else { continue };
            let (_, stanza) = self.run(&self.command("apt-cache", &self.dir).args(["show", name]))?;
            // apt reports missing packages when it resolves.
            for package in packages::stanzas(&stanza) {
                let source = package.source;
                text.push_str(&format!("Package: src:{source}\nPin: version {version}\nPin-Priority: 1001\n\n"));
            }
        }
        files::write(&self.dir.join("preferences"), text.as_bytes())?;
        Ok(())
    }

    fn several_suites(&self) -> bool {
        let text = files::read_text(&self.dir.join("archive.sources")).unwrap_or_default();
        let suites: Vec<String> =
            parse_stanzas(&text).unwrap_or_default().into_iter().flat_map(|source| source.suites).collect();
        suites.iter().any(|suite| *suite != self.request.suite)
    }

    /// Downloads packages into a folder; apt checks each file against the signed list.
    pub(super) fn download(&self, packages: &[DebPackage], into: &Path) -> Result<(), AptTrouble> {
        files::make_dir(into)?;
        let exact = packages.iter().map(|package| format!("{}={}", package.name, package.version));
        let (finished, _) = self.run(&self.command("apt-get", into).args(["download"]).args(exact))?;
        let said = finished.stderr.text();
        if !finished.status.success() {
            return Err(explain(&said, "", self.request));
        }
        let files = files::list(into)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "deb")).count();
        if files != packages.len() {
            return Err(AptTrouble::Unavailable(format!("apt downloaded {files} of {} packages", packages.len())));
        }
        Ok(())
    }

    /// Removes what is quickly made again: the binary form of the lists is several times as large as they are.
    pub(super) fn tidy(&self) {
        let _ = files::remove_dir(&self.dir.join("cache"));
    }
}

/// The version of the host's apt.
struct Theirs {
    architecture: String,
    list: PathBuf,
    parts: PathBuf,
}

impl Theirs {
    fn ask(host: &Host) -> Result<Self, AptTrouble> {
        let config = host.ambient.find("apt-config").unwrap_or_else(|| PathBuf::from("apt-config"));
        let wanted =
            ["LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d", "ARCH", "APT::Architecture"];
        let said = host.ask(&config, &[&["shell"][..], &wanted].concat())?;
        let value = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(|text| text.trim_matches('\'').to_owned()).unwrap_or_default()
        };
        Ok(Self { architecture: value("ARCH"), list: value("LIST").into(), parts: value("PARTS").into() })
    }

    /// The entries for this request, or those of the host if it has none.
    fn sources(&self, request: &Request) -> Result<Vec<Source>, AptTrouble> {
        if !request.sources.is_empty() {
            return Ok(request.sources.clone());
        }
        let mut paths = vec![self.list.clone()];
        paths.extend(files::list(&self.parts)?);
        let mut sources = Vec::new();
        for path in paths.iter().filter(|path| path.is_file()) {
            let read = match path.extension().and_then(|extension| extension.to_str()) {
                Some("list") => parse(&files::read_text(path)?),
                Some("sources") => parse_stanzas(&files::read_text(path)?),
                _ => continue,
            };
            sources.extend(read.map_err(|why| AptTrouble::Unavailable(format!("{}: {why}", path.display())))?);
        }
        let chosen = for_suite(&sources, &request.suite, code_name().as_deref());
        if chosen.is_empty() {
            let suite = &request.suite;
            return Err(AptTrouble::Unavailable(format!(
                "apt's sources on this host name no archive that would have the suite `{suite}`; \
                 add `sources = [\"deb URI {suite} main\"]` to its `apt`"
            )));
        }
        Ok(chosen)
    }
}

/// The host's release, os-release(5).
fn code_name() -> Option<String> {
    let text = files::read_text(Path::new("/etc/os-release")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(line.trim_matches(['"', '\'']).to_owned()).filter(|name| !name.is_empty())
}

/// Takes out of the entries the keys whose paths are relative: files of the workspace, which are then the only keys
/// trusted. (A stanza could not name a path with blanks in it.)
fn own_keys(host: &Host, mut sources: Vec<Source>) -> Result<(Vec<Source>, Vec<PathBuf>), AptTrouble> {
    let mut keys = Vec::new();
    for source in &mut sources {
        let Some(signed) = source.options.get("Signed-By").filter(|signed| !signed.contains("BEGIN PGP")) else {
            continue;
        };
        let (own, other): (Vec<&str>, Vec<&str>) =
            signed.split_whitespace().partition(|key| key.contains(['/', '.']) && !key.starts_with('/'));
        for key in &own {
            let path = host.root.join(key);
            if !path.is_file() {
                let why = format!("its key {} is not there; name an archive's key in `signed-by`", path.display());
                return Err(AptTrouble::Unavailable(why));
            }
            keys.push(path);
        }
        if !own.is_empty() {
            let other = other.join(" ");
            match other.is_empty() {
                true => drop(source.options.remove("Signed-By")),
                false => drop(source.options.insert("Signed-By".to_owned(), other)),
            }
        }
    }
    Ok((sources, keys))
}

/// apt's configuration, read after the host's own: apt.conf(5).
fn configuration(dir: &Path, architecture: &str, own_keys: bool) -> Result<String, AptTrouble> {
    let folder = dir.to_string_lossy();
    if folder.contains(['"', '\n']) {
        return Err(AptTrouble::Unavailable(format!("apt cannot work in {folder}, as there is a quote in its name")));
    }
    let keys = match own_keys {
        true => format!("Dir::Etc::trusted \"/dev/null\";\nDir::Etc::trustedparts \"{folder}/trusted\";\n"),
        false => String::new(),
    };
    let checks: String = CHECKS.iter().map(|check| format!("{check};\n")).collect();
    Ok(format!(
        "// Made by compatrix: a private state, without root, with all checks.\n\
         #clear APT::Update;\n\
         #clear DPkg;\n\
         #clear APT::Architectures;\n\
         Dir::State \"{folder}\";\n\
         Dir::State::lists \"{folder}/lists\";\n\
         Dir::State::status \"{folder}/status\";\n\
         Dir::Cache \"{folder}/cache\";\n\
         Dir::Cache::archives \"archives\";\n\
         Dir::Cache::pkgcache \"pkgcache.bin\";\n\
         Dir::Cache::srcpkgcache \"\";\n\
         Dir::Log \"{folder}\";\n\
         Dir::Etc::sourcelist \"{folder}/archive.sources\";\n\
         Dir::Etc::sourceparts \"/dev/null\";\n\
         Dir::Etc::preferences \"{folder}/preferences\";\n\
         Dir::Etc::preferencesparts \"/dev/null\";\n\
         {keys}\
         APT::Architecture \"{architecture}\";\n\
         APT::Architectures {{ \"{architecture}\"; }};\n\
         APT::Default-Release \"\";\n\
         APT::Install-Recommends \"false\";\n\
         APT::Install-Suggests \"false\";\n\
         APT::Sandbox::User \"root\";\n\
         APT::Update::Error-Mode \"any\";\n\
         Acquire::GzipIndexes \"true\";\n\
         Acquire::Languages \"none\";\n\
         {checks}"
    ))
}
